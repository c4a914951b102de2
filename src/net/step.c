/* What a step computes, for B samples with pixels x (B,784) and targets t (B,10). Forward:
 *
 *   z1 = x W1 + b1     a1 = max(0, z1)    (B,128)
 *   z2 = a1 W2 + b2    a2 = max(0, z2)    (B,64)
 *   z3 = a2 W3 + b3    p = softmax(z3)    (B,10)     loss = -(1/B) sum_b sum_c t[b][c] ln p[b][c]
 *
 * Backward by the chain rule, where dy is the gradient of the loss by y, ⊙ multiplies element by
 * element, and [a > 0] is 1 if that holds, else 0. Softmax and cross-entropy are taken together:
 * the derivative of -ln p[c] by z3[j] is p[j] - [j = c], and nothing is divided by p.
 *
 *   dz3 = (p - t) / B             (B,10)     dW3 = a2ᵀ dz3  (64,10)
 *   dz2 = (dz3 W3ᵀ) ⊙ [a2 > 0]    (B,64)     dW2 = a1ᵀ dz2  (128,64)
 *   dz1 = (dz2 W2ᵀ) ⊙ [a1 > 0]    (B,128)    dW1 = xᵀ dz1   (784,128)
 *   and each db is the sum of its dz over the samples
 *
 * Dropout multiplies each element of a1 and a2 by 0 or 1/(1-p), and those of dz1 and dz2 likewise.
 *
 * There are two parallel phases, with three kinds of tasks. In the first phase, a task computes the
 * first layer's sums over one half of the pixels for some samples; or it owns some samples, joins
 * their halves as soon as they are there, and goes on to the loss, and back to the gradients dz. In
 * the second, it owns some rows of the parameters, sums their gradients dW over the batch in sample
 * order, and updates them. No task adds to what another one writes.
 *
 * What limits two threads is data that travels between their cores. So both phases list the upper
 * pixels' tasks in their first half and the lower pixels' in their second: a thread's range, the
 * same in every step, then stays in one half of the first layer's weights and moments, 600 kB. And
 * each half ends with tasks that touch none of them, since it is the ends of ranges that threads
 * take from each other. */
#include "mnist/net/step.h"

#include <sched.h>
#include <stdatomic.h>

#include "mnist/base/clock.h"
#include "mnist/base/cpu.h"
#include "mnist/base/rng.h"
#include "mnist/base/team.h"
#include "mnist/net/forward.h"
#include "mnist/net/kernels.h"
#include "mnist/net/network.h"

enum { CHUNK = FORWARD_CHUNK, CHUNKS_MAX = (BATCH_MAX + CHUNK - 1) / CHUNK };

/* How far one half of a chunk's first layer is. */
enum progress { FREE, TAKEN, DONE };

struct pass {
    struct network *network;
    const struct batch *batch;
    const struct step *step;
    struct adam_step weights, biases;
    int chunks;
    _Alignas(64) atomic_uchar pixels[HALVES][CHUNKS_MAX]; /* enum progress, all FREE at first */
};

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

static double now(const struct network *network)
{
    return network->times ? clock_seconds() : 0.0;
}

/* --- samples --- */

/* Silences each of a[0 … n-1], n a multiple of 4, with probability p and scales the others so that
 * the mean stays the same: inverted dropout (Srivastava et al. 2014). A unit is silenced if its 16
 * random bits are below 2^16 p. */
static void drop(float *a, int n, float p, struct rng *rng)
{
    float scale = 1.0f / (1.0f - p);
    uint64_t below = (uint64_t)(p * 65536.0f);
    for (int i = 0; i < n; i += 4) {
        uint64_t bits = rng_next(rng);
        for (int k = 0; k < 4; k++)
            a[i + k] = (bits >> (16 * k) & 0xffff) < below ? 0.0f : a[i + k] * scale;
    }
}

/* Applies dropout to one layer of samples from … from+count-1. */
static void drop_hidden(float *a, int width, int layer, const struct step *step, int from,
                        int count)
{
    if (step->dropout <= 0.0f)
        return;
    for (int s = from; s < from + count; s++) {
        struct rng rng;
        rng_seed(&rng, step->seed, RNG_DROPOUT, 2 * (step->drawn + (uint64_t)s) + (uint64_t)layer);
        drop(a + s * width, width, step->dropout, &rng);
    }
}

static float *z1_of(const struct network *network, int half)
{
    return network->z1 + half * network->capacity * HIDDEN1;
}

/* Computes one half of a chunk's first layer, unless that was begun already. */
static void sum_pixels(struct pass *pass, int half, int chunk, double *seconds)
{
    struct network *n = pass->network;
    unsigned char state = FREE;
    if (!atomic_compare_exchange_strong(&pass->pixels[half][chunk], &state, TAKEN))
        return;
    int from = chunk * CHUNK, to = smaller(from + CHUNK, pass->batch->size);
    double start = now(n);
    n->kernels->pixels_forward(z1_of(n, half), pass->batch, n->params + FC1_WEIGHT, half, from, to);
    *seconds += now(n) - start;
    atomic_store_explicit(&pass->pixels[half][chunk], DONE, memory_order_release);
}

/* Whoever has begun is at work, or will be as soon as it has a processor: this one's, if there are
 * more threads than processors. */
static void wait_for_pixels(struct pass *pass, int half, int chunk)
{
    enum { SPINS = 600 };
    atomic_uchar *state = &pass->pixels[half][chunk];
    for (int i = 0; atomic_load_explicit(state, memory_order_acquire) != DONE; i++) {
        if (i < SPINS)
            cpu_relax();
        else
            sched_yield();
    }
}

static void samples_of_chunk(struct pass *pass, int chunk, struct step_times *times)
{
    struct network *n = pass->network;
    const struct kernels *k = n->kernels;
    const struct batch *batch = pass->batch;
    int from = chunk * CHUNK, count = smaller(CHUNK, batch->size - from);
    float *a1 = n->a1 + from * HIDDEN1, *a2 = n->a2 + from * HIDDEN2, *p = n->p + from * CLASSES;
    float *dz3 = n->dz3 + from * CLASSES, *dz2 = n->dz2 + from * HIDDEN2;

    double start = now(n);
    k->pixels_join(a1, z1_of(n, 0) + from * HIDDEN1, z1_of(n, 1) + from * HIDDEN1,
                   n->params + FC1_BIAS, count);
    drop_hidden(n->a1, HIDDEN1, 0, pass->step, from, count);
    k->dense_forward(a2, a1, n->params + FC2_WEIGHT, n->params + FC2_BIAS, count, HIDDEN1, HIDDEN2,
                     true);
    drop_hidden(n->a2, HIDDEN2, 1, pass->step, from, count);
    float z3[CHUNK * CLASSES];
    k->dense_forward(z3, a2, n->params + FC3_WEIGHT, n->params + FC3_BIAS, count, HIDDEN2, CLASSES,
                     false);
    const float *targets = batch->targets + from * CLASSES;
    k->softmax(p, n->loss + from, z3, targets, count);

    double middle = now(n);
    /* dz3, then dz2 from dz3, then dz1 from dz2. */
    float mean = 1.0f / (float)batch->size, scale = 1.0f / (1.0f - pass->step->dropout);
    for (int i = 0; i < count * CLASSES; i++)
        dz3[i] = (p[i] - targets[i]) * mean;
    k->dense_backward(dz2, dz3, n->fc3_t, a2, scale, count, HIDDEN2, CLASSES);
    k->dense_backward(n->dz1 + from * HIDDEN1, dz2, n->fc2_t, a1, scale, count, HIDDEN1, HIDDEN2);
    times->forward += middle - start;
    times->backward += now(n) - middle;
}

/* The upper half of the pixels of each chunk, then the samples of one half of the chunks; then
 * likewise the lower half of the pixels, and the other half of the chunks. */
static void forward_task(void *context, int i)
{
    struct pass *pass = context;
    struct step_times none = {0}, *times = pass->network->times ? &pass->network->times[i] : &none;
    int upper = pass->chunks / 2, half = i >= pass->chunks + upper;
    int k = half ? i - pass->chunks - upper : i;
    if (k < pass->chunks) {
        sum_pixels(pass, half, k, &times->forward);
        return;
    }
    int chunk = k - pass->chunks + (half ? upper : 0);
    for (int h = 0; h < HALVES; h++)
        sum_pixels(pass, h, chunk, &times->forward);
    for (int h = 0; h < HALVES; h++)
        wait_for_pixels(pass, h, chunk);
    samples_of_chunk(pass, chunk, times);
}

/* --- rows --- */

/* The rows of all parameters, divided into tasks: 25 of 32 pixels (the last has 16), 8 of 16 rows
 * of fc2, and one for the small rest. */
enum { PIXEL_ROWS = 32, UPPER_TASKS = 12, LOWER_TASKS = 13, PIXEL_TASKS = 25 };
enum { FC2_ROWS = 16, FC2_TASKS = 8, DENSE_TASKS = 9, UPPER_DENSE = 5, UPDATE_TASKS = 34 };

_Static_assert(UPPER_TASKS *PIXEL_ROWS == UPPER && PIXEL_TASKS == UPPER_TASKS + LOWER_TASKS &&
                   PIXEL_TASKS == (INPUTS + PIXEL_ROWS - 1) / PIXEL_ROWS,
               "each pixel has one task, and no task has pixels of both halves");
_Static_assert((int)FC2_TASKS *FC2_ROWS == HIDDEN1 && DENSE_TASKS == FC2_TASKS + 1 &&
                   UPDATE_TASKS == PIXEL_TASKS + DENSE_TASKS,
               "each row of fc2 has one task, and one more has the rest");

/* The upper half's pixels for i < UPPER_TASKS, then the lower half's. Steps of 7 around 12 tasks,
 * or around 13, visit each once. They alternate between the middle of the image, where the ink is,
 * and its margins, so that ranges of tasks of equal length are about equal work. */
static void update_pixels(const struct pass *pass, int i)
{
    struct network *n = pass->network;
    int task =
        i < UPPER_TASKS ? 7 * i % UPPER_TASKS : UPPER_TASKS + 7 * (i - UPPER_TASKS) % LOWER_TASKS;
    int from = task * PIXEL_ROWS, to = smaller(from + PIXEL_ROWS, INPUTS);
    n->kernels->pixels_update(n->params + FC1_WEIGHT, n->m + FC1_WEIGHT, n->v + FC1_WEIGHT,
                              pass->batch, n->dz1, &pass->weights, from, to);
}

static void update_dense(const struct pass *pass, int i)
{
    struct network *n = pass->network;
    const struct kernels *k = n->kernels;
    float *w = n->params, *m = n->m, *v = n->v;
    int B = pass->batch->size, from = i * FC2_ROWS;
    if (i < FC2_TASKS) {
        k->dense_update(w + FC2_WEIGHT, m + FC2_WEIGHT, v + FC2_WEIGHT, n->fc2_t, n->a1, n->dz2,
                        &pass->weights, B, HIDDEN1, HIDDEN2, from, from + FC2_ROWS);
        return;
    }
    k->dense_update(w + FC3_WEIGHT, m + FC3_WEIGHT, v + FC3_WEIGHT, n->fc3_t, n->a2, n->dz3,
                    &pass->weights, B, HIDDEN2, CLASSES, 0, HIDDEN2);
    k->bias_update(w + FC1_BIAS, m + FC1_BIAS, v + FC1_BIAS, n->dz1, &pass->biases, B, HIDDEN1);
    k->bias_update(w + FC2_BIAS, m + FC2_BIAS, v + FC2_BIAS, n->dz2, &pass->biases, B, HIDDEN2);
    k->bias_update(w + FC3_BIAS, m + FC3_BIAS, v + FC3_BIAS, n->dz3, &pass->biases, B, CLASSES);
}

/* The upper pixels' tasks, five dense ones, the lower pixels' tasks, the other four dense ones. */
static void update_task(void *context, int i)
{
    enum { FIRST_HALF = UPPER_TASKS + UPPER_DENSE };
    const struct pass *pass = context;
    double start = now(pass->network);
    if (i < UPPER_TASKS)
        update_pixels(pass, i);
    else if (i < FIRST_HALF)
        update_dense(pass, DENSE_TASKS - 1 - (i - UPPER_TASKS));
    else if (i < FIRST_HALF + LOWER_TASKS)
        update_pixels(pass, i - UPPER_DENSE);
    else
        update_dense(pass, i - FIRST_HALF - LOWER_TASKS);
    if (pass->network->times)
        pass->network->times[i].update += now(pass->network) - start;
}

/* --- the step --- */

_Static_assert(3 * (int)CHUNKS_MAX <= (int)STEP_TASKS && (int)UPDATE_TASKS <= (int)STEP_TASKS,
               "each task has its own entry in times");

void step_run(struct network *network, const struct batch *batch, const struct step *step)
{
    struct pass pass = {.network = network, .batch = batch, .step = step};
    pass.chunks = forward_chunks(batch->size);
    pass.weights = adam_next(&network->adam, step->lr, step->l2);
    pass.biases = pass.weights;
    pass.biases.l2 = 0.0f;
    team_run(network->team, 3 * pass.chunks, forward_task, &pass);
    team_run(network->team, UPDATE_TASKS, update_task, &pass);
}
