#include "mnist/data/batch.h"

#include <string.h>

#include "mnist/base/memory.h"

void batch_values(float value[256])
{
    for (int i = 0; i < 256; i++)
        value[i] = (float)i / 255.0f;
}

int batch_create(struct batch *batch, int capacity, struct error *err)
{
    size_t n = (size_t)capacity;
    *batch = (struct batch){.capacity = capacity};
    batch_values(batch->value);
    batch->pixels = mem_alloc(n, sizeof *batch->pixels, err);
    batch->masks = mem_alloc(n, sizeof *batch->masks, err);
    batch->targets = mem_alloc(n, IDX_CLASSES * sizeof *batch->targets, err);
    batch->distorted = mem_alloc(n, IDX_PIXELS, err);
    batch->distorted_masks = mem_alloc(n, MASK_WORDS * sizeof *batch->distorted_masks, err);
    if (batch->pixels && batch->masks && batch->targets && batch->distorted &&
        batch->distorted_masks)
        return 0;
    batch_destroy(batch);
    return -1;
}

void batch_destroy(struct batch *batch)
{
    mem_free(batch->pixels);
    mem_free(batch->masks);
    mem_free(batch->targets);
    mem_free(batch->distorted);
    mem_free(batch->distorted_masks);
    *batch = (struct batch){0};
}

void batch_fill(struct batch *batch, const struct dataset *dataset, const int *indices, int size)
{
    float others = batch->smoothing / IDX_CLASSES, whole = 1.0f - batch->smoothing + others;
    batch->size = size;
    for (int b = 0; b < size; b++) {
        size_t i = (size_t)indices[b];
        batch->pixels[b] = dataset->pixels + i * IDX_PIXELS;
        batch->masks[b] = dataset->masks + i * MASK_WORDS;
        float *target = batch->targets + b * IDX_CLASSES;
        for (int c = 0; c < IDX_CLASSES; c++)
            target[c] = others;
        if (dataset->labels)
            target[dataset->labels[i]] = whole;
    }
}

struct distortion {
    struct batch *batch;
    const struct augment *augment;
    uint64_t seed;
    int epoch;
    const int *indices;
};

enum { CHUNK = 16 }; /* images a task distorts */

/* Asks for an image before it is needed: a shuffled batch comes from all over memory. */
static void fetch(const uint8_t *pixels)
{
    for (int i = 0; i < IDX_PIXELS; i += 64)
        __builtin_prefetch(pixels + i);
}

static void distort_task(void *context, int task)
{
    const struct distortion *job = context;
    struct batch *batch = job->batch;
    int from = task * CHUNK, to = from + CHUNK < batch->size ? from + CHUNK : batch->size;
    for (int b = from; b < to; b++) {
        uint8_t *pixels = batch->distorted + (size_t)b * IDX_PIXELS;
        if (b + 1 < to)
            fetch(batch->pixels[b + 1]);
        uint64_t *mask = batch->distorted_masks + (size_t)b * MASK_WORDS;
        augment_image(pixels, batch->pixels[b], job->augment, job->seed, job->epoch,
                      job->indices[b]);
        dataset_mask(mask, pixels);
        batch->pixels[b] = pixels;
        batch->masks[b] = mask;
    }
}

void batch_distort(struct batch *batch, const struct augment *augment, uint64_t seed, int epoch,
                   const int *indices, struct team *team)
{
    struct distortion job = {batch, augment, seed, epoch, indices};
    team_run(team, (batch->size + CHUNK - 1) / CHUNK, distort_task, &job);
}
