#include "mnist/data/batch.h"

#include <string.h>

#include "mnist/base/memory.h"

#define VALUE_OF_4(i) (i) / 255.0f, ((i) + 1) / 255.0f, ((i) + 2) / 255.0f, ((i) + 3) / 255.0f
#define VALUE_OF_16(i) VALUE_OF_4(i), VALUE_OF_4((i) + 4), VALUE_OF_4((i) + 8), VALUE_OF_4((i) + 12)
#define VALUE_OF_64(i) \
    VALUE_OF_16(i), VALUE_OF_16((i) + 16), VALUE_OF_16((i) + 32), VALUE_OF_16((i) + 48)

const float batch_value[256] = {VALUE_OF_64(0), VALUE_OF_64(64), VALUE_OF_64(128),
                                VALUE_OF_64(192)};

int batch_create(struct batch *batch, int capacity, struct error *err)
{
    size_t n = (size_t)capacity;
    *batch = (struct batch){.capacity = capacity};
    batch->pixels = mem_alloc(n, sizeof *batch->pixels, err);
    batch->masks = mem_alloc(n, sizeof *batch->masks, err);
    batch->targets = mem_alloc(n, IMAGE_CLASSES * sizeof *batch->targets, err);
    batch->augmented = mem_alloc(n, IMAGE_PIXELS, err);
    batch->augmented_masks = mem_alloc(n, IMAGE_WORDS * sizeof *batch->augmented_masks, err);
    if (batch->pixels && batch->masks && batch->targets && batch->augmented &&
        batch->augmented_masks)
        return 0;
    batch_destroy(batch);
    return -1;
}

void batch_destroy(struct batch *batch)
{
    mem_free(batch->pixels);
    mem_free(batch->masks);
    mem_free(batch->targets);
    mem_free(batch->augmented);
    mem_free(batch->augmented_masks);
    *batch = (struct batch){0};
}

void batch_fill(struct batch *batch, const struct dataset *dataset, const int *indices, int size)
{
    const float classes = IMAGE_CLASSES;
    float others = batch->smoothing / classes, whole = 1.0f - batch->smoothing + others;
    batch->size = size;
    for (int b = 0; b < size; b++) {
        size_t i = (size_t)indices[b];
        batch->pixels[b] = dataset->pixels + i * IMAGE_PIXELS;
        batch->masks[b] = dataset->masks + i * IMAGE_WORDS;
        float *target = batch->targets + b * IMAGE_CLASSES;
        for (int c = 0; c < IMAGE_CLASSES; c++)
            target[c] = others;
        if (dataset->labels)
            target[dataset->labels[i]] = whole;
    }
}

struct augmentation {
    struct batch *batch;
    const struct augment *augment;
    uint64_t seed;
    int epoch;
    const int *indices;
};

enum { CHUNK = 16 }; /* images that one task augments */

/* Asks for an image before it is needed: a shuffled batch comes from all over memory. */
static void fetch(const uint8_t *pixels)
{
    for (int i = 0; i < IMAGE_PIXELS; i += 64)
        __builtin_prefetch(pixels + i);
}

static void augment_task(void *context, int task)
{
    const struct augmentation *job = context;
    struct batch *batch = job->batch;
    int from = task * CHUNK, to = from + CHUNK < batch->size ? from + CHUNK : batch->size;
    for (int b = from; b < to; b++) {
        uint8_t *pixels = batch->augmented + (size_t)b * IMAGE_PIXELS;
        if (b + 1 < to)
            fetch(batch->pixels[b + 1]);
        uint64_t *mask = batch->augmented_masks + (size_t)b * IMAGE_WORDS;
        augment_image(pixels, batch->pixels[b], job->augment, job->seed, job->epoch,
                      job->indices[b]);
        image_mask(mask, pixels);
        batch->pixels[b] = pixels;
        batch->masks[b] = mask;
    }
}

void batch_augment(struct batch *batch, const struct augment *augment, uint64_t seed, int epoch,
                   const int *indices, struct team *team)
{
    struct augmentation job = {batch, augment, seed, epoch, indices};
    team_run(team, (batch->size + CHUNK - 1) / CHUNK, augment_task, &job);
}
