/* A data set put to a network: its probabilities, figures of them, and each image's answer. */
#ifndef MNIST_EVALUATION_H
#define MNIST_EVALUATION_H

#include "mnist/base/error.h"
#include "mnist/net/metrics.h"

struct dataset;
struct network;

/* Probabilities p (count,10) and losses (count, nats) of the data set's images `indices` (count of
 * them; NULL means 0 … count-1). Either result may be NULL; without labels the losses mean nothing.
 * Changes nothing in the network. Cannot fail. */
void evaluation_predict(const struct network *network, const struct dataset *dataset,
                        const int *indices, int count, float *p, float *loss);

/* The same, gathered into metrics; -1 with err filled when memory is short. */
int evaluation_measure(const struct network *network, const struct dataset *dataset,
                       const int *indices, int count, struct metrics *metrics, struct error *err);

/* The share of the answers given that may be wrong, when coverage is told: see metrics_coverage. */
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

/* Of all images of the data set. Where the loss is not finite, which the caller must look at, the
 * answers are in no order. -1 with err filled when memory is short. The caller gives it to
 * evaluation_free, then too. */
int evaluation_run(struct evaluation *evaluation, const struct network *network,
                   const struct dataset *dataset, struct error *err);

void evaluation_free(struct evaluation *evaluation);

#endif
