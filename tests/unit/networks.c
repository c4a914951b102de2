#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mnist/base/rng.h"
#include "mnist/base/team.h"

#include "networks.h"

const struct kernels *kernel_set(int i)
{
    const struct kernels *kernels = kernels_find(set_names[i]);
    return kernels ? kernels : &kernels_baseline;
}

void *make(size_t count, size_t size)
{
    void *block = calloc(count ? count : 1, size);
    if (!block) {
        printf("# out of memory\n");
        abort();
    }
    return block;
}

float *copy_of(const float *values, int n)
{
    float *copy = make((size_t)n, sizeof *copy);
    memcpy(copy, values, (size_t)n * sizeof *copy);
    return copy;
}

int first_difference(const float *a, const float *b, int n)
{
    for (int i = 0; i < n; i++)
        if (memcmp(a + i, b + i, sizeof *a))
            return i;
    return -1;
}

bool check_same(const char *what, const float *a, const float *b, int n)
{
    int i = first_difference(a, b, n);
    return check(i < 0, "%s: number %d of %d is %.9g in one, %.9g in the other", what, i, n,
                 i < 0 ? 0.0 : (double)a[i], i < 0 ? 0.0 : (double)b[i]);
}

bool check_close(const char *what, const float *got, const double *want, const double *scale, int n,
                 double tolerance)
{
    for (int i = 0; i < n; i++)
        if (!(fabs((double)got[i] - want[i]) <= tolerance * scale[i]))
            return check(false, "%s: number %d of %d is %.9g, not %.9g +- %.2g", what, i, n,
                         (double)got[i], want[i], tolerance * scale[i]);
    return true;
}

struct guarded guarded_new(int length)
{
    struct guarded g = {.length = length};
    g.block = make((size_t)(length + 2 * GUARD), sizeof *g.block);
    g.at = g.block + GUARD;
    for (int i = 0; i < length + 2 * GUARD; i++)
        memcpy(g.block + i, &sentinel, sizeof sentinel);
    return g;
}

bool untouched(const float *values, int n)
{
    for (int i = 0; i < n; i++)
        if (memcmp(values + i, &sentinel, sizeof sentinel))
            return false;
    return true;
}

void check_guards(const char *what, const struct guarded *g)
{
    check(untouched(g->block, GUARD), "%s: written before its begin", what);
    check(untouched(g->at + g->length, GUARD), "%s: written past its end", what);
}

void guarded_free(struct guarded *g)
{
    free(g->block);
    *g = (struct guarded){0};
}

static void made_new(struct made *made, int count)
{
    size_t n = (size_t)count;
    *made = (struct made){.pixels = make(n, INPUTS), .labels = make(n, 1)};
    made->dataset = (struct dataset){.count = count,
                                     .pixels = made->pixels,
                                     .labels = made->labels,
                                     .masks = make(n, IMAGE_WORDS * sizeof(uint64_t))};
}

static void made_masks(struct made *made)
{
    for (int i = 0; i < made->dataset.count; i++)
        for (int p = 0; p < INPUTS; p++)
            if (made->pixels[i * INPUTS + p])
                made->dataset.masks[i * IMAGE_WORDS + p / 64] |= (uint64_t)1 << p % 64;
}

void made_free(struct made *made)
{
    free(made->pixels);
    free(made->labels);
    free(made->dataset.masks);
    *made = (struct made){0};
}

void made_images(struct made *made, int count, enum fill fill, uint64_t seed)
{
    struct rng rng;
    rng_seed(&rng, seed, RNG_SHOW, 1);
    made_new(made, count);
    for (int i = 0; i < count; i++)
        made->labels[i] = (uint8_t)rng_below(&rng, CLASSES);
    for (int i = 0; i < count * INPUTS; i++) {
        uint8_t ink = (uint8_t)rng_below(&rng, 256);
        bool inked = fill == RANDOM || (fill == SPARSE && rng_below(&rng, 5) == 0);
        made->pixels[i] = fill == FULL ? 255 : inked ? ink : 0;
    }
    made_masks(made);
}

void made_classes(struct made *made, int count, float wrong, uint64_t seed)
{
    static uint8_t patterns[CLASSES][INPUTS];
    struct rng rng;
    rng_seed(&rng, seed, RNG_SHOW, 2);
    for (int c = 0; c < CLASSES; c++)
        for (int p = 0; p < INPUTS; p++)
            patterns[c][p] = rng_below(&rng, 6) ? 0 : (uint8_t)(100 + rng_below(&rng, 156));
    made_new(made, count);
    for (int i = 0; i < count; i++) {
        uint32_t c = rng_below(&rng, CLASSES);
        for (int p = 0; p < INPUTS; p++) {
            uint8_t *pixel = made->pixels + i * INPUTS + p;
            *pixel = rng_uniform(&rng) < 0.4f ? 0 : patterns[c][p];
            if (rng_uniform(&rng) < 0.04f)
                *pixel = (uint8_t)rng_below(&rng, 256);
        }
        made->labels[i] = (uint8_t)(rng_uniform(&rng) < wrong ? rng_below(&rng, CLASSES) : c);
    }
    made_masks(made);
}

void batch_of(struct batch *batch, const struct made *made, int from, int size)
{
    struct error err = {""};
    int indices[128];
    for (int i = 0; i < size; i++)
        indices[i] = from + i;
    if (batch_create(batch, size, &err)) {
        printf("# %s\n", err.text);
        abort();
    }
    batch_fill(batch, &made->dataset, indices, size);
}

void rig_new(struct rig *rig, int threads, int capacity, const struct kernels *kernels)
{
    struct error err = {""};
    rig->team = team_create(threads, &err);
    if (!rig->team || network_create(&rig->network, capacity, rig->team, &err)) {
        printf("# %s\n", err.text);
        abort();
    }
    rig->network.kernels = kernels;
}

void rig_free(struct rig *rig)
{
    network_destroy(&rig->network);
    team_destroy(rig->team);
}

void params_of(float *params, uint64_t seed)
{
    struct rng rng;
    params_init(params, seed);
    rng_seed(&rng, seed, RNG_SHOW, 3);
    for (int t = 0; t < PARAM_TENSORS; t++)
        if (!PARAM_IS_WEIGHT(&param_table[t]))
            for (int i = 0; i < param_table[t].cols; i++)
                params[param_table[t].offset + i] = 0.1f * rng_normal(&rng);
}

void check_transposes(const struct network *network)
{
    const float *w = network->params;
    int wrong = 0;
    for (int k = 0; k < HIDDEN1; k++)
        for (int n = 0; n < HIDDEN2; n++)
            wrong += !(network->fc2_t[n * HIDDEN1 + k] == w[FC2_WEIGHT + k * HIDDEN2 + n]);
    for (int k = 0; k < HIDDEN2; k++)
        for (int n = 0; n < CLASSES; n++)
            wrong += !(network->fc3_t[n * HIDDEN2 + k] == w[FC3_WEIGHT + k * CLASSES + n]);
    check(wrong == 0, "%d weights differ in the transposed copies", wrong);
}

struct scene *scene_new(void)
{
    struct error err;
    struct rng rng;
    struct scene *s = calloc(1, sizeof *s);
    if (!s)
        abort();
    rng_seed(&rng, 5, RNG_INIT, 1);
    for (int i = 0; i < SCENE_IMAGES * IMAGE_PIXELS; i++)
        s->pixels[i] = rng_below(&rng, 4) ? 0 : (uint8_t)rng_below(&rng, 256);
    for (int i = 0; i < SCENE_IMAGES; i++) {
        s->labels[i] = (uint8_t)(i % 9);
        image_mask(s->masks + (size_t)i * IMAGE_WORDS, s->pixels + (size_t)i * IMAGE_PIXELS);
    }
    s->dataset = (struct dataset){
        .count = SCENE_IMAGES, .pixels = s->pixels, .labels = s->labels, .masks = s->masks};
    params_init(s->params, 3);
    for (int i = 0; i < HIDDEN1; i++)
        s->params[FC1_BIAS + i] = rng_normal(&rng) * 0.1f;
    s->team = team_create(2, &err);
    if (!s->team || network_create(&s->network, 0, s->team, &err))
        abort();
    network_set_params(&s->network, s->params);
    return s;
}

void scene_free(struct scene *s)
{
    network_destroy(&s->network);
    team_destroy(s->team);
    free(s);
}
