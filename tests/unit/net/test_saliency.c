/* The mean gradient of the logit of each image's class, by the chain rule in double precision. */
#include <math.h>
#include <string.h>

#include "mnist/net/network.h"
#include "mnist/net/params.h"
#include "mnist/net/saliency.h"

#include "../networks.h"
#include "../test.h"

/* to[k] = sum_n W[k][n] dy[n] where x[k] > 0, W (K,N). */
static void back(double *to, const float *W, const double *dy, const double *x, int K, int N)
{
    for (int k = 0; k < K; k++) {
        to[k] = 0.0;
        for (int n = 0; n < N && (!x || x[k] > 0.0); n++)
            to[k] += (double)W[k * N + n] * dy[n];
    }
}

/* y[n] = max(0, sum_k x[k] W[k][n] + b[n]). */
static void ahead(double *y, const float *W, const float *b, const double *x, int K, int N)
{
    for (int n = 0; n < N; n++) {
        y[n] = (double)b[n];
        for (int k = 0; k < K; k++)
            y[n] += x[k] * (double)W[k * N + n];
        y[n] = y[n] > 0.0 ? y[n] : 0.0;
    }
}

/* Adds an image's gradient of its class's logit against the mean of all, by the chain rule. */
static void add_gradient(double *sum, const struct scene *s, int image)
{
    double x[INPUTS], a1[HIDDEN1], a2[HIDDEN2], d3[CLASSES], d2[HIDDEN2], d1[HIDDEN1], d0[INPUTS];
    for (int p = 0; p < INPUTS; p++)
        x[p] = s->pixels[image * INPUTS + p] / 255.0;
    ahead(a1, s->params + FC1_WEIGHT, s->params + FC1_BIAS, x, INPUTS, HIDDEN1);
    ahead(a2, s->params + FC2_WEIGHT, s->params + FC2_BIAS, a1, HIDDEN1, HIDDEN2);
    for (int c = 0; c < CLASSES; c++)
        d3[c] = (c == s->labels[image]) - 0.1;
    back(d2, s->params + FC3_WEIGHT, d3, a2, HIDDEN2, CLASSES);
    back(d1, s->params + FC2_WEIGHT, d2, a1, HIDDEN1, HIDDEN2);
    back(d0, s->params + FC1_WEIGHT, d1, NULL, INPUTS, HIDDEN1);
    for (int p = 0; p < INPUTS; p++)
        sum[p] += d0[p];
}

TEST(saliency, "saliency: the chain rule by hand")
{
    struct scene *s = scene_new();
    struct error err;
    static float saliency[CLASSES * INPUTS];
    memset(saliency, 0xff, sizeof saliency);
    check(!saliency_of_classes(&s->network, &s->dataset, saliency, &err), "%s", err.text);
    for (int c = 0; c < CLASSES; c++) {
        double wanted[INPUTS] = {0}, off = 0.0, largest = 0.0;
        for (int i = 0; i < SCENE_IMAGES; i++)
            if (s->labels[i] == c)
                add_gradient(wanted, s, i);
        for (int p = 0; p < INPUTS; p++) {
            double w = wanted[p] / (SCENE_IMAGES / 9);
            off = fmax(off, fabs((double)saliency[c * INPUTS + p] - w));
            largest = fmax(largest, fabs(w));
        }
        check(off <= 1e-6, "digit %d: %g off", c, off);
        check(c == 9 ? largest <= 0.0 : largest > 0.05, "digit %d: %g at the most", c, largest);
    }
    scene_free(s);
}
