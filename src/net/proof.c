#include "mnist/net/proof.h"

#include <stddef.h>
#include <string.h>

#include "mnist/base/bytes.h"
#include "mnist/base/memory.h"
#include "mnist/base/rmath.h"
#include "mnist/base/rng.h"
#include "mnist/codec/checksum.h"
#include "mnist/data/batch.h"
#include "mnist/net/adam.h"
#include "mnist/net/kernels.h"
#include "mnist/net/params.h"
#include "mnist/net/schedule.h"

/* The checksum of all results below, on every machine. PROOF_NUMBERS rises when it changes. */
static const uint32_t WANTED = 0xc663a778;

/* A batch so small that it takes microseconds: its ink is in the first 64 pixels, and only 16 rows
 * of the weights are updated. */
enum { SAMPLES = 9, INKED = 64, UPDATED = 16 };

/* All results, in the order in which the checksum takes them. */
struct results {
    float normal[8], rate[4], cosine[4];
    uint8_t augmented[INPUTS];
    float z1[SAMPLES * HIDDEN1], a1[SAMPLES * HIDDEN1], a2[SAMPLES * HIDDEN2];
    float z[SAMPLES * CLASSES], p[SAMPLES * CLASSES], loss[SAMPLES];
    float dz2[SAMPLES * HIDDEN2], dz1[SAMPLES * HIDDEN1];
    float W1[3][UPDATED * HIDDEN1], W2[3][UPDATED * HIDDEN2], b1[3][HIDDEN1]; /* and moments */
};

struct proof {
    uint8_t pixels[SAMPLES][INPUTS];
    uint64_t masks[SAMPLES][IMAGE_WORDS];
    const uint8_t *pixels_at[SAMPLES];
    const uint64_t *masks_at[SAMPLES];
    float targets[SAMPLES * CLASSES];
    float W1[UPPER * HIDDEN1], W2[HIDDEN1 * HIDDEN2], W3[HIDDEN2 * CLASSES], bias[HIDDEN1];
    float WT[HIDDEN2 * HIDDEN1], zero[SAMPLES * HIDDEN1];
    struct results results;
};

static void fill(float *values, int count, struct rng *rng)
{
    for (int i = 0; i < count; i++)
        values[i] = rng_uniform(rng) - 0.5f;
}

static void fill_batch(struct proof *proof, struct batch *batch, struct rng *rng)
{
    *batch = (struct batch){.size = SAMPLES,
                            .capacity = SAMPLES,
                            .pixels = proof->pixels_at,
                            .masks = proof->masks_at,
                            .targets = proof->targets};
    for (int s = 0; s < SAMPLES; s++) {
        uint64_t ink = rng_next(rng);
        for (int p = 0; p < INKED; p++)
            proof->pixels[s][p] = ink >> p & 1 ? (uint8_t)(rng_next(rng) | 1) : 0;
        image_mask(proof->masks[s], proof->pixels[s]);
        proof->pixels_at[s] = proof->pixels[s];
        proof->masks_at[s] = proof->masks[s];
        proof->targets[s * CLASSES + s % CLASSES] = 1.0f;
    }
}

/* Computes what kernels do not: random numbers, learning rates, augmentation. */
static void compute_others(struct proof *proof, struct rng *rng)
{
    struct results *r = &proof->results;
    const struct augment augment = {10, 0.1f, 0.2f, 1.5f, 0.8f};
    for (int i = 0; i < 8; i++)
        r->normal[i] = rng_normal(rng);
    for (int i = 0; i < 4; i++) {
        r->rate[i] = schedule_rate(SCHEDULE_COSINE, 3e-3f, 2 * i + 1, 10, 2);
        r->cosine[i] = rmath_cos(r->normal[i]);
    }
    augment_image(r->augmented, proof->pixels[0], &augment, 1, 2, 3);
}

/* Sets the `count` weights or biases to update, with moments as after some steps. */
static void start_update(float *at[3], const float *from, int count)
{
    for (int i = 0; i < count; i++) {
        at[0][i] = from[i];
        at[1][i] = 0.125f * from[i];
        at[2][i] = from[i] * from[i];
    }
}

static void compute_step(struct proof *proof, const struct kernels *k, const struct batch *batch)
{
    struct results *r = &proof->results;
    struct adam adam;
    adam_init(&adam);
    adam_skip(&adam, 4);
    const struct adam_step step = adam_next(&adam, 3e-3f, 3e-4f);
    k->pixels_forward(r->z1, batch, proof->W1, 0, 0, SAMPLES);
    k->pixels_join(r->a1, r->z1, proof->zero, proof->bias, SAMPLES);
    k->dense_forward(r->a2, r->a1, proof->W2, proof->bias, SAMPLES, HIDDEN1, HIDDEN2, true);
    k->dense_forward(r->z, r->a2, proof->W3, proof->bias, SAMPLES, HIDDEN2, CLASSES, false);
    k->softmax(r->p, r->loss, r->z, proof->targets, SAMPLES);
    params_transpose(proof->WT, proof->W3, HIDDEN2, CLASSES);
    k->dense_backward(r->dz2, r->p, proof->WT, r->a2, 1.25f, SAMPLES, HIDDEN2, CLASSES);
    params_transpose(proof->WT, proof->W2, HIDDEN1, HIDDEN2);
    k->dense_backward(r->dz1, r->dz2, proof->WT, r->a1, 1.25f, SAMPLES, HIDDEN1, HIDDEN2);
    start_update((float *[3]){r->W1[0], r->W1[1], r->W1[2]}, proof->W1, UPDATED * HIDDEN1);
    start_update((float *[3]){r->W2[0], r->W2[1], r->W2[2]}, proof->W2, UPDATED * HIDDEN2);
    start_update((float *[3]){r->b1[0], r->b1[1], r->b1[2]}, proof->bias, HIDDEN1);
    k->pixels_update(r->W1[0], r->W1[1], r->W1[2], batch, r->dz1, &step, 0, UPDATED);
    k->dense_update(r->W2[0], r->W2[1], r->W2[2], proof->WT, r->a1, r->dz2, &step, SAMPLES, HIDDEN1,
                    HIDDEN2, 0, UPDATED);
    k->bias_update(r->b1[0], r->b1[1], r->b1[2], r->dz1, &step, SAMPLES, HIDDEN1);
}

/* The same for either byte order: floats are taken as their bits, little-endian. */
static uint32_t checksum(struct results *results)
{
    uint8_t *bytes = (uint8_t *)results;
    size_t first = offsetof(struct results, augmented), last = offsetof(struct results, z1);
    for (size_t i = 0; i + 4 <= sizeof *results; i += 4) {
        uint32_t bits;
        memcpy(&bits, bytes + i, sizeof bits);
        if (i < first || i >= last)
            bytes_put_le32(bytes + i, bits);
    }
    return checksum_crc32(bytes, sizeof *results);
}

int proof_check(const struct kernels *kernels, struct error *err)
{
    const char *flag = kernels->fault();
    if (!flag)
        flag = rmath_fault();
    if (flag)
        return error_set(err,
                         "this program was compiled with %s, and gives other results than every "
                         "other build: compile it without",
                         flag);
    struct proof *proof = mem_calloc(1, sizeof *proof, err);
    if (!proof)
        return -1;
    struct rng rng;
    struct batch batch;
    rng_seed(&rng, 1, RNG_INIT, 1);
    fill(proof->W1, INKED * HIDDEN1, &rng);
    fill(proof->W2, HIDDEN1 * HIDDEN2, &rng);
    fill(proof->W3, HIDDEN2 * CLASSES, &rng);
    fill(proof->bias, HIDDEN1, &rng);
    fill_batch(proof, &batch, &rng);
    compute_others(proof, &rng);
    compute_step(proof, kernels, &batch);
    uint32_t found = checksum(&proof->results);
    mem_free(proof);
    if (found != WANTED)
        return error_set(err,
                         "this program's %s kernels give other results than every other build "
                         "(checksum %08x, wanted %08x): compile it without flags that change "
                         "floating-point arithmetic, such as -Ofast or -ffast-math",
                         kernels->name, found, WANTED);
    return 0;
}
