#include "mnist/batch.h"

#include <string.h>

#include "mnist/memory.h"

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
    if (batch->pixels && batch->masks && batch->targets)
        return 0;
    batch_destroy(batch);
    return -1;
}

void batch_destroy(struct batch *batch)
{
    mem_free(batch->pixels);
    mem_free(batch->masks);
    mem_free(batch->targets);
    *batch = (struct batch){0};
}

void batch_fill(struct batch *batch, const struct dataset *dataset, const int *indices, int size)
{
    batch->size = size;
    for (int b = 0; b < size; b++) {
        size_t i = (size_t)indices[b];
        batch->pixels[b] = dataset->pixels + i * IDX_PIXELS;
        batch->masks[b] = dataset->masks + i * MASK_WORDS;
        float *target = batch->targets + b * IDX_CLASSES;
        memset(target, 0, IDX_CLASSES * sizeof *target);
        target[dataset->labels[i]] = 1.0f;
    }
}
