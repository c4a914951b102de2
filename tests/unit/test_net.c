/* The network: every kernel, the gradients, the optimiser and the training loop, against double
 * precision where a number is computed and against itself bit by bit where it may not change. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mnist/base/rng.h"
#include "mnist/net/kernels.h"
#include "mnist/net/metrics.h"
#include "mnist/net/network.h"
#include "mnist/net/params.h"
#include "mnist/net/schedule.h"
#include "mnist/net/train.h"
#include "test.h"

extern const struct test_list tests_net;

/* The kernel sets under test; the first is the one that all others must equal. Where the processor
 * lacks one, the baseline stands in for it. */
static const char *const set_names[] = {"reference", "baseline", "avx2", "avx512"};

enum { SETS = sizeof set_names / sizeof set_names[0] };

static const struct kernels *kernel_set(int i)
{
    const struct kernels *kernels = kernels_find(set_names[i]);
    return kernels ? kernels : &kernels_baseline;
}

/* --- memory, made-up values, comparing --- */

static void *make(size_t count, size_t size)
{
    void *block = calloc(count ? count : 1, size);
    if (!block) {
        printf("# out of memory\n");
        abort();
    }
    return block;
}

static float *copy_of(const float *values, int n)
{
    float *copy = make((size_t)n, sizeof *copy);
    memcpy(copy, values, (size_t)n * sizeof *copy);
    return copy;
}

/* The first i where two arrays differ in their bits; -1 if none. */
static int first_difference(const float *a, const float *b, int n)
{
    for (int i = 0; i < n; i++)
        if (memcmp(a + i, b + i, sizeof *a))
            return i;
    return -1;
}

static bool check_same(const char *what, const float *a, const float *b, int n)
{
    int i = first_difference(a, b, n);
    return check(i < 0, "%s: number %d of %d is %.9g in one, %.9g in the other", what, i, n,
                 i < 0 ? 0.0 : (double)a[i], i < 0 ? 0.0 : (double)b[i]);
}

/* got[i] is within tolerance × scale[i] of want[i] for every i. */
static bool check_close(const char *what, const float *got, const double *want, const double *scale,
                        int n, double tolerance)
{
    for (int i = 0; i < n; i++)
        if (!(fabs((double)got[i] - want[i]) <= tolerance * scale[i]))
            return check(false, "%s: number %d of %d is %.9g, not %.9g +- %.2g", what, i, n,
                         (double)got[i], want[i], tolerance * scale[i]);
    return true;
}

/* Floats rounded one after the other lose about sqrt(terms) × 2^-24 of the sum of their sizes. */
static const double rounding = 2e-6;

enum fill { RANDOM, SPARSE, EMPTY, FULL, FILLS };

static const char *const fill_names[] = {"random", "sparse", "empty", "full"};

static float value_of(enum fill fill, struct rng *rng)
{
    float u = rng_uniform(rng), value = rng_uniform(rng) + 0x1p-24f;
    switch (fill) {
    case RANDOM:
        return u < 0.5f ? -value : value;
    case SPARSE:
        return u < 0.1f ? value : 0.0f;
    case FULL:
        return value;
    case EMPTY:
    case FILLS:
    default:
        return 0.0f;
    }
}

static void fill_values(float *values, int n, enum fill fill, uint64_t seed)
{
    struct rng rng;
    rng_seed(&rng, seed, RNG_SHOW, 0);
    for (int i = 0; i < n; i++)
        values[i] = value_of(fill, &rng);
}

/* An array between two guards, all of it NaNs of one bit pattern until it is filled: what is
 * written outside shows in the guards, what is read outside or never written shows as NaN. A
 * guard takes a row too many, and is no multiple of a vector's length, as the contract promises no
 * alignment. */
enum { GUARD = HIDDEN1 + 19 };

struct guarded {
    float *block, *at;
    int length;
};

static const uint32_t sentinel = 0x7fc5a5a5;

static struct guarded guarded_new(int length)
{
    struct guarded g = {.length = length};
    g.block = make((size_t)(length + 2 * GUARD), sizeof *g.block);
    g.at = g.block + GUARD;
    for (int i = 0; i < length + 2 * GUARD; i++)
        memcpy(g.block + i, &sentinel, sizeof sentinel);
    return g;
}

static struct guarded guarded_values(int length, enum fill fill, uint64_t seed)
{
    struct guarded g = guarded_new(length);
    fill_values(g.at, length, fill, seed);
    return g;
}

static struct guarded guarded_copy(const float *values, int length)
{
    struct guarded g = guarded_new(length);
    for (int i = 0; i < length; i++)
        g.at[i] = values[i];
    return g;
}

static bool untouched(const float *values, int n)
{
    for (int i = 0; i < n; i++)
        if (memcmp(values + i, &sentinel, sizeof sentinel))
            return false;
    return true;
}

static void check_guards(const char *what, const struct guarded *g)
{
    check(untouched(g->block, GUARD), "%s: written before its begin", what);
    check(untouched(g->at + g->length, GUARD), "%s: written past its end", what);
}

static void guarded_free(struct guarded *g)
{
    free(g->block);
    *g = (struct guarded){0};
}

/* --- made-up images --- */

struct made {
    struct dataset dataset;
    uint8_t *pixels, *labels;
};

static void made_new(struct made *made, int count)
{
    size_t n = (size_t)count;
    *made = (struct made){.pixels = make(n, INPUTS), .labels = make(n, 1)};
    made->dataset = (struct dataset){.count = count,
                                     .pixels = made->pixels,
                                     .labels = made->labels,
                                     .masks = make(n, IMAGE_WORDS * sizeof(uint64_t))};
}

static void made_masks(struct made *made)
{
    for (int i = 0; i < made->dataset.count; i++)
        for (int p = 0; p < INPUTS; p++)
            if (made->pixels[i * INPUTS + p])
                made->dataset.masks[i * IMAGE_WORDS + p / 64] |= (uint64_t)1 << p % 64;
}

static void made_free(struct made *made)
{
    free(made->pixels);
    free(made->labels);
    free(made->dataset.masks);
    *made = (struct made){0};
}

/* Images with no meaning; SPARSE ones have ink in a fifth of their pixels, as digits have. */
static void made_images(struct made *made, int count, enum fill fill, uint64_t seed)
{
    struct rng rng;
    rng_seed(&rng, seed, RNG_SHOW, 1);
    made_new(made, count);
    for (int i = 0; i < count; i++)
        made->labels[i] = (uint8_t)rng_below(&rng, CLASSES);
    for (int i = 0; i < count * INPUTS; i++) {
        uint8_t ink = (uint8_t)rng_below(&rng, 256);
        bool inked = fill == RANDOM || (fill == SPARSE && rng_below(&rng, 5) == 0);
        made->pixels[i] = fill == FULL ? 255 : inked ? ink : 0;
    }
    made_masks(made);
}

/* Images that can be learnt: each is its class's pattern with holes and specks. A share `wrong` of
 * the labels is drawn by lot, which no network can foresee in images it was not trained on. */
static void made_classes(struct made *made, int count, float wrong, uint64_t seed)
{
    static uint8_t patterns[CLASSES][INPUTS];
    struct rng rng;
    rng_seed(&rng, seed, RNG_SHOW, 2);
    for (int c = 0; c < CLASSES; c++)
        for (int p = 0; p < INPUTS; p++)
            patterns[c][p] = rng_below(&rng, 6) ? 0 : (uint8_t)(100 + rng_below(&rng, 156));
    made_new(made, count);
    for (int i = 0; i < count; i++) {
        uint32_t c = rng_below(&rng, CLASSES);
        for (int p = 0; p < INPUTS; p++) {
            uint8_t *pixel = made->pixels + i * INPUTS + p;
            *pixel = rng_uniform(&rng) < 0.4f ? 0 : patterns[c][p];
            if (rng_uniform(&rng) < 0.04f)
                *pixel = (uint8_t)rng_below(&rng, 256);
        }
        made->labels[i] = (uint8_t)(rng_uniform(&rng) < wrong ? rng_below(&rng, CLASSES) : c);
    }
    made_masks(made);
}

/* A batch of its own: `size` images from number `from` on. */
static void batch_of(struct batch *batch, const struct made *made, int from, int size)
{
    struct error err = {""};
    int indices[128];
    for (int i = 0; i < size; i++)
        indices[i] = from + i;
    if (batch_create(batch, size, &err)) {
        printf("# %s\n", err.text);
        abort();
    }
    batch_fill(batch, &made->dataset, indices, size);
}

/* x = pixel/255, (count,784). */
static double *inputs_of(const struct made *made)
{
    int n = made->dataset.count * INPUTS;
    double *x = make((size_t)n, sizeof *x);
    for (int i = 0; i < n; i++)
        x[i] = made->pixels[i] / 255.0;
    return x;
}

static double *doubles_of(const float *values, int n)
{
    double *copy = make((size_t)n, sizeof *copy);
    for (int i = 0; i < n; i++)
        copy[i] = (double)values[i];
    return copy;
}

/* --- a network with its threads --- */

struct rig {
    struct team *team;
    struct network network;
};

static void rig_new(struct rig *rig, int threads, int capacity, const struct kernels *kernels)
{
    struct error err = {""};
    rig->team = team_create(threads, &err);
    if (!rig->team || network_create(&rig->network, capacity, rig->team, &err)) {
        printf("# %s\n", err.text);
        abort();
    }
    rig->network.kernels = kernels;
}

static void rig_free(struct rig *rig)
{
    network_destroy(&rig->network);
    team_destroy(rig->team);
}

/* Initial weights, and biases that are not 0: a mistake in them would not show otherwise. */
static void params_of(float *params, uint64_t seed)
{
    struct rng rng;
    params_init(params, seed);
    rng_seed(&rng, seed, RNG_SHOW, 3);
    for (int t = 0; t < PARAM_TENSORS; t++)
        if (!PARAM_IS_WEIGHT(&param_table[t]))
            for (int i = 0; i < param_table[t].cols; i++)
                params[param_table[t].offset + i] = 0.1f * rng_normal(&rng);
}

/* --- the kernels, one by one --- */

/* All layers' shapes and one that no layer has. */
static const struct {
    int K, N;
} shapes[] = {{HIDDEN1, HIDDEN2}, {HIDDEN2, CLASSES}, {16, 7}};

enum { SHAPES = sizeof shapes / sizeof shapes[0] };

static const int sizes[] = {1, 7, 9, 16, 65, 127};

enum { SIZES = sizeof sizes / sizeof sizes[0] };

/* y = x W + b, and the sum of the sizes of all that was added. */
static void naive_forward(double *y, double *scale, const double *x, const float *W, const float *b,
                          int B, int K, int N, bool relu)
{
    for (int s = 0; s < B; s++) {
        double *sum = y + s * N, *size = scale + s * N;
        for (int n = 0; n < N; n++) {
            sum[n] = (double)b[n];
            size[n] = fabs(sum[n]);
        }
        for (int k = 0; k < K; k++)
            for (int n = 0; n < N; n++) {
                double term = x[s * K + k] * (double)W[k * N + n];
                sum[n] += term;
                size[n] += fabs(term);
            }
        for (int n = 0; relu && n < N; n++)
            sum[n] = sum[n] > 0.0 ? sum[n] : 0.0;
    }
}

/* What one call of a forward kernel has to give. */
struct forward_case {
    char what[96];
    int B, K, N;
    const float *x, *W, *b;
    const struct batch *batch; /* instead of x and b, */
    int half;                  /* with half of its pixels */
    bool relu;
    double *want, *scale;
    float *exact; /* by the first kernel set */
};

static void forward_run(const struct forward_case *c, const struct kernels *kernels, int from,
                        int to)
{
    struct guarded y = guarded_new(c->B * c->N);
    int begin = from * c->N, length = (to - from) * c->N;
    if (c->batch)
        kernels->pixels_forward(y.at, c->batch, c->W, c->half, from, to);
    else
        kernels->dense_forward(y.at, c->x, c->W, c->b, c->B, c->K, c->N, c->relu);
    check_guards(c->what, &y);
    check(untouched(y.at, begin), "%s: samples before %d written", c->what, from);
    check(untouched(y.at + begin + length, y.length - begin - length),
          "%s: samples from %d on written", c->what, to);
    check_close(c->what, y.at + begin, c->want + begin, c->scale + begin, length, rounding);
    check_same(c->what, y.at + begin, c->exact + begin, length);
    guarded_free(&y);
}

/* Runs every kernel set on the whole batch, the first layer's also on parts of it. */
static void forward_case(struct forward_case *c)
{
    int B = c->B;
    struct guarded exact = guarded_new(B * c->N);
    if (c->batch)
        kernel_set(0)->pixels_forward(exact.at, c->batch, c->W, c->half, 0, B);
    else
        kernel_set(0)->dense_forward(exact.at, c->x, c->W, c->b, B, c->K, c->N, c->relu);
    c->exact = exact.at;
    for (int set = 0; set < SETS; set++) {
        forward_run(c, kernel_set(set), 0, B);
        if (c->batch) {
            forward_run(c, kernel_set(set), B / 3, B - B / 4);
            forward_run(c, kernel_set(set), B - 1, B);
            forward_run(c, kernel_set(set), B / 2, B / 2);
        }
    }
    guarded_free(&exact);
    free(c->want);
    free(c->scale);
}

static void pixels_forward_case(enum fill fill, int B, int half)
{
    struct made made;
    struct batch batch;
    struct guarded W = guarded_values(INPUTS * HIDDEN1, RANDOM, 11);
    const float none[HIDDEN1] = {0};
    made_images(&made, B, fill, 10);
    batch_of(&batch, &made, 0, B);
    size_t n = (size_t)(B * HIDDEN1);
    struct forward_case c = {.B = B,
                             .K = INPUTS,
                             .N = HIDDEN1,
                             .W = W.at,
                             .batch = &batch,
                             .half = half,
                             .want = make(n, sizeof(double)),
                             .scale = make(n, sizeof(double))};
    double *x = inputs_of(&made);
    for (int i = 0; i < B * INPUTS; i++)
        if ((i % INPUTS >= 384) != half)
            x[i] = 0.0;
    snprintf(c.what, sizeof c.what, "%s images, B=%d, half %d", fill_names[fill], B, half);
    naive_forward(c.want, c.scale, x, W.at, none, B, INPUTS, HIDDEN1, false);
    forward_case(&c);
    free(x);
    batch_destroy(&batch);
    made_free(&made);
    guarded_free(&W);
}

static void test_pixels_forward(void)
{
    for (int i = 0; i < SIZES; i++)
        for (int fill = 0; fill < FILLS; fill++)
            for (int half = 0; half < HALVES; half++)
                pixels_forward_case((enum fill)fill, sizes[i], half);
}

static void test_pixels_join(void)
{
    for (int i = 0; i < SIZES; i++) {
        int B = sizes[i], n = B * HIDDEN1;
        struct guarded upper = guarded_values(n, RANDOM, 15), lower = guarded_values(n, RANDOM, 16);
        struct guarded b = guarded_values(HIDDEN1, RANDOM, 17);
        for (int set = 0; set < SETS; set++) {
            struct guarded y = guarded_new(n);
            kernel_set(set)->pixels_join(y.at, upper.at, lower.at, b.at, B);
            for (int k = 0; k < n; k++) {
                float z = upper.at[k] + lower.at[k];
                z += b.at[k % HIDDEN1];
                check(y.at[k] == (z > 0.0f ? z : 0.0f), "%s, B=%d: number %d is %.9g, not %.9g",
                      set_names[set], B, k, (double)y.at[k], (double)z);
            }
            check_guards(set_names[set], &y);
            guarded_free(&y);
        }
        guarded_free(&upper);
        guarded_free(&lower);
        guarded_free(&b);
    }
}

static void dense_forward_case(enum fill fill, int B, int K, int N, bool relu)
{
    struct guarded x = guarded_values(B * K, fill, 20), W = guarded_values(K * N, RANDOM, 21);
    struct guarded b = guarded_values(N, RANDOM, 22);
    size_t n = (size_t)(B * N);
    struct forward_case c = {.B = B,
                             .K = K,
                             .N = N,
                             .x = x.at,
                             .W = W.at,
                             .b = b.at,
                             .relu = relu,
                             .want = make(n, sizeof(double)),
                             .scale = make(n, sizeof(double))};
    double *inputs = doubles_of(x.at, B * K);
    snprintf(c.what, sizeof c.what, "%s x, B=%d K=%d N=%d relu=%d", fill_names[fill], B, K, N,
             relu);
    naive_forward(c.want, c.scale, inputs, W.at, b.at, B, K, N, relu);
    forward_case(&c);
    free(inputs);
    guarded_free(&x);
    guarded_free(&W);
    guarded_free(&b);
}

static void test_dense_forward(void)
{
    for (int i = 0; i < SIZES; i++)
        for (int fill = 0; fill < FILLS; fill++)
            for (int shape = 0; shape < SHAPES; shape++)
                for (int relu = 0; relu < 2; relu++)
                    dense_forward_case((enum fill)fill, sizes[i], shapes[shape].K, shapes[shape].N,
                                       relu);
}

/* dx = (dy WT) scale where x > 0, else 0. */
static void naive_backward(double *dx, double *size, const float *dy, const float *WT,
                           const float *x, double scale, int B, int K, int N)
{
    for (int i = 0; i < B * K; i++) {
        int s = i / K, k = i % K;
        dx[i] = size[i] = 0.0;
        for (int n = 0; n < N && x[i] > 0.0f; n++) {
            double term = (double)dy[s * N + n] * (double)WT[n * K + k] * scale;
            dx[i] += term;
            size[i] += fabs(term);
        }
    }
}

static void dense_backward_case(enum fill fill, int B, int K, int N, float scale)
{
    struct guarded x = guarded_values(B * K, fill, 30), WT = guarded_values(K * N, RANDOM, 31);
    struct guarded dy = guarded_values(B * N, RANDOM, 32), exact = guarded_new(B * K);
    double *want = make((size_t)(B * K), sizeof *want), *size = make((size_t)(B * K), sizeof *size);
    char what[96];
    snprintf(what, sizeof what, "%s x, B=%d K=%d N=%d scale=%g", fill_names[fill], B, K, N,
             (double)scale);
    naive_backward(want, size, dy.at, WT.at, x.at, (double)scale, B, K, N);
    kernel_set(0)->dense_backward(exact.at, dy.at, WT.at, x.at, scale, B, K, N);
    for (int set = 0; set < SETS; set++) {
        struct guarded dx = guarded_new(B * K);
        kernel_set(set)->dense_backward(dx.at, dy.at, WT.at, x.at, scale, B, K, N);
        check_guards(what, &dx);
        check_close(what, dx.at, want, size, B * K, rounding);
        check_same(what, dx.at, exact.at, B * K);
        guarded_free(&dx);
    }
    free(want);
    free(size);
    guarded_free(&x);
    guarded_free(&WT);
    guarded_free(&dy);
    guarded_free(&exact);
}

static void test_dense_backward(void)
{
    for (int i = 0; i < SIZES; i++)
        for (int fill = 0; fill < FILLS; fill++)
            for (int shape = 0; shape < SHAPES; shape++) {
                int K = shapes[shape].K, N = shapes[shape].N;
                dense_backward_case((enum fill)fill, sizes[i], K, N, 1.0f);
                dense_backward_case((enum fill)fill, sizes[i], K, N, 1.0f / 0.7f);
            }
}

/* --- the kernels that update --- */

enum update_kind { PIXELS_UPDATE, DENSE_UPDATE, BIAS_UPDATE };

/* One call of an update kernel: what it starts from and what it has to give, W, m and v in this
 * order. */
struct update_case {
    char what[96];
    enum update_kind kind;
    int B, K, N;
    const float *x, *dy;
    const struct batch *batch; /* instead of x */
    struct adam_step step;
    float *start[3];
    double *want[3], *scale[3];
    float *exact[3];
};

static const double update_lr = 0.05, update_l2 = 0.3;

enum { UPDATE_T = 3 };

/* The paper's Adam with L2 for row k at step UPDATE_T, given the gradients and the sums of their
 * terms' sizes. */
static void naive_row(struct update_case *c, int k, const double *g, const double *size)
{
    double beta1 = (double)0.9f, beta2 = (double)0.999f;
    double l2 = c->kind == BIAS_UPDATE ? 0.0 : update_l2;
    for (int n = 0; n < c->N; n++) {
        int i = k * c->N + n;
        double w = (double)c->start[0][i], m = (double)c->start[1][i], v = (double)c->start[2][i];
        double whole = g[n] + l2 * w, whole_size = size[n] + l2 * fabs(w);
        double m_size = beta1 * fabs(m) + (1.0 - beta1) * whole_size;
        double v_size = beta2 * v + (1.0 - beta2) * whole_size * whole_size;
        m = beta1 * m + (1.0 - beta1) * whole;
        v = beta2 * v + (1.0 - beta2) * whole * whole;
        double rate = update_lr / (1.0 - pow(beta1, UPDATE_T));
        double root = sqrt(v / (1.0 - pow(beta2, UPDATE_T))) + 1e-8;
        c->want[0][i] = w - rate * m / root;
        c->want[1][i] = m;
        c->want[2][i] = v;
        c->scale[0][i] = fabs(w) + rate * m_size / root * (v_size / v);
        c->scale[1][i] = m_size;
        c->scale[2][i] = v_size;
    }
}

static void naive_update(struct update_case *c, const double *x)
{
    double g[HIDDEN1], size[HIDDEN1];
    for (int k = 0; k < c->K; k++) {
        memset(g, 0, sizeof g);
        memset(size, 0, sizeof size);
        for (int s = 0; s < c->B; s++) {
            double input = x[s * c->K + k];
            for (int n = 0; n < c->N && input != 0.0; n++) {
                double term = input * (double)c->dy[s * c->N + n];
                g[n] += term;
                size[n] += fabs(term);
            }
        }
        naive_row(c, k, g, size);
    }
}

/* Runs a kernel on rows from <= k < to of copies of the start values. */
static void update_call(const struct update_case *c, const struct kernels *kernels,
                        struct guarded wmv[3], struct guarded *WT, int from, int to)
{
    for (int a = 0; a < 3; a++)
        wmv[a] = guarded_copy(c->start[a], c->K * c->N);
    *WT = guarded_new(c->K * c->N);
    float *W = wmv[0].at, *m = wmv[1].at, *v = wmv[2].at;
    if (c->kind == PIXELS_UPDATE)
        kernels->pixels_update(W, m, v, c->batch, c->dy, &c->step, from, to);
    else if (c->kind == DENSE_UPDATE)
        kernels->dense_update(W, m, v, WT->at, c->x, c->dy, &c->step, c->B, c->K, c->N, from, to);
    else
        kernels->bias_update(W, m, v, c->dy, &c->step, c->B, c->N);
}

/* Rows from … to-1 of W are the columns of WT, and no other column was written. */
static void check_transposed(const struct update_case *c, const float *W, const float *WT, int from,
                             int to)
{
    for (int k = 0; k < c->K; k++)
        for (int n = 0; n < c->N; n++) {
            const float *t = WT + n * c->K + k, *w = W + k * c->N + n;
            if (k < from || k >= to ? !untouched(t, 1) : memcmp(t, w, sizeof *w)) {
                check(false, "%s, rows %d to %d: WT is wrong at (%d,%d)", c->what, from, to, n, k);
                return;
            }
        }
}

static void update_run(const struct update_case *c, const struct kernels *kernels, int from, int to)
{
    static const char *const names[] = {"W", "m", "v"};
    struct guarded wmv[3], WT;
    int begin = from * c->N, length = (to - from) * c->N;
    update_call(c, kernels, wmv, &WT, from, to);
    for (int a = 0; a < 3; a++) {
        char what[160];
        const float *got = wmv[a].at;
        snprintf(what, sizeof what, "%s of %s, rows %d to %d", names[a], c->what, from, to);
        check_guards(what, &wmv[a]);
        check_same(what, got, c->start[a], begin);
        check_same(what, got + begin + length, c->start[a] + begin + length,
                   c->K * c->N - begin - length);
        check_close(what, got + begin, c->want[a] + begin, c->scale[a] + begin, length, rounding);
        check_same(what, got + begin, c->exact[a] + begin, length);
    }
    check_guards(c->what, &WT);
    if (c->kind == DENSE_UPDATE)
        check_transposed(c, wmv[0].at, WT.at, from, to);
    for (int a = 0; a < 3; a++)
        guarded_free(&wmv[a]);
    guarded_free(&WT);
}

/* Start values: v is far from 0, so that rounding in v does not blow up in W. */
static void update_start(struct update_case *c)
{
    int n = c->K * c->N;
    for (int a = 0; a < 3; a++) {
        c->start[a] = make((size_t)n, sizeof(float));
        fill_values(c->start[a], n, a == 2 ? FULL : RANDOM, 40 + (uint64_t)a);
        c->want[a] = make((size_t)n, sizeof(double));
        c->scale[a] = make((size_t)n, sizeof(double));
    }
    for (int i = 0; i < n; i++)
        c->start[2][i] += 0.5f;
    struct adam adam;
    adam_init(&adam);
    float l2 = c->kind == BIAS_UPDATE ? 0.0f : (float)update_l2;
    for (int t = 0; t < UPDATE_T; t++)
        c->step = adam_next(&adam, (float)update_lr, l2);
}

static void update_case(struct update_case *c, const double *x)
{
    struct guarded exact[3], WT;
    update_start(c);
    naive_update(c, x);
    update_call(c, kernel_set(0), exact, &WT, 0, c->K);
    for (int a = 0; a < 3; a++)
        c->exact[a] = exact[a].at;
    for (int set = 0; set < SETS; set++) {
        update_run(c, kernel_set(set), 0, c->K);
        if (c->kind == BIAS_UPDATE)
            continue;
        update_run(c, kernel_set(set), c->K / 7, c->K / 3);
        update_run(c, kernel_set(set), c->K - 1, c->K);
        update_run(c, kernel_set(set), c->K / 2, c->K / 2);
    }
    for (int a = 0; a < 3; a++) {
        free(c->start[a]);
        free(c->want[a]);
        free(c->scale[a]);
        guarded_free(&exact[a]);
    }
    guarded_free(&WT);
}

static void pixels_update_case(enum fill fill, int B)
{
    struct made made;
    struct batch batch;
    made_images(&made, B, fill, 50);
    batch_of(&batch, &made, 0, B);
    struct guarded dy = guarded_values(B * HIDDEN1, RANDOM, 51);
    double *x = inputs_of(&made);
    struct update_case c = {
        .kind = PIXELS_UPDATE, .B = B, .K = INPUTS, .N = HIDDEN1, .dy = dy.at, .batch = &batch};
    snprintf(c.what, sizeof c.what, "%s images, B=%d", fill_names[fill], B);
    update_case(&c, x);
    free(x);
    guarded_free(&dy);
    batch_destroy(&batch);
    made_free(&made);
}

static void test_pixels_update(void)
{
    for (int i = 0; i < SIZES; i++)
        for (int fill = 0; fill < FILLS; fill++)
            if (fill == SPARSE || sizes[i] == 9 || sizes[i] == 65)
                pixels_update_case((enum fill)fill, sizes[i]);
}

static void dense_update_case(enum fill fill, int B, int K, int N)
{
    struct guarded x = guarded_values(B * K, fill, 60), dy = guarded_values(B * N, RANDOM, 61);
    double *inputs = doubles_of(x.at, B * K);
    struct update_case c = {.kind = DENSE_UPDATE, .B = B, .K = K, .N = N, .x = x.at, .dy = dy.at};
    snprintf(c.what, sizeof c.what, "%s x, B=%d K=%d N=%d", fill_names[fill], B, K, N);
    update_case(&c, inputs);
    free(inputs);
    guarded_free(&x);
    guarded_free(&dy);
}

static void test_dense_update(void)
{
    for (int i = 0; i < SIZES; i++)
        for (int fill = 0; fill < FILLS; fill++)
            for (int shape = 0; shape < SHAPES; shape++)
                dense_update_case((enum fill)fill, sizes[i], shapes[shape].K, shapes[shape].N);
}

static void test_bias_update(void)
{
    static const int widths[] = {HIDDEN1, HIDDEN2, CLASSES, 7};
    double ones[128];
    for (int i = 0; i < 128; i++)
        ones[i] = 1.0;
    for (int i = 0; i < SIZES; i++)
        for (size_t width = 0; width < sizeof widths / sizeof widths[0]; width++) {
            int B = sizes[i], N = widths[width];
            struct guarded dy = guarded_values(B * N, RANDOM, 70);
            struct update_case c = {.kind = BIAS_UPDATE, .B = B, .K = 1, .N = N, .dy = dy.at};
            snprintf(c.what, sizeof c.what, "biases, B=%d N=%d", B, N);
            update_case(&c, ones);
            guarded_free(&dy);
        }
}

/* --- softmax and loss --- */

/* p, how far off it may be, and the loss for targets t. z minus the largest is rounded, so p loses
 * 2^-24 of it; what is no normal float may be 0. */
static double naive_softmax(double *p, double *allowed, const float *z, const float *t)
{
    double largest = -HUGE_VAL, sum = 0.0, loss = 0.0;
    for (int c = 0; c < CLASSES; c++)
        largest = fmax(largest, (double)z[c]);
    for (int c = 0; c < CLASSES; c++)
        sum += exp((double)z[c] - largest);
    for (int c = 0; c < CLASSES; c++) {
        double below = largest - (double)z[c];
        p[c] = exp(-below) / sum;
        allowed[c] = (1e-6 + 0x1p-24 * below) * p[c] + 1.2e-38;
        loss += (double)t[c] * (log(sum) + below);
    }
    return loss;
}

static void check_softmax(const char *what, const float *p, const float *loss, const float *z,
                          const float *t, int B)
{
    for (int s = 0; s < B; s++) {
        double want[CLASSES], allowed[CLASSES], sum = 0.0;
        double nats = naive_softmax(want, allowed, z + s * CLASSES, t + s * CLASSES);
        for (int c = 0; c < CLASSES; c++)
            sum += (double)p[s * CLASSES + c];
        check_close(what, p + s * CLASSES, want, allowed, CLASSES, 1.0);
        check(fabs(sum - 1.0) <= 1e-6, "%s, row %d: p sums to %.9g", what, s, sum);
        check(fabs((double)loss[s] - nats) <= 5e-7 + 1e-6 * nats, "%s, row %d: loss %.9g, not %.9g",
              what, s, (double)loss[s], nats);
    }
}

/* All sets on B rows of logits: values, guards, equality with the first set. */
static void softmax_case(const char *what, const float *z, const float *t, int B)
{
    struct guarded logits = guarded_copy(z, B * CLASSES), targets = guarded_copy(t, B * CLASSES);
    struct guarded p0 = guarded_new(B * CLASSES), loss0 = guarded_new(B);
    kernel_set(0)->softmax(p0.at, loss0.at, logits.at, targets.at, B);
    for (int set = 0; set < SETS; set++) {
        struct guarded p = guarded_new(B * CLASSES), loss = guarded_new(B);
        kernel_set(set)->softmax(p.at, loss.at, logits.at, targets.at, B);
        check_softmax(what, p.at, loss.at, z, t, B);
        check_guards(what, &p);
        check_guards(what, &loss);
        check_same(what, p.at, p0.at, B * CLASSES);
        check_same(what, loss.at, loss0.at, B);
        guarded_free(&p);
        guarded_free(&loss);
    }
    guarded_free(&logits);
    guarded_free(&targets);
    guarded_free(&p0);
    guarded_free(&loss0);
}

static void test_softmax_random(void)
{
    static const float spreads[] = {0.0f, 0.01f, 1.0f, 10.0f, 100.0f};
    for (size_t i = 0; i < sizeof spreads / sizeof spreads[0]; i++)
        for (int b = 0; b < SIZES; b++) {
            int B = sizes[b];
            float z[127 * CLASSES], t[127 * CLASSES] = {0};
            char what[64];
            fill_values(z, B * CLASSES, RANDOM, 80 + (uint64_t)i);
            for (int k = 0; k < B * CLASSES; k++)
                z[k] *= spreads[i];
            for (int s = 0; s < B; s++) {
                /* Every other row smoothed: targets need not be one-hot. */
                for (int c = 0; c < CLASSES && s % 2; c++)
                    t[s * CLASSES + c] = 0.01f;
                t[s * CLASSES + s % CLASSES] += s % 2 ? 0.9f : 1.0f;
            }
            snprintf(what, sizeof what, "logits to %g, B=%d", (double)spreads[i], B);
            softmax_case(what, z, t, B);
        }
}

/* Rows with one logit far above the others, one far below, one of each, all equal and high, all
 * equal and low: `at` says which. */
static void extreme_rows(float z[5 * CLASSES], float far, int at)
{
    for (int c = 0; c < CLASSES; c++) {
        z[0 * CLASSES + c] = c == at ? far : 0.0f;
        z[1 * CLASSES + c] = c == at ? -far : 0.0f;
        z[2 * CLASSES + c] = c == at ? far : c == (at + 3) % CLASSES ? -far : 1.0f;
        z[3 * CLASSES + c] = far;
        z[4 * CLASSES + c] = -far;
    }
}

static void test_softmax_extreme(void)
{
    static const float fars[] = {87.0f, 88.0f, 89.0f, 104.0f, 1e4f, 1e30f};
    for (size_t i = 0; i < sizeof fars / sizeof fars[0]; i++)
        for (int k = 0; k < CLASSES * CLASSES; k++) {
            int target = k / CLASSES, at = k % CLASSES;
            float z[5 * CLASSES], t[5 * CLASSES] = {0};
            char what[64];
            extreme_rows(z, fars[i], at);
            for (int s = 0; s < 5; s++)
                t[s * CLASSES + target] = 1.0f;
            snprintf(what, sizeof what, "logit %g at %d, target %d", (double)fars[i], at, target);
            softmax_case(what, z, t, 5);
        }
}

static void test_softmax_known(void)
{
    for (int set = 0; set < SETS; set++) {
        float z[CLASSES] = {0}, t[CLASSES] = {0}, p[CLASSES], loss;
        t[3] = 1.0f;
        kernel_set(set)->softmax(p, &loss, z, t, 1);
        check(fabs((double)loss - 2.302585092994046) <= 3e-7, "equal logits cost %.9g, not ln 10",
              (double)loss);
        z[3] = 1e4f;
        kernel_set(set)->softmax(p, &loss, z, t, 1);
        check(loss == 0.0f && p[3] == 1.0f && p[0] == 0.0f, "sure and right: loss %g, p %g, %g",
              (double)loss, (double)p[3], (double)p[0]);
        z[3] = -1e4f;
        kernel_set(set)->softmax(p, &loss, z, t, 1);
        check(fabs((double)loss - (1e4 + 2.1972245773362196)) <= 2e-3, "sure and wrong: loss %.9g",
              (double)loss);
    }
}

static void test_softmax_nan(void)
{
    for (int set = 0; set < SETS; set++)
        for (int at = 0; at < CLASSES; at++)
            for (int target = 0; target < CLASSES; target++) {
                float z[CLASSES], t[CLASSES] = {0}, p[CLASSES], loss = 0.0f;
                fill_values(z, CLASSES, RANDOM, 90);
                t[target] = 1.0f;
                z[at] = NAN;
                kernel_set(set)->softmax(p, &loss, z, t, 1);
                check(isnan(loss), "NaN at %d, target %d: loss %g", at, target, (double)loss);
                z[at] = INFINITY;
                kernel_set(set)->softmax(p, &loss, z, t, 1);
                check(!isfinite(loss), "infinity at %d, target %d: loss %g", at, target,
                      (double)loss);
            }
}

/* --- NaN passes through --- */

static void test_nan_kernels(void)
{
    struct made made;
    struct batch batch;
    made_images(&made, 3, FULL, 100);
    batch_of(&batch, &made, 0, 3);
    float *W = make(INPUTS * HIDDEN1, sizeof *W), b[HIDDEN1] = {0}, y[3 * HIDDEN1];
    float sums[HALVES][3 * HIDDEN1];
    float x[HIDDEN1], dense[HIDDEN2];
    for (int set = 0; set < SETS; set++) {
        for (int p = 0; p < INPUTS; p += 29) {
            int unit = p % HIDDEN1;
            W[p * HIDDEN1 + unit] = NAN;
            for (int half = 0; half < HALVES; half++)
                kernel_set(set)->pixels_forward(sums[half], &batch, W, half, 0, 3);
            kernel_set(set)->pixels_join(y, sums[0], sums[1], b, 3);
            W[p * HIDDEN1 + unit] = 0.0f;
            check(isnan(y[unit]) && isnan(y[2 * HIDDEN1 + unit]), "NaN weight of pixel %d lost", p);
            check(y[(unit + 1) % HIDDEN1] == 0.0f, "NaN weight of pixel %d spread", p);
        }
        for (int k = 0; k < HIDDEN1; k++) {
            fill_values(x, HIDDEN1, SPARSE, 101);
            x[k] = NAN;
            kernel_set(set)->dense_forward(dense, x, W, b, 1, HIDDEN1, HIDDEN2, true);
            for (int n = 0; n < HIDDEN2; n++)
                check(isnan(dense[n]), "NaN of input %d lost in output %d", k, n);
        }
    }
    free(W);
    batch_destroy(&batch);
    made_free(&made);
}

/* A network whose weight at (pixel, unit) broke must say so in the loss of each image that has this
 * pixel, and not hide it behind a ReLU. */
static void nan_network_case(const struct made *made, float *params, const struct kernels *kernels,
                             int pixel, int unit)
{
    struct rig rig;
    struct batch batch;
    struct network_step step = {.lr = 1e-3f};
    float *broken = params + FC1_WEIGHT + pixel * HIDDEN1 + unit, kept = *broken, predicted[20];
    *broken = NAN;
    rig_new(&rig, 1, 20, kernels);
    batch_of(&batch, made, 0, 20);
    network_set_params(&rig.network, params);
    network_predict(&rig.network, &made->dataset, NULL, 20, NULL, predicted);
    network_train(&rig.network, &batch, &step);
    for (int s = 0; s < 20; s++) {
        bool finite = !made->pixels[s * INPUTS + pixel];
        float trained = rig.network.loss[s];
        check(isfinite(trained) == finite && isfinite(predicted[s]) == finite,
              "sample %d, unit %d: loss %g when trained, %g when predicted", s, unit,
              (double)trained, (double)predicted[s]);
    }
    *broken = kept;
    batch_destroy(&batch);
    rig_free(&rig);
}

static void test_nan_network(void)
{
    struct made made;
    float *params = make(PARAM_COUNT, sizeof *params);
    int pixel = 0;
    made_images(&made, 20, SPARSE, 110);
    params_of(params, 110);
    while (!made.pixels[5 * INPUTS + pixel])
        pixel++;
    for (int set = 0; set < SETS; set++)
        for (int unit = 0; unit < HIDDEN1; unit += 13)
            nan_network_case(&made, params, kernel_set(set), pixel, unit);
    free(params);
    made_free(&made);
}

/* --- the gradient of every parameter --- */

enum { GRADIENT_B = 6 };

struct activations {
    double z1[GRADIENT_B][HIDDEN1], z2[GRADIENT_B][HIDDEN2], z3[GRADIENT_B][CLASSES];
};

/* The same network in double precision, as a textbook has it. keep is what dropout multiplies a
 * hidden unit by: 0, or 1/(1-p); 1 without dropout. */
static struct oracle {
    double w[PARAM_COUNT];
    double x[GRADIENT_B][INPUTS];
    double keep1[GRADIENT_B][HIDDEN1], keep2[GRADIENT_B][HIDDEN2];
    int label[GRADIENT_B];
    struct activations base; /* with the parameters as they are */
} oracle;

static double positive(double z)
{
    return z > 0.0 ? z : 0.0;
}

static double cross_entropy(const double *z, int label)
{
    double largest = z[0], sum = 0.0;
    for (int c = 1; c < CLASSES; c++)
        largest = fmax(largest, z[c]);
    for (int c = 0; c < CLASSES; c++)
        sum += exp(z[c] - largest);
    return log(sum) - (z[label] - largest);
}

static void oracle_layer(double *z, const double *a, const double *W, const double *b, int K, int N)
{
    for (int n = 0; n < N; n++)
        z[n] = b[n];
    for (int k = 0; k < K; k++)
        for (int n = 0; n < N; n++)
            z[n] += a[k] * W[k * N + n];
}

/* The mean loss, and everything on the way to it. */
static double oracle_loss(struct activations *to)
{
    const double *w = oracle.w;
    double a1[HIDDEN1], a2[HIDDEN2], sum = 0.0;
    for (int s = 0; s < GRADIENT_B; s++) {
        oracle_layer(to->z1[s], oracle.x[s], w + FC1_WEIGHT, w + FC1_BIAS, INPUTS, HIDDEN1);
        for (int n = 0; n < HIDDEN1; n++)
            a1[n] = positive(to->z1[s][n]) * oracle.keep1[s][n];
        oracle_layer(to->z2[s], a1, w + FC2_WEIGHT, w + FC2_BIAS, HIDDEN1, HIDDEN2);
        for (int n = 0; n < HIDDEN2; n++)
            a2[n] = positive(to->z2[s][n]) * oracle.keep2[s][n];
        oracle_layer(to->z3[s], a2, w + FC3_WEIGHT, w + FC3_BIAS, HIDDEN2, CLASSES);
        sum += cross_entropy(to->z3[s], oracle.label[s]);
    }
    return sum / GRADIENT_B;
}

/* The loss of one sample and which units were active on the way. */
struct nudged {
    double loss;
    bool active1[HIDDEN1], active2[HIDDEN2];
};

/* A single parameter moves one z of one layer; all behind it is computed anew. Layer 0 to 2. */
static void nudge(struct nudged *to, int s, int layer, int unit, double move)
{
    const double *W2 = oracle.w + FC2_WEIGHT, *W3 = oracle.w + FC3_WEIGHT;
    double z2[HIDDEN2], z3[CLASSES], a2[HIDDEN2];
    const struct activations *base = &oracle.base;
    memcpy(z2, base->z2[s], sizeof z2);
    memcpy(z3, base->z3[s], sizeof z3);
    memset(to->active1, 0, sizeof to->active1);
    if (layer == 0) {
        double z1 = base->z1[s][unit];
        double change = (positive(z1 + move) - positive(z1)) * oracle.keep1[s][unit];
        to->active1[unit] = z1 + move > 0.0;
        for (int n = 0; n < HIDDEN2; n++)
            z2[n] += change * W2[unit * HIDDEN2 + n];
    } else if (layer == 1) {
        z2[unit] += move;
    }
    for (int n = 0; n < HIDDEN2; n++) {
        to->active2[n] = z2[n] > 0.0;
        a2[n] = positive(z2[n]) * oracle.keep2[s][n];
    }
    if (layer == 2)
        z3[unit] += move;
    else
        oracle_layer(z3, a2, W3, oracle.w + FC3_BIAS, HIDDEN2, CLASSES);
    to->loss = cross_entropy(z3, oracle.label[s]);
}

/* What a parameter in row k of a layer's weights multiplies for sample s. */
static double factor(int layer, int s, int k)
{
    if (layer == 0)
        return oracle.x[s][k];
    if (layer == 1)
        return positive(oracle.base.z1[s][k]) * oracle.keep1[s][k];
    return positive(oracle.base.z2[s][k]) * oracle.keep2[s][k];
}

/* Half the distance of the two sides. */
static const double h = 1e-5;

/* Central difference by parameter i of tensor t; false where a ReLU's kink lies between the two
 * sides. */
static bool difference(double *slope, int t, int i)
{
    static struct nudged up, down;
    const struct param *param = &param_table[t];
    int layer = t / 2, k = i / param->cols, unit = i % param->cols;
    double sum = 0.0;
    for (int s = 0; s < GRADIENT_B; s++) {
        double move = h * (PARAM_IS_WEIGHT(param) ? factor(layer, s, k) : 1.0);
        if (move == 0.0)
            continue;
        nudge(&up, s, layer, unit, move);
        nudge(&down, s, layer, unit, -move);
        if (memcmp(up.active1, down.active1, sizeof up.active1) ||
            memcmp(up.active2, down.active2, sizeof up.active2))
            return false;
        sum += up.loss - down.loss;
    }
    *slope = sum / (2.0 * h) / GRADIENT_B;
    return true;
}

/* The shortcut above against the whole pass with the parameter itself moved, for a few parameters
 * of each tensor. */
static void check_shortcut(const double *slopes)
{
    static struct activations scratch;
    for (int t = 0; t < PARAM_TENSORS; t++) {
        int length = param_table[t].rows * param_table[t].cols;
        for (int j = 0; j < 7; j++) {
            int i = param_table[t].offset + (int)((int64_t)length * j / 7);
            double kept = oracle.w[i];
            oracle.w[i] = kept + h;
            double up = oracle_loss(&scratch);
            oracle.w[i] = kept - h;
            double slope = (up - oracle_loss(&scratch)) / (2.0 * h);
            oracle.w[i] = kept;
            check(isnan(slopes[i]) || fabs(slope - slopes[i]) <= 1e-9,
                  "%s, parameter %d: %.12g by the whole pass, %.12g by the short one",
                  param_table[t].name, i, slope, slopes[i]);
        }
    }
}

/* slopes (PARAM_COUNT) of the mean loss; NaN where there is a kink. */
static void oracle_slopes(double *slopes)
{
    int kinks = 0;
    oracle_loss(&oracle.base);
    for (int t = 0; t < PARAM_TENSORS; t++)
        for (int i = 0; i < param_table[t].rows * param_table[t].cols; i++) {
            double *slope = slopes + param_table[t].offset + i;
            if (!difference(slope, t, i)) {
                *slope = (double)NAN;
                kinks++;
            }
        }
    check(kinks <= PARAM_COUNT / 1000, "%d parameters at a kink: too many to skip", kinks);
    check_shortcut(slopes);
}

/* keep (n): 0 where 16 random bits are below 2^16 p, four units to a number, lowest bits first. */
static void keep_by_hand(double *keep, int n, const struct network_step *step, uint64_t index)
{
    struct rng rng;
    uint64_t bits = 0;
    rng_seed(&rng, step->seed, RNG_DROPOUT, index);
    for (int i = 0; i < n; i++, bits >>= 16) {
        if (i % 4 == 0)
            bits = rng_next(&rng);
        bool silent = (double)(bits & 0xffff) < floor((double)step->dropout * 65536.0);
        keep[i] = silent ? 0.0 : 1.0 / (1.0 - (double)step->dropout);
    }
}

/* The masks that network_train draws, from its description alone. */
static void oracle_dropout(const struct network_step *step)
{
    for (int s = 0; s < GRADIENT_B; s++) {
        uint64_t index = 2 * (step->drawn + (uint64_t)s);
        keep_by_hand(oracle.keep1[s], HIDDEN1, step, index);
        keep_by_hand(oracle.keep2[s], HIDDEN2, step, index + 1);
    }
}

static void oracle_set(const float *params, const struct made *made,
                       const struct network_step *step)
{
    for (int i = 0; i < PARAM_COUNT; i++)
        oracle.w[i] = (double)params[i];
    for (int s = 0; s < GRADIENT_B; s++) {
        for (int p = 0; p < INPUTS; p++)
            oracle.x[s][p] = made->pixels[s * INPUTS + p] / 255.0;
        oracle.label[s] = made->labels[s];
    }
    oracle_dropout(step);
}

/* One tensor's gradients against the slopes: to 5e-5 of each and 5e-7 of the largest, so that small
 * ones count too. L2 adds its share to weights, not to biases. */
static void check_tensor(int t, const float *gradients, const double *slopes, const float *params,
                         float l2)
{
    const struct param *param = &param_table[t];
    int length = param->rows * param->cols, clear = 0, off = 0, worst = 0;
    double largest = 0.0;
    for (int i = 0; i < length; i++)
        largest = fmax(largest, fabs(slopes[i]));
    for (int i = 0; i < length; i++) {
        double decay = PARAM_IS_WEIGHT(param) ? (double)l2 * (double)params[i] : 0.0;
        double error = fabs((double)gradients[i] - (slopes[i] + decay));
        double scale = 5e-5 * fabs(slopes[i]) + 5e-7 * (largest + fabs(decay));
        if (isnan(slopes[i]))
            continue;
        clear += fabs(slopes[i]) > 1e-3 * largest;
        if (!(error <= scale) && !off++)
            worst = i;
    }
    check(off == 0, "%s: %d gradients are wrong; number %d is %.9g, its slope %.9g", param->name,
          off, worst, (double)gradients[worst], slopes[worst]);
    check(largest > 1e-3 && clear >= length * 3 / 10, "%s: only %d of %d slopes are clearly not 0",
          param->name, clear, length);
}

/* With beta1 = 0, Adam's first moment is the gradient itself. */
static void gradient_case(const struct network_step *step, uint64_t seed)
{
    struct made made;
    struct batch batch;
    float *params = make(PARAM_COUNT, sizeof *params);
    double *slopes = make(PARAM_COUNT, sizeof *slopes);
    made_images(&made, GRADIENT_B, SPARSE, seed);
    batch_of(&batch, &made, 0, GRADIENT_B);
    params_of(params, seed);
    oracle_set(params, &made, step);
    oracle_slopes(slopes);
    for (int set = 0; set < SETS; set++) {
        struct rig rig;
        rig_new(&rig, 2, GRADIENT_B + 3, kernel_set(set));
        network_set_params(&rig.network, params);
        rig.network.adam.beta1 = 0.0f;
        network_train(&rig.network, &batch, step);
        for (int t = 0; t < PARAM_TENSORS; t++) {
            int at = param_table[t].offset;
            check_tensor(t, rig.network.m + at, slopes + at, params + at, step->l2);
        }
        for (int s = 0; s < GRADIENT_B; s++)
            check(fabs((double)rig.network.loss[s] -
                       cross_entropy(oracle.base.z3[s], oracle.label[s])) <= 1e-5,
                  "sample %d: loss %.9g", s, (double)rig.network.loss[s]);
        rig_free(&rig);
    }
    free(params);
    free(slopes);
    batch_destroy(&batch);
    made_free(&made);
}

static void test_gradient(void)
{
    gradient_case(&(struct network_step){.lr = 1e-3f}, 120);
}

static void test_gradient_dropout(void)
{
    gradient_case(&(struct network_step){.lr = 1e-3f, .dropout = 0.3f, .seed = 7, .drawn = 1000003},
                  121);
}

static void test_gradient_l2(void)
{
    gradient_case(&(struct network_step){.lr = 1e-3f, .l2 = 0.25f}, 122);
}

/* A batch's gradient is the mean of its samples' own, wherever they stand in it: what the check of
 * every parameter says of a few samples so holds for many. */
static void gradient_mean_case(const struct made *made, const float *params,
                               const struct kernels *kernels)
{
    enum { B = 37 };
    struct rig rig;
    struct batch batch;
    double *mean = make(PARAM_COUNT, sizeof *mean), *size = make(PARAM_COUNT, sizeof *size);
    rig_new(&rig, 3, B, kernels);
    for (int s = 0; s <= B; s++) {
        int from = s < B ? s : 0;
        struct network_step step = {.dropout = 0.25f, .seed = 5, .drawn = 70 + (uint64_t)from};
        network_set_params(&rig.network, params);
        rig.network.adam.beta1 = 0.0f;
        batch_of(&batch, made, from, s < B ? 1 : B);
        network_train(&rig.network, &batch, &step);
        batch_destroy(&batch);
        for (int i = 0; i < PARAM_COUNT && s < B; i++) {
            mean[i] += (double)rig.network.m[i] / B;
            size[i] += fabs((double)rig.network.m[i]) / B + 1e-3;
        }
    }
    check_close("gradient of a batch", rig.network.m, mean, size, PARAM_COUNT, 1e-5);
    rig_free(&rig);
    free(mean);
    free(size);
}

static void test_gradient_mean(void)
{
    struct made made;
    float *params = make(PARAM_COUNT, sizeof *params);
    made_images(&made, 37, SPARSE, 123);
    params_of(params, 123);
    for (int set = 0; set < SETS; set++)
        gradient_mean_case(&made, params, kernel_set(set));
    free(params);
    made_free(&made);
}

/* --- Adam --- */

/* Ten steps, each compared with the formulas of the paper written out. */
static void adam_case(float beta1, float beta2, float l2, float size)
{
    struct adam adam;
    struct rng rng;
    float w = 0.5f, m = 0.0f, v = 0.0f, lr = 0.01f;
    double W = 0.5, M = 0.0, V = 0.0, b1 = (double)beta1, b2 = (double)beta2;
    adam_init(&adam);
    adam.beta1 = beta1;
    adam.beta2 = beta2;
    rng_seed(&rng, 130, RNG_SHOW, 0);
    for (int t = 1; t <= 10; t++) {
        float g = size * rng_normal(&rng);
        struct adam_step step = adam_next(&adam, lr, l2);
        adam_update(&w, &m, &v, g, &step);
        double G = (double)g + (double)l2 * W;
        M = b1 * M + (1.0 - b1) * G;
        V = b2 * V + (1.0 - b2) * G * G;
        double M_hat = M / (1.0 - pow(b1, t)), V_hat = V / (1.0 - pow(b2, t));
        W -= (double)lr * M_hat / (sqrt(V_hat) + (double)1e-8f);
        check(fabs((double)m - M) <= 2e-6 * (double)size &&
                  fabs((double)v - V) <= 2e-6 * (V + 1e-37),
              "betas %g, %g, l2 %g, g %g, step %d: m %.9g not %.9g, v %.9g not %.9g", b1, b2,
              (double)l2, (double)g, t, (double)m, M, (double)v, V);
        check(fabs((double)w - W) <= 2e-7 * t,
              "betas %g, %g, l2 %g, g %g, step %d: w %.9g not %.9g", b1, b2, (double)l2, (double)g,
              t, (double)w, W);
    }
    check(fabs(W - 0.5) > 1e-4, "w hardly moved: %g", W);
}

static void test_adam_steps(void)
{
    static const float betas[][2] = {{0.9f, 0.999f}, {0.0f, 0.999f}, {0.9f, 0.0f},
                                     {0.0f, 0.0f},   {0.5f, 0.9f},   {0.99f, 0.99f}};
    for (size_t i = 0; i < sizeof betas / sizeof betas[0]; i++) {
        adam_case(betas[i][0], betas[i][1], 0.0f, 1.0f);
        adam_case(betas[i][0], betas[i][1], 0.1f, 1.0f);
        adam_case(betas[i][0], betas[i][1], 0.0f, 1e-8f); /* where epsilon counts */
        adam_case(betas[i][0], betas[i][1], 0.0f, 1e6f);
    }
}

static void test_adam_facts(void)
{
    struct adam adam;
    adam_init(&adam);
    check(adam.beta1 == 0.9f && adam.beta2 == 0.999f && adam.epsilon == 1e-8f,
          "not the paper's constants: %g %g %g", (double)adam.beta1, (double)adam.beta2,
          (double)adam.epsilon);
    struct adam_step first = adam_next(&adam, 0.01f, 0.0f);
    /* The first step is lr long, however large the gradient. */
    for (float g = 1e-3f; g < 1e4f; g *= -7.0f) {
        float w = 1.0f, m = 0.0f, v = 0.0f;
        adam_update(&w, &m, &v, g, &first);
        check(fabs((double)w - (g > 0.0f ? 0.99 : 1.01)) <= 1e-6, "g %g: w %.9g", (double)g,
              (double)w);
        if (g < -1e3f)
            break;
    }
    struct adam_step late = first;
    for (int t = 0; t < 100000; t++)
        late = adam_next(&adam, 0.01f, 0.0f);
    check(late.rate == 0.01f && fabs((double)late.root - 1.0) <= 1e-7,
          "after 100,000 steps: rate %.9g, root %.9g", (double)late.rate, (double)late.root);
}

/* No moment is left below 2^-58, where subnormal numbers would wait: a weight that has no gradient but
 * L2's comes to rest. */
static void test_adam_flush(void)
{
    struct adam adam;
    adam_init(&adam);
    struct adam_step step = adam_next(&adam, 1e-3f, 1e-4f);
    float w = 1e-15f, m = 3e-18f, v = 1e-20f;
    adam_update(&w, &m, &v, 0.0f, &step);
    check(w == 1e-15f && m == 0.0f && v == 0.999f * 1e-20f, "w %g, m %g, v %g", (double)w,
          (double)m, (double)v);
    m = -5e-18f;
    adam_update(&w, &m, &v, 0.0f, &step);
    check(m == 0.9f * -5e-18f, "m %g was flushed", (double)m);
    m = NAN;
    adam_update(&w, &m, &v, 0.0f, &step);
    check(isnan(w), "NaN was flushed");
}

/* --- schedules --- */

static const float peak = 0.003f;

static void check_rate(enum schedule schedule, int64_t t, int64_t T, double want)
{
    double rate = (double)schedule_rate(schedule, peak, t, T, 0);
    check(fabs(rate - want * (double)peak) <= 2e-7 * (double)peak,
          "%s, step %lld of %lld: %.9g, not %.9g", schedule_names[schedule], (long long)t,
          (long long)T, rate, want * (double)peak);
}

static void test_schedule_constant(void)
{
    for (int64_t t = 0; t < 1000; t += 37)
        check(schedule_rate(SCHEDULE_CONSTANT, peak, t, 1000, 0) == peak, "step %lld",
              (long long)t);
    check(schedule_rate(SCHEDULE_CONSTANT, peak, 999, 1000, 0) == peak, "last step");
}

static void test_schedule_cosine(void)
{
    static const int64_t lengths[] = {1, 2, 7, 1000, 21500, 100000};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        int64_t T = lengths[i], t;
        float last = INFINITY;
        check(schedule_rate(SCHEDULE_COSINE, peak, 0, T, 0) == peak, "T=%lld: does not start at lr",
              (long long)T);
        for (t = 0; t < T; t++) {
            float rate = schedule_rate(SCHEDULE_COSINE, peak, t, T, 0);
            check_rate(SCHEDULE_COSINE, t, T,
                       0.5 * (1.0 + cos(3.141592653589793 * (double)t / (double)T)));
            check(rate <= last && rate >= 0.0f, "T=%lld: %.9g at step %lld after %.9g",
                  (long long)T, (double)rate, (long long)t, (double)last);
            check(T > 1000 || rate < last, "T=%lld: does not fall at step %lld", (long long)T,
                  (long long)t);
            last = rate;
        }
    }
    check_rate(SCHEDULE_COSINE, 500, 1000, 0.5);
    check_rate(SCHEDULE_COSINE, 250, 1000, 0.85355339);
    check_rate(SCHEDULE_COSINE, 999, 1000, 2.4674e-6);
}

static void test_schedule_step(void)
{
    static const struct {
        int64_t t, T;
        double want;
    } rows[] = {{0, 1000, 1.0},    {499, 1000, 1.0},    {500, 1000, 0.1}, {749, 1000, 0.1},
                {750, 1000, 0.01}, {999, 1000, 0.01},   {0, 1, 1.0},      {1, 3, 1.0},
                {2, 3, 0.1},       {5, 7, 0.1},         {6, 7, 0.01},     {2, 4, 0.1},
                {3, 4, 0.01},      {21499, 21500, 0.01}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        check_rate(SCHEDULE_STEP, rows[i].t, rows[i].T, rows[i].want);
}

/* The steps before the warmup's end rise by equal parts; those after it are the schedule's own. */
static void test_schedule_warmup(void)
{
    for (int64_t t = 0; t < 4; t++) {
        double rate = (double)schedule_rate(SCHEDULE_COSINE, peak, t, 100, 4);
        check(fabs(rate - (double)peak * (double)(t + 1) / 5.0) <= 1e-9, "step %lld: %.9g",
              (long long)t, rate);
    }
    for (int kind = SCHEDULE_CONSTANT; kind <= SCHEDULE_STEP; kind++)
        for (int64_t t = 4; t < 100; t++)
            check(schedule_rate((enum schedule)kind, peak, t, 100, 4) ==
                      schedule_rate((enum schedule)kind, peak, t - 4, 96, 0),
                  "%s, step %lld", schedule_names[kind], (long long)t);
}

static void test_schedule_names(void)
{
    check(!strcmp(schedule_names[SCHEDULE_CONSTANT], "constant") &&
              !strcmp(schedule_names[SCHEDULE_COSINE], "cosine") &&
              !strcmp(schedule_names[SCHEDULE_STEP], "step") && !schedule_names[3],
          "names and kinds are not in the same order");
}

/* --- metrics --- */

static void test_argmax(void)
{
    for (int best = 0; best < CLASSES; best++)
        for (int tie = best; tie < CLASSES; tie++) {
            float p[CLASSES];
            for (int c = 0; c < CLASSES; c++)
                p[c] = 0.01f * (float)((c * 7) % 10);
            p[best] = p[tie] = 0.5f;
            check(metrics_argmax(p) == best, "largest at %d and %d: %d", best, tie,
                  metrics_argmax(p));
            if (tie > best)
                check(metrics_second(p) == tie, "second at %d: %d", tie, metrics_second(p));
        }
    float equal[CLASSES] = {0};
    check(metrics_argmax(equal) == 0, "all equal: %d", metrics_argmax(equal));
    float below[CLASSES] = {-3, -2, -1, -2, -3, -4, -5, -6, -7, -8};
    check(metrics_argmax(below) == 2, "all negative: %d", metrics_argmax(below));
    check(metrics_second(below) == 1, "second of them: %d", metrics_second(below));
    check(metrics_second(equal) == 1, "second of equals: %d", metrics_second(equal));
}

/* Adds a sample whose predicted class has probability p, and the others equal shares of the rest. */
static void add_prediction(struct metrics *metrics, int truth, int predicted, float p, float loss)
{
    float row[CLASSES];
    for (int c = 0; c < CLASSES; c++)
        row[c] = c == predicted ? p : (1.0f - p) / 9.0f;
    metrics_add(metrics, truth, row, loss);
}

/* Ten samples: 6 of class 0 (4 right, 2 taken for 1), 3 of class 1 (all right), 1 of class 2 (taken
 * for 0). */
static void metrics_example(struct metrics *metrics)
{
    static const int samples[][2] = {{0, 0}, {0, 0}, {1, 1}, {0, 1}, {2, 0},
                                     {0, 0}, {1, 1}, {0, 1}, {0, 0}, {1, 1}};
    *metrics = (struct metrics){0};
    for (int i = 0; i < 10; i++)
        add_prediction(metrics, samples[i][0], samples[i][1], 0.9f, 0.25f * (float)i);
}

/* Undefined, NaN, is the same as undefined. */
static bool same_figure(double got, double wanted)
{
    return isnan(wanted) ? isnan(got) : fabs(got - wanted) <= 1e-15;
}

static void check_class(const struct metrics *metrics, int digit, double precision, double recall,
                        double f1, int support)
{
    struct class_metrics got = metrics_class(metrics, digit);
    check(same_figure(got.precision, precision), "class %d: precision %g", digit, got.precision);
    check(same_figure(got.recall, recall), "class %d: recall %g", digit, got.recall);
    check(same_figure(got.f1, f1), "class %d: F1 %g", digit, got.f1);
    check(got.support == support, "class %d: support %d", digit, got.support);
}

static const double UNDEFINED = (double)NAN;

static void test_metrics(void)
{
    struct metrics metrics;
    metrics_example(&metrics);
    check(metrics.count == 10 && metrics.correct == 7, "%d of %d", metrics.correct, metrics.count);
    check(metrics_loss(&metrics) == 1.125, "mean loss %g", metrics_loss(&metrics));
    check(metrics_accuracy(&metrics) == 0.7, "accuracy %g", metrics_accuracy(&metrics));
    double error = metrics_standard_error(&metrics);
    check(fabs(error - 0.14491376746189438) <= 1e-15, "standard error %.17g", error);
    for (int truth = 0; truth < CLASSES; truth++)
        for (int predicted = 0; predicted < CLASSES; predicted++) {
            int want = 0;
            if (truth == 0)
                want = predicted == 0 ? 4 : predicted == 1 ? 2 : 0;
            else if (truth < 3)
                want = truth == 1 && predicted == 1 ? 3 : truth == 2 && predicted == 0 ? 1 : 0;
            check(metrics.confusion[truth][predicted] == want, "confusion[%d][%d] = %d", truth,
                  predicted, metrics.confusion[truth][predicted]);
        }
    check_class(&metrics, 0, 4.0 / 5.0, 4.0 / 6.0, 8.0 / 11.0, 6);
    check_class(&metrics, 1, 3.0 / 5.0, 1.0, 0.75, 3);
    check_class(&metrics, 2, UNDEFINED, 0.0, 0.0, 1);             /* never predicted */
    check_class(&metrics, 3, UNDEFINED, UNDEFINED, UNDEFINED, 0); /* never seen either */
    add_prediction(&metrics, 1, 4, 0.9f, 0.0f);
    check_class(&metrics, 4, 0.0, UNDEFINED, 0.0, 0); /* predicted, but there is none */
}

static void test_metrics_empty(void)
{
    struct metrics metrics = {0};
    check(isnan(metrics_loss(&metrics)) && isnan(metrics_accuracy(&metrics)) &&
              isnan(metrics_standard_error(&metrics)),
          "no samples: loss %g, accuracy %g, error %g", metrics_loss(&metrics),
          metrics_accuracy(&metrics), metrics_standard_error(&metrics));
    check_class(&metrics, 0, UNDEFINED, UNDEFINED, UNDEFINED, 0);
}

/* In float, a million losses of 0.1 after one of 1e4 would lose themselves. */
static void test_metrics_long_sum(void)
{
    struct metrics metrics = {0};
    add_prediction(&metrics, 0, 0, 0.9f, 1e4f);
    for (int i = 1; i < 1000000; i++)
        add_prediction(&metrics, 0, 0, 0.9f, 0.1f);
    double want = (1e4 + 999999 * (double)0.1f) / 1e6;
    check(fabs(metrics_loss(&metrics) - want) <= 1e-9, "mean %.12g, not %.12g",
          metrics_loss(&metrics), want);
}

/* Bins of a fifteenth, each closed above: 0.2 = 3/15 is in the third with 0.14, 0.21 in the fourth. */
static void test_calibration(void)
{
    struct metrics metrics = {0};
    check(isnan(metrics_calibration_error(&metrics)), "no samples");
    add_prediction(&metrics, 3, 3, 0.2f, 0.0f);
    add_prediction(&metrics, 4, 3, 0.14f, 0.0f);
    add_prediction(&metrics, 3, 3, 0.21f, 0.0f);
    add_prediction(&metrics, 3, 3, 1.0f, 0.0f);
    add_prediction(&metrics, 4, 3, 1.0f, 0.0f);
    double want = (fabs(1 - 0.34) + fabs(1 - 0.21) + fabs(1 - 2.0)) / 5.0;
    check(fabs(metrics_calibration_error(&metrics) - want) <= 1e-8, "%.9g, not %.9g",
          metrics_calibration_error(&metrics), want);
    check(metrics.bins[2].count == 2 && metrics.bins[3].count == 1 && metrics.bins[14].count == 2,
          "%d, %d, %d samples in the bins", metrics.bins[2].count, metrics.bins[3].count,
          metrics.bins[14].count);
    float nothing[CLASSES];
    for (int c = 0; c < CLASSES; c++)
        nothing[c] = NAN;
    metrics_add(&metrics, 0, nothing, NAN);
    check(metrics.bins[0].count == 1, "NaN is in no bin, or in another than the first");
}

static void test_coverage(void)
{
    struct decision all[] = {{0.5f, true}, {0.9f, true}, {0.7f, false}, {0.8f, true}, {0.6f, true}};
    check(metrics_coverage(all, 5, 0.0) == 0.4, "without a mistake: %g",
          metrics_coverage(all, 5, 0.0));
    check(metrics_coverage(all, 5, 0.2) == 1.0, "one of five wrong: %g",
          metrics_coverage(all, 5, 0.2));
    check(metrics_coverage(all, 5, 0.24) == 1.0 && metrics_coverage(all, 4, 0.19) == 0.5, "%g, %g",
          metrics_coverage(all, 5, 0.24), metrics_coverage(all, 4, 0.19));
    struct decision equal[] = {{0.9f, true}, {0.8f, true}, {0.8f, false}};
    check(metrics_coverage(equal, 3, 0.0) * 3.0 == 1.0, "of equal confidences one was covered: %g",
          metrics_coverage(equal, 3, 0.0));
    check(isnan(metrics_coverage(all, 0, 0.5)), "no samples");
}

/* --- parameters --- */

static void test_params_table(void)
{
    static const int rows[] = {784, 1, 128, 1, 64, 1}, cols[] = {128, 128, 64, 64, 10, 10};
    static const char *const names[] = {"fc1.weight", "fc1.bias",   "fc2.weight",
                                        "fc2.bias",   "fc3.weight", "fc3.bias"};
    int at = 0;
    for (int t = 0; t < PARAM_TENSORS; t++) {
        const struct param *param = &param_table[t];
        check(!strcmp(param->name, names[t]), "tensor %d is %s", t, param->name);
        check(param->rows == rows[t] && param->cols == cols[t], "%s is %d×%d", param->name,
              param->rows, param->cols);
        check(param->offset == at, "%s starts at %d, not %d", param->name, param->offset, at);
        check(PARAM_IS_WEIGHT(param) == (t % 2 == 0), "%s: weight or bias?", param->name);
        at += param->rows * param->cols;
    }
    check(at == PARAM_COUNT && at == 109386, "%d parameters", at);
}

/* Mean 0, variance 2/K and 68.27% within one deviation, each to four standard errors. */
static void check_normal(const struct param *param, const float *w)
{
    int n = param->rows * param->cols, within = 0;
    double mean = 0.0, variance = 0.0, want = 2.0 / param->rows, deviation = sqrt(want);
    for (int i = 0; i < n; i++) {
        mean += (double)w[i] / n;
        within += fabs((double)w[i]) <= deviation;
    }
    for (int i = 0; i < n; i++)
        variance += ((double)w[i] - mean) * ((double)w[i] - mean) / n;
    check(fabs(mean) <= 4.0 * deviation / sqrt(n), "%s: mean %g", param->name, mean);
    check(fabs(variance - want) <= 4.0 * want * sqrt(2.0 / n), "%s: variance %g, not %g",
          param->name, variance, want);
    check(fabs((double)within / n - 0.6827) <= 4.0 * sqrt(0.6827 * 0.3173 / n),
          "%s: %d of %d within one deviation: not a normal distribution", param->name, within, n);
}

static void test_params_init(void)
{
    float *params = make(PARAM_COUNT, sizeof *params);
    for (uint64_t seed = 1; seed <= 2; seed++) {
        for (int i = 0; i < PARAM_COUNT; i++)
            memcpy(params + i, &sentinel, sizeof sentinel);
        params_init(params, seed);
        for (int t = 0; t < PARAM_TENSORS; t++) {
            const struct param *param = &param_table[t];
            if (PARAM_IS_WEIGHT(param))
                check_normal(param, params + param->offset);
            for (int i = 0; !PARAM_IS_WEIGHT(param) && i < param->cols; i++)
                check(params[param->offset + i] == 0.0f, "%s[%d] = %g", param->name, i,
                      (double)params[param->offset + i]);
        }
    }
    free(params);
}

static void test_params_seed(void)
{
    float *a = make(PARAM_COUNT, sizeof *a), *b = make(PARAM_COUNT, sizeof *b);
    params_init(a, 5);
    params_init(b, 5);
    check_same("one seed", a, b, PARAM_COUNT);
    params_init(b, 6);
    int same = 0;
    for (int i = FC1_WEIGHT; i < FC1_BIAS; i++)
        same += a[i] == b[i];
    check(same < 100, "two seeds share %d weights of fc1", same);
    /* Nor does a tensor repeat another. */
    same = 0;
    for (int i = 0; i < HIDDEN2 * CLASSES; i++)
        same += a[FC3_WEIGHT + i] * sqrtf(HIDDEN2) == a[FC2_WEIGHT + i] * sqrtf(HIDDEN1);
    check(same < 10, "fc3 repeats %d weights of fc2", same);
    free(a);
    free(b);
}

/* --- the network: setting, predicting, training --- */

static void check_transposes(const struct network *network)
{
    const float *w = network->params;
    int wrong = 0;
    for (int k = 0; k < HIDDEN1; k++)
        for (int n = 0; n < HIDDEN2; n++)
            wrong += !(network->fc2_t[n * HIDDEN1 + k] == w[FC2_WEIGHT + k * HIDDEN2 + n]);
    for (int k = 0; k < HIDDEN2; k++)
        for (int n = 0; n < CLASSES; n++)
            wrong += !(network->fc3_t[n * HIDDEN2 + k] == w[FC3_WEIGHT + k * CLASSES + n]);
    check(wrong == 0, "%d weights differ in the transposed copies", wrong);
}

/* What new parameters find must be as in a new network. */
static void test_set_params(void)
{
    struct made made;
    struct batch batch;
    struct rig rig;
    float *params = make(PARAM_COUNT, sizeof *params), *back = make(PARAM_COUNT, sizeof *back);
    params_of(params, 140);
    made_images(&made, 20, SPARSE, 140);
    batch_of(&batch, &made, 0, 20);
    rig_new(&rig, 1, 20, kernel_set(0));
    for (int i = 0; i < PARAM_COUNT; i++)
        back[i] = 0.0f;
    check_same("a new network", rig.network.params, back, PARAM_COUNT);
    struct network_step step = {.lr = 1e-2f};
    float *once = NULL;
    for (int round = 0; round < 2; round++) {
        network_set_params(&rig.network, params);
        network_get_params(&rig.network, back);
        check_same("set and got", params, back, PARAM_COUNT);
        check_transposes(&rig.network);
        for (int i = 0; i < 3; i++)
            network_train(&rig.network, &batch, &step);
        check_transposes(&rig.network);
        if (once)
            check_same("trained again", rig.network.params, once, PARAM_COUNT);
        else
            once = copy_of(rig.network.params, PARAM_COUNT);
    }
    check(first_difference(once, params, PARAM_COUNT) >= 0, "training changed nothing");
    free(once);
    free(params);
    free(back);
    rig_free(&rig);
    batch_destroy(&batch);
    made_free(&made);
}

enum { PREDICT_COUNT = 100 };

/* p and losses of all PREDICT_COUNT images out of training steps that do not move (lr = 0). */
static void forward_by_training(float *p, float *loss, const struct made *made, const float *params,
                                const struct kernels *kernels)
{
    struct rig rig;
    struct batch batch;
    struct network_step step = {.lr = 0.0f};
    rig_new(&rig, 1, PREDICT_COUNT, kernels);
    network_set_params(&rig.network, params);
    batch_of(&batch, made, 0, PREDICT_COUNT);
    network_train(&rig.network, &batch, &step);
    memcpy(p, rig.network.p, PREDICT_COUNT * CLASSES * sizeof *p);
    memcpy(loss, rig.network.loss, PREDICT_COUNT * sizeof *loss);
    check_same("lr 0", rig.network.params, params, PARAM_COUNT);
    batch_destroy(&batch);
    rig_free(&rig);
}

/* network_predict for `count` images, by number or in reverse, against what training found. */
static void predict_case(const struct rig *rig, const struct made *made, int count, bool reverse,
                         const float *p, const float *loss)
{
    int indices[PREDICT_COUNT];
    struct guarded got_p = guarded_new(count * CLASSES), got_loss = guarded_new(count);
    struct guarded p_alone = guarded_new(count * CLASSES), loss_alone = guarded_new(count);
    const int *order = reverse ? indices : NULL;
    char what[64];
    for (int i = 0; i < count; i++)
        indices[i] = reverse ? PREDICT_COUNT - 1 - i : i;
    snprintf(what, sizeof what, "%d images%s, %d threads", count, reverse ? " by index" : "",
             team_threads(rig->team));
    network_predict(&rig->network, &made->dataset, order, count, got_p.at, got_loss.at);
    network_predict(&rig->network, &made->dataset, order, count, p_alone.at, NULL);
    network_predict(&rig->network, &made->dataset, order, count, NULL, loss_alone.at);
    for (int i = 0; i < count; i++) {
        check_same(what, got_p.at + i * CLASSES, p + indices[i] * CLASSES, CLASSES);
        check_same(what, got_loss.at + i, loss + indices[i], 1);
    }
    check_same(what, p_alone.at, got_p.at, count * CLASSES);
    check_same(what, loss_alone.at, got_loss.at, count);
    check_guards(what, &got_p);
    check_guards(what, &got_loss);
    guarded_free(&got_p);
    guarded_free(&got_loss);
    guarded_free(&p_alone);
    guarded_free(&loss_alone);
}

static const int thread_counts[] = {1, 2, 3, 8};

enum { THREAD_COUNTS = sizeof thread_counts / sizeof thread_counts[0] };

static void test_predict(void)
{
    static const int counts[] = {1, 15, 16, 17, 100};
    static float p[PREDICT_COUNT * CLASSES], loss[PREDICT_COUNT];
    struct made made;
    float *params = make(PARAM_COUNT, sizeof *params);
    made_images(&made, PREDICT_COUNT, SPARSE, 150);
    params_of(params, 150);
    for (int set = 0; set < SETS; set++)
        for (int i = 0; i < THREAD_COUNTS; i++) {
            struct rig rig;
            forward_by_training(p, loss, &made, params, kernel_set(set));
            rig_new(&rig, thread_counts[i], 0, kernel_set(set));
            network_set_params(&rig.network, params);
            for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
                predict_case(&rig, &made, counts[c], false, p, loss);
                predict_case(&rig, &made, counts[c], true, p, loss);
            }
            check_same("predicting", rig.network.params, params, PARAM_COUNT);
            rig_free(&rig);
        }
    free(params);
    made_free(&made);
}

/* Predicting between two steps of training leaves no trace. */
static void test_predict_is_silent(void)
{
    struct made made;
    struct batch batch;
    struct rig rig;
    float *params = make(PARAM_COUNT, sizeof *params), *without = NULL, loss[50];
    struct network_step step = {.lr = 1e-2f, .dropout = 0.2f};
    made_images(&made, 50, SPARSE, 160);
    batch_of(&batch, &made, 0, 20);
    params_of(params, 160);
    rig_new(&rig, 2, 20, kernel_set(0));
    for (int round = 0; round < 2; round++) {
        network_set_params(&rig.network, params);
        for (int i = 0; i < 3; i++) {
            network_train(&rig.network, &batch, &step);
            if (round == 1)
                network_predict(&rig.network, &made.dataset, NULL, 50, NULL, loss);
        }
        if (without)
            check_same("with predictions", rig.network.params, without, PARAM_COUNT);
        else
            without = copy_of(rig.network.params, PARAM_COUNT);
    }
    free(without);
    free(params);
    rig_free(&rig);
    batch_destroy(&batch);
    made_free(&made);
}

static void test_evaluate(void)
{
    struct made made;
    struct rig rig;
    struct error err = {""};
    struct metrics metrics;
    float p[30 * CLASSES], loss[30], *params = make(PARAM_COUNT, sizeof *params);
    int indices[30], correct = 0;
    double sum = 0.0;
    made_images(&made, 60, SPARSE, 170);
    params_of(params, 170);
    rig_new(&rig, 2, 0, kernel_set(0));
    network_set_params(&rig.network, params);
    for (int i = 0; i < 30; i++)
        indices[i] = 59 - 2 * i;
    network_predict(&rig.network, &made.dataset, indices, 30, p, loss);
    check(!network_evaluate(&rig.network, &made.dataset, indices, 30, &metrics, &err), "%s",
          err.text);
    for (int i = 0; i < 30; i++) {
        int truth = made.labels[indices[i]], said = metrics_argmax(p + i * CLASSES);
        sum += (double)loss[i];
        correct += said == truth;
        check(metrics.confusion[truth][said]-- > 0, "image %d is not in the confusion", i);
    }
    check(metrics.count == 30 && metrics.correct == correct && metrics.loss_sum == sum,
          "%d images, %d correct, loss %.17g; want 30, %d, %.17g", metrics.count, metrics.correct,
          metrics.loss_sum, correct, sum);
    check(!network_evaluate(&rig.network, &made.dataset, NULL, 60, &metrics, &err) &&
              metrics.count == 60,
          "all images: %d", metrics.count);
    free(params);
    rig_free(&rig);
    made_free(&made);
}

/* Parameters, moments and last losses after 4 steps on batches of 40, 40, 40 and 7. */
static void train_steps(float *params, float *losses, int threads, const struct kernels *kernels,
                        const struct made *made, const float *start)
{
    struct rig rig;
    rig_new(&rig, threads, 40, kernels);
    network_set_params(&rig.network, start);
    for (int i = 0; i < 4; i++) {
        struct batch batch;
        struct network_step step = {.lr = 1e-2f,
                                    .l2 = 1e-3f,
                                    .dropout = i % 2 ? 0.2f : 0.0f,
                                    .seed = 3,
                                    .drawn = 40 * (uint64_t)i};
        int size = i < 3 ? 40 : 7;
        batch_of(&batch, made, i * 40, size);
        network_train(&rig.network, &batch, &step);
        memcpy(losses + i * 40, rig.network.loss, (size_t)size * sizeof *losses);
        batch_destroy(&batch);
    }
    network_get_params(&rig.network, params);
    memcpy(params + PARAM_COUNT, rig.network.m, PARAM_COUNT * sizeof *params);
    memcpy(params + 2 * PARAM_COUNT, rig.network.v, PARAM_COUNT * sizeof *params);
    rig_free(&rig);
}

static void test_train_threads(void)
{
    struct made made;
    float *start = make(PARAM_COUNT, sizeof *start), losses[127], first_losses[127];
    float *first = make(3 * PARAM_COUNT, sizeof *first),
          *other = make(3 * PARAM_COUNT, sizeof *other);
    made_images(&made, 127, SPARSE, 180);
    params_of(start, 180);
    train_steps(first, first_losses, 1, kernel_set(0), &made, start);
    for (int set = 0; set < SETS; set++)
        for (int i = 0; i < THREAD_COUNTS; i++) {
            char what[64];
            train_steps(other, losses, thread_counts[i], kernel_set(set), &made, start);
            snprintf(what, sizeof what, "%s kernels, %d threads", kernel_set(set)->name,
                     thread_counts[i]);
            check_same(what, other, first, 3 * PARAM_COUNT);
            check_same(what, losses, first_losses, 127);
        }
    int moved = 0;
    for (int i = 0; i < PARAM_COUNT; i++)
        moved += start[i] != first[i];
    check(moved > PARAM_COUNT / 2, "only %d parameters moved", moved);
    free(start);
    free(first);
    free(other);
    made_free(&made);
}

/* A network of this size learns 32 meaningless images by heart. */
static void test_overfit(void)
{
    struct made made;
    struct batch batch;
    float *params = make(PARAM_COUNT, sizeof *params);
    made_images(&made, 32, SPARSE, 190);
    batch_of(&batch, &made, 0, 32);
    params_init(params, 190);
    for (int set = 0; set < SETS; set++) {
        struct rig rig;
        struct network_step step = {.lr = 2e-3f};
        double first = 0.0, last = 0.0;
        int right = 0;
        rig_new(&rig, 2, 32, kernel_set(set));
        network_set_params(&rig.network, params);
        for (int i = 0; i < 150; i++) {
            network_train(&rig.network, &batch, &step);
            last = 0.0;
            for (int s = 0; s < 32; s++)
                last += (double)rig.network.loss[s] / 32;
            if (i == 0)
                first = last;
        }
        for (int s = 0; s < 32; s++)
            right += metrics_argmax(rig.network.p + s * CLASSES) == made.labels[s];
        check(first > 1.5, "too easy: the loss was %g at the start", first);
        check(last < 0.005 && right == 32, "loss %g, %d of 32 right", last, right);
        rig_free(&rig);
    }
    free(params);
    batch_destroy(&batch);
    made_free(&made);
}

/* --- dropout --- */

enum { DROP_B = 60 };

/* Activations of `made` under dropout, trained on in groups of `group` with lr = 0. */
static void dropped(float *a1, float *a2, const struct made *made, const float *params, int threads,
                    int group, float dropout, uint64_t seed, uint64_t drawn)
{
    struct rig rig;
    rig_new(&rig, threads, DROP_B, kernel_set(0));
    network_set_params(&rig.network, params);
    for (int from = 0; from < DROP_B; from += group) {
        struct batch batch;
        struct network_step step = {
            .dropout = dropout, .seed = seed, .drawn = drawn + (uint64_t)from};
        int size = DROP_B - from < group ? DROP_B - from : group;
        batch_of(&batch, made, from, size);
        network_train(&rig.network, &batch, &step);
        memcpy(a1 + from * HIDDEN1, rig.network.a1, (size_t)(size * HIDDEN1) * sizeof *a1);
        memcpy(a2 + from * HIDDEN2, rig.network.a2, (size_t)(size * HIDDEN2) * sizeof *a2);
        batch_destroy(&batch);
    }
    rig_free(&rig);
}

struct drop_rig {
    struct made made;
    float *params, *a1, *a2, *b1, *b2; /* activations of two runs to compare */
};

static void drop_new(struct drop_rig *d)
{
    made_images(&d->made, DROP_B, SPARSE, 200);
    d->params = make(PARAM_COUNT, sizeof(float));
    d->a1 = make(DROP_B * HIDDEN1, sizeof(float));
    d->b1 = make(DROP_B * HIDDEN1, sizeof(float));
    d->a2 = make(DROP_B * HIDDEN2, sizeof(float));
    d->b2 = make(DROP_B * HIDDEN2, sizeof(float));
    params_of(d->params, 200);
    /* High biases: no unit is 0 of itself, so a 0 was dropped. */
    for (int n = 0; n < HIDDEN1; n++)
        d->params[FC1_BIAS + n] = 20.0f;
    for (int n = 0; n < HIDDEN2; n++)
        d->params[FC2_BIAS + n] = 500.0f;
}

static void drop_free(struct drop_rig *d)
{
    made_free(&d->made);
    free(d->params);
    free(d->a1);
    free(d->a2);
    free(d->b1);
    free(d->b2);
}

static int zeros(const float *a, int n)
{
    int count = 0;
    for (int i = 0; i < n; i++)
        count += a[i] == 0.0f;
    return count;
}

/* Each of n units is dropped with probability p: the count to four standard errors. */
static void check_share(const char *what, int count, int n, double p)
{
    check(fabs((double)count / n - p) <= 4.0 * sqrt(p * (1.0 - p) / n),
          "%s: %d of %d dropped at %g", what, count, n, p);
}

static void test_dropout_share_and_scale(void)
{
    static const float shares[] = {0.1f, 0.5f, 0.8f};
    struct drop_rig d;
    drop_new(&d);
    dropped(d.a1, d.a2, &d.made, d.params, 1, DROP_B, 0.0f, 1, 0);
    check(zeros(d.a1, DROP_B * HIDDEN1) == 0 && zeros(d.a2, DROP_B * HIDDEN2) == 0,
          "units are dead without dropout");
    for (size_t i = 0; i < sizeof shares / sizeof shares[0]; i++) {
        float p = shares[i], scale = 1.0f / (1.0f - p);
        int wrong = 0;
        dropped(d.b1, d.b2, &d.made, d.params, 1, DROP_B, p, 1, 0);
        check_share("first layer", zeros(d.b1, DROP_B * HIDDEN1), DROP_B * HIDDEN1, (double)p);
        check_share("second layer", zeros(d.b2, DROP_B * HIDDEN2), DROP_B * HIDDEN2, (double)p);
        for (int k = 0; k < DROP_B * HIDDEN1; k++)
            wrong += d.b1[k] != 0.0f && d.b1[k] != d.a1[k] * scale;
        check(wrong == 0, "p %g: %d kept units are not scaled by 1/(1-p)", (double)p, wrong);
        kernel_set(0)->dense_forward(d.a2, d.b1, d.params + FC2_WEIGHT, d.params + FC2_BIAS, DROP_B,
                                     HIDDEN1, HIDDEN2, true);
        for (int k = 0; k < DROP_B * HIDDEN2; k++)
            wrong += d.b2[k] != 0.0f && d.b2[k] != d.a2[k] * scale;
        check(wrong == 0, "p %g: %d kept units of layer 2 are wrong", (double)p, wrong);
    }
    drop_free(&d);
}

/* The mask is a function of seed and position alone: not of threads, nor of the batches' sizes. */
static void test_dropout_is_a_function(void)
{
    static const int groups[] = {1, 7, 16, 17, 40};
    struct drop_rig d;
    drop_new(&d);
    dropped(d.a1, d.a2, &d.made, d.params, 1, DROP_B, 0.3f, 9, 1000);
    for (int i = 0; i < THREAD_COUNTS; i++)
        for (size_t g = 0; g < sizeof groups / sizeof groups[0]; g++) {
            char what[64];
            dropped(d.b1, d.b2, &d.made, d.params, thread_counts[i], groups[g], 0.3f, 9, 1000);
            snprintf(what, sizeof what, "%d threads, batches of %d", thread_counts[i], groups[g]);
            check_same(what, d.b1, d.a1, DROP_B * HIDDEN1);
            check_same(what, d.b2, d.a2, DROP_B * HIDDEN2);
        }
    drop_free(&d);
}

/* How many of n units are dropped in both: p² of them if the masks have nothing in common. */
static int both_zero(const float *a, const float *b, int n)
{
    int count = 0;
    for (int i = 0; i < n; i++)
        count += a[i] == 0.0f && b[i] == 0.0f;
    return count;
}

static void test_dropout_is_random(void)
{
    struct drop_rig d;
    int n1 = DROP_B * HIDDEN1, n2 = DROP_B * HIDDEN2, layers = 0;
    drop_new(&d);
    dropped(d.a1, d.a2, &d.made, d.params, 1, DROP_B, 0.5f, 9, 0);
    dropped(d.b1, d.b2, &d.made, d.params, 1, DROP_B, 0.5f, 10, 0);
    check_share("two seeds", both_zero(d.a1, d.b1, n1), n1, 0.25);
    check_share("two seeds, layer 2", both_zero(d.a2, d.b2, n2), n2, 0.25);
    dropped(d.b1, d.b2, &d.made, d.params, 1, DROP_B, 0.5f, 9, DROP_B);
    check_share("two batches", both_zero(d.a1, d.b1, n1), n1, 0.25);
    check_share("two batches, layer 2", both_zero(d.a2, d.b2, n2), n2, 0.25);
    check_share("two samples", both_zero(d.a1, d.a1 + HIDDEN1, n1 - HIDDEN1), n1 - HIDDEN1, 0.25);
    for (int s = 0; s < DROP_B; s++)
        layers += both_zero(d.a1 + s * HIDDEN1, d.a2 + s * HIDDEN2, HIDDEN2);
    check_share("two layers", layers, n2, 0.25);
    drop_free(&d);
}

/* --- the training loop --- */

enum { WATCH_EPOCHS = 40 };

/* What the callbacks saw, and what they were told to do: at a batch, ask for a stop or break a
 * weight; after an epoch, break one. Epochs and batches count from 1; 0: never. */
struct watch {
    struct network *network;
    int stop_epoch, stop_batch, break_epoch, break_batch, break_after_epoch;
    struct train_epoch epochs[WATCH_EPOCHS];
    int epoch_count, batch_count;
    struct train_progress last;
    float *best; /* the parameters when an epoch was last called the best */
    int keep_epoch, fail_epoch;
    struct train_state kept; /* after keep_epoch */
};

static bool watch_batch(void *context, const struct train_progress *progress)
{
    struct watch *watch = context;
    int before = watch->last.epoch == progress->epoch ? watch->last.batch : 0;
    check(progress->batch == before + 1 && progress->batch <= progress->batches,
          "epoch %d: batch %d of %d after %d", progress->epoch, progress->batch, progress->batches,
          before);
    watch->last = *progress;
    watch->batch_count++;
    if (progress->epoch == watch->break_epoch && progress->batch == watch->break_batch)
        watch->network->params[FC1_BIAS] = NAN;
    return progress->epoch == watch->stop_epoch && progress->batch == watch->stop_batch;
}

static struct train_state copy_of_state(const struct train_state *state)
{
    struct train_state copy = *state;
    copy.history = make((size_t)state->epochs_run, sizeof *copy.history);
    memcpy(copy.history, state->history, (size_t)state->epochs_run * sizeof *copy.history);
    copy.params = copy_of(state->params, PARAM_COUNT);
    copy.m = copy_of(state->m, PARAM_COUNT);
    copy.v = copy_of(state->v, PARAM_COUNT);
    copy.best_params = copy_of(state->best_params, PARAM_COUNT);
    copy.average = state->average ? copy_of(state->average, PARAM_COUNT) : NULL;
    return copy;
}

static void state_free(struct train_state *state)
{
    free(state->history);
    free(state->params);
    free(state->m);
    free(state->v);
    free(state->best_params);
    free(state->average);
    *state = (struct train_state){0};
}

static int watch_epoch(void *context, const struct train_state *state, struct error *err)
{
    struct watch *watch = context;
    const struct train_epoch *epoch = &state->history[state->epochs_run - 1];
    check(epoch->epoch == state->epochs_run, "record %d has number %d", state->epochs_run,
          epoch->epoch);
    if (epoch->epoch == watch->keep_epoch)
        watch->kept = copy_of_state(state);
    if (epoch->epoch == watch->fail_epoch)
        return error_set(err, "told to fail");
    if (epoch->best)
        network_get_params(watch->network, watch->best);
    if (watch->epoch_count < WATCH_EPOCHS)
        watch->epochs[watch->epoch_count++] = *epoch;
    if (epoch->epoch == watch->break_after_epoch)
        watch->network->params[FC1_BIAS] = NAN;
    return 0;
}

/* A small run: 210 images, 50 of them to validate, 5 batches of 33 an epoch unless told otherwise;
 * the data can be learnt only in part, so validation turns at some epoch. */
struct run_rig {
    struct made made;
    struct split split;
    struct rig rig;
    struct train_options options;
    struct watch watch;
    struct train_result result;
};

static void run_new(struct run_rig *run, int val)
{
    struct error err = {""};
    *run = (struct run_rig){.options = {.epochs = 4,
                                        .batch = 33,
                                        .lr = 1e-3f,
                                        .val = val,
                                        .schedule = SCHEDULE_CONSTANT,
                                        .seed = 1}};
    made_classes(&run->made, 210, 0.3f, 210);
    if (split_create(&run->split, &run->made.dataset, val, 1, &err))
        abort();
    rig_new(&run->rig, 2, 64, kernel_set(SETS - 1));
    run->watch.network = &run->rig.network;
    run->watch.best = make(PARAM_COUNT, sizeof(float));
}

static void run_go(struct run_rig *run)
{
    struct error err = {""};
    train_result_free(&run->result);
    struct train_callbacks callbacks = {watch_batch, watch_epoch, &run->watch};
    int failed = train_run(&run->result, &run->rig.network, &run->made.dataset, &run->split,
                           &run->options, NULL, &callbacks, &err);
    check(!failed, "train_run: %s", err.text);
}

static void run_free(struct run_rig *run)
{
    train_result_free(&run->result);
    free(run->watch.best);
    state_free(&run->watch.kept);
    split_free(&run->split);
    rig_free(&run->rig);
    made_free(&run->made);
}

/* The network holds the weights of the best epoch, and nothing else. */
static void check_best_kept(struct run_rig *run)
{
    struct metrics metrics;
    struct error err = {""};
    check_same("best weights", run->rig.network.params, run->watch.best, PARAM_COUNT);
    check_transposes(&run->rig.network);
    if (!run->split.val_count ||
        !check(!network_evaluate(&run->rig.network, &run->made.dataset, run->split.val,
                                 run->split.val_count, &metrics, &err),
               "%s", err.text))
        return;
    check(metrics_loss(&metrics) == run->result.best.val_loss &&
              metrics_accuracy(&metrics) == run->result.best.val_acc,
          "evaluated: loss %.17g, accuracy %.17g; reported %.17g, %.17g", metrics_loss(&metrics),
          metrics_accuracy(&metrics), run->result.best.val_loss, run->result.best.val_acc);
}

/* Epochs in order, the best flag wherever the loss is lower than all before, result.best the last
 * of those. */
static void check_epochs(const struct run_rig *run, int count)
{
    const struct watch *watch = &run->watch;
    double lowest = HUGE_VAL;
    int best = 0;
    check(run->result.epochs_run == count && watch->epoch_count == count,
          "%d epochs run, %d told, want %d", run->result.epochs_run, watch->epoch_count, count);
    for (int i = 0; i < watch->epoch_count; i++) {
        const struct train_epoch *epoch = &watch->epochs[i];
        bool better = epoch->val_loss < lowest;
        check(epoch->epoch == i + 1, "epoch %d came as number %d", epoch->epoch, i + 1);
        check(epoch->best == better, "epoch %d: best is %d", i + 1, epoch->best);
        if (better) {
            lowest = epoch->val_loss;
            best = i + 1;
        }
    }
    check(run->result.best.epoch == best && run->result.best.val_loss == lowest,
          "best is epoch %d with %.9g, not %d with %.9g", run->result.best.epoch,
          run->result.best.val_loss, best, lowest);
}

static void test_run_completed(void)
{
    struct run_rig run;
    run_new(&run, 50);
    run.options.epochs = 16;
    run_go(&run);
    check(run.result.stop == TRAIN_COMPLETED, "stopped by %d", run.result.stop);
    check(run.watch.batch_count == 16 * 5, "%d batches", run.watch.batch_count);
    check_epochs(&run, 16);
    check(run.result.best.epoch > 1 && run.result.best.epoch < 14,
          "the data is no test: best epoch %d", run.result.best.epoch);
    check(run.watch.epochs[15].train_loss < 0.5 * run.watch.epochs[0].train_loss &&
              run.watch.epochs[15].train_acc > run.watch.epochs[0].train_acc,
          "nothing was learnt: training loss %g after %g", run.watch.epochs[15].train_loss,
          run.watch.epochs[0].train_loss);
    check(run.result.seconds > 0.0 && run.result.images_per_s > 0.0 &&
              run.watch.epochs[0].images_per_s > 0.0,
          "no time passed");
    check_best_kept(&run);
    run_free(&run);
}

static void test_run_early(void)
{
    for (int patience = 1; patience <= 3; patience += 2) {
        struct run_rig run;
        run_new(&run, 50);
        run.options.epochs = 30;
        run.options.patience = patience;
        run_go(&run);
        int since = 0, want = 0;
        double lowest = HUGE_VAL;
        while (want < run.watch.epoch_count && since < patience) {
            double loss = run.watch.epochs[want++].val_loss;
            since = loss < lowest ? 0 : since + 1;
            lowest = fmin(loss, lowest);
        }
        check(run.result.stop == TRAIN_EARLY && since == patience, "patience %d: stopped by %d",
              patience, run.result.stop);
        check_epochs(&run, want);
        check(run.result.best.epoch == want - patience, "patience %d: best %d, ran %d", patience,
              run.result.best.epoch, want);
        check_best_kept(&run);
        run_free(&run);
    }
}

/* With nothing to validate on, the last weights stay and patience means nothing. */
static void test_run_without_validation(void)
{
    struct run_rig run;
    run_new(&run, 0);
    run.options.epochs = 3;
    run.options.patience = 1;
    run_go(&run);
    check(run.result.stop == TRAIN_COMPLETED && run.result.epochs_run == 3,
          "stopped by %d after %d", run.result.stop, run.result.epochs_run);
    for (int i = 0; i < run.watch.epoch_count; i++)
        check(run.watch.epochs[i].best && run.watch.epochs[i].val_loss == 0.0 &&
                  run.watch.epochs[i].val_acc == 0.0,
              "epoch %d: best %d, loss %g", i + 1, run.watch.epochs[i].best,
              run.watch.epochs[i].val_loss);
    check(run.result.best.epoch == 3, "best %d", run.result.best.epoch);
    check_best_kept(&run);
    run_free(&run);
}

/* a = d a + (1-d) w, with d the decay of 16 steps, or less in the first updates. */
static void average_by_hand(float *average, const float *params, float ema, int updates)
{
    float decay = ema * ema, early = (1.0f + (float)updates) / (10.0f + (float)updates);
    decay *= decay;
    decay *= decay;
    decay *= decay;
    for (int i = 0; i < PARAM_COUNT; i++)
        average[i] += (1.0f - (early < decay ? early : decay)) * (params[i] - average[i]);
}

/* The same by hand: order, learning rates and positions as documented, then network_train. */
static void run_by_hand(struct run_rig *run, int steps)
{
    const struct train_options *options = &run->options;
    struct network *network = &run->rig.network;
    int n = run->split.train_count, batches = (n + options->batch - 1) / options->batch;
    int *order = make((size_t)n, sizeof *order), done = 0;
    float *average = make(PARAM_COUNT, sizeof *average);
    struct batch batch;
    struct error err = {""};
    if (batch_create(&batch, options->batch, &err))
        abort();
    batch.smoothing = options->label_smoothing;
    params_init(average, options->seed);
    network_set_params(network, average);
    for (int epoch = 1; epoch <= options->epochs; epoch++) {
        struct rng rng;
        memcpy(order, run->split.train, (size_t)n * sizeof *order);
        rng_seed(&rng, options->seed, RNG_SHUFFLE, (uint64_t)epoch);
        rng_shuffle(&rng, order, n);
        for (int from = 0; from < n && done < steps; from += options->batch, done++) {
            struct network_step step = {.lr = schedule_rate(options->schedule, options->lr, done,
                                                            (int64_t)options->epochs * batches,
                                                            (int64_t)options->warmup * batches),
                                        .l2 = options->l2,
                                        .dropout = options->dropout,
                                        .seed = options->seed,
                                        .drawn =
                                            (uint64_t)(epoch - 1) * (uint64_t)n + (uint64_t)from};
            batch_fill(&batch, &run->made.dataset, order + from,
                       n - from < options->batch ? n - from : options->batch);
            if (augment_any(&options->augment))
                batch_augment(&batch, &options->augment, options->seed, epoch, order + from,
                              run->rig.team);
            network_train(network, &batch, &step);
            if (done % 16 == 15)
                average_by_hand(average, network->params, options->ema, done / 16);
        }
    }
    if (options->ema > 0.0f)
        network_set_params(network, average);
    free(order);
    free(average);
    batch_destroy(&batch);
}

static void test_run_by_hand(void)
{
    for (int kind = SCHEDULE_CONSTANT; kind <= SCHEDULE_STEP; kind++) {
        struct run_rig run;
        run_new(&run, 0);
        run.options.epochs = 3;
        run.options.schedule = (enum schedule)kind;
        run.options.dropout = 0.2f;
        run.options.l2 = 1e-3f;
        run.options.seed = 4;
        run_go(&run);
        float *params = copy_of(run.rig.network.params, PARAM_COUNT);
        check(run.watch.epochs[1].lr == schedule_rate(run.options.schedule, 1e-3f, 7, 21, 0),
              "epoch 2 started with lr %g", (double)run.watch.epochs[1].lr);
        run_by_hand(&run, 21);
        check_same(schedule_names[kind], params, run.rig.network.params, PARAM_COUNT);
        free(params);
        run_free(&run);
    }
}

/* All that is off unless asked for: augmented images, smoothed labels, a warmup, an average. */
static void test_run_by_hand_extras(void)
{
    static const float decays[] = {0.0f, 0.5f, 0.999f};
    for (size_t i = 0; i < COUNT(decays); i++) {
        struct run_rig run;
        run_new(&run, 0);
        run.options.epochs = 6;
        run.options.warmup = 2;
        run.options.label_smoothing = 0.1f;
        run.options.ema = decays[i];
        run.options.augment = (struct augment){10.0f, 0.1f, 0.2f, 1.5f, 0.8f};
        run_go(&run);
        float *params = copy_of(run.rig.network.params, PARAM_COUNT);
        run_by_hand(&run, 42);
        check_same("extras", params, run.rig.network.params, PARAM_COUNT);
        free(params);
        run_free(&run);
    }
}

static void test_run_asked(void)
{
    struct run_rig run;
    run_new(&run, 50); /* asked in the first epoch: the weights as they are */
    run.watch.stop_epoch = 1;
    run.watch.stop_batch = 3;
    run_go(&run);
    check(run.result.stop == TRAIN_ASKED && run.result.epochs_run == 0 &&
              run.result.best.epoch == 0 && run.watch.epoch_count == 0,
          "stop %d, %d epochs, best %d", run.result.stop, run.result.epochs_run,
          run.result.best.epoch);
    check(run.watch.batch_count == 3, "%d batches", run.watch.batch_count);
    float *params = copy_of(run.rig.network.params, PARAM_COUNT);
    run_by_hand(&run, 3);
    check_same("stopped at once", params, run.rig.network.params, PARAM_COUNT);
    free(params);
    run_free(&run);

    run_new(&run, 50); /* asked later: the best of the whole epochs */
    run.watch.stop_epoch = 4;
    run.watch.stop_batch = 2;
    run_go(&run);
    check(run.result.stop == TRAIN_ASKED && run.watch.batch_count == 17, "stop %d, %d batches",
          run.result.stop, run.watch.batch_count);
    check_epochs(&run, 3);
    check_best_kept(&run);
    run_free(&run);
}

static void test_run_diverged(void)
{
    struct run_rig run;
    run_new(&run, 50);
    run.options.lr = 1e12f;
    run_go(&run);
    check(run.result.stop == TRAIN_DIVERGED, "stopped by %d", run.result.stop);
    check(run.result.diverged_epoch == 1 && run.result.diverged_batch >= 2 &&
              run.result.diverged_batch <= 5 &&
              run.result.diverged_batch == run.watch.batch_count + 1,
          "epoch %d, batch %d after %d good ones", run.result.diverged_epoch,
          run.result.diverged_batch, run.watch.batch_count);
    check(run.result.epochs_run == 0 && run.result.best.epoch == 0, "%d epochs, best %d",
          run.result.epochs_run, run.result.best.epoch);
    run_free(&run);
}

/* A weight that breaks after an epoch is seen in the next batch; one that breaks in the last batch
 * of an epoch, in validation. Either way the best weights come back, if there are any. */
static void diverged_late_case(int after_epoch, int in_epoch, int epoch, int batch)
{
    struct run_rig run;
    run_new(&run, 50);
    run.watch.break_after_epoch = after_epoch;
    run.watch.break_epoch = in_epoch;
    run.watch.break_batch = 5;
    run_go(&run);
    check(run.result.stop == TRAIN_DIVERGED && run.result.diverged_epoch == epoch &&
              run.result.diverged_batch == batch,
          "stop %d at epoch %d, batch %d; want %d, %d", run.result.stop, run.result.diverged_epoch,
          run.result.diverged_batch, epoch, batch);
    check(run.result.epochs_run == epoch - 1 && run.watch.epoch_count == epoch - 1,
          "%d epochs run, %d told", run.result.epochs_run, run.watch.epoch_count);
    if (epoch > 1) {
        check_epochs(&run, epoch - 1);
        check_best_kept(&run);
    } else {
        check(run.result.best.epoch == 0, "epoch %d is the best", run.result.best.epoch);
    }
    run_free(&run);
}

static void test_run_diverged_late(void)
{
    diverged_late_case(2, 0, 3, 1);
    diverged_late_case(0, 3, 3, 5);
    diverged_late_case(0, 1, 1, 5);
}

/* While the weights all but stand still, an epoch's training figures are those of the images: each
 * counts once, also in a short last batch. */
static void test_run_averages(void)
{
    static const int batches[] = {1, 32, 33, 64};
    for (size_t i = 0; i < sizeof batches / sizeof batches[0]; i++) {
        struct run_rig run;
        struct metrics metrics;
        struct error err = {""};
        run_new(&run, 50);
        run.options.epochs = 1;
        run.options.lr = 1e-12f;
        run.options.batch = batches[i];
        run_go(&run);
        const struct train_epoch *epoch = &run.watch.epochs[0];
        check(!network_evaluate(&run.rig.network, &run.made.dataset, run.split.train, 160, &metrics,
                                &err),
              "%s", err.text);
        check(fabs(epoch->train_loss - metrics_loss(&metrics)) <= 1e-6 &&
                  epoch->train_acc == metrics_accuracy(&metrics),
              "batches of %d: loss %.9g, accuracy %g; evaluated %.9g, %g", batches[i],
              epoch->train_loss, epoch->train_acc, metrics_loss(&metrics),
              metrics_accuracy(&metrics));
        check(run.watch.last.loss == epoch->train_loss && run.watch.last.acc == epoch->train_acc,
              "the last batch told %.9g, the epoch %.9g", run.watch.last.loss, epoch->train_loss);
        run_free(&run);
    }
}

static void test_run_seeds(void)
{
    float *params[3];
    for (int i = 0; i < 3; i++) {
        struct run_rig run;
        run_new(&run, 50);
        run.options.epochs = 2;
        run.options.dropout = 0.1f;
        run.options.seed = i < 2 ? 11 : 12;
        run_go(&run);
        params[i] = copy_of(run.rig.network.params, PARAM_COUNT);
        run_free(&run);
    }
    int same = 0;
    check_same("one seed twice", params[0], params[1], PARAM_COUNT);
    for (int i = 0; i < PARAM_COUNT; i++)
        same += params[0][i] == params[2][i];
    check(same < PARAM_COUNT / 100, "two seeds share %d parameters", same);
    for (int i = 0; i < 3; i++)
        free(params[i]);
}

/* No callbacks is allowed, and changes nothing. */
static void test_run_without_callbacks(void)
{
    struct run_rig run;
    struct train_callbacks none = {0};
    struct error err = {""};
    run_new(&run, 50);
    run.options.epochs = 2;
    run_go(&run);
    float *params = copy_of(run.rig.network.params, PARAM_COUNT);
    train_result_free(&run.result);
    check(!train_run(&run.result, &run.rig.network, &run.made.dataset, &run.split, &run.options,
                     NULL, &none, &err),
          "%s", err.text);
    check(run.result.stop == TRAIN_COMPLETED && run.result.epochs_run == 2, "stopped by %d",
          run.result.stop);
    check_same("without callbacks", run.rig.network.params, params, PARAM_COUNT);
    free(params);
    run_free(&run);
}

/* Runs on from the state kept after some epoch, in a new network with other threads. */
static void check_resumed(struct run_rig *whole, const struct train_state *from)
{
    struct rig rig;
    struct error err = {""};
    struct watch watch = {0};
    struct train_result result;
    struct train_callbacks callbacks = {NULL, watch_epoch, &watch};
    rig_new(&rig, 3, 64, kernel_set(1));
    watch.network = &rig.network;
    watch.best = make(PARAM_COUNT, sizeof(float));
    watch.keep_epoch = whole->result.epochs_run;
    check(!train_run(&result, &rig.network, &whole->made.dataset, &whole->split, &whole->options,
                     from, &callbacks, &err),
          "%s", err.text);
    check(result.stop == whole->result.stop && result.epochs_run == whole->result.epochs_run &&
              result.best.epoch == whole->result.best.epoch,
          "from epoch %d: stopped by %d after %d epochs, best %d", from->epochs_run, result.stop,
          result.epochs_run, result.best.epoch);
    check_same("resumed", rig.network.params, whole->rig.network.params, PARAM_COUNT);
    for (int e = 0; watch.kept.history && e < result.epochs_run; e++)
        check(watch.kept.history[e].val_loss == whole->watch.epochs[e].val_loss &&
                  watch.kept.history[e].train_loss == whole->watch.epochs[e].train_loss &&
                  watch.kept.history[e].best == whole->watch.epochs[e].best,
              "from epoch %d: the history of epoch %d differs", from->epochs_run, e + 1);
    train_result_free(&result);
    free(watch.best);
    state_free(&watch.kept);
    rig_free(&rig);
}

static void resumed_case(const struct train_options *options, int val, int keep)
{
    struct run_rig run;
    run_new(&run, val);
    run.options = *options;
    run.watch.keep_epoch = keep;
    run_go(&run);
    if (check(run.watch.kept.params != NULL, "no epoch %d", keep))
        check_resumed(&run, &run.watch.kept);
    run_free(&run);
}

/* Interrupted after any epoch, a run that goes on ends with the same bytes. */
static void test_run_resumed(void)
{
    struct train_options options = {
        .epochs = 7, .batch = 33, .lr = 1e-3f, .val = 50, .schedule = SCHEDULE_COSINE, .seed = 3};
    for (int keep = 1; keep <= 7; keep += 2)
        resumed_case(&options, 50, keep);
    options.dropout = 0.2f;
    options.warmup = 3;
    options.label_smoothing = 0.1f;
    options.ema = 0.9f;
    options.augment = (struct augment){10.0f, 0.1f, 0.2f, 1.5f, 0.8f};
    for (int keep = 2; keep <= 6; keep += 2) {
        resumed_case(&options, 50, keep);
        resumed_case(&options, 0, keep);
    }
}

/* A run that had run out of patience does nothing more. */
static void test_run_resumed_early(void)
{
    struct run_rig run;
    run_new(&run, 50);
    run.options.epochs = WATCH_EPOCHS;
    run.options.patience = 2;
    run_go(&run);
    int epochs = run.result.epochs_run;
    check(run.result.stop == TRAIN_EARLY, "stopped by %d", run.result.stop);
    run.watch.epoch_count = 0;
    run.watch.keep_epoch = epochs;
    run_go(&run);
    if (check(run.watch.kept.params != NULL, "no epoch %d", epochs))
        check_resumed(&run, &run.watch.kept);
    run_free(&run);
}

/* What on_epoch says is what train_run says. */
static void test_run_told_to_fail(void)
{
    struct run_rig run;
    struct error err = {""};
    run_new(&run, 50);
    run.watch.fail_epoch = 2;
    struct train_callbacks callbacks = {watch_batch, watch_epoch, &run.watch};
    int failed = train_run(&run.result, &run.rig.network, &run.made.dataset, &run.split,
                           &run.options, NULL, &callbacks, &err);
    check_refused(failed, &err, "told to fail", "on_epoch");
    check(run.result.epochs_run == 2, "%d epochs", run.result.epochs_run);
    run_free(&run);
}

TEST_LIST(tests_net, {"kernels: first layer from pixels", test_pixels_forward},
          {"kernels: the halves of the pixels joined", test_pixels_join},
          {"kernels: dense layer", test_dense_forward},
          {"kernels: gradient through a dense layer", test_dense_backward},
          {"kernels: update of the first layer", test_pixels_update},
          {"kernels: update of a dense layer", test_dense_update},
          {"kernels: update of biases", test_bias_update},
          {"softmax: random logits", test_softmax_random},
          {"softmax: extreme logits", test_softmax_extreme},
          {"softmax: values known by heart", test_softmax_known},
          {"softmax: NaN gives a NaN loss", test_softmax_nan},
          {"kernels: NaN passes through", test_nan_kernels},
          {"network: NaN shows in the loss", test_nan_network},
          {"gradient: every parameter", test_gradient},
          {"gradient: every parameter under dropout", test_gradient_dropout},
          {"gradient: every parameter with L2, biases without", test_gradient_l2},
          {"gradient: of a batch, the mean of its samples'", test_gradient_mean},
          {"adam: ten steps by the paper", test_adam_steps},
          {"adam: first and late steps", test_adam_facts},
          {"adam: tiny numbers are zero", test_adam_flush},
          {"schedule: constant", test_schedule_constant},
          {"schedule: cosine", test_schedule_cosine}, {"schedule: step", test_schedule_step},
          {"schedule: warmup", test_schedule_warmup}, {"schedule: names", test_schedule_names},
          {"metrics: argmax and ties", test_argmax}, {"metrics: a worked example", test_metrics},
          {"metrics: no samples", test_metrics_empty},
          {"metrics: long sums", test_metrics_long_sum}, {"metrics: calibration", test_calibration},
          {"metrics: coverage at a risk", test_coverage},
          {"params: the table tiles the block", test_params_table},
          {"params: initial values", test_params_init}, {"params: seeds", test_params_seed},
          {"network: setting parameters starts afresh", test_set_params},
          {"network: predicts what training computes", test_predict},
          {"network: predicting leaves no trace", test_predict_is_silent},
          {"network: evaluation", test_evaluate},
          {"network: same training for any threads and kernels", test_train_threads},
          {"network: learns a batch by heart", test_overfit},
          {"dropout: share and scale", test_dropout_share_and_scale},
          {"dropout: a function of seed and position", test_dropout_is_a_function},
          {"dropout: random otherwise", test_dropout_is_random},
          {"train: completed, best weights kept", test_run_completed},
          {"train: early stop", test_run_early},
          {"train: no validation images", test_run_without_validation},
          {"train: the same by hand", test_run_by_hand},
          {"train: extras, the same by hand", test_run_by_hand_extras},
          {"train: asked to stop", test_run_asked}, {"train: diverged", test_run_diverged},
          {"train: diverged late", test_run_diverged_late},
          {"train: averages with a short last batch", test_run_averages},
          {"train: seeds", test_run_seeds}, {"train: goes on to the same bytes", test_run_resumed},
          {"train: goes on after its patience", test_run_resumed_early},
          {"train: a callback that fails", test_run_told_to_fail},
          {"train: no callbacks", test_run_without_callbacks});
