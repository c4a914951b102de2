#include "mnist/net/network.h"

#include <string.h>

#include "mnist/base/clock.h"
#include "mnist/base/memory.h"
#include "mnist/base/rng.h"

/* Samples a task of the forward pass takes: few enough that their activations stay in the first
 * cache. */
enum { CHUNK = 16 };

/* --- life --- */

int network_create(struct network *network, int capacity, struct team *team, struct error *err)
{
    struct network *n = network;
    *n = (struct network){.kernels = kernels_find("auto"), .team = team, .capacity = capacity};
    const struct {
        float **block;
        int length;
    } blocks[] = {
        {&n->params, PARAM_COUNT},           {&n->fc2_t, HIDDEN1 * HIDDEN2},
        {&n->fc3_t, HIDDEN2 * CLASSES},      {&n->m, capacity ? PARAM_COUNT : 0},
        {&n->v, capacity ? PARAM_COUNT : 0}, {&n->a1, capacity * HIDDEN1},
        {&n->a2, capacity * HIDDEN2},        {&n->p, capacity * CLASSES},
        {&n->dz1, capacity * HIDDEN1},       {&n->dz2, capacity * HIDDEN2},
        {&n->dz3, capacity * CLASSES},       {&n->loss, capacity},
        {&n->z1[0], capacity * HIDDEN1},     {&n->z1[1], capacity * HIDDEN1},
    };
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
        *blocks[i].block = mem_calloc((size_t)blocks[i].length, sizeof(float), err);
        if (!*blocks[i].block) {
            network_destroy(n);
            return -1;
        }
    }
    adam_init(&n->adam);
    return 0;
}

void network_destroy(struct network *network)
{
    struct network *n = network;
    float *blocks[] = {n->params, n->m,   n->v,   n->fc2_t, n->fc3_t, n->a1,    n->a2,
                       n->p,      n->dz1, n->dz2, n->dz3,   n->loss,  n->z1[0], n->z1[1]};
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++)
        mem_free(blocks[i]);
    *n = (struct network){0};
}

void network_set_params(struct network *network, const float *params)
{
    memcpy(network->params, params, PARAM_COUNT * sizeof *params);
    params_transpose(network->fc2_t, params + FC2_WEIGHT, HIDDEN1, HIDDEN2);
    params_transpose(network->fc3_t, params + FC3_WEIGHT, HIDDEN2, CLASSES);
    if (network->capacity) {
        memset(network->m, 0, PARAM_COUNT * sizeof *network->m);
        memset(network->v, 0, PARAM_COUNT * sizeof *network->v);
    }
    adam_init(&network->adam);
}

void network_restore(struct network *network, const float *params, const float *m, const float *v,
                     int64_t steps)
{
    network_set_params(network, params);
    memcpy(network->m, m, PARAM_COUNT * sizeof *m);
    memcpy(network->v, v, PARAM_COUNT * sizeof *v);
    adam_skip(&network->adam, steps);
}

void network_get_params(const struct network *network, float *params)
{
    memcpy(params, network->params, PARAM_COUNT * sizeof *params);
}

/* --- one training step ---
 *
 * Three parallel phases. In the first a task owns one half of the pixels for some samples: their
 * sums in the first layer. In the second it owns some samples: it joins the halves and goes on to
 * the loss, and back to the gradients dz before each activation. In the third it owns some rows of
 * the parameters, sums their gradients over the batch in sample order, and updates them. No task
 * adds to what another one writes.
 *
 * What limits two threads is data that travels between their cores. So the first and the third
 * phase list the upper pixels' tasks first, then the lower ones': a thread's range, the same in
 * every step, then keeps to its own half of the first layer's weights and moments, 600 kB. */

struct pass {
    struct network *network;
    const struct batch *batch;
    const struct network_step *step;
    struct adam_step weights, biases;
};

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

/* Silences each of a[0 … n-1], n a multiple of 4, with probability p and scales the others so that
 * the mean stays: inverted dropout (Srivastava et al. 2014). A unit is silenced where 16 random bits
 * are below 2^16 p. */
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

/* Layer by layer for samples from … from+count-1; `drawn` counts the samples before sample 0. */
static void drop_hidden(float *a, int width, int layer, const struct network_step *step, int from,
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

static double now(const struct network *network)
{
    return network->times ? clock_seconds() : 0.0;
}

static void pixels_task(void *context, int task)
{
    const struct pass *pass = context;
    struct network *n = pass->network;
    int B = pass->batch->size, chunks = (B + CHUNK - 1) / CHUNK;
    int half = task / chunks, from = task % chunks * CHUNK, to = smaller(from + CHUNK, B);
    double start = now(n);
    n->kernels->pixels_forward(n->z1[half], pass->batch, n->params + FC1_WEIGHT, half, from, to);
    if (n->times)
        n->times[task].forward += now(n) - start;
}

static void samples_task(void *context, int task)
{
    const struct pass *pass = context;
    struct network *n = pass->network;
    const struct kernels *k = n->kernels;
    const struct batch *batch = pass->batch;
    int from = task * CHUNK, count = smaller(CHUNK, batch->size - from);
    float *a1 = n->a1 + from * HIDDEN1, *a2 = n->a2 + from * HIDDEN2, *p = n->p + from * CLASSES;
    float *dz3 = n->dz3 + from * CLASSES, *dz2 = n->dz2 + from * HIDDEN2;

    double start = now(n);
    k->pixels_join(a1, n->z1[0] + from * HIDDEN1, n->z1[1] + from * HIDDEN1, n->params + FC1_BIAS,
                   count);
    drop_hidden(n->a1, HIDDEN1, 0, pass->step, from, count);
    k->dense_forward(a2, a1, n->params + FC2_WEIGHT, n->params + FC2_BIAS, count, HIDDEN1, HIDDEN2,
                     true);
    drop_hidden(n->a2, HIDDEN2, 1, pass->step, from, count);
    float z[CHUNK * CLASSES];
    k->dense_forward(z, a2, n->params + FC3_WEIGHT, n->params + FC3_BIAS, count, HIDDEN2, CLASSES,
                     false);
    const float *targets = batch->targets + from * CLASSES;
    k->softmax(p, n->loss + from, z, targets, count);

    double middle = now(n);
    /* d(mean loss)/dz = (p - t) / B: why softmax and cross-entropy belong together. */
    float mean = 1.0f / (float)batch->size, scale = 1.0f / (1.0f - pass->step->dropout);
    for (int i = 0; i < count * CLASSES; i++)
        dz3[i] = (p[i] - targets[i]) * mean;
    k->dense_backward(dz2, dz3, n->fc3_t, a2, scale, count, HIDDEN2, CLASSES);
    k->dense_backward(n->dz1 + from * HIDDEN1, dz2, n->fc2_t, a1, scale, count, HIDDEN1, HIDDEN2);
    if (n->times) {
        n->times[task].forward += middle - start;
        n->times[task].backward += now(n) - middle;
    }
}

/* The rows of all parameters, shared out: PIXEL_TASKS tasks of 32 pixels, FC2_TASKS of some rows of
 * fc2, and one for the small rest. */
enum { PIXEL_ROWS = 32, PIXEL_TASKS = (INPUTS + PIXEL_ROWS - 1) / PIXEL_ROWS };
enum { FC2_TASKS = 4, FC2_ROWS = HIDDEN1 / FC2_TASKS };
enum { UPDATE_TASKS = PIXEL_TASKS + FC2_TASKS + 1 };

/* Their order: the upper pixels with three tasks of fc2, then the lower ones with the others. The
 * middle of the image, where the ink is, alternates with its margins, so that any range of tasks is
 * about as much work as another of its length. */
static const int update_order[UPDATE_TASKS] = {6,  1,  25, 7,  2,  26, 8,  3,  27, 9,
                                               4,  10, 5,  11, 0,  12, 22, 28, 13, 21,
                                               29, 14, 20, 15, 19, 16, 23, 17, 18, 24};

static void update_task(void *context, int i)
{
    const struct pass *pass = context;
    int task = update_order[i];
    struct network *n = pass->network;
    const struct kernels *k = n->kernels;
    float *w = n->params, *m = n->m, *v = n->v;
    int B = pass->batch->size;
    double start = now(n);
    if (task < PIXEL_TASKS) {
        int from = task * PIXEL_ROWS, to = smaller(from + PIXEL_ROWS, INPUTS);
        k->pixels_update(w + FC1_WEIGHT, m + FC1_WEIGHT, v + FC1_WEIGHT, pass->batch, n->dz1,
                         &pass->weights, from, to);
    } else if (task < PIXEL_TASKS + FC2_TASKS) {
        int from = (task - PIXEL_TASKS) * FC2_ROWS;
        k->dense_update(w + FC2_WEIGHT, m + FC2_WEIGHT, v + FC2_WEIGHT, n->fc2_t, n->a1, n->dz2,
                        &pass->weights, B, HIDDEN1, HIDDEN2, from, from + FC2_ROWS);
    } else {
        k->dense_update(w + FC3_WEIGHT, m + FC3_WEIGHT, v + FC3_WEIGHT, n->fc3_t, n->a2, n->dz3,
                        &pass->weights, B, HIDDEN2, CLASSES, 0, HIDDEN2);
        k->bias_update(w + FC1_BIAS, m + FC1_BIAS, v + FC1_BIAS, n->dz1, &pass->biases, B, HIDDEN1);
        k->bias_update(w + FC2_BIAS, m + FC2_BIAS, v + FC2_BIAS, n->dz2, &pass->biases, B, HIDDEN2);
        k->bias_update(w + FC3_BIAS, m + FC3_BIAS, v + FC3_BIAS, n->dz3, &pass->biases, B, CLASSES);
    }
    if (n->times)
        n->times[task].update += now(n) - start;
}

_Static_assert(HALVES *((BATCH_MAX + CHUNK - 1) / CHUNK) <= NETWORK_TASKS &&
                   (int)UPDATE_TASKS <= NETWORK_TASKS,
               "each task has an entry of its own in times");

void network_train(struct network *network, const struct batch *batch,
                   const struct network_step *step)
{
    struct pass pass = {.network = network, .batch = batch, .step = step};
    pass.weights = adam_next(&network->adam, step->lr, step->l2);
    pass.biases = pass.weights;
    pass.biases.l2 = 0.0f;
    int chunks = (batch->size + CHUNK - 1) / CHUNK;
    team_run(network->team, HALVES * chunks, pixels_task, &pass);
    team_run(network->team, chunks, samples_task, &pass);
    team_run(network->team, UPDATE_TASKS, update_task, &pass);
}

/* --- prediction --- */

/* What CHUNK samples are on their way from pixels to logits, on a task's stack. */
struct chunk {
    int count, indices[CHUNK];
    const uint8_t *pixels[CHUNK];
    const uint64_t *masks[CHUNK];
    float targets[CHUNK * CLASSES];
    float z1[HALVES][CHUNK * HIDDEN1], a1[CHUNK * HIDDEN1], a2[CHUNK * HIDDEN2];
    float z[CHUNK * CLASSES];
};

/* Chunk number `task` of a data set's images `indices` (count; NULL: all in order), up to its logits. */
static void chunk_forward(struct chunk *c, const struct network *n, const struct dataset *dataset,
                          const int *indices, int count, int task)
{
    const struct kernels *k = n->kernels;
    const float *w = n->params;
    int from = task * CHUNK;
    c->count = smaller(CHUNK, count - from);
    for (int i = 0; i < c->count; i++)
        c->indices[i] = indices ? indices[from + i] : from + i;
    struct batch batch = {
        .capacity = CHUNK, .pixels = c->pixels, .masks = c->masks, .targets = c->targets};
    batch_values(batch.value);
    batch_fill(&batch, dataset, c->indices, c->count);
    for (int half = 0; half < HALVES; half++)
        k->pixels_forward(c->z1[half], &batch, w + FC1_WEIGHT, half, 0, c->count);
    k->pixels_join(c->a1, c->z1[0], c->z1[1], w + FC1_BIAS, c->count);
    k->dense_forward(c->a2, c->a1, w + FC2_WEIGHT, w + FC2_BIAS, c->count, HIDDEN1, HIDDEN2, true);
    k->dense_forward(c->z, c->a2, w + FC3_WEIGHT, w + FC3_BIAS, c->count, HIDDEN2, CLASSES, false);
}

struct prediction {
    const struct network *network;
    const struct dataset *dataset;
    const int *indices;
    int count;
    float *p, *loss;
};

static void predict_task(void *context, int task)
{
    const struct prediction *job = context;
    struct chunk c;
    float p[CHUNK * CLASSES], loss[CHUNK];
    chunk_forward(&c, job->network, job->dataset, job->indices, job->count, task);
    job->network->kernels->softmax(p, loss, c.z, c.targets, c.count);
    if (job->p)
        memcpy(job->p + (size_t)task * CHUNK * CLASSES, p, (size_t)(c.count * CLASSES) * sizeof *p);
    if (job->loss)
        memcpy(job->loss + (size_t)task * CHUNK, loss, (size_t)c.count * sizeof *loss);
}

void network_predict(const struct network *network, const struct dataset *dataset,
                     const int *indices, int count, float *p, float *loss)
{
    struct prediction job = {network, dataset, indices, count, p, loss};
    team_run(network->team, (count + CHUNK - 1) / CHUNK, predict_task, &job);
}

int network_evaluate(const struct network *network, const struct dataset *dataset,
                     const int *indices, int count, struct metrics *metrics, struct error *err)
{
    float *p = mem_alloc((size_t)count, CLASSES * sizeof *p, err);
    float *loss = mem_alloc((size_t)count, sizeof *loss, err);
    *metrics = (struct metrics){0};
    if (p && loss) {
        network_predict(network, dataset, indices, count, p, loss);
        for (int i = 0; i < count; i++)
            metrics_add(metrics, dataset->labels[indices ? indices[i] : i], p + (size_t)i * CLASSES,
                        loss[i]);
    }
    int failed = !p || !loss;
    mem_free(p);
    mem_free(loss);
    return failed ? -1 : 0;
}

/* --- explanation --- */

struct pull {
    const struct network *network;
    const struct dataset *dataset;
    float *dz1; /* (count,128) */
};

/* The gradient of each image's own logit against the mean of all, back to the first layer. */
static void pull_task(void *context, int task)
{
    const struct pull *job = context;
    const struct network *n = job->network;
    struct chunk c;
    float dz3[CHUNK * CLASSES], dz2[CHUNK * HIDDEN2];
    chunk_forward(&c, n, job->dataset, NULL, job->dataset->count, task);
    for (int i = 0; i < c.count * CLASSES; i++)
        dz3[i] = c.targets[i] - 1.0f / (float)CLASSES;
    n->kernels->dense_backward(dz2, dz3, n->fc3_t, c.a2, 1.0f, c.count, HIDDEN2, CLASSES);
    n->kernels->dense_backward(job->dz1 + (size_t)task * CHUNK * HIDDEN1, dz2, n->fc2_t, c.a1, 1.0f,
                               c.count, HIDDEN1, HIDDEN2);
}

/* mean (10,128) = for each class the mean of its images' dz1, 0 of a class without images. */
static void class_means(double *mean, const float *dz1, const struct dataset *dataset)
{
    int count[CLASSES] = {0};
    memset(mean, 0, CLASSES * HIDDEN1 * sizeof *mean);
    for (int i = 0; i < dataset->count; i++) {
        int c = dataset->labels[i];
        count[c]++;
        for (int h = 0; h < HIDDEN1; h++)
            mean[c * HIDDEN1 + h] += (double)dz1[(size_t)i * HIDDEN1 + (size_t)h];
    }
    for (int c = 0; c < CLASSES; c++)
        for (int h = 0; count[c] && h < HIDDEN1; h++)
            mean[c * HIDDEN1 + h] /= count[c];
}

/* The first layer is linear in its pixels, so the mean of the gradients by them is W1 times the mean of
 * the gradients dz1: one product a class, not one an image. */
int network_pull(const struct network *network, const struct dataset *dataset, float *pull,
                 struct error *err)
{
    double mean[CLASSES * HIDDEN1];
    float *dz1 = mem_alloc((size_t)dataset->count, HIDDEN1 * sizeof *dz1, err);
    if (!dz1)
        return -1;
    struct pull job = {network, dataset, dz1};
    team_run(network->team, (dataset->count + CHUNK - 1) / CHUNK, pull_task, &job);
    class_means(mean, dz1, dataset);
    mem_free(dz1);
    for (int c = 0; c < CLASSES; c++) {
        for (int p = 0; p < INPUTS; p++) {
            double sum = 0.0;
            for (int h = 0; h < HIDDEN1; h++)
                sum +=
                    (double)network->params[FC1_WEIGHT + p * HIDDEN1 + h] * mean[c * HIDDEN1 + h];
            pull[c * INPUTS + p] = (float)sum;
        }
    }
    return 0;
}
