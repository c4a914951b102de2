/* The arithmetic of the network: a contract and its implementations.
 *
 * Letters: B samples, K inputs and N outputs of a layer, as in params.h; W (K,N) weights, b (N)
 * biases, x (B,K) inputs, y (B,N) outputs; d before a name is the gradient of the batch's mean loss
 * by it. All are row-major float32. Outputs come first, then inputs, then sizes. No output overlaps
 * an input. Nothing fails. K is a multiple of 16; so is N, or it is less than 16; both are at most
 * 128, except for pixels.
 *
 * Every sum starts at +0 and runs in ascending index, each product rounded before it is added;
 * terms whose x is 0 may be left out, since for finite weights they change nothing. So
 * implementations differ only in speed: the bits must be exactly those of the reference. */
#ifndef MNIST_KERNELS_H
#define MNIST_KERNELS_H

#include <stdbool.h>

#include "mnist/net/params.h"

struct adam_step;
struct batch;

/* The first layer sums the upper and the lower half of an image separately, the one exception to
 * the rule above: so each of two threads can keep one half of its weights in its cache and never
 * touch the other. The halves meet where a mask's word ends; 47% of MNIST's ink is in the upper. */
enum { HALVES = 2, UPPER = 384 };
#define HALF_BEGIN(half) ((half) ? UPPER : 0)
#define HALF_END(half) ((half) ? INPUTS : UPPER)

/* So HIDDEN1 floats hold a row of any layer's gradient. */
_Static_assert(HIDDEN2 <= HIDDEN1 && CLASSES <= HIDDEN1, "the first hidden layer is the widest");

struct kernels {
    const char *name;

    /* The compiler flag that changes what these kernels compute, or NULL if none does. */
    const char *(*fault)(void);

    /* First layer, straight from the pixels of one half: z[b][n] = sum_p x[b][p] W[p][n] over
     * HALF_BEGIN(half) <= p < HALF_END(half), for samples from <= b < to. z (B,128), x = pixel/255,
     * W (784,128). */
    void (*pixels_forward)(float *z, const struct batch *x, const float *W, int half, int from,
                           int to);

    /* Joins the two halves' sums: y[b][n] = max(0, (upper[b][n] + lower[b][n]) + b[n]). b is (128),
     * all others are (B,128). */
    void (*pixels_join)(float *restrict y, const float *restrict upper, const float *restrict lower,
                        const float *restrict b, int B);

    /* y = x W + b, then max(0, y) if relu. */
    void (*dense_forward)(float *restrict y, const float *restrict x, const float *restrict W,
                          const float *restrict b, int B, int K, int N, bool relu);

    /* Softmax and cross-entropy, fused and shifted by the largest logit so that nothing overflows:
     *   p[b][c] = exp(z[b][c]) / sum_j exp(z[b][j]),  loss[b] = -sum_c t[b][c] ln p[b][c]  (nats).
     * p (B,10), loss (B), z (B,10) logits, t (B,10) targets whose rows sum to 1. */
    void (*softmax)(float *restrict p, float *restrict loss, const float *restrict z,
                    const float *restrict t, int B);

    /* The gradient through y = x W + b, and on through the ReLU and dropout that made x:
     *   dx[b][k] = (sum_n dy[b][n] W[k][n]) scale  where x[b][k] > 0, else 0.
     * WT (N,K) is W transposed; scale is dropout's 1/(1-p). */
    void (*dense_backward)(float *restrict dx, const float *restrict dy, const float *restrict WT,
                           const float *restrict x, float scale, int B, int K, int N);

    /* Gradient and Adam for rows from <= k < to of W, whose gradient is never stored:
     *   dW[k][n] = sum_b x[b][k] dy[b][n];  then adam_update of W[k][n], m[k][n], v[k][n].
     * dense_update also sets WT (N,K), the transpose of W. bias_update is the same with x = 1. */
    void (*pixels_update)(float *W, float *m, float *v, const struct batch *x, const float *dy,
                          const struct adam_step *step, int from, int to);
    void (*dense_update)(float *W, float *m, float *v, float *WT, const float *x, const float *dy,
                         const struct adam_step *step, int B, int K, int N, int from, int to);
    void (*bias_update)(float *b, float *m, float *v, const float *dy, const struct adam_step *step,
                        int B, int N);
};

/* The textbook: plain loops, kept as the reference for all others. */
extern const struct kernels kernels_reference;

/* The same arithmetic for vectors of 16, 32 and 64 bytes; the last two exist only on x86-64. */
extern const struct kernels kernels_baseline, kernels_avx2, kernels_avx512;

/* "auto", "baseline", "avx2", "avx512", "reference", NULL. */
extern const char *const kernels_names[];

/* The kernels of that name, or NULL if this processor cannot run them. "auto" means the widest that
 * it can run. */
const struct kernels *kernels_find(const char *name);

#endif
