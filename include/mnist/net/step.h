/* One step of training: a batch forward and back through the network, and Adam. */
#ifndef MNIST_STEP_H
#define MNIST_STEP_H

#include <stdint.h>

#include "mnist/data/batch.h"

struct network;

/* What a step needs to know beside its batch. */
struct step {
    float lr, l2;
    float dropout;  /* the share of hidden units that are silenced, 0 <= p < 1 */
    uint64_t seed;  /* of the run: which units are silenced is a function of this and of drawn */
    uint64_t drawn; /* the number of samples that the run drew before this batch */
};

/* Forward, cross-entropy, backward, Adam, on 1 … capacity samples. Afterwards network->loss and
 * network->p hold the batch's losses and probabilities, from before the update. Nothing fails; a
 * loss that is not finite is the caller's to notice. */
void step_run(struct network *network, const struct batch *batch, const struct step *step);

/* Seconds that the tasks of training steps took, summed; each task adds to its own entry, so
 * nothing is shared. */
struct step_times {
    double forward, backward, update;
};

enum { STEP_TASKS = BATCH_MAX / 8 }; /* no phase has more tasks than this */

#endif
