/* One step of training: a batch goes forward and back through the network, and Adam updates it. */
#ifndef MNIST_STEP_H
#define MNIST_STEP_H

#include <stdint.h>

#include "mnist/data/batch.h"

struct network;

/* What a step needs to know besides its batch. */
struct step {
    float lr, l2;
    float dropout;  /* the share of hidden units that are silenced, 0 <= p < 1 */
    uint64_t seed;  /* the run's: it and `drawn` determine which units are silenced */
    uint64_t drawn; /* how many samples the run drew before this batch */
};

/* Forward, cross-entropy, backward, Adam, on 1 … capacity samples. Afterwards network->loss and
 * network->p hold the batch's losses and probabilities from before the update. Cannot fail; the
 * caller checks that the losses are finite. */
void step_run(struct network *network, const struct batch *batch, const struct step *step);

/* Total seconds spent in tasks of training steps. Each task adds to its own entry, so nothing is
 * shared. */
struct step_times {
    double forward, backward, update;
};

enum { STEP_TASKS = BATCH_MAX / 5 }; /* no phase has more tasks than this */

#endif
