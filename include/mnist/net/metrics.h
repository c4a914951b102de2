/* Figures of a classifier. A share or mean of nothing, 0/0, is undefined: NaN, which
 * mnist/base/format.h shows as "-" and as null; 0/n is 0. */
#ifndef MNIST_METRICS_H
#define MNIST_METRICS_H

#include <stdbool.h>

#include "mnist/net/params.h"

/* How sure a network was and how often it was right, over all samples whose largest probability
 * fell into one fifteenth of (0,1]. */
struct calibration_bin {
    int count, correct;
    double confidence; /* sum of the largest probabilities */
};

enum { CALIBRATION_BINS = 15 };

struct metrics {
    int count, correct;
    double loss_sum;                 /* of the cross-entropies, nats */
    int confusion[CLASSES][CLASSES]; /* [truth][predicted] counts */
    struct calibration_bin bins[CALIBRATION_BINS];
};

/* A range of fractions in [0,1]. */
struct interval {
    double low, high;
};

/* The figures of class c, fractions in [0,1]. */
struct class_metrics {
    double precision; /* of the samples predicted c, the share that is c */
    double recall;    /* of the samples that are c, the share predicted c */
    double f1;        /* 2 × both / (predicted c + are c), in numbers of samples */
    int hits;         /* how many samples are c and predicted c */
    int guesses;      /* how many samples are predicted c */
    int support;      /* how many samples are c */
};

/* The most probable class of p (10); of equals the lowest. */
int metrics_argmax(const float *p);

/* The second most probable class of p (10); of equals the lowest. */
int metrics_second(const float *p);

/* Adds one sample with its probabilities p (10) and its loss in nats. The order of the sums is the
 * order of the calls. */
void metrics_add(struct metrics *metrics, int truth, const float *p, float loss);

double metrics_loss(const struct metrics *metrics);     /* mean, nats */
double metrics_accuracy(const struct metrics *metrics); /* fraction */

/* Wilson's score interval at 95% (Wilson 1927) for the probability behind `part` of `whole`
 * independent samples: all p with |part/whole - p| <= 1.959964 sqrt(p (1-p) / whole). It is never
 * empty, not even of 0 of 2, and stays in [0,1]; of 0/0 both ends are undefined. */
struct interval metrics_interval(int part, int whole);

/* Expected calibration error: the mean over all samples of |accuracy - mean confidence| of their
 * bin (Naeini, Cooper and Hauskrecht 2015; Guo et al. 2017). A fraction; 0 if in each bin the share
 * that is right equals the mean confidence. */
double metrics_calibration_error(const struct metrics *metrics);

/* One prediction: the largest probability, and whether it was right. */
struct decision {
    float confidence;
    bool correct;
};

/* Coverage at a given risk (El-Yaniv and Wiener 2010): the largest share of the samples that can be
 * answered with at most a share `risk` of those answers wrong, if all samples from some confidence
 * up are answered and no others. Sorts decisions (count). */
double metrics_coverage(struct decision *decisions, int count, double risk);

struct class_metrics metrics_class(const struct metrics *metrics, int digit);

#endif
