/* The sections of a report that are pictures: what was got wrong and right, and the weights. */
#ifndef MNIST_REPORT_PICTURES_H
#define MNIST_REPORT_PICTURES_H

#include <stdio.h>

#include "mnist/report/report.h"

/* The most confident mistakes; some of the right ones, drawn at random but always the same. */
void report_pictures_mistakes(FILE *out, const struct report *report);
void report_pictures_right(FILE *out, const struct report *report);

/* pull (10,784) as network_pull gives it: a picture a digit, but of those without images. */
void report_pictures_pull(FILE *out, const float *pull, const struct metrics *metrics);

/* weights (784,128) of the first layer: a picture a unit. */
void report_pictures_weights(FILE *out, const float *weights);

#endif
