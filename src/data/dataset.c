#include "mnist/data/dataset.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "mnist/base/bytes.h"
#include "mnist/base/format.h"
#include "mnist/base/memory.h"
#include "mnist/base/rng.h"
#include "mnist/codec/checksum.h"
#include "mnist/codec/gzip.h"
#include "mnist/codec/idx.h"
#include "mnist/codec/kind.h"

/* --- finding the files --- */

/* What cannot be looked at is there as well: opening it will say why not. */
static bool is_there(const char *path)
{
    struct stat info;
    return stat(path, &info) ? errno != ENOENT && errno != ENOTDIR : !S_ISDIR(info.st_mode);
}

static const char *name_of(enum dataset_kind kind)
{
    return kind == DATASET_IMAGES ? "images" : "labels";
}

/* The last byte of the magic number. */
static int rank_of(enum dataset_kind kind)
{
    return kind & 255;
}

static const char *const split_names[] = {"train", "t10k"};

/* Tries every layout and spelling in use, the simplest first. */
bool dataset_find(char *path, const char *folder, enum dataset_split split, enum dataset_kind kind)
{
    static const char *const layouts[] = {"", "raw/", "MNIST/raw/"};
    static const char *const endings[] = {"", ".gz"};
    for (size_t layout = 0; layout < 3; layout++) {
        for (int spelling = 0; spelling < 4; spelling++) {
            char name[64];
            snprintf(name, sizeof name, "%s-%s%cidx%d-ubyte%s", split_names[split], name_of(kind),
                     spelling & 1 ? '.' : '-', rank_of(kind), endings[spelling >> 1]);
            int length = snprintf(path, PATH_MAX, "%s/%s%s", folder, layouts[layout], name);
            if (length < PATH_MAX && is_there(path))
                return true;
            length = snprintf(path, PATH_MAX, "%s/%s%s/%s", folder, layouts[layout], name, name);
            if (length < PATH_MAX && is_there(path))
                return true;
        }
    }
    return false;
}

bool dataset_is_there(const char *folder, enum dataset_split split)
{
    char path[PATH_MAX];
    return dataset_find(path, folder, split, DATASET_IMAGES) &&
           dataset_find(path, folder, split, DATASET_LABELS);
}

/* --- what a file holds --- */

static int refuse_magic(const struct idx *idx, const uint8_t *bytes, size_t size,
                        enum dataset_kind kind, const char *name, struct error *err)
{
    enum dataset_kind other = kind == DATASET_IMAGES ? DATASET_LABELS : DATASET_IMAGES;
    if (idx->type == IDX_UNSIGNED_BYTE && idx->rank == rank_of(other))
        return error_set(err, "%s: has %s (magic %d), wanted %s (%d): are two files swapped?", name,
                         name_of(other), other, name_of(kind), kind);
    if (idx->type && idx->type != IDX_UNSIGNED_BYTE)
        return error_set(err, "%s: IDX values of type 0x%02x, wanted 0x08 (unsigned byte)", name,
                         (unsigned)idx->type);
    if (idx->type)
        return error_set(err, "%s: IDX file of rank %d, wanted rank %d for %s (magic %d)", name,
                         idx->rank, rank_of(kind), name_of(kind), kind);
    struct kind found = kind_of(bytes, size);
    return error_set(err, "%s: not an IDX file of %s (magic %d)%s%s: %s", name, name_of(kind), kind,
                     found.name ? ": it looks like " : "", found.name ? found.name : "",
                     found.use == KIND_RUBBISH ? "fetch it again"
                                               : "wanted MNIST's IDX files, plain or gzipped");
}

static int check_labels(const uint8_t *labels, uint32_t count, const char *name, struct error *err)
{
    for (uint32_t i = 0; i < count; i++)
        if (labels[i] >= IMAGE_CLASSES)
            return error_set(err, "%s: label %u is %d, wanted 0 to 9", name, i, labels[i]);
    return 0;
}

/* Whether sizes are what MNIST's can be, where `get` reads their bytes. */
static bool makes_sense(const uint8_t *sizes, enum dataset_kind kind,
                        uint32_t (*get)(const uint8_t *))
{
    uint32_t n = get(sizes);
    return n && n <= INT_MAX / IMAGE_PIXELS &&
           (kind == DATASET_LABELS ||
            (get(sizes + 4) == IMAGE_SIDE && get(sizes + 8) == IMAGE_SIDE));
}

/* Reads the header. -1 with err filled if it is not of such a file. */
static int parse_header(struct idx *idx, const uint8_t *bytes, size_t size, enum dataset_kind kind,
                        const char *name, struct error *err)
{
    if (!idx_parse(idx, bytes, size) || idx->type != IDX_UNSIGNED_BYTE ||
        idx->rank != rank_of(kind))
        return refuse_magic(idx, bytes, size, kind, name, err);
    if (!idx->values)
        return error_set(
            err, "%s: cut short: its header needs %s bytes, the file has %s: fetch it again", name,
            format_count((long long)idx->header_size).text, format_count((long long)size).text);
    const uint8_t *sizes = bytes + 4;
    if (makes_sense(sizes, kind, bytes_get_be32))
        return 0;
    if (makes_sense(sizes, kind, bytes_get_le32))
        return error_set(
            err, "%s: its sizes are in the wrong byte order (little-endian, wanted big-endian)",
            name);
    uint32_t n = idx->sizes[0];
    if (n == 0 || n > INT_MAX / IMAGE_PIXELS)
        return error_set(err, "%s: a count of %s, wanted 1 to %s", name, format_count(n).text,
                         format_count(INT_MAX / IMAGE_PIXELS).text);
    return error_set(err, "%s: images of %ux%u pixels, wanted 28x28", name, idx->sizes[1],
                     idx->sizes[2]);
}

/* The bytes of the file, as its header says. */
static size_t whole_size(const struct idx *idx)
{
    size_t each = idx->rank == rank_of(DATASET_IMAGES) ? IMAGE_PIXELS : 1;
    return idx->header_size + idx->sizes[0] * each;
}

size_t dataset_limit(const uint8_t *head, size_t size)
{
    struct idx idx;
    struct error fault;
    if (size < 4 + 4 * (size_t)rank_of(DATASET_IMAGES))
        return DATASET_LARGEST_FILE;
    enum dataset_kind kind = head[3] == rank_of(DATASET_LABELS) ? DATASET_LABELS : DATASET_IMAGES;
    return parse_header(&idx, head, size, kind, "", &fault) ? 0 : whole_size(&idx);
}

int dataset_parse(const uint8_t **values, int *count, const uint8_t *bytes, size_t size,
                  enum dataset_kind kind, const char *name, struct error *err)
{
    struct idx idx;
    if (parse_header(&idx, bytes, size, kind, name, err))
        return -1;
    uint32_t n = idx.sizes[0];
    size_t wanted = whole_size(&idx);
    if (size != wanted)
        return error_set(err, "%s: %s: %s %.*s need%s %s bytes, the file has %s%s", name,
                         size < wanted ? "cut short" : "too long", format_count(n).text,
                         n == 1 ? 5 : 6, name_of(kind), n == 1 ? "s" : "",
                         format_count((long long)wanted).text, format_count((long long)size).text,
                         size < wanted ? ": fetch it again" : "");
    *values = idx.values;
    *count = (int)n;
    return kind == DATASET_LABELS ? check_labels(idx.values, n, name, err) : 0;
}

/* --- loading --- */

/* Makes the images (count,784) the data set's, with their masks. */
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

static size_t limit_packed(const uint8_t *head, size_t size)
{
    return gzip_limit(head, size, dataset_limit);
}

/* Reads and unpacks one of the split's files. The caller owns it, even after a failure. */
static int load_file(struct file *file, const uint8_t **values, int *count, const char *path,
                     enum dataset_kind kind, struct error *err)
{
    if (file_read(file, path, DATASET_LARGEST_FILE, limit_packed, err) ||
        gzip_unpack(&file->bytes, &file->size, DATASET_LARGEST_FILE, dataset_limit, path, err))
        return -1;
    return dataset_parse(values, count, file->bytes, file->size, kind, path, err);
}

/* What of MNIST in another form is in the folder, by its usual name; NULL if nothing is. */
static const char *other_form(const char *folder)
{
    static const char *const names[] = {
        "train.csv",
        "mnist_train.csv",
        "mnist_test.csv",
        "test.csv",
        "mnist.npz",
        "mnist.pkl.gz",
        "mnist.pkl",
        "mnist.mat",
        "mnist_all.mat",
        "mnist-original.mat",
        "mnist_784.arff",
        "mnist_784.csv",
        "training.pt",
        "MNIST/processed",
        "train.parquet",
        "trainingSet",
        "training",
        "mnist_png",
        "archive.zip",
        "mnist.zip",
        "digit-recognizer.zip",
        "train-00000-of-00001.parquet",
        "mnist/train-00000-of-00001.parquet",
    };
    struct stat info;
    char path[PATH_MAX];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (snprintf(path, sizeof path, "%s/%s", folder, names[i]) < PATH_MAX && !stat(path, &info))
            return names[i];
    return NULL;
}

static int find(char *path, const char *folder, enum dataset_split split, enum dataset_kind kind,
                struct error *err)
{
    struct stat info;
    if (dataset_find(path, folder, split, kind))
        return 0;
    if (stat(folder, &info))
        return error_set(err, "%s: %s", folder,
                         errno == ENOENT || errno == ENOTDIR ? "no such folder" : strerror(errno));
    if (!S_ISDIR(info.st_mode))
        return error_set(err, "%s is a file: give a folder", folder);
    const char *other = other_form(folder);
    return error_set(err, "no %s-%s-idx%d-ubyte (or .gz) in %s%s%s%s", split_names[split],
                     name_of(kind), rank_of(kind), folder, other ? ", which has " : "",
                     other ? other : "", other ? ": this program reads the four IDX files" : "");
}

int dataset_load(struct dataset *dataset, const char *folder, enum dataset_split split,
                 struct error *err)
{
    char images_path[PATH_MAX], labels_path[PATH_MAX];
    const uint8_t *pixels = NULL;
    int count = 0, labels = 0;
    *dataset = (struct dataset){0};
    if (find(images_path, folder, split, DATASET_IMAGES, err) ||
        find(labels_path, folder, split, DATASET_LABELS, err) ||
        load_file(&dataset->images_file, &pixels, &count, images_path, DATASET_IMAGES, err) ||
        load_file(&dataset->labels_file, &dataset->labels, &labels, labels_path, DATASET_LABELS,
                  err))
        goto failed;
    if (count != labels) {
        error_set(err, "%s: %s %s images but %s labels: the files do not belong together", folder,
                  format_count(count).text, split_names[split], format_count(labels).text);
        goto failed;
    }
    if (take_images(dataset, pixels, count, err))
        goto failed;
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
    file_read_free(&dataset->images_file);
    file_read_free(&dataset->labels_file);
    mem_free(dataset->masks);
    mem_free(dataset->augmented);
    *dataset = (struct dataset){0};
}

/* Replaces the images by `augmented` (count,784), which the data set then owns. */
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

/* --- what a data set is known by --- */

struct dataset_sums dataset_sums(const struct dataset *dataset)
{
    size_t count = (size_t)dataset->count;
    return (struct dataset_sums){.count = dataset->count,
                                 .images_crc32 =
                                     checksum_crc32(dataset->pixels, count * IMAGE_PIXELS),
                                 .labels_crc32 = checksum_crc32(dataset->labels, count)};
}

bool dataset_is_framed(const struct dataset *dataset)
{
    uint8_t ring[IMAGE_PIXELS];
    uint64_t mask[IMAGE_WORDS];
    int64_t framed = 0;
    for (int p = 0; p < IMAGE_PIXELS; p++) {
        int row = p / IMAGE_SIDE, column = p % IMAGE_SIDE, last = IMAGE_SIDE - 1;
        ring[p] = row == 0 || row == last || column == 0 || column == last;
    }
    image_mask(mask, ring);
    for (size_t i = 0; i < (size_t)dataset->count; i++) {
        uint64_t ink = 0;
        for (int w = 0; w < IMAGE_WORDS; w++)
            ink |= dataset->masks[i * IMAGE_WORDS + (size_t)w] & mask[w];
        framed += ink == 0;
    }
    return 10 * framed >= 9 * (int64_t)dataset->count;
}

/* --- test images among the training images --- */

static uint64_t mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * 0x9e3779b97f4a7c15;
    return hash ^ hash >> 32;
}

/* 64 well-mixed bits from an image's 98 words, seven at a time, so that none waits for another. */
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

/* The distinct images of the test set by their hash: open addressing, at most half full. */
struct places {
    const struct dataset *test;
    int *image, *copies; /* (mask + 1) index of an image or -1 (free), and how often it appears */
    size_t mask;
};

/* The place of an image with these pixels, or the free place where it would go. */
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
