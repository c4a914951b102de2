/* The figures of an evaluation for people; mnist/store/run_log.h writes them for programs. */
#ifndef MNIST_FIGURES_H
#define MNIST_FIGURES_H

#include <stdbool.h>
#include <stdio.h>

#include "mnist/net/metrics.h"

/* Prints loss, accuracy with its 95% interval, calibration error, a row for each digit, best and
 * worst digit, the confusion matrix. `title` names the images: "test". */
void figures_print(FILE *out, const char *title, const struct metrics *metrics, bool color);

#endif
