/* The sections of a report that are pictures: wrong and right answers, and the weights. */
#ifndef MNIST_REPORT_PICTURES_H
#define MNIST_REPORT_PICTURES_H

#include <stdio.h>

#include "mnist/report/report.h"

struct metrics;

/* The most confident mistakes. */
void report_pictures_mistakes(FILE *out, const struct report *report);

/* Some of the right answers, if there are many, chosen at random but always the same ones. */
void report_pictures_right(FILE *out, const struct report *report);

/* A picture of each digit that has images, from saliency (10,784) of saliency_of_classes, or a word
 * where that is 0 everywhere. */
void report_pictures_saliency(FILE *out, const float *saliency, const struct metrics *metrics);

/* A picture of each unit of the first layer. */
void report_pictures_weights(FILE *out, const struct report *report);

#endif
