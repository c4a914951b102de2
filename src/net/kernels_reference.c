/* The network as the textbook writes it. Read this file first: the fast kernels compute the same
 * bits. */
#include <assert.h>
#include <string.h>

#include "mnist/base/arithmetic.h"
#include "mnist/base/rmath.h"
#include "mnist/data/batch.h"
#include "mnist/net/adam.h"
#include "mnist/net/kernels.h"

/* Lets NaN through, so that a diverged network cannot hide behind its ReLUs. */
static float relu_of(float z)
{
    return z < 0.0f ? 0.0f : z;
}

static void pixels_forward(float *z, const struct batch *x, const float *W, int half, int from,
                           int to)
{
    for (int s = from; s < to; s++) {
        memset(z + s * HIDDEN1, 0, HIDDEN1 * sizeof *z);
        for (int p = HALF_BEGIN(half); p < HALF_END(half); p++) {
            float pixel = batch_value[x->pixels[s][p]];
            if (pixel > 0.0f)
                for (int n = 0; n < HIDDEN1; n++)
                    z[s * HIDDEN1 + n] += pixel * W[p * HIDDEN1 + n];
        }
    }
}

static void pixels_join(float *restrict y, const float *restrict upper, const float *restrict lower,
                        const float *restrict b, int B)
{
    for (int i = 0; i < B * HIDDEN1; i++)
        y[i] = relu_of((upper[i] + lower[i]) + b[i % HIDDEN1]);
}

static void dense_forward(float *restrict y, const float *restrict x, const float *restrict W,
                          const float *restrict b, int B, int K, int N, bool relu)
{
    memset(y, 0, (size_t)(B * N) * sizeof *y);
    for (int s = 0; s < B; s++) {
        for (int k = 0; k < K; k++)
            for (int n = 0; n < N; n++)
                y[s * N + n] += x[s * K + k] * W[k * N + n];
        for (int n = 0; n < N; n++) {
            y[s * N + n] += b[n];
            if (relu)
                y[s * N + n] = relu_of(y[s * N + n]);
        }
    }
}

static void softmax(float *restrict p, float *restrict loss, const float *restrict z,
                    const float *restrict t, int B)
{
    for (int s = 0; s < B; s++) {
        const float *logits = z + s * CLASSES;
        float largest = logits[0], sum = 0.0f;
        for (int c = 1; c < CLASSES; c++)
            largest = logits[c] > largest ? logits[c] : largest;
        for (int c = 0; c < CLASSES; c++) {
            p[s * CLASSES + c] = rmath_exp(logits[c] - largest);
            sum += p[s * CLASSES + c];
        }
        float log_sum = rmath_log(sum);
        loss[s] = 0.0f;
        for (int c = 0; c < CLASSES; c++) {
            p[s * CLASSES + c] /= sum;
            loss[s] += t[s * CLASSES + c] * (log_sum - (logits[c] - largest));
        }
    }
}

static void dense_backward(float *restrict dx, const float *restrict dy, const float *restrict WT,
                           const float *restrict x, float scale, int B, int K, int N)
{
    memset(dx, 0, (size_t)(B * K) * sizeof *dx);
    for (int s = 0; s < B; s++) {
        for (int n = 0; n < N; n++)
            for (int k = 0; k < K; k++)
                dx[s * K + k] += dy[s * N + n] * WT[n * K + k];
        for (int k = 0; k < K; k++)
            dx[s * K + k] = x[s * K + k] > 0.0f ? dx[s * K + k] * scale : 0.0f;
    }
}

static void pixels_update(float *W, float *m, float *v, const struct batch *x, const float *dy,
                          const struct adam_step *step, int from, int to)
{
    for (int p = from; p < to; p++) {
        float dW[HIDDEN1] = {0};
        for (int s = 0; s < x->size; s++) {
            float pixel = batch_value[x->pixels[s][p]];
            if (pixel > 0.0f)
                for (int n = 0; n < HIDDEN1; n++)
                    dW[n] += pixel * dy[s * HIDDEN1 + n];
        }
        for (int n = 0; n < HIDDEN1; n++) {
            int i = p * HIDDEN1 + n;
            adam_update(&W[i], &m[i], &v[i], dW[n], step);
        }
    }
}

static void dense_update(float *W, float *m, float *v, float *WT, const float *x, const float *dy,
                         const struct adam_step *step, int B, int K, int N, int from, int to)
{
    assert(N <= HIDDEN1);
    for (int k = from; k < to; k++) {
        float dW[HIDDEN1] = {0};
        for (int s = 0; s < B; s++)
            for (int n = 0; n < N; n++)
                dW[n] += x[s * K + k] * dy[s * N + n];
        for (int n = 0; n < N; n++) {
            int i = k * N + n;
            adam_update(&W[i], &m[i], &v[i], dW[n], step);
            WT[n * K + k] = W[i];
        }
    }
}

static void bias_update(float *b, float *m, float *v, const float *dy, const struct adam_step *step,
                        int B, int N)
{
    for (int n = 0; n < N; n++) {
        float db = 0.0f;
        for (int s = 0; s < B; s++)
            db += dy[s * N + n];
        adam_update(&b[n], &m[n], &v[n], db, step);
    }
}

const struct kernels kernels_reference = {
    .name = "reference",
    .fault = arithmetic_fault,
    .pixels_forward = pixels_forward,
    .pixels_join = pixels_join,
    .dense_forward = dense_forward,
    .softmax = softmax,
    .dense_backward = dense_backward,
    .pixels_update = pixels_update,
    .dense_update = dense_update,
    .bias_update = bias_update,
};
