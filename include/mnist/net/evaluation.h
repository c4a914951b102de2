/* A network's answers to a data set: probabilities, figures, and the answer to each image. */
#ifndef MNIST_EVALUATION_H
#define MNIST_EVALUATION_H

#include "mnist/base/error.h"
#include "mnist/net/metrics.h"

struct dataset;
struct network;

/* Probabilities p (count,10) and losses (count) in nats of the data set's images indices (count;
 * NULL means 0 … count-1). p or loss may be NULL; without labels the losses are meaningless. Does
 * not change the network. Cannot fail. */
void evaluation_predict(const struct network *network, const struct dataset *dataset,
                        const int *indices, int count, float *p, float *loss);

/* The same, gathered into metrics; -1 with err filled when memory is short. */
int evaluation_measure(const struct network *network, const struct dataset *dataset,
                       const int *indices, int count, struct metrics *metrics, struct error *err);

/* The share of answers that may be wrong when coverage is reported: see metrics_coverage. */
#define COVERAGE_RISK 0.001

/* The network's answer to one image. */
struct answer {
    int index, truth, predicted;
    float probability; /* of the predicted class */
};

struct evaluation {
    struct metrics metrics;
    double coverage; /* metrics_coverage at COVERAGE_RISK */
    float *p;        /* (count,10) probabilities, in the data set's order */
    /* (count) all answers: first the mistakes, most confident first (between equals, the earlier
     * image first); then the right ones, in the data set's order. */
    struct answer *answers;
    int mistakes;
};

/* Evaluates all images of the data set. If the loss is not finite, which the caller must check, the
 * answers are in no order. -1 with err filled when memory is short. The caller gives the evaluation
 * to evaluation_free, even after a failure. */
int evaluation_run(struct evaluation *evaluation, const struct network *network,
                   const struct dataset *dataset, struct error *err);

void evaluation_free(struct evaluation *evaluation);

#endif
