/* Turns a grey picture of any size into a 28×28 image like those of MNIST.
 *
 * MNIST's makers (LeCun, Bottou, Bengio and Haffner 1998, section III.A) scaled a black and white
 * digit to fit a box of 20×20 pixels, keeping its proportions, which made it grey, and put it into
 * 28×28 with its centre of mass in the middle. Here, before that, a picture becomes ink on paper:
 *
 * 1. A picture of more than 256 pixels a side is reduced, to means over squares of whole pixels.
 * 2. Paper is the median of the picture's frame. Ink is what differs from it, towards dark or
 *    towards light: the direction with the larger sum of squares.
 * 3. Otsu's threshold (1979) separates ink from paper. Values up to a quarter of the way from the
 *    mean of paper to that of ink become 0, as MNIST's paper is; those from three quarters, 255.
 * 4. Specks are removed: connected pieces with less than 1/40 of the ink of the largest.
 *
 * All of it is integer arithmetic, so the image is the same on every machine. */
#ifndef MNIST_DIGIT_H
#define MNIST_DIGIT_H

#include <stdbool.h>
#include <stdint.h>

#include "mnist/base/error.h"
#include "mnist/data/image.h"

struct digit {
    uint8_t pixels[IMAGE_PIXELS]; /* 0 paper … 255 ink; all 0 when there is no digit */
    char nothing[128]; /* why there is no digit, with the numbers; empty when there is one */
    bool cut;          /* the digit seems cut off at a side of the picture */
};

/* Prepares the picture grey (height,width), 0 black … 255 white, both sides 1 … 16384. If
 * digit_is_prepared holds for it or for its negative, that one is taken unchanged.
 *
 * There is no digit if the means of ink and paper differ by less than 20 of 255, or if no piece has
 * a third of the ink. The digit is `cut` if it touches one side and its distance from the opposite
 * side is more than a tenth of its own size; in a picture cropped to the digit it touches both. -1
 * with err filled when memory is short. */
int digit_prepare(struct digit *digit, const uint8_t *grey, int width, int height,
                  struct error *err);

/* True for 28×28 pixels in MNIST's own form: the longer side of the ink (all that is not 0) is 19
 * or 20 pixels, and its centre of mass is at 14 ± 0.55 both ways (pixels count from 0). That holds
 * for each of MNIST's 70,000 images, and for what digit_prepare makes, except lopsided ink that
 * centring would push out of the picture. */
bool digit_is_prepared(const uint8_t pixels[IMAGE_PIXELS]);

#endif
