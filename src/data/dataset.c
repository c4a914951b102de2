#include "mnist/data/dataset.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "mnist/base/format.h"
#include "mnist/base/memory.h"
#include "mnist/base/rng.h"

/* --- finding the files --- */

static bool is_file(const char *path)
{
    struct stat info;
    return !stat(path, &info) && !S_ISDIR(info.st_mode);
}

/* Tries every layout and spelling in use, the plainest first. */
static bool find_file(char path[PATH_MAX], const char *folder, const char *stem, const char *type)
{
    static const char *const layouts[] = {"", "raw/", "MNIST/raw/"};
    static const char *const endings[] = {"", ".gz"};
    for (size_t layout = 0; layout < 3; layout++) {
        for (int spelling = 0; spelling < 4; spelling++) {
            char name[64];
            snprintf(name, sizeof name, "%s%c%s-ubyte%s", stem, spelling & 1 ? '.' : '-', type,
                     endings[spelling >> 1]);
            int length = snprintf(path, PATH_MAX, "%s/%s%s", folder, layouts[layout], name);
            if (length < PATH_MAX && is_file(path))
                return true;
            length = snprintf(path, PATH_MAX, "%s/%s%s/%s", folder, layouts[layout], name, name);
            if (length < PATH_MAX && is_file(path))
                return true;
        }
    }
    return false;
}

static int load_file(struct idx *idx, const char *folder, const char *split, enum idx_kind kind,
                     struct error *err)
{
    char path[PATH_MAX], stem[32];
    const char *type = kind == IDX_IMAGES ? "idx3" : "idx1";
    snprintf(stem, sizeof stem, "%s-%s", split, kind == IDX_IMAGES ? "images" : "labels");
    if (!find_file(path, folder, stem, type))
        return error_set(
            err,
            "no %s-%s-ubyte (or .gz) in %s: run scripts/get-mnist.sh, or name another folder "
            "with --data (data/sample is a small one)",
            stem, type, folder);
    return idx_load(idx, path, kind, err);
}

/* --- loading --- */

/* Notes the ink of the images (count,784), which become the data set's. */
static int take_images(struct dataset *dataset, const uint8_t *pixels, int count, struct error *err)
{
    dataset->masks = mem_alloc((size_t)count, IMAGE_WORDS * sizeof *dataset->masks, err);
    if (!dataset->masks)
        return -1;
    dataset->count = count;
    dataset->pixels = pixels;
    for (size_t i = 0; i < (size_t)count; i++)
        image_mask(dataset->masks + i * IMAGE_WORDS, pixels + i * IMAGE_PIXELS);
    return 0;
}

int dataset_load(struct dataset *dataset, const char *folder, enum dataset_split split,
                 struct error *err)
{
    const char *name = split == DATASET_TRAIN ? "train" : "t10k";
    *dataset = (struct dataset){0};
    if (load_file(&dataset->images_file, folder, name, IDX_IMAGES, err) ||
        load_file(&dataset->labels_file, folder, name, IDX_LABELS, err))
        goto failed;
    int count = dataset->images_file.count, labels = dataset->labels_file.count;
    if (count != labels) {
        error_set(err, "%s: %d %s images but %d labels: the files do not belong together", folder,
                  count, name, labels);
        goto failed;
    }
    if (take_images(dataset, dataset->images_file.values, count, err))
        goto failed;
    dataset->labels = dataset->labels_file.values;
    return 0;
failed:
    dataset_free(dataset);
    return -1;
}

int dataset_unlabelled(struct dataset *dataset, const uint8_t *pixels, int count, struct error *err)
{
    *dataset = (struct dataset){0};
    return take_images(dataset, pixels, count, err);
}

void dataset_free(struct dataset *dataset)
{
    idx_free(&dataset->images_file);
    idx_free(&dataset->labels_file);
    mem_free(dataset->masks);
    mem_free(dataset->augmented);
    *dataset = (struct dataset){0};
}

/* The images become those of `augmented` (count,784), which the data set then owns. */
static void take_augmented(struct dataset *dataset, uint8_t *augmented)
{
    for (size_t i = 0; i < (size_t)dataset->count; i++)
        image_mask(dataset->masks + i * IMAGE_WORDS, augmented + i * IMAGE_PIXELS);
    mem_free(dataset->augmented);
    dataset->pixels = dataset->augmented = augmented;
}

int dataset_map(struct dataset *dataset, const struct augment_map *map, struct error *err)
{
    uint8_t *augmented = mem_alloc((size_t)dataset->count, IMAGE_PIXELS, err);
    if (!augmented)
        return -1;
    for (size_t i = 0; i < (size_t)dataset->count; i++)
        augment_apply(augmented + i * IMAGE_PIXELS, dataset->pixels + i * IMAGE_PIXELS, map);
    take_augmented(dataset, augmented);
    return 0;
}

int dataset_augment(struct dataset *dataset, const struct augment *augment, uint64_t seed,
                    int epoch, struct error *err)
{
    uint8_t *augmented = mem_alloc((size_t)dataset->count, IMAGE_PIXELS, err);
    if (!augmented)
        return -1;
    for (int i = 0; i < dataset->count; i++)
        augment_image(augmented + (size_t)i * IMAGE_PIXELS,
                      dataset->pixels + (size_t)i * IMAGE_PIXELS, augment, seed, epoch, i);
    take_augmented(dataset, augmented);
    return 0;
}

/* --- test images among the training images --- */

static uint64_t mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * 0x9e3779b97f4a7c15;
    return hash ^ hash >> 32;
}

/* 64 well-mixed bits of an image's 98 words, seven at a time, so that none waits for another. */
static uint64_t hash_of(const uint8_t *pixels)
{
    enum { LANES = 7 };
    uint64_t lanes[LANES] = {0}, words[LANES], hash = 0;
    for (size_t p = 0; p < IMAGE_PIXELS; p += sizeof words) {
        memcpy(words, pixels + p, sizeof words); /* 784 = 14 × 56 */
        for (int i = 0; i < LANES; i++)
            lanes[i] = mix(lanes[i] + 1, words[i]);
    }
    for (int i = 0; i < LANES; i++)
        hash = mix(hash, lanes[i]);
    return hash;
}

/* The different images of the test set by their hash: open addressing, at most half full. */
struct places {
    const struct dataset *test;
    int *image, *copies; /* (mask + 1) index of an image, -1: free; how often it appears */
    size_t mask;
};

/* The place of these pixels, or the free one where they would go. */
static size_t find_place(const struct places *places, const uint8_t *pixels)
{
    size_t at = (size_t)hash_of(pixels) & places->mask;
    while (places->image[at] >= 0 &&
           memcmp(places->test->pixels + (size_t)places->image[at] * IMAGE_PIXELS, pixels,
                  IMAGE_PIXELS) != 0)
        at = (at + 1) & places->mask;
    return at;
}

static int fill_places(struct places *places, const struct dataset *test, struct error *err)
{
    size_t room = 2;
    while (room < 2 * (size_t)test->count)
        room *= 2;
    *places = (struct places){.test = test,
                              .image = mem_alloc(room, sizeof *places->image, err),
                              .copies = mem_calloc(room, sizeof *places->copies, err),
                              .mask = room - 1};
    if (!places->image || !places->copies)
        return -1;
    for (size_t at = 0; at < room; at++)
        places->image[at] = -1;
    for (int i = 0; i < test->count; i++) {
        size_t at = find_place(places, test->pixels + (size_t)i * IMAGE_PIXELS);
        places->image[at] = i;
        places->copies[at]++;
    }
    return 0;
}

int dataset_check_distinct(const struct dataset *train, const struct dataset *test, int *shared,
                           struct error *err)
{
    struct places places;
    int failed = fill_places(&places, test, err);
    *shared = 0;
    for (int i = 0; i < train->count && !failed; i++) {
        size_t at = find_place(&places, train->pixels + (size_t)i * IMAGE_PIXELS);
        *shared += places.copies[at];
        places.copies[at] = 0; /* counted */
    }
    mem_free(places.image);
    mem_free(places.copies);
    if (!failed && *shared == test->count)
        failed = error_set(err,
                           "each of the %s test images is a training image too: a figure on them "
                           "would mean nothing: fetch the files again",
                           format_count(*shared).text);
    return failed ? -1 : 0;
}
