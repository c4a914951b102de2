#include <math.h>
#include <stdio.h>

#include "mnist/base/arithmetic.h"
#include "mnist/base/rmath.h"
#include "mnist/data/batch.h"
#include "mnist/net/adam.h"
#include "mnist/net/kernels.h"
#include "mnist/net/params.h"
#include "mnist/net/proof.h"

#include "../test.h"

TEST(proof_holds, "proof: holds for all kernels")
{
    struct error err = {""};
    for (int i = 0; kernels_names[i]; i++) {
        const struct kernels *kernels = kernels_find(kernels_names[i]);
        if (kernels)
            check(!proof_check(kernels, &err), "%s: %s", kernels_names[i], err.text);
    }
    check(!arithmetic_fault() && !rmath_fault(), "a fault in this build's own arithmetic");
}

static const char *some_fault(void)
{
    return "-fsome-flag";
}

/* Kernels with one number off by one bit, each in a different function of the table. */
static void wrong_pixels_forward(float *z, const struct batch *x, const float *W, int half,
                                 int from, int to)
{
    kernels_reference.pixels_forward(z, x, W, half, from, to);
    z[to * HIDDEN1 - 1] = nextafterf(z[to * HIDDEN1 - 1], 9.0f);
}

static void wrong_join(float *restrict y, const float *restrict upper, const float *restrict lower,
                       const float *restrict b, int B)
{
    kernels_reference.pixels_join(y, upper, lower, b, B);
    y[0] = -0.0f;
}

static void wrong_dense(float *restrict y, const float *restrict x, const float *restrict W,
                        const float *restrict b, int B, int K, int N, bool relu)
{
    kernels_reference.dense_forward(y, x, W, b, B, K, N, relu);
    y[B * N - 1] = nextafterf(y[B * N - 1], 9.0f);
}

static void wrong_softmax(float *restrict p, float *restrict loss, const float *restrict z,
                          const float *restrict t, int B)
{
    kernels_reference.softmax(p, loss, z, t, B);
    loss[B - 1] = nextafterf(loss[B - 1], 9.0f);
}

static void wrong_backward(float *restrict dx, const float *restrict dy, const float *restrict WT,
                           const float *restrict x, float scale, int B, int K, int N)
{
    kernels_reference.dense_backward(dx, dy, WT, x, scale, B, K, N);
    dx[0] = nextafterf(dx[0], 9.0f);
}

static void wrong_pixels_update(float *W, float *m, float *v, const struct batch *x,
                                const float *dy, const struct adam_step *step, int from, int to)
{
    kernels_reference.pixels_update(W, m, v, x, dy, step, from, to);
    v[to * HIDDEN1 - 1] = nextafterf(v[to * HIDDEN1 - 1], 9.0f);
}

static void wrong_update(float *W, float *m, float *v, float *WT, const float *x, const float *dy,
                         const struct adam_step *step, int B, int K, int N, int from, int to)
{
    kernels_reference.dense_update(W, m, v, WT, x, dy, step, B, K, N, from, to);
    m[0] = nextafterf(m[0], 9.0f);
}

static void wrong_bias(float *b, float *m, float *v, const float *dy, const struct adam_step *step,
                       int B, int N)
{
    kernels_reference.bias_update(b, m, v, dy, step, B, N);
    b[N - 1] = nextafterf(b[N - 1], 9.0f);
}

TEST(proof_fails, "proof: sees one wrong bit of each kernel")
{
    struct kernels wrong[9];
    struct error err = {""};
    for (size_t i = 0; i < COUNT(wrong); i++)
        wrong[i] = kernels_reference;
    wrong[0].pixels_forward = wrong_pixels_forward;
    wrong[1].pixels_join = wrong_join;
    wrong[2].dense_forward = wrong_dense;
    wrong[3].softmax = wrong_softmax;
    wrong[4].dense_backward = wrong_backward;
    wrong[5].pixels_update = wrong_pixels_update;
    wrong[6].dense_update = wrong_update;
    wrong[7].bias_update = wrong_bias;
    wrong[8].fault = some_fault;
    for (size_t i = 0; i < 8; i++) {
        char what[32];
        snprintf(what, sizeof what, "kernel %zu", i);
        check_refused(proof_check(&wrong[i], &err), &err, "kernels give other results", what);
    }
    check_refused(proof_check(&wrong[8], &err), &err, "was compiled with -fsome-flag", "a flag");
}
