/* Checks every kernel: the reference against double precision, and all others against the reference
 * bit by bit. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mnist/base/rng.h"
#include "mnist/data/batch.h"
#include "mnist/net/adam.h"
#include "mnist/net/kernels.h"
#include "mnist/net/params.h"

#include "../networks.h"
#include "../test.h"

/* --- memory, made-up values, comparing --- */

/* Floats rounded one after the other lose about sqrt(terms) × 2^-24 of the sum of their sizes. */
static const double rounding = 2e-6;

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

/* --- made-up images --- */

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

/* What one call of a forward kernel must give. */
struct forward_case {
    char what[96];
    int B, K, N;
    const float *x, *W, *b;
    const struct batch *batch; /* instead of x and b */
    int half;                  /* which half of the batch's pixels */
    bool relu;
    double *want, *scale;
    float *exact; /* what the first kernel set gives */
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

TEST(pixels_forward, "kernels: first layer from pixels")
{
    for (int i = 0; i < SIZES; i++)
        for (int fill = 0; fill < FILLS; fill++)
            for (int half = 0; half < HALVES; half++)
                pixels_forward_case((enum fill)fill, sizes[i], half);
}

TEST(pixels_join, "kernels: the halves of the pixels joined")
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

TEST(dense_forward, "kernels: dense layer")
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
    struct guarded dy = guarded_values(B * N, fill, 32), exact = guarded_new(B * K);
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

TEST(dense_backward, "kernels: gradient through a dense layer")
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

/* One call of an update kernel: what it starts from and what it must give, in the order W, m, v. */
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

/* Checks that rows from … to-1 of W are the columns of WT, and no other column was written. */
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

TEST(pixels_update, "kernels: update of the first layer")
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

TEST(dense_update, "kernels: update of a dense layer")
{
    for (int i = 0; i < SIZES; i++)
        for (int fill = 0; fill < FILLS; fill++)
            for (int shape = 0; shape < SHAPES; shape++)
                dense_update_case((enum fill)fill, sizes[i], shapes[shape].K, shapes[shape].N);
}

TEST(bias_update, "kernels: update of biases")
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

/* p, its allowed error, and the loss for targets t. z minus the largest z is rounded, so p loses
 * 2^-24 of that; a p that is not a normal float may be 0. */
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

TEST(softmax_random, "softmax: random logits")
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
                /* Every other row is smoothed: targets need not be one-hot. */
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

TEST(softmax_extreme, "softmax: extreme logits")
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

TEST(softmax_known, "softmax: values known by heart")
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

TEST(softmax_nan, "softmax: NaN gives a NaN loss")
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

TEST(nan_kernels, "kernels: NaN passes through")
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
