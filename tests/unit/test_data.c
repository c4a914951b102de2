/* src/data/: IDX files, data sets and their layouts, splits, batches. */
#include <inttypes.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mnist/base/crc32.h"
#include "mnist/base/rng.h"
#include "mnist/codec/idx.h"
#include "mnist/data/batch.h"
#include "mnist/data/dataset.h"
#include "mnist/data/split.h"

#include "test.h"

/* --- making files --- */

enum { IMAGES = 3, IMAGE_FILE = 16 + IMAGES * IMAGE_PIXELS, LABEL_FILE = 8 + IMAGES };

static void put_big_endian(uint8_t *p, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(value >> (24 - 8 * i));
}

/* A pixel that says which image of which file it belongs to, and where. */
static uint8_t pixel(int salt, int image, int p)
{
    return (uint8_t)((image * 31 + p * 7 + salt * 101) % 251);
}

static void make_images(uint8_t bytes[IMAGE_FILE], int salt)
{
    static const uint32_t header[] = {IDX_IMAGES, IMAGES, IMAGE_SIDE, IMAGE_SIDE};
    for (size_t i = 0; i < COUNT(header); i++)
        put_big_endian(bytes + 4 * i, header[i]);
    for (int i = 0; i < IMAGES; i++)
        for (int p = 0; p < IMAGE_PIXELS; p++)
            bytes[16 + i * IMAGE_PIXELS + p] = pixel(salt, i, p);
}

static void make_labels(uint8_t bytes[LABEL_FILE], int salt)
{
    put_big_endian(bytes, IDX_LABELS);
    put_big_endian(bytes + 4, IMAGES);
    for (int i = 0; i < IMAGES; i++)
        bytes[8 + i] = (uint8_t)((salt + 4 * i) % 10);
}

/* Writes a gzip file of one stored (not compressed) block of less than 64 kB: RFC 1951 and 1952. */
static size_t make_gzip(uint8_t *to, const uint8_t *bytes, size_t size)
{
    static const uint8_t start[] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1};
    uint32_t length = (uint32_t)size, crc = crc32(bytes, size);
    memcpy(to, start, sizeof start);
    uint8_t *p = to + sizeof start;
    *p++ = (uint8_t)length, *p++ = (uint8_t)(length >> 8);
    *p++ = (uint8_t)~length, *p++ = (uint8_t)(~length >> 8);
    memcpy(p, bytes, size);
    p += size;
    for (int i = 0; i < 4; i++)
        *p++ = (uint8_t)(crc >> 8 * i);
    for (int i = 0; i < 4; i++)
        *p++ = (uint8_t)(length >> 8 * i);
    return (size_t)(p - to);
}

static void write_maybe_gzip(const char *path, const uint8_t *bytes, size_t size, bool gzip)
{
    static uint8_t packed[IMAGE_FILE + 64];
    if (gzip)
        test_write(path, packed, make_gzip(packed, bytes, size));
    else
        test_write(path, bytes, size);
}

/* A folder of this run's own, made if it is not there. */
static const char *folder(const char *name)
{
    const char *path = test_path(name);
    struct stat info;
    if (stat(path, &info))
        check(!mkdir(path, 0777), "cannot make %s", path);
    return path;
}

static void write_part(const char *images, const char *labels, int salt, bool gzip)
{
    uint8_t image_bytes[IMAGE_FILE], label_bytes[LABEL_FILE];
    make_images(image_bytes, salt);
    make_labels(label_bytes, salt);
    write_maybe_gzip(images, image_bytes, sizeof image_bytes, gzip);
    write_maybe_gzip(labels, label_bytes, sizeof label_bytes, gzip);
}

/* --- idx --- */

static void test_idx_good(void)
{
    uint8_t images[IMAGE_FILE], labels[LABEL_FILE];
    struct idx idx;
    struct error err = {""};
    make_images(images, 1);
    make_labels(labels, 1);
    if (check(!idx_parse(&idx, images, sizeof images, IDX_IMAGES, "i", &err), "%s", err.text)) {
        check(idx.count == IMAGES, "%d images", idx.count);
        check(idx.values == images + 16, "pixels start at %td", idx.values - images);
    }
    if (check(!idx_parse(&idx, labels, sizeof labels, IDX_LABELS, "l", &err), "%s", err.text)) {
        check(idx.count == IMAGES, "%d labels", idx.count);
        check(idx.values == labels + 8, "labels start at %td", idx.values - labels);
    }
}

/* Each row puts `bytes` at `at` of a good file and cuts it to `size`, or adds rubbish up to it; 0
 * leaves the size alone. */
static const struct {
    enum idx_kind kind;
    const char *bytes;
    size_t length, at, size;
    const char *wanted;
} bad_files[] = {
    {IDX_IMAGES, "<!DOCTYPE html><html>", 21, 0, 0, "an HTML or XML page"},
    {IDX_LABELS, "\n<html><body>", 13, 0, 13, "an HTML or XML page"},
    {IDX_IMAGES, "\x1f\x8b\x08", 3, 0, 0, "a gzip file"},
    {IDX_LABELS, "PK\3\4", 4, 0, 0, "a zip archive"},
    {IDX_IMAGES, "\x89PNG", 4, 0, 0, "a PNG image"},
    {IDX_IMAGES, "version https://git-lfs.github.com", 34, 0, 0, "a Git LFS pointer"},
    {IDX_IMAGES, "", 0, 0, SIZE_MAX, "an empty file"},
    {IDX_LABELS, "", 0, 0, SIZE_MAX, "an empty file"},
    {IDX_IMAGES, "hello", 5, 0, 5, "not an IDX file of images (magic 2051): fetch"},
    {IDX_LABELS, "hello", 5, 0, 5, "not an IDX file of labels (magic 2049): fetch"},
    {IDX_IMAGES, "\0\0\x08", 3, 0, 3, "not an IDX file"},
    {IDX_IMAGES, "\x03\x08\0\0", 4, 0, 0, "not an IDX file"},
    {IDX_IMAGES, "\0\0\x08\x01", 4, 0, 0, "has labels (magic 2049), wanted images (2051)"},
    {IDX_LABELS, "\0\0\x08\x03", 4, 0, 0, "has images (magic 2051), wanted labels (2049)"},
    {IDX_IMAGES, "\0\0\x0d\x03", 4, 0, 0, "type 0x0d, wanted 0x08"},
    {IDX_LABELS, "\0\0\x09\x01", 4, 0, 0, "type 0x09, wanted 0x08"},
    {IDX_IMAGES, "\0\0\x08\x02", 4, 0, 0, "rank 2, wanted rank 3 for images"},
    {IDX_LABELS, "\0\0\x08\x02", 4, 0, 0, "rank 2, wanted rank 1 for labels"},
    {IDX_IMAGES, "\0\0\0\x1b", 4, 8, 0, "27×28 pixels, wanted 28×28"},
    {IDX_IMAGES, "\0\0\0\x1b", 4, 12, 0, "28×27 pixels, wanted 28×28"},
    {IDX_IMAGES, "\0\0\0\x0e\0\0\0\x38", 8, 8, 0, "14×56 pixels, wanted 28×28"},
    {IDX_IMAGES, "\xff\xff\xff\xff", 4, 8, 0, "4294967295×28 pixels"},
    {IDX_IMAGES, "\x1c\0\0\0", 4, 8, 0, "469762048×28 pixels"},
    {IDX_IMAGES, "\0\0\0\0", 4, 4, 0, "a count of 0"},
    {IDX_LABELS, "\0\0\0\0", 4, 4, 0, "a count of 0"},
    {IDX_LABELS, "\0\0\0\0", 4, 4, 8, "a count of 0"},
    {IDX_IMAGES, "\xff\xff\xff\xff", 4, 4, 0, "a count of 4294967295"},
    {IDX_LABELS, "\xff\xff\xff\xff", 4, 4, 0, "a count of 4294967295"},
    /* 5,478,275 × 784 is 2^32 + 304: a product that wraps looks like less than one image. */
    {IDX_IMAGES, "\x00\x53\x97\x83", 4, 4, 0, "a count of 5478275"},
    {IDX_IMAGES, "\0\0\0\x04", 4, 4, 0, "2368 bytes for 4 images, wanted 3152"},
    {IDX_IMAGES, "\0\0\0\x02", 4, 4, 0, "too long: 2368 bytes for 2 images, wanted 1584"},
    {IDX_LABELS, "\0\0\0\x04", 4, 4, 0, "11 bytes for 4 labels, wanted 12"},
    {IDX_LABELS, "\0\0\0\x02", 4, 4, 0, "too long: 11 bytes for 2 labels, wanted 10"},
    {IDX_IMAGES, "", 0, 0, 4, "inside its header (4 of 16 bytes)"},
    {IDX_IMAGES, "", 0, 0, 15, "inside its header (15 of 16 bytes)"},
    {IDX_LABELS, "", 0, 0, 7, "inside its header (7 of 8 bytes)"},
    {IDX_IMAGES, "", 0, 0, 16, "16 bytes for 3 images, wanted 2368"},
    {IDX_IMAGES, "", 0, 0, IMAGE_FILE - 1, "2367 bytes for 3 images"},
    {IDX_IMAGES, "", 0, 0, IMAGE_FILE + 1, "too long: 2369 bytes for 3 images, wanted 2368"},
    {IDX_LABELS, "", 0, 0, LABEL_FILE + 5, "too long: 16 bytes for 3 labels, wanted 11"},
    {IDX_LABELS, "\x0a", 1, 10, 0, "label 2 is 10, wanted 0 to 9"},
    {IDX_LABELS, "\xff", 1, 8, 0, "label 0 is 255, wanted 0 to 9"},
};

static void test_idx_bad(void)
{
    for (size_t i = 0; i < COUNT(bad_files); i++) {
        uint8_t bytes[IMAGE_FILE + 64] = {0};
        char what[32];
        struct idx idx;
        struct error err = {""};
        bool images = bad_files[i].kind == IDX_IMAGES;
        size_t size = bad_files[i].size ? bad_files[i].size : images ? IMAGE_FILE : LABEL_FILE;
        if (size == SIZE_MAX)
            size = 0;
        if (images)
            make_images(bytes, 1);
        else
            make_labels(bytes, 1);
        memcpy(bytes + bad_files[i].at, bad_files[i].bytes, bad_files[i].length);
        snprintf(what, sizeof what, "row %zu", i);
        int result = idx_parse(&idx, bytes, size, bad_files[i].kind, "some/name", &err);
        check_refused(result, &err, bad_files[i].wanted, what);
        check(!strncmp(err.text, "some/name: ", 11), "%s: \"%s\" does not name the file", what,
              err.text);
    }
}

/* From a block of exactly the size, so that a sanitizer sees a byte read beyond it. */
static void test_idx_truncated(void)
{
    uint8_t bytes[IMAGE_FILE];
    for (int kind = 0; kind < 2; kind++) {
        size_t whole = kind ? IMAGE_FILE : LABEL_FILE;
        if (kind)
            make_images(bytes, 2);
        else
            make_labels(bytes, 2);
        for (size_t size = 0; size <= whole; size++) {
            struct idx idx;
            struct error err = {""};
            uint8_t *cut = malloc(size ? size : 1);
            if (!check(cut != NULL, "no memory"))
                return;
            memcpy(cut, bytes, size);
            int result = idx_parse(&idx, cut, size, kind ? IDX_IMAGES : IDX_LABELS, "cut", &err);
            check(result == (size < whole ? -1 : 0), "%zu of %zu bytes: %d %s", size, whole, result,
                  err.text);
            check(!result || err.text[0], "%zu of %zu bytes: no message", size, whole);
            free(cut);
        }
    }
}

static void test_idx_load(void)
{
    uint8_t images[IMAGE_FILE], packed[IMAGE_FILE + 64];
    struct error err = {""};
    const char *path = test_path("some-images");
    make_images(images, 3);
    for (int gzip = 0; gzip < 2; gzip++) {
        struct idx idx;
        write_maybe_gzip(path, images, sizeof images, gzip);
        if (!check(!idx_load(&idx, path, IDX_IMAGES, &err), "gzip %d: %s", gzip, err.text))
            continue;
        check(idx.count == IMAGES, "gzip %d: %d images", gzip, idx.count);
        check(!memcmp(idx.values, images + 16, IMAGES * IMAGE_PIXELS), "gzip %d: wrong pixels",
              gzip);
        idx_free(&idx);
        check(!idx.values && !idx.file.bytes, "idx_free leaves pointers");
    }
    size_t whole = make_gzip(packed, images, sizeof images);
    for (size_t size = 2; size < whole; size += size < 20 || size + 20 > whole ? 1 : 97) {
        struct idx idx;
        test_write(path, packed, size);
        check_refused(idx_load(&idx, path, IDX_IMAGES, &err), &err, "cut short or damaged", path);
        check(!idx.file.bytes, "%zu bytes of gzip: memory is left after a failure", size);
    }
    struct idx idx;
    test_write(path, images, sizeof images - 1);
    check_refused(idx_load(&idx, path, IDX_IMAGES, &err), &err, "cut short", "a plain one");
    check(!idx.file.bytes, "memory is left after a failure");
    check_refused(idx_load(&idx, test_path("missing"), IDX_IMAGES, &err), &err, "cannot open",
                  "a missing one");
    check_refused(idx_load(&idx, test_path(""), IDX_IMAGES, &err), &err, "is a folder", "a folder");
}

/* --- dataset --- */

static void check_part(const struct dataset *dataset, int salt, const char *what)
{
    uint8_t images[IMAGE_FILE], labels[LABEL_FILE];
    make_images(images, salt);
    make_labels(labels, salt);
    if (!check(dataset->count == IMAGES, "%s: %d images", what, dataset->count))
        return;
    check(!memcmp(dataset->pixels, images + 16, IMAGES * IMAGE_PIXELS), "%s: wrong pixels", what);
    check(!memcmp(dataset->labels, labels + 8, IMAGES), "%s: wrong labels", what);
    for (int i = 0; i < IMAGES; i++) {
        uint64_t mask[IMAGE_WORDS];
        image_mask(mask, images + 16 + i * IMAGE_PIXELS);
        check(!memcmp(dataset->masks + i * IMAGE_WORDS, mask, sizeof mask), "%s: wrong mask %d",
              what, i);
    }
}

/* `layout`/`name`, or `layout`/`name`/`name`; removed again after use. */
static void place_of(char path[256], const char *layout, const char *name, bool own_folder)
{
    char relative[200];
    snprintf(relative, sizeof relative, "%s/%s", layout, name);
    if (own_folder) {
        folder(relative);
        snprintf(relative, sizeof relative, "%s/%s/%s", layout, name, name);
    }
    snprintf(path, 256, "%s", test_path(relative));
}

static void remove_place(char path[256], bool own_folder)
{
    check(!remove(path), "cannot remove %s", path);
    if (own_folder) {
        *strrchr(path, '/') = '\0';
        check(!remove(path), "cannot remove %s", path);
    }
}

/* One layout and spelling, alone in the folder; whether it is packed has nothing to do with its
 * name. */
static void try_layout(const char *layout, char separator, const char *ending, bool own_folder,
                       int round)
{
    static const char *const parts[] = {"train", "t10k"};
    for (int part = DATASET_TRAIN; part <= DATASET_TEST; part++) {
        char images[256], labels[256], name[64];
        struct dataset dataset;
        struct error err = {""};
        bool gzip = (round + part) % 2;
        snprintf(name, sizeof name, "%s-images%cidx3-ubyte%s", parts[part], separator, ending);
        place_of(images, layout, name, own_folder);
        snprintf(name, sizeof name, "%s-labels%cidx1-ubyte%s", parts[part], separator, ending);
        place_of(labels, layout, name, own_folder);
        write_part(images, labels, round + part, gzip);
        int result = dataset_load(&dataset, test_path("layouts"), (enum dataset_split)part, &err);
        if (check(!result, "%s: %s", images, err.text)) {
            check_part(&dataset, round + part, images);
            dataset_free(&dataset);
        }
        check(dataset.count == 0 && !dataset.masks, "%s: something is left", images);
        remove_place(images, own_folder);
        remove_place(labels, own_folder);
    }
}

static void test_dataset_layouts(void)
{
    static const char *const layouts[] = {"layouts", "layouts/raw", "layouts/MNIST/raw"};
    int round = 0;
    folder("layouts"), folder("layouts/raw"), folder("layouts/MNIST"), folder("layouts/MNIST/raw");
    for (size_t layout = 0; layout < COUNT(layouts); layout++)
        for (int spelling = 0; spelling < 4; spelling++)
            for (int own_folder = 0; own_folder < 2; own_folder++, round++)
                try_layout(layouts[layout], spelling & 1 ? '.' : '-', spelling & 2 ? ".gz" : "",
                           own_folder, round + (spelling >> 1));
}

/* Each with a name that says the opposite of what the bytes are. */
static void test_dataset_known_by_bytes(void)
{
    char images[256], labels[256];
    folder("bytes");
    for (int gzip = 0; gzip < 2; gzip++) {
        struct dataset dataset;
        struct error err = {""};
        const char *ending = gzip ? "" : ".gz";
        snprintf(images, sizeof images, "%s/train-images-idx3-ubyte%s", test_path("bytes"), ending);
        snprintf(labels, sizeof labels, "%s/train-labels-idx1-ubyte%s", test_path("bytes"), ending);
        write_part(images, labels, 40 + gzip, gzip);
        if (check(!dataset_load(&dataset, test_path("bytes"), DATASET_TRAIN, &err), "%s", err.text))
            check_part(&dataset, 40 + gzip, images);
        dataset_free(&dataset);
        check(!remove(images) && !remove(labels), "cannot remove the files");
    }
}

static void test_dataset_missing(void)
{
    struct dataset dataset;
    struct error err = {""};
    const char *path = folder("nothing");
    check_refused(dataset_load(&dataset, path, DATASET_TRAIN, &err), &err,
                  "no train-images-idx3-ubyte (or .gz) in ", "an empty folder");
    check(strstr(err.text, path) && strstr(err.text, "scripts/get-mnist.sh"), "\"%s\"", err.text);
    check_refused(dataset_load(&dataset, path, DATASET_TEST, &err), &err,
                  "no t10k-images-idx3-ubyte (or .gz) in ", "an empty folder");
    write_part(test_path("nothing/train-images-idx3-ubyte"), test_path("nothing/wrong-name"), 1,
               false);
    check_refused(dataset_load(&dataset, path, DATASET_TRAIN, &err), &err,
                  "no train-labels-idx1-ubyte (or .gz) in ", "images alone");
    check(dataset.count == 0 && !dataset.images_file.file.bytes, "memory is left after a failure");
    check_refused(dataset_load(&dataset, test_path("nowhere"), DATASET_TRAIN, &err), &err,
                  "no train-images-idx3-ubyte", "no such folder");
}

static void test_dataset_mismatch(void)
{
    uint8_t images[IMAGE_FILE], labels[LABEL_FILE];
    struct dataset dataset;
    struct error err = {""};
    const char *path = folder("mismatch");
    make_images(images, 1);
    make_labels(labels, 1);
    put_big_endian(labels + 4, IMAGES - 1);
    test_write(test_path("mismatch/t10k-images-idx3-ubyte"), images, sizeof images);
    test_write(test_path("mismatch/t10k-labels-idx1-ubyte"), labels, sizeof labels - 1);
    check_refused(dataset_load(&dataset, path, DATASET_TEST, &err), &err,
                  "3 t10k images but 2 labels", "fewer labels");
    check(dataset.count == 0 && !dataset.labels_file.file.bytes, "memory is left after a failure");
    make_labels(labels, 1);
    test_write(test_path("mismatch/t10k-labels-idx1-ubyte"), images, sizeof images);
    test_write(test_path("mismatch/t10k-images-idx3-ubyte"), labels, sizeof labels);
    check_refused(dataset_load(&dataset, path, DATASET_TEST, &err), &err, "are two files swapped?",
                  "swapped files");
}

static void test_dataset_distinct(void)
{
    static uint8_t one[4 * IMAGE_PIXELS], other[4 * IMAGE_PIXELS];
    struct error err = {""};
    struct dataset train = {.count = 4, .pixels = one}, test = {.count = 3, .pixels = other};
    memset(one, 9, sizeof one);
    memset(other, 9, sizeof other);
    other[3 * IMAGE_PIXELS] = 1; /* outside what both have */
    int shared = 0;
    check_refused(dataset_check_distinct(&train, &test, &shared, &err), &err, "each of the 3 ",
                  "a prefix");
    check_refused(dataset_check_distinct(&train, &train, &shared, &err), &err, "each of the 4 ",
                  "itself");
    other[3 * IMAGE_PIXELS - 1] = 1;
    check(!dataset_check_distinct(&train, &test, &shared, &err), "one differs, yet: %s", err.text);
    check(shared == 2, "%d are shared, wanted 2", shared);
}

/* Two sets of images that are numbers, in another order each and some of them more than once. */
static void test_dataset_shared(void)
{
    enum { TRAIN = 300, TEST = 200 };
    static uint8_t one[TRAIN * IMAGE_PIXELS], other[TEST * IMAGE_PIXELS];
    struct error err = {""};
    struct dataset train = {.count = TRAIN, .pixels = one}, test = {.count = TEST, .pixels = other};
    int shared = -1, wanted = 0;
    for (int i = 0; i < TRAIN; i++) { /* the odd numbers below 600, from their middle on */
        int n = (2 * i + TRAIN) % (2 * TRAIN) + 1;
        memcpy(one + i * IMAGE_PIXELS + IMAGE_PIXELS - (int)sizeof n, &n, sizeof n);
    }
    for (int i = 0; i < TEST; i++) { /* each number twice, from 550 on */
        int n = 550 + i / 2;
        memcpy(other + i * IMAGE_PIXELS + IMAGE_PIXELS - (int)sizeof n, &n, sizeof n);
        wanted += n % 2 == 1 && n < 2 * TRAIN;
    }
    check(!dataset_check_distinct(&train, &test, &shared, &err), "%s", err.text);
    check(wanted == 50 && shared == wanted, "%d are shared, wanted %d", shared, wanted);
}

static void test_sample(void)
{
    struct dataset train = {0}, test = {0};
    struct error err = {""};
    if (check(!dataset_load(&train, "data/sample", DATASET_TRAIN, &err), "%s", err.text) &&
        check(!dataset_load(&test, "data/sample", DATASET_TEST, &err), "%s", err.text)) {
        static const uint8_t first[] = {5, 0, 4, 1, 9}, first_test[] = {7, 2, 1, 0, 4};
        check(train.count == 5000 && test.count == 1000, "%d and %d", train.count, test.count);
        check(!memcmp(train.labels, first, sizeof first), "train[0] is %d, wanted 5",
              train.labels[0]);
        check(!memcmp(test.labels, first_test, sizeof first_test), "test[0] is %d, wanted 7",
              test.labels[0]);
        int shared = -1;
        check(!dataset_check_distinct(&train, &test, &shared, &err) && shared == 0, "%d: %s",
              shared, err.text);
    }
    dataset_free(&train);
    dataset_free(&test);
}

/* --- masks and batches --- */

/* Against a loop that does not know the trick; a word on each side must stay as it is. */
static void check_mask(const uint8_t *pixels, const char *what, int number)
{
    enum { GUARD = 0x5a };
    uint64_t guarded[IMAGE_WORDS + 2], wanted[IMAGE_WORDS] = {0}, guard;
    memset(guarded, GUARD, sizeof guarded);
    memset(&guard, GUARD, sizeof guard);
    image_mask(guarded + 1, pixels);
    for (int p = 0; p < IMAGE_PIXELS; p++)
        if (pixels[p])
            wanted[p / 64] |= (uint64_t)1 << p % 64;
    check(!memcmp(guarded + 1, wanted, sizeof wanted), "%s %d: wrong mask", what, number);
    check(guarded[0] == guard && guarded[IMAGE_WORDS + 1] == guard, "%s %d: wrote outside", what,
          number);
}

static void test_dataset_mask(void)
{
    uint8_t pixels[IMAGE_PIXELS] = {0};
    struct rng rng;
    check_mask(pixels, "empty image", 0);
    for (int p = 0; p < IMAGE_PIXELS; p++) {
        static const uint8_t inks[] = {1, 0x7f, 0x80, 0xff};
        pixels[p] = inks[p % 4];
        check_mask(pixels, "single pixel", p);
        pixels[p] = 0;
    }
    for (int ink = 1; ink < 256; ink++) {
        memset(pixels, ink, sizeof pixels);
        check_mask(pixels, "full image of ink", ink);
        pixels[ink] = 0;
        check_mask(pixels, "full image but one, of ink", ink);
    }
    rng_seed(&rng, 1, RNG_SHOW, 0);
    for (int round = 0; round < 2000; round++) {
        for (int p = 0; p < IMAGE_PIXELS; p++)
            pixels[p] = rng_below(&rng, 8) <= (uint32_t)round % 8 ? (uint8_t)rng_next(&rng) : 0;
        check_mask(pixels, "random image", round);
    }
}

static void test_batch_values(void)
{
    float value[256];
    batch_values(value);
    for (int i = 0; i < 256; i++) {
        check(value[i] == (float)(i / 255.0), "value[%d] = %.9g, wanted %.9g", i, (double)value[i],
              i / 255.0);
    }
    check(value[0] == 0.0f && value[255] == 1.0f, "the ends are %g and %g", (double)value[0],
          (double)value[255]);
}

enum { MADE = 300 };

/* Every image, label and mask says which one it is. */
static struct dataset made_dataset(void)
{
    static uint8_t pixels[MADE * IMAGE_PIXELS], labels[MADE];
    static uint64_t masks[MADE * IMAGE_WORDS];
    for (int i = 0; i < MADE; i++) {
        labels[i] = (uint8_t)(i * 7 % 10);
        pixels[i * IMAGE_PIXELS] = (uint8_t)(i % 256);
        pixels[i * IMAGE_PIXELS + 1] = (uint8_t)(i / 256);
        masks[i * IMAGE_WORDS] = (uint64_t)i;
    }
    return (struct dataset){.count = MADE, .pixels = pixels, .labels = labels, .masks = masks};
}

static void check_batch(const struct batch *batch, const int *indices, int size)
{
    check(batch->size == size, "size %d, wanted %d", batch->size, size);
    for (int b = 0; b < size; b++) {
        int i = indices[b], found = batch->pixels[b][0] + 256 * batch->pixels[b][1];
        check(found == i, "sample %d is image %d, wanted %d", b, found, i);
        check(batch->masks[b][0] == (uint64_t)i, "mask %d is that of %" PRIu64 ", wanted %d", b,
              batch->masks[b][0], i);
        for (int c = 0; c < IMAGE_CLASSES; c++) {
            float wanted = c == i * 7 % 10 ? 1.0f : 0.0f, target = batch->targets[b * 10 + c];
            check(target == wanted, "target (%d,%d) is %g, wanted %g", b, c, (double)target,
                  (double)wanted);
        }
    }
}

static void test_batch_fill(void)
{
    static const int sizes[] = {128, 1, 7, 0, 127, 128};
    struct dataset dataset = made_dataset();
    struct batch batch;
    struct error err = {""};
    struct rng rng;
    float value[256];
    rng_seed(&rng, 2, RNG_SHOW, 0);
    if (!check(!batch_create(&batch, 128, &err), "%s", err.text))
        return;
    batch_values(value);
    check(batch.size == 0 && batch.capacity == 128, "%d of %d", batch.size, batch.capacity);
    check(!memcmp(batch.value, value, sizeof value), "the table of values differs");
    for (size_t s = 0; s < COUNT(sizes); s++) {
        int indices[128];
        for (int b = 0; b < sizes[s]; b++)
            indices[b] = b < 2 ? b * (MADE - 1) : (int)rng_below(&rng, MADE);
        batch_fill(&batch, &dataset, indices, sizes[s]);
        check_batch(&batch, indices, sizes[s]);
    }
    batch_destroy(&batch);
    check(!batch.pixels && !batch.masks && !batch.targets, "batch_destroy leaves pointers");
}

/* Images whose digits nobody knows: the same masks, and targets that favour none. */
static void test_unlabelled(void)
{
    uint8_t bytes[IMAGE_FILE];
    static const int indices[IMAGES] = {2, 0, 1};
    struct dataset dataset;
    struct batch batch = {0};
    struct error err = {""};
    make_images(bytes, 3);
    if (check(!dataset_unlabelled(&dataset, bytes + 16, IMAGES, &err), "%s", err.text) &&
        check(!batch_create(&batch, IMAGES, &err), "%s", err.text)) {
        check(dataset.count == IMAGES && dataset.pixels == bytes + 16 && !dataset.labels, "%d",
              dataset.count);
        batch_fill(&batch, &dataset, indices, IMAGES);
        for (int b = 0; b < IMAGES; b++) {
            uint64_t mask[IMAGE_WORDS];
            const uint8_t *pixels = bytes + 16 + indices[b] * IMAGE_PIXELS;
            image_mask(mask, pixels);
            check(batch.pixels[b] == pixels, "sample %d: other pixels", b);
            check(!memcmp(batch.masks[b], mask, sizeof mask), "sample %d: another mask", b);
            for (int c = 0; c < IMAGE_CLASSES; c++)
                check(fabsf(batch.targets[b * IMAGE_CLASSES + c]) <= 0.0f, "sample %d: a target",
                      b);
        }
    }
    batch_destroy(&batch);
    dataset_free(&dataset);
}

static void test_batch_smoothing(void)
{
    struct dataset dataset = made_dataset();
    struct batch batch;
    struct error err = {""};
    int index = 5; /* a 5: made_dataset's labels are i * 7 % 10 */
    if (!check(!batch_create(&batch, 1, &err), "%s", err.text))
        return;
    batch.smoothing = 0.2f;
    batch_fill(&batch, &dataset, &index, 1);
    float sum = 0.0f;
    for (int c = 0; c < IMAGE_CLASSES; c++) {
        float wanted = c == 5 ? 0.82f : 0.02f;
        sum += batch.targets[c];
        check(fabsf(batch.targets[c] - wanted) <= 1e-7f, "class %d: %g", c,
              (double)batch.targets[c]);
    }
    check(fabsf(sum - 1.0f) <= 1e-6f, "the targets sum to %g", (double)sum);
    batch_destroy(&batch);
}

/* --- augmentation --- */

/* A blot with soft edges, off the middle and with no symmetry. */
static void blot(uint8_t image[IMAGE_PIXELS])
{
    for (int p = 0; p < IMAGE_PIXELS; p++) {
        double x = p % IMAGE_SIDE - 11.0, y = p / IMAGE_SIDE - 16.0;
        image[p] = (uint8_t)(250.0 * exp(-x * x / 18.0 - y * y / 40.0 - x * y / 60.0) + 0.5);
    }
}

/* What augment_apply should give, in double: the map bilinear between grid points, the picture bilinear
 * between pixels. */
static double sampled(const uint8_t *image, const struct augment_map *map, int column, int row)
{
    int i = column / 4, j = row / 4;
    double u = column % 4 / 4.0, v = row % 4 / 4.0, place[2];
    for (int axis = 0; axis < 2; axis++) {
        const int32_t(*grid)[AUGMENT_GRID] = axis ? map->y : map->x;
        place[axis] = ((grid[j][i] * (1 - u) + grid[j][i + 1] * u) * (1 - v) +
                       (grid[j + 1][i] * (1 - u) + grid[j + 1][i + 1] * u) * v) /
                      4096.0;
    }
    double x = floor(place[0]), y = floor(place[1]), value = 0.0;
    for (int k = 0; k < 4; k++) {
        int c = (int)x + k % 2, r = (int)y + k / 2;
        double share = (k % 2 ? place[0] - x : 1 - (place[0] - x)) *
                       (k / 2 ? place[1] - y : 1 - (place[1] - y));
        if (c >= 0 && c < IMAGE_SIDE && r >= 0 && r < IMAGE_SIDE)
            value += share * image[r * IMAGE_SIDE + c];
    }
    return value;
}

static void check_map(const uint8_t *image, const struct augment_map *map, const char *what)
{
    uint8_t got[IMAGE_PIXELS + 1];
    got[IMAGE_PIXELS] = 77;
    augment_apply(got, image, map);
    for (int p = 0; p < IMAGE_PIXELS; p++) {
        double want = sampled(image, map, p % IMAGE_SIDE, p / IMAGE_SIDE);
        if (!check(fabs(got[p] - want) <= 3.0, "%s: pixel %d is %d, not %.2f", what, p, got[p],
                   want))
            return;
    }
    check(got[IMAGE_PIXELS] == 77, "%s: written past the image", what);
}

static void test_augment_map_random(void)
{
    static const struct augment strengths[] = {{10, 0.1f, 0.2f, 1.5f, 0.8f},
                                               {0, 0, 0, 0, 3},
                                               {180, 0, 0, 0, 0},
                                               {0, 0.5f, 1, 0, 0},
                                               {180, 0.5f, 1, 28, 3}};
    uint8_t image[IMAGE_PIXELS];
    blot(image);
    for (size_t s = 0; s < COUNT(strengths); s++)
        for (uint64_t i = 0; i < 200; i++) {
            struct rng rng;
            struct augment_map map;
            char what[64];
            rng_seed(&rng, 1, RNG_AUGMENT, i);
            augment_random(&map, &strengths[s], &rng);
            snprintf(what, sizeof what, "strength %zu, augmentation %d", s, (int)i);
            check_map(image, &map, what);
        }
}

/* No strength: no change. Whole pixels: no pixel changes but its place. Half a turn: exact as well. */
static void test_augment_map_exact(void)
{
    uint8_t image[IMAGE_PIXELS], got[IMAGE_PIXELS];
    struct augment none = {0};
    struct rng rng;
    struct augment_map map;
    blot(image);
    check(!augment_any(&none), "no strength is one");
    rng_seed(&rng, 1, RNG_AUGMENT, 0);
    augment_random(&map, &none, &rng);
    augment_apply(got, image, &map);
    check(!memcmp(got, image, IMAGE_PIXELS), "an augmentation of strength 0 changes the image");
    for (int dx = -3; dx <= 3; dx++)
        for (int dy = -3; dy <= 3; dy++) {
            augment_move(&map, (float)dx, (float)dy, 0.0f);
            augment_apply(got, image, &map);
            for (int p = 0; p < IMAGE_PIXELS; p++) {
                int c = p % IMAGE_SIDE - dx, r = p / IMAGE_SIDE - dy;
                bool inside = c >= 0 && c < IMAGE_SIDE && r >= 0 && r < IMAGE_SIDE;
                check(got[p] == (inside ? image[r * IMAGE_SIDE + c] : 0), "%d,%d: pixel %d is %d",
                      dx, dy, p, got[p]);
            }
        }
    augment_move(&map, 0.0f, 0.0f, 180.0f);
    augment_apply(got, image, &map);
    for (int p = 0; p < IMAGE_PIXELS; p++)
        check(abs(got[p] - image[IMAGE_PIXELS - 1 - p]) <= 1, "half a turn: pixel %d is %d, not %d",
              p, got[p], image[IMAGE_PIXELS - 1 - p]);
}

/* Positive angles turn counterclockwise: a dot on the right goes to the top; then it is moved. */
static void test_augment_map_direction(void)
{
    uint8_t image[IMAGE_PIXELS] = {0}, got[IMAGE_PIXELS];
    struct augment_map map;
    int largest = 0;
    image[14 * IMAGE_SIDE + 24] = 200; /* 10.5 right of the middle, 0.5 below it */
    augment_move(&map, 2.0f, 1.0f, 90.0f);
    augment_apply(got, image, &map);
    for (int p = 0; p < IMAGE_PIXELS; p++)
        largest = got[p] > got[largest] ? p : largest;
    check(largest == 4 * IMAGE_SIDE + 16, "the dot went to column %d, row %d", largest % IMAGE_SIDE,
          largest / IMAGE_SIDE);
}

/* Each strength stays within its bounds and reaches towards them. */
static void test_augment_map_strength(void)
{
    const double middle = 13.5;
    double most_turn = 0, most_shift = 0, most_scale = 0, squares = 0;
    for (uint64_t i = 0; i < 2000; i++) {
        struct rng rng;
        struct augment_map turn, shift, scale, bend;
        rng_seed(&rng, 2, RNG_AUGMENT, i);
        augment_random(&turn, &(struct augment){.rotate = 10}, &rng);
        augment_random(&shift, &(struct augment){.shift = 1.5f}, &rng);
        augment_random(&scale, &(struct augment){.scale = 0.1f}, &rng);
        augment_random(&bend, &(struct augment){.elastic = 0.8f}, &rng);
        double dx = turn.x[3][7] / 4096.0 - middle, dy = turn.y[3][7] / 4096.0 - middle;
        double angle = fabs(atan2(dy, dx) - atan2(-1.5, 14.5)) * 180.0 / 3.141592653589793;
        double moved = fabs(shift.x[3][3] / 4096.0 - 12.0);
        double ratio = 14.5 / (scale.x[3][7] / 4096.0 - middle);
        most_turn = fmax(most_turn, angle);
        most_shift = fmax(most_shift, moved);
        most_scale = fmax(most_scale, fabs(ratio - 1.0));
        for (int k = 0; k < AUGMENT_GRID; k++)
            squares += pow(bend.x[k][k] / 4096.0 - 4 * k, 2);
    }
    check(most_turn <= 10.01 && most_turn >= 9.9, "turned by up to %g", most_turn);
    check(most_shift <= 1.501 && most_shift >= 1.49, "moved by up to %g", most_shift);
    check(most_scale <= 0.1001 && most_scale >= 0.099, "stretched by up to %g", most_scale);
    double deviation = sqrt(squares / (2000.0 * AUGMENT_GRID));
    check(fabs(deviation - 0.8) <= 0.015, "bent with a deviation of %g", deviation);
}

static void test_batch_augment(void)
{
    struct dataset dataset;
    struct error err = {""};
    const struct augment augment = {10, 0.1f, 0.2f, 1.5f, 0.8f};
    const int indices[] = {7, 0, 7, 300, 12, 5, 6, 1, 2, 3, 4};
    if (!check(!dataset_load(&dataset, "data/sample", DATASET_TRAIN, &err), "%s", err.text))
        return;
    for (int threads = 1; threads <= 3; threads++) {
        struct batch batch;
        struct team *team = team_create(threads, &err);
        if (!check(team && !batch_create(&batch, COUNT(indices), &err), "%s", err.text))
            return;
        batch_fill(&batch, &dataset, indices, COUNT(indices));
        batch_augment(&batch, &augment, 9, 3, indices, team);
        for (size_t b = 0; b < COUNT(indices); b++) {
            uint8_t want[IMAGE_PIXELS];
            uint64_t mask[IMAGE_WORDS];
            augment_image(want, dataset.pixels + (size_t)indices[b] * IMAGE_PIXELS, &augment, 9, 3,
                          indices[b]);
            image_mask(mask, want);
            check(!memcmp(batch.pixels[b], want, IMAGE_PIXELS), "image %zu differs", b);
            check(!memcmp(batch.masks[b], mask, sizeof mask), "mask %zu differs", b);
        }
        batch_destroy(&batch);
        team_destroy(team);
    }
    dataset_free(&dataset);
}

/* Another seed, epoch or image is another augmentation; the whole set augmented is each image's own. */
static void test_augment_image(void)
{
    uint8_t image[IMAGE_PIXELS], a[IMAGE_PIXELS], b[IMAGE_PIXELS];
    const struct augment augment = {10, 0.1f, 0.2f, 1.5f, 0.8f};
    struct dataset dataset;
    struct error err = {""};
    blot(image);
    augment_image(a, image, &augment, 1, 1, 1);
    for (int i = 0; i < 3; i++) {
        augment_image(b, image, &augment, 1 + (i == 0), 1 + (i == 1), 1 + (i == 2));
        check(memcmp(a, b, IMAGE_PIXELS) != 0, "case %d: the same augmentation", i);
    }
    if (!check(!dataset_load(&dataset, "data/sample", DATASET_TEST, &err), "%s", err.text))
        return;
    uint8_t *old = malloc((size_t)dataset.count * IMAGE_PIXELS);
    memcpy(old, dataset.pixels, (size_t)dataset.count * IMAGE_PIXELS);
    for (int twice = 0; twice < 2; twice++) {
        check(!dataset_augment(&dataset, &augment, 4, 2, &err), "%s", err.text);
        for (int i = 0; i < dataset.count; i++) {
            uint64_t mask[IMAGE_WORDS];
            uint8_t *before = old + (size_t)i * IMAGE_PIXELS;
            augment_image(a, before, &augment, 4, 2, i);
            image_mask(mask, a);
            check(!memcmp(a, dataset.pixels + (size_t)i * IMAGE_PIXELS, IMAGE_PIXELS) &&
                      !memcmp(mask, dataset.masks + (size_t)i * IMAGE_WORDS, sizeof mask),
                  "image %d differs", i);
            memcpy(before, a, IMAGE_PIXELS);
        }
    }
    free(old);
    dataset_free(&dataset);
}

/* --- split --- */

/* Disjoint, complete and ascending at once: the two lists merge into 0 … n-1. */
static void check_partition(const struct split *split, int n, const char *what)
{
    int t = 0, v = 0;
    check(split->train_count + split->val_count == n, "%s: %d + %d images, wanted %d", what,
          split->train_count, split->val_count, n);
    for (int i = 0; i < n; i++) {
        if (t < split->train_count && split->train[t] == i)
            t++;
        else if (v < split->val_count && split->val[v] == i)
            v++;
        else if (!check(false, "%s: image %d is in neither list, or out of order", what, i))
            return;
    }
    check(t == split->train_count && v == split->val_count, "%s: an image is in both lists", what);
}

static void check_stratified(const struct split *split, const struct dataset *dataset,
                             const char *what)
{
    int size[IMAGE_CLASSES] = {0}, taken[IMAGE_CLASSES] = {0};
    for (int i = 0; i < dataset->count; i++)
        size[dataset->labels[i]]++;
    for (int i = 0; i < split->val_count; i++)
        taken[dataset->labels[split->val[i]]]++;
    for (int c = 0; c < IMAGE_CLASSES; c++) {
        double share = (double)size[c] * split->val_count / dataset->count;
        check(taken[c] > share - 1.0 && taken[c] < share + 1.0,
              "%s: %d of class %d validate, wanted about %.2f", what, taken[c], c, share);
    }
}

static void check_split(const struct dataset *dataset, int val_count, uint64_t seed,
                        const char *name)
{
    char what[64];
    struct split split, again;
    struct error err = {""};
    snprintf(what, sizeof what, "%s: %d of %d", name, val_count, dataset->count);
    if (!check(!split_create(&split, dataset, val_count, seed, &err), "%s: %s", what, err.text))
        return;
    check(split.val_count == val_count, "%s: %d validate", what, split.val_count);
    check_partition(&split, dataset->count, what);
    check_stratified(&split, dataset, what);
    if (check(!split_create(&again, dataset, val_count, seed, &err), "%s: %s", what, err.text)) {
        check(again.val_count == val_count &&
                  !memcmp(again.val, split.val, (size_t)val_count * sizeof *split.val),
              "%s: the same seed gave another split", what);
        split_free(&again);
    }
    split_free(&split);
    check(!split.train && !split.val && split.val_count == 0, "split_free leaves something");
}

static void test_split_sample(void)
{
    static const int counts[] = {0, 1, 9, 10, 11, 500, 4999};
    struct dataset dataset;
    struct error err = {""};
    if (!check(!dataset_load(&dataset, "data/sample", DATASET_TRAIN, &err), "%s", err.text))
        return;
    for (size_t i = 0; i < COUNT(counts); i++)
        check_split(&dataset, counts[i], 1, "data/sample");
    dataset_free(&dataset);
}

/* Classes of very different sizes, one of them empty, in order of class: what comes first must not
 * be what is taken. */
static struct dataset skewed_dataset(void)
{
    static const int sizes[IMAGE_CLASSES] = {1, 2, 3, 0, 500, 7, 10, 25, 1, 1};
    static uint8_t labels[550];
    int n = 0;
    for (int c = 0; c < IMAGE_CLASSES; c++)
        for (int i = 0; i < sizes[c]; i++)
            labels[n++] = (uint8_t)c;
    return (struct dataset){.count = n, .labels = labels};
}

static void test_split_skewed(void)
{
    struct dataset dataset = skewed_dataset(), single = dataset;
    check(dataset.count == 550, "%d made", dataset.count);
    for (int val_count = 0; val_count < dataset.count; val_count++)
        check_split(&dataset, val_count, (uint64_t)val_count, "skewed");
    single.count = 1;
    check_split(&single, 0, 1, "one image");
}

/* Over many seeds each image of the large class validates about equally often. */
static void test_split_random(void)
{
    enum { SEEDS = 400, VAL = 55 };
    int times[550] = {0}, changed = 0, last[VAL] = {0};
    struct dataset dataset = skewed_dataset();
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct split split;
        struct error err = {""};
        if (!check(!split_create(&split, &dataset, VAL, seed, &err), "%s", err.text))
            return;
        for (int i = 0; i < VAL && i < split.val_count; i++)
            times[split.val[i]]++;
        changed += memcmp(last, split.val, sizeof last) != 0;
        memcpy(last, split.val, sizeof last);
        split_free(&split);
    }
    check(changed == SEEDS, "%d of %d seeds changed the split", changed, SEEDS);
    /* A tenth of 400 draws: 40, standard deviation 6. */
    for (int i = 6; i < 506; i++)
        check(times[i] >= 10 && times[i] <= 70, "image %d validates %d times of %d", i, times[i],
              SEEDS);
}

/* The split is part of every result. Indices from an independent implementation. */
static void test_split_golden(void)
{
    static const int wanted[] = {127, 291, 340, 350, 429, 462};
    struct split split;
    struct error err = {""};
    struct dataset dataset = skewed_dataset();
    if (!check(!split_create(&split, &dataset, 6, 1, &err), "%s", err.text))
        return;
    for (size_t i = 0; i < COUNT(wanted); i++)
        check(split.val[i] == wanted[i], "val[%zu] = %d, wanted %d", i, split.val[i], wanted[i]);
    split_free(&split);
    /* The last place falls to one of three classes with equal remainders: 0, 8 and 9, one image
     * each. The lowest gets it. */
    if (check(!split_create(&split, &dataset, 300, 1, &err), "%s", err.text))
        check(split.val[0] == 0 && split.val[299] < 548, "from %d to %d validate", split.val[0],
              split.val[299]);
    split_free(&split);
}

TEST_LIST(tests_data, {"idx: good files", test_idx_good},
          {"idx: bad files, each with its own message", test_idx_bad},
          {"idx: cut at every byte", test_idx_truncated},
          {"idx: loads plain and gzip files", test_idx_load},
          {"dataset: every layout and spelling", test_dataset_layouts},
          {"dataset: known by its bytes", test_dataset_known_by_bytes},
          {"dataset: missing files", test_dataset_missing},
          {"dataset: files that do not belong together", test_dataset_mismatch},
          {"dataset: a test set copied from the training set", test_dataset_distinct},
          {"dataset: some test images among the training images", test_dataset_shared},
          {"dataset: data/sample", test_sample}, {"dataset: masks", test_dataset_mask},
          {"batch: values", test_batch_values},
          {"batch: every sample in its place", test_batch_fill},
          {"batch: of images without labels", test_unlabelled},
          {"batch: smoothed targets", test_batch_smoothing},
          {"augment: as in double", test_augment_map_random},
          {"augment: what must be exact", test_augment_map_exact},
          {"augment: directions", test_augment_map_direction},
          {"augment: strengths", test_augment_map_strength},
          {"augment: a batch", test_batch_augment},
          {"augment: a function of seed, epoch and image", test_augment_image},
          {"split: data/sample", test_split_sample},
          {"split: classes of uneven size", test_split_skewed},
          {"split: another seed, other images", test_split_random},
          {"split: the same indices everywhere", test_split_golden});
