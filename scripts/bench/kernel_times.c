#include "kernel_times.h"

#include <math.h>

#include "measure.h"
#include "mnist/base/clock.h"
#include "mnist/base/memory.h"
#include "mnist/base/rng.h"
#include "mnist/net/forward.h"
#include "mnist/net/network.h"
#include "mnist/net/step.h"

enum { B = MEASURE_BATCH, BATCHES = 64, WARM = 430, ROUNDS = 15 };

/* The tasks of step.c. */
enum { CHUNK = FORWARD_CHUNK, PIXEL_ROWS = 32, FC2_ROWS = 16 };

/* What the kernels work on: a network that has learnt a little, and a batch. */
struct rig {
    struct network network;
    struct batch batch;
    struct adam_step weights, biases;
    float z3[B * CLASSES];
};

/* --- each kernel for the whole batch, as step.c calls it --- */

static void pixels_forward(struct rig *rig)
{
    struct network *n = &rig->network;
    for (int half = 0; half < HALVES; half++)
        for (int s = 0; s < B; s += CHUNK)
            n->kernels->pixels_forward(n->z1 + half * B * HIDDEN1, &rig->batch,
                                       n->params + FC1_WEIGHT, half, s, s + CHUNK);
}

static void pixels_join(struct rig *rig)
{
    struct network *n = &rig->network;
    n->kernels->pixels_join(n->a1, n->z1, n->z1 + B * HIDDEN1, n->params + FC1_BIAS, B);
}

static void fc2_forward(struct rig *rig)
{
    struct network *n = &rig->network;
    for (int s = 0; s < B; s += CHUNK)
        n->kernels->dense_forward(n->a2 + s * HIDDEN2, n->a1 + s * HIDDEN1, n->params + FC2_WEIGHT,
                                  n->params + FC2_BIAS, CHUNK, HIDDEN1, HIDDEN2, true);
}

static void fc3_forward(struct rig *rig)
{
    struct network *n = &rig->network;
    for (int s = 0; s < B; s += CHUNK)
        n->kernels->dense_forward(rig->z3 + s * CLASSES, n->a2 + s * HIDDEN2,
                                  n->params + FC3_WEIGHT, n->params + FC3_BIAS, CHUNK, HIDDEN2,
                                  CLASSES, false);
}

static void softmax(struct rig *rig)
{
    struct network *n = &rig->network;
    for (int s = 0; s < B; s += CHUNK)
        n->kernels->softmax(n->p + s * CLASSES, n->loss + s, rig->z3 + s * CLASSES,
                            rig->batch.targets + s * CLASSES, CHUNK);
}

static void fc3_backward(struct rig *rig)
{
    struct network *n = &rig->network;
    for (int i = 0; i < B * CLASSES; i++)
        n->dz3[i] = (n->p[i] - rig->batch.targets[i]) * (1.0f / (float)B);
    for (int s = 0; s < B; s += CHUNK)
        n->kernels->dense_backward(n->dz2 + s * HIDDEN2, n->dz3 + s * CLASSES, n->fc3_t,
                                   n->a2 + s * HIDDEN2, 1.0f, CHUNK, HIDDEN2, CLASSES);
}

static void fc2_backward(struct rig *rig)
{
    struct network *n = &rig->network;
    for (int s = 0; s < B; s += CHUNK)
        n->kernels->dense_backward(n->dz1 + s * HIDDEN1, n->dz2 + s * HIDDEN2, n->fc2_t,
                                   n->a1 + s * HIDDEN1, 1.0f, CHUNK, HIDDEN1, HIDDEN2);
}

static void pixels_update(struct rig *rig)
{
    struct network *n = &rig->network;
    for (int p = 0; p < INPUTS; p += PIXEL_ROWS)
        n->kernels->pixels_update(n->params + FC1_WEIGHT, n->m + FC1_WEIGHT, n->v + FC1_WEIGHT,
                                  &rig->batch, n->dz1, &rig->weights, p,
                                  p + PIXEL_ROWS < INPUTS ? p + PIXEL_ROWS : INPUTS);
}

static void fc2_update(struct rig *rig)
{
    struct network *n = &rig->network;
    for (int k = 0; k < HIDDEN1; k += FC2_ROWS)
        n->kernels->dense_update(n->params + FC2_WEIGHT, n->m + FC2_WEIGHT, n->v + FC2_WEIGHT,
                                 n->fc2_t, n->a1, n->dz2, &rig->weights, B, HIDDEN1, HIDDEN2, k,
                                 k + FC2_ROWS);
}

static void fc3_update(struct rig *rig)
{
    struct network *n = &rig->network;
    const struct kernels *k = n->kernels;
    float *w = n->params, *m = n->m, *v = n->v;
    k->dense_update(w + FC3_WEIGHT, m + FC3_WEIGHT, v + FC3_WEIGHT, n->fc3_t, n->a2, n->dz3,
                    &rig->weights, B, HIDDEN2, CLASSES, 0, HIDDEN2);
    k->bias_update(w + FC1_BIAS, m + FC1_BIAS, v + FC1_BIAS, n->dz1, &rig->biases, B, HIDDEN1);
    k->bias_update(w + FC2_BIAS, m + FC2_BIAS, v + FC2_BIAS, n->dz2, &rig->biases, B, HIDDEN2);
    k->bias_update(w + FC3_BIAS, m + FC3_BIAS, v + FC3_BIAS, n->dz3, &rig->biases, B, CLASSES);
}

/* --- what each has to do --- */

/* The multiplications and additions of adam_update (mnist/net/adam.h): 8 and 5. */
static const double ADAM_PAIRS = 6.5;

/* Factors that are not 0: pixels with ink; units of the two hidden layers that are active, so that
 * their gradients count, too; classes. */
enum factors { INK, ACTIVE1, ACTIVE2, ALL_CLASSES, FACTORS };

/* The order is that of a step: each kernel works on what those before it left. */
static const struct row {
    const char *name;
    enum kernel_phase phase;
    void (*run)(struct rig *rig);
    enum factors factors; /* what is multiplied by a row of weights, or of gradients, … */
    int width;            /* … with so many columns */
    int updated;          /* parameters that Adam updates */
} rows[KERNEL_TIMES] = {
    {"pixels forward", KERNEL_FORWARD, pixels_forward, INK, HIDDEN1, 0},
    {"pixels join", KERNEL_FORWARD, pixels_join, INK, 0, 0},
    {"fc2 forward", KERNEL_FORWARD, fc2_forward, ACTIVE1, HIDDEN2, 0},
    {"fc3 forward", KERNEL_FORWARD, fc3_forward, ACTIVE2, CLASSES, 0},
    {"softmax", KERNEL_FORWARD, softmax, INK, 0, 0},
    {"fc3 backward", KERNEL_BACKWARD, fc3_backward, ALL_CLASSES, HIDDEN2, 0},
    {"fc2 backward", KERNEL_BACKWARD, fc2_backward, ACTIVE2, HIDDEN1, 0},
    {"pixels update", KERNEL_UPDATE, pixels_update, INK, HIDDEN1, INPUTS *HIDDEN1},
    {"fc2 update", KERNEL_UPDATE, fc2_update, ACTIVE1, HIDDEN2, HIDDEN1 *HIDDEN2},
    {"fc3 update, biases", KERNEL_UPDATE, fc3_update, ACTIVE2, CLASSES,
     PARAM_COUNT - FC2_BIAS + HIDDEN1},
};

static double bound_of(const struct row *row, const double counts[FACTORS],
                       const struct peak_costs *costs)
{
    double updated = row->updated / (double)B;
    double pairs = counts[row->factors] * row->width + ADAM_PAIRS * updated;
    return fmax(pairs * costs->pair, updated * costs->root);
}

/* --- timing --- */

static int count_active(const float *a, int n)
{
    int active = 0;
    for (int i = 0; i < n; i++)
        active += a[i] > 0.0f;
    return active;
}

static void next_batch(struct rig *rig, const struct dataset *dataset, struct rng *rng)
{
    int indices[B];
    for (int s = 0; s < B; s++)
        indices[s] = (int)rng_below(rng, (uint32_t)dataset->count);
    batch_fill(&rig->batch, dataset, indices, B);
}

/* Sets the seconds, and how many factors of each kind an image has. */
static void time_all(struct kernel_time times[KERNEL_TIMES], double counts[FACTORS],
                     struct rig *rig, const struct dataset *dataset, struct rng *rng)
{
    const struct step step = {.lr = 1e-3f, .l2 = 1e-4f};
    double seconds[KERNEL_TIMES][ROUNDS] = {{0}};
    counts[INK] = measure_ink(dataset);
    counts[ALL_CLASSES] = CLASSES;
    counts[ACTIVE1] = counts[ACTIVE2] = 0.0;
    for (int i = 0; i < WARM; i++) {
        next_batch(rig, dataset, rng);
        step_run(&rig->network, &rig->batch, &step);
    }
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < BATCHES; i++) {
            next_batch(rig, dataset, rng);
            rig->weights = rig->biases = adam_next(&rig->network.adam, step.lr, step.l2);
            rig->biases.l2 = 0.0f;
            for (int k = 0; k < KERNEL_TIMES; k++) {
                double start = clock_seconds();
                rows[k].run(rig);
                seconds[k][round] += clock_seconds() - start;
            }
            counts[ACTIVE1] += count_active(rig->network.a1, B * HIDDEN1);
            counts[ACTIVE2] += count_active(rig->network.a2, B * HIDDEN2);
        }
    }
    counts[ACTIVE1] /= ROUNDS * BATCHES * B;
    counts[ACTIVE2] /= ROUNDS * BATCHES * B;
    for (int k = 0; k < KERNEL_TIMES; k++)
        times[k].seconds = measure_median(seconds[k], ROUNDS) / (BATCHES * B);
}

int kernel_times(struct kernel_time times[KERNEL_TIMES], const struct kernels *kernels,
                 const struct dataset *dataset, const struct peak_costs *costs, struct error *err)
{
    int failed = -1;
    struct rng rng;
    struct rig *rig = mem_calloc(1, sizeof *rig, err);
    float *params = mem_alloc(PARAM_COUNT, sizeof *params, err);
    struct team *alone = team_create(1, err);
    rng_seed(&rng, 1, RNG_SHUFFLE, 0);
    if (rig && params && alone && !network_create(&rig->network, B, alone, err) &&
        !batch_create(&rig->batch, B, err)) {
        params_init(params, 1);
        network_set_params(&rig->network, params);
        rig->network.kernels = kernels;
        double counts[FACTORS];
        time_all(times, counts, rig, dataset, &rng);
        for (int k = 0; k < KERNEL_TIMES; k++) {
            times[k].name = rows[k].name;
            times[k].phase = rows[k].phase;
            times[k].bound = bound_of(&rows[k], counts, costs);
        }
        failed = 0;
    }
    if (rig) {
        batch_destroy(&rig->batch);
        network_destroy(&rig->network);
    }
    team_destroy(alone);
    mem_free(params);
    mem_free(rig);
    return failed;
}
