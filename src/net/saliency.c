#include "mnist/net/saliency.h"

#include <string.h>

#include "mnist/base/memory.h"
#include "mnist/base/team.h"
#include "mnist/data/dataset.h"
#include "mnist/net/forward.h"
#include "mnist/net/kernels.h"
#include "mnist/net/network.h"

struct job {
    const struct network *network;
    const struct dataset *dataset;
    float *dz1; /* (count,128) */
};

/* The gradient of the logit of each image's class against the mean of all, back to the first layer:
 * step.c has the calculus. */
static void chunk_task(void *context, int chunk)
{
    const struct job *job = context;
    const struct network *n = job->network;
    const uint8_t *labels = job->dataset->labels + (size_t)chunk * FORWARD_CHUNK;
    struct forward f;
    float dz3[FORWARD_CHUNK * CLASSES], dz2[FORWARD_CHUNK * HIDDEN2];
    int B =
        forward_images(&f, n->kernels, n->params, job->dataset, NULL, job->dataset->count, chunk);
    for (int s = 0; s < B; s++)
        for (int c = 0; c < CLASSES; c++)
            dz3[s * CLASSES + c] = (c == labels[s] ? 1.0f : 0.0f) - 1.0f / (float)CLASSES;
    n->kernels->dense_backward(dz2, dz3, n->fc3_t, f.a2, 1.0f, B, HIDDEN2, CLASSES);
    n->kernels->dense_backward(job->dz1 + (size_t)chunk * FORWARD_CHUNK * HIDDEN1, dz2, n->fc2_t,
                               f.a1, 1.0f, B, HIDDEN1, HIDDEN2);
}

/* mean (10,128) = for each class the mean of its images' dz1; 0 for a class without images. */
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

/* The first layer is linear in its pixels, so the mean of the gradients by them is W1 times the
 * mean of the gradients dz1: one product per class, not one per image. */
int saliency_of_classes(const struct network *network, const struct dataset *dataset,
                        float *saliency, struct error *err)
{
    double mean[CLASSES * HIDDEN1];
    float *dz1 = mem_alloc((size_t)dataset->count, HIDDEN1 * sizeof *dz1, err);
    if (!dz1)
        return -1;
    struct job job = {network, dataset, dz1};
    team_run(network->team, forward_chunks(dataset->count), chunk_task, &job);
    class_means(mean, dz1, dataset);
    mem_free(dz1);
    for (int c = 0; c < CLASSES; c++) {
        for (int p = 0; p < INPUTS; p++) {
            const float *w = network->params + FC1_WEIGHT + p * HIDDEN1;
            double sum = 0.0;
            for (int h = 0; h < HIDDEN1; h++)
                sum += (double)w[h] * mean[c * HIDDEN1 + h];
            saliency[c * INPUTS + p] = (float)sum;
        }
    }
    return 0;
}
