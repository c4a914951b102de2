#include "mnist/net/forward.h"

#include <assert.h>

#include "mnist/net/kernels.h"

void forward_batch(struct forward *f, const struct kernels *k, const float *params,
                   const struct batch *batch)
{
    static const float no_targets[FORWARD_CHUNK * CLASSES];
    const float *w = params;
    int B = batch->size;
    assert(B <= FORWARD_CHUNK);
    _Alignas(64) float z1[HALVES][FORWARD_CHUNK * HIDDEN1];
    for (int half = 0; half < HALVES; half++)
        k->pixels_forward(z1[half], batch, w + FC1_WEIGHT, half, 0, B);
    k->pixels_join(f->a1, z1[0], z1[1], w + FC1_BIAS, B);
    k->dense_forward(f->a2, f->a1, w + FC2_WEIGHT, w + FC2_BIAS, B, HIDDEN1, HIDDEN2, true);
    k->dense_forward(f->z3, f->a2, w + FC3_WEIGHT, w + FC3_BIAS, B, HIDDEN2, CLASSES, false);
    k->softmax(f->p, f->loss, f->z3, batch->targets ? batch->targets : no_targets, B);
}

int forward_images(struct forward *f, const struct kernels *k, const float *params,
                   const struct dataset *dataset, const int *indices, int count, int chunk)
{
    int numbers[FORWARD_CHUNK], from = chunk * FORWARD_CHUNK;
    int B = count - from < FORWARD_CHUNK ? count - from : FORWARD_CHUNK;
    const uint8_t *pixels[FORWARD_CHUNK];
    const uint64_t *masks[FORWARD_CHUNK];
    float targets[FORWARD_CHUNK * CLASSES];
    struct batch batch = {
        .capacity = FORWARD_CHUNK, .pixels = pixels, .masks = masks, .targets = targets};
    for (int i = 0; i < B; i++)
        numbers[i] = indices ? indices[from + i] : from + i;
    batch_fill(&batch, dataset, numbers, B);
    forward_batch(f, k, params, &batch);
    return B;
}
