/* An image like those of MNIST: 28×28 bytes, row by row from the top, 0 paper … 255 ink. */
#ifndef MNIST_IMAGE_H
#define MNIST_IMAGE_H

#include <stdint.h>

enum { IMAGE_SIDE = 28, IMAGE_PIXELS = IMAGE_SIDE * IMAGE_SIDE };

/* What images show: the digits 0 … 9. */
enum { IMAGE_CLASSES = 10 };

/* Words of an image's mask of 784 bits: bit p % 64 of word p / 64 is set if pixel p is not 0, which
 * is true of 19% of MNIST's pixels. */
enum { IMAGE_WORDS = (IMAGE_PIXELS + 63) / 64 };

/* mask (IMAGE_WORDS) = the mask of an image's pixels (784). */
void image_mask(uint64_t *mask, const uint8_t *pixels);

#endif
