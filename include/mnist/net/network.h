/* The network 784→128→64→10: forward, backward, one step of training. */
#ifndef MNIST_NETWORK_H
#define MNIST_NETWORK_H

#include <stdint.h>

#include "mnist/base/team.h"
#include "mnist/net/kernels.h"
#include "mnist/net/metrics.h"

/* Seconds that the tasks of training steps took, summed; each task adds to its own entry, so
 * nothing is shared. */
struct network_times {
    double forward, backward, update;
};

enum { NETWORK_TASKS = HALVES * BATCH_MAX / 16 + 64 }; /* no step has more tasks than this */

struct network {
    const struct kernels *kernels;
    struct team *team;      /* not owned */
    int capacity;           /* the largest batch it can train on; 0: for prediction only */
    float *params;          /* (PARAM_COUNT) laid out as param_table says */
    float *m, *v;           /* (PARAM_COUNT) Adam's moments */
    float *fc2_t, *fc3_t;   /* (64,128), (10,64) the weights transposed, kept equal by training */
    float *z1[HALVES];      /* (B,128) each: what either half of the pixels adds up to */
    float *a1, *a2;         /* (B,128), (B,64) activations of the last batch */
    float *p;               /* (B,10) probabilities */
    float *dz1, *dz2, *dz3; /* (B,128), (B,64), (B,10) gradients before the activation */
    float *loss;            /* (B) cross-entropy of each sample, nats */
    struct adam adam;
    struct network_times *times; /* (NETWORK_TASKS) for benchmarks; NULL: not measured. Not owned */
};

/* Memory for training on batches of up to `capacity`; parameters are zero until network_set_params.
 * The caller owns it and gives it to network_destroy; the team must outlive it. */
int network_create(struct network *network, int capacity, struct team *team, struct error *err);
void network_destroy(struct network *network);

/* Takes a copy of params (PARAM_COUNT) and starts Adam afresh. */
void network_set_params(struct network *network, const float *params);

/* Goes back to where training was after `steps` steps: copies of params, m and v (PARAM_COUNT each). */
void network_restore(struct network *network, const float *params, const float *m, const float *v,
                     int64_t steps);

/* Copies the parameters out into params (PARAM_COUNT). */
void network_get_params(const struct network *network, float *params);

/* What one training step needs to know beside its batch. */
struct network_step {
    float lr, l2;
    float dropout;  /* the share of hidden units that are silenced, 0 <= p < 1 */
    uint64_t seed;  /* of the dropout, */
    uint64_t drawn; /* with the number of samples drawn before this batch */
};

/* One step: forward, cross-entropy, backward, Adam, on 1 … capacity samples. Afterwards
 * network->loss and network->p hold the batch's losses and probabilities, from before the update.
 * Nothing fails; a loss that is not finite is the caller's to notice. */
void network_train(struct network *network, const struct batch *batch,
                   const struct network_step *step);

/* Probabilities p (count,10) and losses (count, nats) of the data set's images `indices` (count of
 * them; NULL means 0 … count-1). Either result may be NULL. Changes nothing in the network. */
void network_predict(const struct network *network, const struct dataset *dataset,
                     const int *indices, int count, float *p, float *loss);

/* The same, gathered into metrics; -1 with err filled when memory is short. */
int network_evaluate(const struct network *network, const struct dataset *dataset,
                     const int *indices, int count, struct metrics *metrics, struct error *err);

/* What speaks for a digit: pull[c][p] = the mean, over the data set's images of class c, of
 *   d(z[c] - mean_j z[j]) / dx[p],
 * how much ink at pixel p moves the network's logit z of the class against those of the others. pull
 * (10,784), 0 for a class without images. -1 with err filled when memory is short. */
int network_pull(const struct network *network, const struct dataset *dataset, float *pull,
                 struct error *err);

#endif
