/* From pixels to probabilities: the answers of a network with given parameters to a few images.
 *
 * Pure: it allocates nothing, starts no thread and keeps nothing between calls, so that prediction,
 * a page in a browser and the tests of an exported model can all call it. */
#ifndef MNIST_FORWARD_H
#define MNIST_FORWARD_H

#include "mnist/data/batch.h"
#include "mnist/net/params.h"

struct kernels;

/* The most samples at once: few enough that their activations stay in the first-level cache. */
enum { FORWARD_CHUNK = 16 };

/* How many chunks of up to FORWARD_CHUNK this many samples make. */
static inline int forward_chunks(int samples)
{
    return (samples + FORWARD_CHUNK - 1) / FORWARD_CHUNK;
}

/* The values of B <= FORWARD_CHUNK samples, layer by layer: 14 kB, for the caller's stack. */
struct forward {
    float a1[FORWARD_CHUNK * HIDDEN1]; /* (B,128) max(0, x W1 + b1) */
    float a2[FORWARD_CHUNK * HIDDEN2]; /* (B,64) max(0, a1 W2 + b2) */
    float z3[FORWARD_CHUNK * CLASSES]; /* (B,10) logits, a2 W3 + b3 */
    float p[FORWARD_CHUNK * CLASSES];  /* (B,10) probabilities, the softmax of z3 */
    float loss[FORWARD_CHUNK];         /* (B) cross-entropies, nats; undefined without targets */
};

/* Fills *forward from a batch of 1 … FORWARD_CHUNK samples, whose targets may be NULL. params
 * (PARAM_COUNT) are laid out as param_table says. Cannot fail. */
void forward_batch(struct forward *forward, const struct kernels *kernels, const float *params,
                   const struct batch *batch);

/* The same for chunk number `chunk` of a data set's images indices (count; NULL means
 * 0 … count-1), with one-hot targets if it has labels. Returns B. */
int forward_images(struct forward *forward, const struct kernels *kernels, const float *params,
                   const struct dataset *dataset, const int *indices, int count, int chunk);

#endif
