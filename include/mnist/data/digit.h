/* Makes a grey picture of any size into a 28×28 image as MNIST's are.
 *
 * What MNIST's makers did (LeCun, Bottou, Bengio and Haffner 1998, section III.A): a black and
 * white digit is scaled to fit a box of 20×20 pixels, keeping its proportions, which makes it grey;
 * then it is put into 28×28 so that its centre of mass is in the middle. Before that, here, a
 * picture becomes ink on paper:
 *
 * 1. One of more than 256 pixels a side is reduced, to means over squares of whole pixels.
 * 2. Paper is the median of the picture's frame. Ink is what differs from it, towards dark or
 *    towards light: the side with the larger sum of squares.
 * 3. Otsu's threshold (1979) parts ink from paper. From a quarter of the way between the means of
 *    the two to three quarters, paper turns into ink; below it is 0, as MNIST's paper is.
 * 4. Specks go: connected pieces with less than 1/40 of the largest one's ink.
 *
 * All of it is integer arithmetic: the same image on every machine. */
#ifndef MNIST_DIGIT_H
#define MNIST_DIGIT_H

#include <stdbool.h>
#include <stdint.h>

#include "mnist/base/error.h"
#include "mnist/data/image.h"

struct digit {
    uint8_t pixels[IMAGE_PIXELS]; /* 0 paper … 255 ink; all 0 when there is no digit */
    char nothing[128]; /* why there is no digit, with the numbers; empty when there is one */
    bool cut;          /* its ink touches a side of the picture, far from the opposite one */
};

/* Prepares the picture grey (height,width), 0 black … 255 white, both sides 1 … 16384. One that
 * digit_is_prepared, or whose negative is, is taken as it is, or its negative is.
 *
 * There is no digit where the means of ink and paper differ by less than 20 of 255, or where no
 * piece has a third of the ink. `cut` says that the digit seems cut off: it touches one side, and
 * keeps from the opposite one by more than a tenth of its own size; one that the picture was
 * cropped to touches both. -1 with err filled when memory is short. */
int digit_prepare(struct digit *digit, const uint8_t *grey, int width, int height,
                  struct error *err);

/* True for 28×28 pixels in MNIST's own form: the longer side of the ink, of all that is not 0, is
 * 19 or 20 pixels, and its centre of mass is at 14 ± 0.55 both ways (pixels count from 0). That
 * holds for each of MNIST's 70,000 images, and for what digit_prepare makes but where the middle of
 * lopsided ink would bring it out of the picture. */
bool digit_is_prepared(const uint8_t pixels[IMAGE_PIXELS]);

#endif
