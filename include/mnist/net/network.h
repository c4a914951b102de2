/* The memory of a network: its parameters, and what training on a batch needs besides them. */
#ifndef MNIST_NETWORK_H
#define MNIST_NETWORK_H

#include "mnist/base/error.h"
#include "mnist/net/adam.h"
#include "mnist/net/params.h"

struct kernels;
struct step_times;
struct team;

struct network {
    const struct kernels *kernels; /* the fastest that this processor can run, unless set */
    struct team *team;             /* not owned */
    int capacity;                  /* the largest batch it can train on; 0: prediction only */
    float *params;                 /* (PARAM_COUNT) laid out as param_table says */
    float *m, *v;                  /* (PARAM_COUNT) Adam's moments */
    float *fc2_t, *fc3_t;   /* (64,128), (10,64) weights transposed, which training keeps current */
    float *z1;              /* (HALVES,capacity,128) sums over the upper and the lower pixels */
    float *a1, *a2;         /* (B,128), (B,64) activations of the last batch */
    float *p;               /* (B,10) probabilities */
    float *dz1, *dz2, *dz3; /* (B,128), (B,64), (B,10) gradients before the activation */
    float *loss;            /* (B) cross-entropy of each sample, nats */
    struct adam adam;
    struct step_times *times; /* (STEP_TASKS) for benchmarks; NULL: not measured. Not owned */
};

/* Allocates a network that can train on batches of up to `capacity`. Its parameters are zero until
 * network_set_params. The caller owns it and gives it to network_destroy; the team must outlive it.
 * -1 with err filled when memory is short. */
int network_create(struct network *network, int capacity, struct team *team, struct error *err);
void network_destroy(struct network *network);

/* Takes a copy of params (PARAM_COUNT) and resets Adam. */
void network_set_params(struct network *network, const float *params);

/* Restores the state that training had after `steps` steps: takes copies of params, m and v
 * (PARAM_COUNT each). */
void network_restore(struct network *network, const float *params, const float *m, const float *v,
                     int64_t steps);

/* Copies the parameters out into params (PARAM_COUNT). */
void network_get_params(const struct network *network, float *params);

#endif
