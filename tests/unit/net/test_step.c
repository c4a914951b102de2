/* The gradients, by central differences in double precision; dropout; and that the same steps give
 * the same bits. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mnist/base/rng.h"
#include "mnist/data/batch.h"
#include "mnist/net/evaluation.h"
#include "mnist/net/kernels.h"
#include "mnist/net/metrics.h"
#include "mnist/net/network.h"
#include "mnist/net/params.h"
#include "mnist/net/step.h"

#include "../networks.h"
#include "../test.h"

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
    return sum / (double)GRADIENT_B;
}

/* The loss of one sample and which units were active on the way. */
struct nudged {
    double loss;
    bool active1[HIDDEN1], active2[HIDDEN2];
};

/* A single parameter moves one z of one layer (0 to 2); all after it is recomputed. */
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

/* The factor of a parameter in row k of a layer's weights for sample s. */
static double factor(int layer, int s, int k)
{
    if (layer == 0)
        return oracle.x[s][k];
    if (layer == 1)
        return positive(oracle.base.z1[s][k]) * oracle.keep1[s][k];
    return positive(oracle.base.z2[s][k]) * oracle.keep2[s][k];
}

/* Half the distance between the two sides. */
static const double h = 1e-5;

/* Central difference by parameter i of tensor t; false if a ReLU's kink is between the two
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
    *slope = sum / (2.0 * h) / (double)GRADIENT_B;
    return true;
}

/* Compares the shortcut above with the whole pass with the parameter itself moved, for a few
 * parameters of each tensor. */
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

/* slopes (PARAM_COUNT) = those of the mean loss; NaN at a kink. */
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
static void keep_by_hand(double *keep, int n, const struct step *step, uint64_t index)
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

/* The masks that step_run draws, computed from its description alone. */
static void oracle_dropout(const struct step *step)
{
    for (int s = 0; s < GRADIENT_B; s++) {
        uint64_t index = 2 * (step->drawn + (uint64_t)s);
        keep_by_hand(oracle.keep1[s], HIDDEN1, step, index);
        keep_by_hand(oracle.keep2[s], HIDDEN2, step, index + 1);
    }
}

static void oracle_set(const float *params, const struct made *made, const struct step *step)
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

/* Compares one tensor's gradients with the slopes: to 5e-5 of each and 5e-7 of the largest, so that
 * small ones count, too. L2 adds its share to weights, not to biases. */
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
static void gradient_case(const struct step *step, uint64_t seed)
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
        step_run(&rig.network, &batch, step);
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

TEST(gradient, "gradient: every parameter")
{
    gradient_case(&(struct step){.lr = 1e-3f}, 120);
}

TEST(gradient_dropout, "gradient: every parameter under dropout")
{
    gradient_case(&(struct step){.lr = 1e-3f, .dropout = 0.3f, .seed = 7, .drawn = 1000003}, 121);
}

TEST(gradient_l2, "gradient: every parameter with L2, biases without")
{
    gradient_case(&(struct step){.lr = 1e-3f, .l2 = 0.25f}, 122);
}

/* A batch's gradient is the mean of its samples' gradients, wherever they are in it. So what the
 * check of every parameter shows for a few samples holds for many. */
static void gradient_mean_case(const struct made *made, const float *params,
                               const struct kernels *kernels)
{
    const int B = 37;
    struct rig rig;
    struct batch batch;
    double *mean = make(PARAM_COUNT, sizeof *mean), *size = make(PARAM_COUNT, sizeof *size);
    rig_new(&rig, 3, B, kernels);
    for (int s = 0; s <= B; s++) {
        int from = s < B ? s : 0;
        struct step step = {.dropout = 0.25f, .seed = 5, .drawn = 70 + (uint64_t)from};
        network_set_params(&rig.network, params);
        rig.network.adam.beta1 = 0.0f;
        batch_of(&batch, made, from, s < B ? 1 : B);
        step_run(&rig.network, &batch, &step);
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

TEST(gradient_mean, "gradient: of a batch, the mean of its samples'")
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

/* --- many steps --- */

/* Parameters, moments and last losses after 4 steps on batches of 40, 40, 40 and 7. */
static void train_steps(float *params, float *losses, int threads, const struct kernels *kernels,
                        const struct made *made, const float *start)
{
    struct rig rig;
    rig_new(&rig, threads, 40, kernels);
    network_set_params(&rig.network, start);
    for (int i = 0; i < 4; i++) {
        struct batch batch;
        struct step step = {.lr = 1e-2f,
                            .l2 = 1e-3f,
                            .dropout = i % 2 ? 0.2f : 0.0f,
                            .seed = 3,
                            .drawn = 40 * (uint64_t)i};
        int size = i < 3 ? 40 : 7;
        batch_of(&batch, made, i * 40, size);
        step_run(&rig.network, &batch, &step);
        memcpy(losses + i * 40, rig.network.loss, (size_t)size * sizeof *losses);
        batch_destroy(&batch);
    }
    network_get_params(&rig.network, params);
    memcpy(params + PARAM_COUNT, rig.network.m, PARAM_COUNT * sizeof *params);
    memcpy(params + 2 * PARAM_COUNT, rig.network.v, PARAM_COUNT * sizeof *params);
    rig_free(&rig);
}

TEST(train_threads, "step: same training for any threads and kernels")
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
TEST(overfit, "step: learns a batch by heart")
{
    struct made made;
    struct batch batch;
    float *params = make(PARAM_COUNT, sizeof *params);
    made_images(&made, 32, SPARSE, 190);
    batch_of(&batch, &made, 0, 32);
    params_init(params, 190);
    for (int set = 0; set < SETS; set++) {
        struct rig rig;
        struct step step = {.lr = 2e-3f};
        double first = 0.0, last = 0.0;
        int right = 0;
        rig_new(&rig, 2, 32, kernel_set(set));
        network_set_params(&rig.network, params);
        for (int i = 0; i < 150; i++) {
            step_run(&rig.network, &batch, &step);
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

/* --- NaN passes through --- */

/* If the weight at (pixel, unit) is NaN, the loss of each image that has this pixel must be, too; a
 * ReLU must not hide it. */
static void nan_network_case(const struct made *made, float *params, const struct kernels *kernels,
                             int pixel, int unit)
{
    struct rig rig;
    struct batch batch;
    struct step step = {.lr = 1e-3f};
    float *broken = params + FC1_WEIGHT + pixel * HIDDEN1 + unit, kept = *broken, predicted[20];
    *broken = NAN;
    rig_new(&rig, 1, 20, kernels);
    batch_of(&batch, made, 0, 20);
    network_set_params(&rig.network, params);
    evaluation_predict(&rig.network, &made->dataset, NULL, 20, NULL, predicted);
    step_run(&rig.network, &batch, &step);
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

TEST(nan_network, "step: NaN shows in the loss")
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
        struct step step = {.dropout = dropout, .seed = seed, .drawn = drawn + (uint64_t)from};
        int size = DROP_B - from < group ? DROP_B - from : group;
        batch_of(&batch, made, from, size);
        step_run(&rig.network, &batch, &step);
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
    /* High biases: no unit is 0 by itself, so a 0 was dropped. */
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

TEST(dropout_share_and_scale, "dropout: share and scale")
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

/* The mask depends only on seed and position, not on threads or the batches' sizes. */
TEST(dropout_is_a_function, "dropout: a function of seed and position")
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

TEST(dropout_is_random, "dropout: random otherwise")
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
