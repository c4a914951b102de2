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

/* The same, with neither p nor loss NULL, gathered into metrics. */
void evaluation_measure(const struct network *network, const struct dataset *dataset,
                        const int *indices, int count, float *p, float *loss,
                        struct metrics *metrics);

/* The share of answers that may be wrong when coverage is reported: see metrics_coverage. */
#define COVERAGE_RISK 0.001

/* The network's answer to one image. */
struct answer {
    int index, truth, predicted;
    float probability; /* of the predicted class */
};

struct evaluation {
    struct metrics metrics;
    double coverage;            /* metrics_coverage at COVERAGE_RISK */
    float *p;                   /* (count,10) probabilities, in the data set's order */
    float *loss;                /* (count) in nats, in the same order */
    struct decision *decisions; /* (count) what metrics_coverage has put in its order */
    /* (count) all answers: first the mistakes, most confident first (between equals, the earlier
     * image first); then the right ones, in the data set's order. */
    struct answer *answers;
    int mistakes;
};

/* Allocates what evaluating `count` images needs. -1 with err filled when memory is short. The
 * caller gives the evaluation to evaluation_free, even after a failure. */
int evaluation_create(struct evaluation *evaluation, int count, struct error *err);

/* Evaluates all images of a data set of that many. If the loss is not finite, which the caller must
 * check, the answers are in no order. Cannot fail. */
void evaluation_run(struct evaluation *evaluation, const struct network *network,
                    const struct dataset *dataset);

void evaluation_free(struct evaluation *evaluation);

#endif
