/* A value per pixel, such as a weight or gradient, as a picture. */
#ifndef MNIST_WEIGHT_PICTURE_H
#define MNIST_WEIGHT_PICTURE_H

#include <stdint.h>

/* The value that a picture shows at full strength: four times the root mean square of the values
 * (count). */
float weight_picture_scale(const float *values, int count);

/* pixels (784) = 1 … 128 … 255 for values of -scale … 0 … scale; values beyond are clamped. The
 * values are `stride` apart. */
void weight_picture_draw(uint8_t *pixels, const float *values, int stride, float scale);

#endif
