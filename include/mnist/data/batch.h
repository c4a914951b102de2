/* A mini-batch: B samples as the network takes them. */
#ifndef MNIST_BATCH_H
#define MNIST_BATCH_H

#include "mnist/base/team.h"
#include "mnist/data/augment.h"
#include "mnist/data/dataset.h"

/* The largest B. */
enum { BATCH_MAX = 8192 };

struct batch {
    int size, capacity;        /* B, the number of samples now, and the most there is room for */
    const uint8_t **pixels;    /* (B) each to 784 bytes, owned by the data set */
    const uint64_t **masks;    /* (B) each to IMAGE_WORDS words, owned by the data set */
    float *targets;            /* (B,10) the probabilities wanted: rows that sum to 1 */
    float smoothing;           /* of the targets, 0 unless set: see batch_fill */
    uint8_t *augmented;        /* (B,784) room for batch_augment */
    uint64_t *augmented_masks; /* (B,IMAGE_WORDS) the same */
};

/* byte / 255: a pixel as the network's input, in [0,1]. */
extern const float batch_value[256];

/* Makes room for `capacity` >= 1 samples. The caller gives the batch to batch_destroy. -1 with err
 * filled when memory is short. */
int batch_create(struct batch *batch, int capacity, struct error *err);
void batch_destroy(struct batch *batch);

/* Fills the batch with the `size` <= capacity samples that have these indices. The images are not
 * copied: the data set must outlive the batch. The target of the true class is 1 - smoothing +
 * smoothing/10, that of every other class smoothing/10 (Szegedy et al. 2016, section 7). */
void batch_fill(struct batch *batch, const struct dataset *dataset, const int *indices, int size);

/* Replaces each image by an augmented copy, in a batch just filled by batch_fill with the same
 * indices. The augmentation depends on the seed, the epoch and the image's index alone. */
void batch_augment(struct batch *batch, const struct augment *augment, uint64_t seed, int epoch,
                   const int *indices, struct team *team);

#endif
