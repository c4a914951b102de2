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
    return n && n <= DATASET_MOST_IMAGES &&
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
    if (n == 0 || n > DATASET_MOST_IMAGES)
        return error_set(err, "%s: a count of %s, wanted 1 to %s", name, format_count(n).text,
                         format_count(DATASET_MOST_IMAGES).text);
    return error_set(err, "%s: images of %ux%u pixels, wanted 28x28", name, idx->sizes[1],
                     idx->sizes[2]);
}

/* The bytes of the file, as its header says: more, maybe, than memory can address. */
static uint64_t whole_size(const struct idx *idx)
{
    uint64_t each = idx->rank == rank_of(DATASET_IMAGES) ? IMAGE_PIXELS : 1;
    return idx->header_size + idx->sizes[0] * each;
}

size_t dataset_limit(const uint8_t *head, size_t size)
{
    struct idx idx;
    struct error fault;
    if (size < 4 + 4 * (size_t)rank_of(DATASET_IMAGES))
        return DATASET_LARGEST_FILE;
    enum dataset_kind kind = head[3] == rank_of(DATASET_LABELS) ? DATASET_LABELS : DATASET_IMAGES;
    if (parse_header(&idx, head, size, kind, "", &fault))
        return 0;
    uint64_t whole = whole_size(&idx);
    return whole < SIZE_MAX ? (size_t)whole : SIZE_MAX;
}

int dataset_parse(const uint8_t **values, int *count, const uint8_t *bytes, size_t size,
                  enum dataset_kind kind, const char *name, struct error *err)
{
    struct idx idx;
    if (parse_header(&idx, bytes, size, kind, name, err))
        return -1;
    uint32_t n = idx.sizes[0];
    uint64_t wanted = whole_size(&idx);
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

/* The images that one task of a team takes: 0.8 MB. */
enum { CHUNK = 1024 };

static int chunks(int count)
{
    return (count - 1) / CHUNK + 1;
}

/* The first image of a chunk; of the one after the last, how many images there are. */
static size_t chunk_start(int chunk, int count)
{
    size_t first = (size_t)chunk * CHUNK;
    return first < (size_t)count ? first : (size_t)count;
}

static void mask_chunk(void *context, int chunk)
{
    const struct dataset *dataset = context;
    size_t end = chunk_start(chunk + 1, dataset->count);
    for (size_t i = chunk_start(chunk, dataset->count); i < end; i++)
        image_mask(dataset->masks + i * IMAGE_WORDS, dataset->pixels + i * IMAGE_PIXELS);
}

/* Makes the images (count,784) the data set's, with their masks. */
static int take_images(struct dataset *dataset, const uint8_t *pixels, int count, struct team *team,
                       struct error *err)
{
    dataset->masks = mem_alloc((size_t)count, IMAGE_WORDS * sizeof *dataset->masks, err);
    if (!dataset->masks)
        return -1;
    dataset->count = count;
    dataset->pixels = pixels;
    team_run(team, chunks(count), mask_chunk, dataset);
    return 0;
}

static size_t limit_packed(const uint8_t *head, size_t size)
{
    return gzip_limit(head, size, dataset_limit);
}

/* Reads and unpacks one of the split's files. The caller owns it, even after a failure. */
static int load_file(struct file *file, const uint8_t **values, int *count, const char *path,
                     enum dataset_kind kind, struct team *team, struct error *err)
{
    if (file_read_shared(file, path, DATASET_LARGEST_FILE, limit_packed, team, err) ||
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
                 struct team *team, struct error *err)
{
    char images_path[PATH_MAX], labels_path[PATH_MAX];
    const uint8_t *pixels = NULL;
    int count = 0, labels = 0;
    *dataset = (struct dataset){0};
    if (find(images_path, folder, split, DATASET_IMAGES, err) ||
        find(labels_path, folder, split, DATASET_LABELS, err) ||
        load_file(&dataset->images_file, &pixels, &count, images_path, DATASET_IMAGES, team, err) ||
        load_file(&dataset->labels_file, &dataset->labels, &labels, labels_path, DATASET_LABELS,
                  team, err))
        goto failed;
    if (count != labels) {
        error_set(err, "%s: %s %s images but %s labels: the files do not belong together", folder,
                  format_count(count).text, split_names[split], format_count(labels).text);
        goto failed;
    }
    if (take_images(dataset, pixels, count, team, err))
        goto failed;
    return 0;
failed:
    dataset_free(dataset);
    return -1;
}

int dataset_unlabelled(struct dataset *dataset, const uint8_t *pixels, int count, struct error *err)
{
    *dataset = (struct dataset){0};
    return take_images(dataset, pixels, count, NULL, err);
}

void dataset_free(struct dataset *dataset)
{
    file_read_free(&dataset->images_file);
    file_read_free(&dataset->labels_file);
    mem_free(dataset->masks);
    mem_free(dataset->hashes);
    *dataset = (struct dataset){0};
}

/* --- augmenting all images --- */

/* In one way, or each in its own. */
struct change {
    struct dataset *dataset;
    const struct augment_map *map; /* NULL: the next three */
    const struct augment *augment;
    uint64_t seed;
    int epoch;
};

static void change_chunk(void *context, int chunk)
{
    const struct change *change = context;
    struct dataset *dataset = change->dataset;
    uint8_t *pixels = dataset->images_file.bytes + (dataset->pixels - dataset->images_file.bytes);
    size_t end = chunk_start(chunk + 1, dataset->count);
    for (size_t i = chunk_start(chunk, dataset->count); i < end; i++) {
        uint8_t changed[IMAGE_PIXELS], *image = pixels + i * IMAGE_PIXELS;
        if (change->map)
            augment_apply(changed, image, change->map);
        else
            augment_image(changed, image, change->augment, change->seed, change->epoch, (int)i);
        memcpy(image, changed, sizeof changed);
    }
    mask_chunk(dataset, chunk);
}

void dataset_map(struct dataset *dataset, const struct augment_map *map, struct team *team)
{
    struct change change = {.dataset = dataset, .map = map};
    team_run(team, chunks(dataset->count), change_chunk, &change);
}

void dataset_augment(struct dataset *dataset, const struct augment *augment, uint64_t seed,
                     int epoch, struct team *team)
{
    struct change change = {dataset, NULL, augment, seed, epoch};
    team_run(team, chunks(dataset->count), change_chunk, &change);
}

/* --- what a data set is known by --- */

static const uint64_t MULTIPLIER = 0x9e3779b97f4a7c15;

static uint64_t mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * MULTIPLIER;
    return hash ^ hash >> 32;
}

/* 32 well-mixed bits from an image's 98 words, seven at a time, so that none waits for another. */
static uint32_t hash_of(const uint8_t *pixels)
{
    enum { LANES = 7 };
    uint64_t lanes[LANES] = {1, 2, 3, 4, 5, 6, 7}, word, hash = 0;
    for (const uint8_t *end = pixels + IMAGE_PIXELS; pixels < end; pixels += sizeof lanes) {
        for (int i = 0; i < LANES; i++) {
            memcpy(&word, pixels + (size_t)i * sizeof word, sizeof word);
            lanes[i] = (lanes[i] + word) * MULTIPLIER;
        }
    }
    for (int i = 0; i < LANES; i++)
        hash = mix(hash, lanes[i]);
    return (uint32_t)hash;
}

/* The mask of an image that has ink all over its outermost ring of pixels, and nowhere else. */
static void fill_ring(uint64_t mask[IMAGE_WORDS])
{
    uint8_t pixels[IMAGE_PIXELS];
    for (int p = 0; p < IMAGE_PIXELS; p++) {
        int row = p / IMAGE_SIDE, column = p % IMAGE_SIDE, last = IMAGE_SIDE - 1;
        pixels[p] = row == 0 || row == last || column == 0 || column == last;
    }
    image_mask(mask, pixels);
}

/* What the threads find out. */
struct digest {
    struct dataset *dataset;
    uint64_t ring[IMAGE_WORDS];
    struct digest_part {
        uint32_t crc32; /* of a chunk's pixels */
        int framed;     /* how many of its images have nothing in the ring */
    } * parts;          /* (chunks) */
};

static void digest_chunk(void *context, int chunk)
{
    const struct digest *digest = context;
    struct dataset *dataset = digest->dataset;
    struct digest_part *part = &digest->parts[chunk];
    size_t start = chunk_start(chunk, dataset->count), end = chunk_start(chunk + 1, dataset->count);
    part->crc32 =
        checksum_crc32(dataset->pixels + start * IMAGE_PIXELS, (end - start) * IMAGE_PIXELS);
    part->framed = 0;
    for (size_t i = start; i < end; i++) {
        const uint64_t *mask = dataset->masks + i * IMAGE_WORDS;
        uint64_t ink = 0;
        for (int w = 0; w < IMAGE_WORDS; w++)
            ink |= mask[w] & digest->ring[w];
        part->framed += ink == 0;
        dataset->hashes[i] = hash_of(dataset->pixels + i * IMAGE_PIXELS);
    }
}

int dataset_digest(struct dataset *dataset, struct team *team, struct error *err)
{
    int count = dataset->count;
    int64_t framed = 0;
    struct digest digest = {.dataset = dataset};
    fill_ring(digest.ring);
    digest.parts = mem_alloc((size_t)chunks(count), sizeof *digest.parts, err);
    dataset->hashes = mem_alloc((size_t)count, sizeof *dataset->hashes, err);
    int failed = !digest.parts || !dataset->hashes;
    if (!failed) {
        struct dataset_sums *sums = &dataset->sums;
        team_run(team, chunks(count), digest_chunk, &digest);
        *sums = (struct dataset_sums){
            .count = count, .labels_crc32 = checksum_crc32(dataset->labels, (size_t)count)};
        for (int c = 0; c < chunks(count); c++) {
            size_t size = (chunk_start(c + 1, count) - chunk_start(c, count)) * IMAGE_PIXELS;
            sums->images_crc32 =
                checksum_crc32_join(sums->images_crc32, digest.parts[c].crc32, size);
            framed += digest.parts[c].framed;
        }
        dataset->framed = 10 * framed >= 9 * (int64_t)count;
    }
    mem_free(digest.parts);
    return failed ? -1 : 0;
}

/* --- test images among the training images --- */

/* The distinct images of the test set by their hash: open addressing, at most half full. */
struct places {
    const struct dataset *test;
    struct place {
        uint32_t hash;
        int image;  /* -1: free */
        int copies; /* how often it appears */
    } * at;         /* (mask + 1) */
    size_t mask;
};

/* The place of image i of a data set, or the free place where it would go. */
static struct place *find_place(const struct places *places, const struct dataset *dataset, int i)
{
    uint32_t hash = dataset->hashes[i];
    const uint8_t *pixels = dataset->pixels + (size_t)i * IMAGE_PIXELS;
    for (size_t at = hash & places->mask;; at = (at + 1) & places->mask) {
        struct place *place = &places->at[at];
        if (place->image < 0 || (place->hash == hash &&
                                 !memcmp(places->test->pixels + (size_t)place->image * IMAGE_PIXELS,
                                         pixels, IMAGE_PIXELS)))
            return place;
    }
}

static int fill_places(struct places *places, const struct dataset *test, struct error *err)
{
    size_t room = 2;
    while (room < 2 * (size_t)test->count)
        room *= 2;
    *places = (struct places){
        .test = test, .at = mem_alloc(room, sizeof *places->at, err), .mask = room - 1};
    if (!places->at)
        return -1;
    for (size_t at = 0; at < room; at++)
        places->at[at] = (struct place){.image = -1};
    for (int i = 0; i < test->count; i++) {
        struct place *place = find_place(places, test, i);
        *place = (struct place){test->hashes[i], i, place->copies + 1};
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
        struct place *place = find_place(&places, train, i);
        *shared += place->copies;
        place->copies = 0; /* counted */
    }
    mem_free(places.at);
    if (!failed && *shared == test->count)
        failed = error_set(err,
                           "each of the %s test images is a training image too: a figure on them "
                           "would mean nothing: fetch the files again",
                           format_count(*shared).text);
    return failed ? -1 : 0;
}
