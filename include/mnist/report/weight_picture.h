/* Values that belong to the 784 pixels, weights or gradients, as a picture. */
#ifndef MNIST_WEIGHT_PICTURE_H
#define MNIST_WEIGHT_PICTURE_H

#include <stdint.h>

/* What the ends of a picture's range stand for: four times the root mean square of the values
 * (count). */
float weight_picture_scale(const float *values, int count);

/* pixels (784) = 1 … 128 … 255 for values of -scale … 0 … scale, beyond which all are alike. The
 * values are `stride` apart. */
void weight_picture_draw(uint8_t *pixels, const float *values, int stride, float scale);

#endif
