/* A whole data set put to a network: the figures, and each image's answer. */
#ifndef MNIST_EVALUATION_H
#define MNIST_EVALUATION_H

#include "mnist/net/network.h"

/* The risk at which coverage is told: the share of the covered answers that may be wrong. */
#define COVERAGE_RISK 0.001

/* One image and what the network says of it. */
struct answer {
    int index, truth, predicted;
    float probability; /* of the predicted class */
};

struct evaluation {
    struct metrics metrics;
    double coverage; /* the share that metrics_coverage finds for COVERAGE_RISK */
    float *p;        /* (count,10) probabilities, in the data set's order */
    /* (count) all answers: first the mistakes, the most confident in front, of equals the earlier
     * image; then the right ones, in the data set's order. */
    struct answer *answers;
    int mistakes;
};

/* Where the loss is not finite, which the caller must look at, the answers are in no order. -1 with
 * err filled when memory is short. The caller gives it to evaluation_free, then too. */
int evaluation_run(struct evaluation *evaluation, const struct network *network,
                   const struct dataset *dataset, struct error *err);

void evaluation_free(struct evaluation *evaluation);

#endif
