/* What is measured of a classifier. */
#ifndef MNIST_METRICS_H
#define MNIST_METRICS_H

#include "mnist/params.h"

struct metrics {
    int count, correct;
    double loss;                     /* sum of cross-entropies, nats; divide by count */
    int confusion[CLASSES][CLASSES]; /* [truth][predicted] counts */
};

/* One figure a class, fractions in [0,1]; 0 where the denominator is 0. */
struct class_metrics {
    double precision; /* of those predicted c, the share that is c */
    double recall;    /* of those that are c, the share predicted c */
    double f1;        /* 2 precision recall / (precision + recall) */
    int support;      /* how many are c */
};

/* The most probable class of p (10); the lowest of equals. */
int metrics_argmax(const float *p);

/* Adds one sample, after those before it: the order of the sum is the order of the calls. */
void metrics_add(struct metrics *metrics, int truth, int predicted, float loss);

double metrics_loss(const struct metrics *metrics);     /* mean, nats */
double metrics_accuracy(const struct metrics *metrics); /* fraction */

/* Standard error of the accuracy a over n images: sqrt(a (1-a) / n). */
double metrics_standard_error(const struct metrics *metrics);

struct class_metrics metrics_class(const struct metrics *metrics, int digit);

#endif
