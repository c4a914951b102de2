/* What the tests of networks share: made-up images and values, guarded arrays, networks with their
 * threads. */
#ifndef NETWORKS_H
#define NETWORKS_H

#include <stdint.h>

#include "mnist/data/batch.h"
#include "mnist/data/dataset.h"
#include "mnist/data/image.h"
#include "mnist/net/kernels.h"
#include "mnist/net/network.h"
#include "mnist/net/params.h"

#include "test.h"

/* The kernel sets under test; all others must equal the first. If the processor lacks one, the
 * baseline takes its place. */
static const char *const set_names[] = {"reference", "baseline", "avx2", "avx512"};

enum { SETS = sizeof set_names / sizeof set_names[0] };

const struct kernels *kernel_set(int i);

void *make(size_t count, size_t size);

float *copy_of(const float *values, int n);

/* The first i where two arrays differ in their bits; -1 if none. */
int first_difference(const float *a, const float *b, int n);

bool check_same(const char *what, const float *a, const float *b, int n);

/* Checks that got[i] is within tolerance × scale[i] of want[i] for every i. */
bool check_close(const char *what, const float *got, const double *want, const double *scale, int n,
                 double tolerance);

enum fill { RANDOM, SPARSE, EMPTY, FULL, FILLS };

/* An array between two guards, all filled with NaNs of one bit pattern at first: writes outside
 * show in the guards, and what is read outside or never written shows as NaN. A guard holds one row
 * too many, and is not a multiple of a vector's length, as the contract promises no alignment. */
enum { GUARD = HIDDEN1 + 19 };

struct guarded {
    float *block, *at;
    int length;
};

static const uint32_t sentinel = 0x7fc5a5a5;

struct guarded guarded_new(int length);

bool untouched(const float *values, int n);

void check_guards(const char *what, const struct guarded *g);

void guarded_free(struct guarded *g);

struct made {
    struct dataset dataset;
    uint8_t *pixels, *labels;
};

void made_free(struct made *made);

/* Meaningless images; SPARSE ones have ink in a fifth of their pixels, as digits do. */
void made_images(struct made *made, int count, enum fill fill, uint64_t seed);

/* Images that can be learnt: each is its class's pattern with holes and specks. A share `wrong` of
 * the labels is random, so no network can predict them for images it was not trained on. */
void made_classes(struct made *made, int count, float wrong, uint64_t seed);

/* Makes a new batch of `size` images from number `from` on. */
void batch_of(struct batch *batch, const struct made *made, int from, int size);

struct rig {
    struct team *team;
    struct network network;
};

void rig_new(struct rig *rig, int threads, int capacity, const struct kernels *kernels);

void rig_free(struct rig *rig);

/* Initial weights, but with biases that are not 0: otherwise mistakes in them would not show. */
void params_of(float *params, uint64_t seed);

void check_transposes(const struct network *network);

static const int thread_counts[] = {1, 2, 3, 8};

enum { THREAD_COUNTS = sizeof thread_counts / sizeof thread_counts[0] };

enum { SCENE_IMAGES = 45 };

struct scene {
    uint8_t pixels[SCENE_IMAGES * IMAGE_PIXELS], labels[SCENE_IMAGES];
    uint64_t masks[SCENE_IMAGES * IMAGE_WORDS];
    float params[PARAM_COUNT];
    struct dataset dataset;
    struct team *team;
    struct network network;
};

/* Random weights and images; the digits are 0 to 8, so that one class is empty. */
struct scene *scene_new(void);

void scene_free(struct scene *s);

#endif
