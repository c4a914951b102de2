
#include <math.h>

#include "mnist/base/rng.h"
#include "mnist/net/adam.h"

#include "../test.h"

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

TEST(adam_steps, "adam: ten steps by the paper")
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

TEST(adam_facts, "adam: first and late steps")
{
    struct adam adam;
    adam_init(&adam);
    check(adam.beta1 == 0.9f && adam.beta2 == 0.999f && adam.epsilon == 1e-8f,
          "not the paper's constants: %g %g %g", (double)adam.beta1, (double)adam.beta2,
          (double)adam.epsilon);
    struct adam_step first = adam_next(&adam, 0.01f, 0.0f);
    /* The first step has length lr, however large the gradient. */
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

/* No moment stays below 2^-58, on the way to subnormal numbers: a weight that has no gradient
 * except L2's stops moving. */
TEST(adam_flush, "adam: tiny numbers are zero")
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
