/* The sections of a report that are numbers: curves, matrix, bars, calibration. */
#ifndef MNIST_REPORT_FIGURES_H
#define MNIST_REPORT_FIGURES_H

#include <stdio.h>

#include "mnist/report/report.h"

/* Loss, accuracy and learning rate over the epochs (at least one), and all of them as a table. */
void report_figures_learning(FILE *out, const struct report *report);

/* The confusion matrix as a heat map, and its largest entries off the diagonal. */
void report_figures_confusion(FILE *out, const struct report *report);

/* Precision, recall and F1 of each digit, as dots with their intervals. */
void report_figures_digits(FILE *out, const struct report *report);

/* A reliability diagram and its table: how far the probabilities can be trusted. */
void report_figures_calibration(FILE *out, const struct report *report);

#endif
