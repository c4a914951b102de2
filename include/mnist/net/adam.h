/* Adam (Kingma and Ba 2015, algorithm 1), with L2 added to the gradient as in PyTorch's
 * `weight_decay`. */
#ifndef MNIST_ADAM_H
#define MNIST_ADAM_H

#include <math.h>
#include <stdint.h>

struct adam {
    float beta1, beta2, epsilon; /* 0.9, 0.999, 1e-8 */
    double power1, power2;       /* beta1^t, beta2^t after t steps */
};

/* What one step needs, the same for all parameters. */
struct adam_step {
    float beta1, beta2, epsilon;
    float rate; /* lr / (1 - beta1^t) */
    float root; /* 1 / sqrt(1 - beta2^t) */
    float l2;   /* 0 for biases */
};

/* Sets the paper's constants, with no step taken (t = 0). */
void adam_init(struct adam *adam);

/* Advances t by `steps`, as that many calls of adam_next do. */
void adam_skip(struct adam *adam, int64_t steps);

/* Advances t by one and gives the step for it. */
struct adam_step adam_next(struct adam *adam, float lr, float l2);

/* x, or 0 if |x| < 2^-58. The weights of a pixel that never has ink keep shrinking under L2, and so
 * do their g, g² and m, down to subnormal numbers, which make processors many times slower: up to
 * 30% of an epoch. */
static inline float adam_flush(float x)
{
    return fabsf(x) < 0x1p-58f ? 0.0f : x;
}

/* One parameter w with its moments m, v and the gradient g of the loss:
 *   g += l2 w;  m = beta1 m + (1-beta1) g;  v = beta2 v + (1-beta2) g²;
 *   w -= lr (m / (1-beta1^t)) / (sqrt(v / (1-beta2^t)) + epsilon)
 * where adam_flush is applied to g and m. All kernels call it, so all give the same bits; loops
 * over it become vector code. */
static inline void adam_update(float *w, float *m, float *v, float g, const struct adam_step *step)
{
    g = adam_flush(g + step->l2 * *w);
    *m = adam_flush(step->beta1 * *m + (1.0f - step->beta1) * g);
    *v = step->beta2 * *v + (1.0f - step->beta2) * (g * g);
    *w -= step->rate * *m / (sqrtf(*v) * step->root + step->epsilon);
}

#endif
