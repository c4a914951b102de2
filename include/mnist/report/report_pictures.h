/* The sections of a report that are pictures: what was got wrong and right, and the weights. */
#ifndef MNIST_REPORT_PICTURES_H
#define MNIST_REPORT_PICTURES_H

#include <stdio.h>

#include "mnist/report/report.h"

struct metrics;

/* The most confident mistakes. */
void report_pictures_mistakes(FILE *out, const struct report *report);

/* Some of the right answers, drawn at random but always the same. */
void report_pictures_right(FILE *out, const struct report *report);

/* saliency (10,784) as saliency_of_classes gives it: a picture of each digit that has images. */
void report_pictures_saliency(FILE *out, const float *saliency, const struct metrics *metrics);

/* A picture of each unit of the first layer, whose weights (784,128) these are. */
void report_pictures_weights(FILE *out, const float *weights);

#endif
