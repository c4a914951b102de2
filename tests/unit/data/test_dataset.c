#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mnist/base/bytes.h"
#include "mnist/base/team.h"
#include "mnist/codec/checksum.h"
#include "mnist/data/dataset.h"
#include "mnist/data/image.h"

#include "../files.h"
#include "../test.h"

/* --- one file --- */

TEST(dataset_parse, "dataset: good files")
{
    uint8_t images[IMAGE_FILE], labels[LABEL_FILE];
    const uint8_t *values;
    int count;
    struct error err = {""};
    make_images(images, 1);
    make_labels(labels, 1);
    if (check(!dataset_parse(&values, &count, images, sizeof images, DATASET_IMAGES, "i", &err),
              "%s", err.text)) {
        check(count == IMAGES, "%d images", count);
        check(values == images + 16, "pixels start at %td", values - images);
    }
    if (check(!dataset_parse(&values, &count, labels, sizeof labels, DATASET_LABELS, "l", &err),
              "%s", err.text)) {
        check(count == IMAGES, "%d labels", count);
        check(values == labels + 8, "labels start at %td", values - labels);
    }
}

/* Each row puts `bytes` at `at` of a good file and cuts it to `size`, or adds rubbish up to it; 0
 * leaves the size alone. */
static const struct {
    enum dataset_kind kind;
    const char *bytes;
    size_t length, at, size;
    const char *wanted;
} bad_files[] = {
    {DATASET_IMAGES, "<!DOCTYPE html><html>", 21, 0, 21, "an HTML or XML page: fetch it again"},
    {DATASET_LABELS, "\n<html><body>", 13, 0, 13, "an HTML or XML page: fetch it again"},
    {DATASET_IMAGES, "\x1f\x8b\x08", 3, 0, 0, "a gzip file"},
    {DATASET_LABELS, "PK\3\4", 4, 0, 0, "a zip archive"},
    {DATASET_IMAGES, "\x89PNG", 4, 0, 0, "a PNG image: wanted MNIST's IDX files"},
    {DATASET_IMAGES, "label,pixel0\n", 13, 0, 13,
     "a CSV table, as Kaggle's: wanted MNIST's IDX files"},
    {DATASET_IMAGES, "version https://git-lfs.github.com", 34, 0, 0,
     "a Git LFS pointer: fetch it again"},
    {DATASET_IMAGES, "", 0, 0, SIZE_MAX, "an empty file: fetch it again"},
    {DATASET_LABELS, "", 0, 0, SIZE_MAX, "an empty file: fetch it again"},
    {DATASET_IMAGES, "hello", 5, 0, 5,
     "not an IDX file of images (magic 2051): it looks like a text file: fetch it again"},
    {DATASET_LABELS, "hello", 5, 0, 5,
     "not an IDX file of labels (magic 2049): it looks like a text file: fetch it again"},
    {DATASET_IMAGES, "\0\0\x08", 3, 0, 3, "not an IDX file"},
    {DATASET_IMAGES, "\x03\x08\0\0", 4, 0, 0,
     "an IDX file in the wrong byte order (little-endian, wanted big-endian): wanted MNIST's IDX "
     "files"},
    {DATASET_IMAGES, "\0\0\x08\x01", 4, 0, 0, "has labels (magic 2049), wanted images (2051)"},
    {DATASET_LABELS, "\0\0\x08\x03", 4, 0, 0, "has images (magic 2051), wanted labels (2049)"},
    {DATASET_IMAGES, "\0\0\x0d\x03", 4, 0, 0, "type 0x0d, wanted 0x08"},
    {DATASET_LABELS, "\0\0\x09\x01", 4, 0, 0, "type 0x09, wanted 0x08"},
    {DATASET_IMAGES, "\0\0\x08\x02", 4, 0, 0, "rank 2, wanted rank 3 for images"},
    {DATASET_LABELS, "\0\0\x08\x02", 4, 0, 0, "rank 2, wanted rank 1 for labels"},
    {DATASET_IMAGES, "\0\0\0\x1b", 4, 8, 0, "27x28 pixels, wanted 28x28"},
    {DATASET_IMAGES, "\0\0\0\x1b", 4, 12, 0, "28x27 pixels, wanted 28x28"},
    {DATASET_IMAGES, "\0\0\0\x0e\0\0\0\x38", 8, 8, 0, "14x56 pixels, wanted 28x28"},
    {DATASET_IMAGES, "\xff\xff\xff\xff", 4, 8, 0, "4294967295x28 pixels"},
    {DATASET_IMAGES, "\x1c\0\0\0", 4, 8, 0, "469762048x28 pixels"},
    {DATASET_IMAGES, "\0\0\0\0", 4, 4, 0, "a count of 0"},
    {DATASET_LABELS, "\0\0\0\0", 4, 4, 0, "a count of 0"},
    {DATASET_LABELS, "\0\0\0\0", 4, 4, 8, "a count of 0"},
    {DATASET_IMAGES, "\xff\xff\xff\xff", 4, 4, 0, "a count of 4,294,967,295"},
    {DATASET_LABELS, "\xff\xff\xff\xff", 4, 4, 0,
     "a count of 4,294,967,295, wanted 1 to 1,000,000,000"},
    {DATASET_IMAGES, "\x3b\x9a\xca\x01", 4, 4, 0, "a count of 1,000,000,001"},
    {DATASET_IMAGES, "\x3b\x9a\xca\x00", 4, 4, 0,
     "cut short: 1,000,000,000 images need 784,000,000,016 bytes, the file has 2,368"},
    /* 5,478,275 × 784 is 2^32 + 304: a product that wraps looks like less than one image. */
    {DATASET_IMAGES, "\x00\x53\x97\x83", 4, 4, 0,
     "cut short: 5,478,275 images need 4,294,967,616 bytes, the file has 2,368"},
    {DATASET_IMAGES, "\2\0\0\0\x1c\0\0\0\x1c\0\0\0", 12, 4, 0,
     "its sizes are in the wrong byte order (little-endian, wanted big-endian)"},
    {DATASET_IMAGES, "\0\0\1\0\x1c\0\0\0\x1c\0\0\0", 12, 4, 0,
     "its sizes are in the wrong byte order (little-endian, wanted big-endian)"},
    {DATASET_LABELS, "\x60\xea\0\0", 4, 4, 0,
     "its sizes are in the wrong byte order (little-endian, wanted big-endian)"},
    {DATASET_IMAGES, "\0\0\0\1", 4, 4, 0, "too long: 1 image needs 800 bytes, the file has 2,368"},
    {DATASET_LABELS, "\0\0\0\1", 4, 4, 8,
     "cut short: 1 label needs 9 bytes, the file has 8: fetch it again"},
    {DATASET_IMAGES, "\0\0\0\x04", 4, 4, 0,
     "cut short: 4 images need 3,152 bytes, the file has 2,368: fetch it again"},
    {DATASET_IMAGES, "\0\0\0\x02", 4, 4, 0,
     "too long: 2 images need 1,584 bytes, the file has 2,368"},
    {DATASET_LABELS, "\0\0\0\x04", 4, 4, 0,
     "cut short: 4 labels need 12 bytes, the file has 11: fetch it again"},
    {DATASET_LABELS, "\0\0\0\x02", 4, 4, 0, "too long: 2 labels need 10 bytes, the file has 11"},
    {DATASET_IMAGES, "", 0, 0, 4,
     "cut short: its header needs 16 bytes, the file has 4: fetch it again"},
    {DATASET_IMAGES, "", 0, 0, 15, "its header needs 16 bytes, the file has 15"},
    {DATASET_LABELS, "", 0, 0, 7, "its header needs 8 bytes, the file has 7"},
    {DATASET_IMAGES, "", 0, 0, 16, "3 images need 2,368 bytes, the file has 16"},
    {DATASET_IMAGES, "", 0, 0, IMAGE_FILE - 1, "3 images need 2,368 bytes, the file has 2,367"},
    {DATASET_IMAGES, "", 0, 0, IMAGE_FILE + 1,
     "too long: 3 images need 2,368 bytes, the file has 2,369"},
    {DATASET_LABELS, "", 0, 0, LABEL_FILE + 5, "too long: 3 labels need 11 bytes, the file has 16"},
    {DATASET_LABELS, "\x0a", 1, 10, 0, "label 2 is 10, wanted 0 to 9"},
    {DATASET_LABELS, "\xff", 1, 8, 0, "label 0 is 255, wanted 0 to 9"},
};

TEST(dataset_bad, "dataset: bad files, each with its own message")
{
    for (size_t i = 0; i < COUNT(bad_files); i++) {
        uint8_t bytes[IMAGE_FILE + 64] = {0};
        char what[32];
        const uint8_t *values;
        int count;
        struct error err = {""};
        bool images = bad_files[i].kind == DATASET_IMAGES;
        size_t size = bad_files[i].size ? bad_files[i].size : images ? IMAGE_FILE : LABEL_FILE;
        if (size == SIZE_MAX)
            size = 0;
        if (images)
            make_images(bytes, 1);
        else
            make_labels(bytes, 1);
        memcpy(bytes + bad_files[i].at, bad_files[i].bytes, bad_files[i].length);
        snprintf(what, sizeof what, "row %zu", i);
        int result =
            dataset_parse(&values, &count, bytes, size, bad_files[i].kind, "some/name", &err);
        check_refused(result, &err, bad_files[i].wanted, what);
        check(!strncmp(err.text, "some/name: ", 11), "%s: \"%s\" does not name the file", what,
              err.text);
    }
}

/* Read from a block of exactly this size, so that a sanitizer sees a read beyond it. */
TEST(dataset_truncated, "dataset: files cut at every byte")
{
    uint8_t bytes[IMAGE_FILE];
    for (int kind = 0; kind < 2; kind++) {
        size_t whole = kind ? IMAGE_FILE : LABEL_FILE;
        if (kind)
            make_images(bytes, 2);
        else
            make_labels(bytes, 2);
        for (size_t size = 0; size <= whole; size++) {
            const uint8_t *values;
            int count;
            struct error err = {""};
            uint8_t *cut = malloc(size ? size : 1);
            if (!check(cut != NULL, "no memory"))
                return;
            memcpy(cut, bytes, size);
            int result = dataset_parse(&values, &count, cut, size,
                                       kind ? DATASET_IMAGES : DATASET_LABELS, "cut", &err);
            check(result == (size < whole ? -1 : 0), "%zu of %zu bytes: %d %s", size, whole, result,
                  err.text);
            check(!result || err.text[0], "%zu of %zu bytes: no message", size, whole);
            free(cut);
        }
    }
}

/* The limit is what the header declares; 0 only where the head is enough for dataset_parse to
 * refuse the file, as images and as labels. */
TEST(dataset_limit, "dataset: the header tells how large a file may be")
{
    uint8_t images[IMAGE_FILE + 64] = {0}, labels[LABEL_FILE + 64] = {0};
    make_images(images, 1);
    make_labels(labels, 1);
    check_size(dataset_limit(images, IMAGE_FILE), IMAGE_FILE);
    check_size(dataset_limit(images, 16), IMAGE_FILE);
    check_size(dataset_limit(images, 15), DATASET_LARGEST_FILE);
    check_size(dataset_limit(labels, 16), LABEL_FILE);
    check_size(dataset_limit(labels, 15), DATASET_LARGEST_FILE);
    check_size(dataset_limit(images, 0), DATASET_LARGEST_FILE);
    for (size_t i = 0; i < COUNT(bad_files); i++) {
        uint8_t bytes[IMAGE_FILE + 64];
        const uint8_t *values;
        int count;
        struct error err = {""};
        memcpy(bytes, bad_files[i].kind == DATASET_IMAGES ? images : labels, LABEL_FILE + 64);
        memcpy(bytes + bad_files[i].at, bad_files[i].bytes, bad_files[i].length);
        if (dataset_limit(bytes, 16))
            continue;
        for (int kind = DATASET_LABELS; kind <= DATASET_IMAGES; kind += 2)
            check(dataset_parse(&values, &count, bytes, 16, (enum dataset_kind)kind, "head", &err),
                  "row %zu: a head is taken for a whole file", i);
    }
    static const char *const heads[] = {"<!DOCTYPE html>",
                                        "\x1f\x8b\x08 in gzip ....",
                                        "\0\0\x0d\x03............",
                                        "\0\0\x08\x02............",
                                        "\0\0\x08\x03\x7f..........",
                                        "\0\0\x08\x03\0\0\0\1\0\0\0\x1b\0\0\0\x1c"};
    for (size_t i = 0; i < COUNT(heads); i++)
        check(dataset_limit((const uint8_t *)heads[i], 16) == 0, "head %zu is not refused", i);
}

/* --- folders --- */

/* A folder inside this run's own, made if it does not exist. */
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

/* Tries one layout and spelling, alone in the folder; whether it is packed has nothing to do with
 * its name. */
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
        int result =
            dataset_load(&dataset, test_path("layouts"), (enum dataset_split)part, NULL, &err);
        check(dataset_is_there(test_path("layouts"), (enum dataset_split)part), "%s", images);
        if (check(!result, "%s: %s", images, err.text)) {
            check_part(&dataset, round + part, images);
            dataset_free(&dataset);
        }
        check(dataset.count == 0 && !dataset.masks, "%s: something is left", images);
        remove_place(images, own_folder);
        remove_place(labels, own_folder);
    }
}

TEST(dataset_layouts, "dataset: every layout and spelling")
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

/* Each file has a name that says the opposite of what its bytes are. */
TEST(dataset_known_by_bytes, "dataset: known by its bytes")
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
        if (check(!dataset_load(&dataset, test_path("bytes"), DATASET_TRAIN, NULL, &err), "%s",
                  err.text))
            check_part(&dataset, 40 + gzip, images);
        dataset_free(&dataset);
        check(!remove(images) && !remove(labels), "cannot remove the files");
    }
}

/* Whatever is wrong with a gzip file, the data set is refused, and nothing is left of it. */
TEST(dataset_gzip_damaged, "dataset: gzip files cut short or damaged")
{
    uint8_t images[IMAGE_FILE], packed[IMAGE_FILE + 64];
    const char *path = folder("damaged"), *file = test_path("damaged/t10k-images-idx3-ubyte");
    make_images(images, 3);
    size_t whole = make_gzip(packed, images, sizeof images);
    write_part(file, test_path("damaged/t10k-labels-idx1-ubyte"), 3, false);
    for (size_t size = 2; size <= whole; size += size < 20 || size + 20 > whole ? 1 : 97) {
        struct dataset dataset;
        struct error err = {""};
        packed[whole - 5] ^= size == whole; /* the CRC-32 */
        test_write(file, packed, size);
        check_refused(dataset_load(&dataset, path, DATASET_TEST, NULL, &err), &err,
                      size < whole ? "it is cut short" : "its CRC-32 is wrong", file);
        check(strstr(err.text, file) == err.text, "\"%s\" does not name the file", err.text);
        check(!dataset.images_file.bytes, "%zu bytes: memory is left after a failure", size);
    }
}

TEST(dataset_missing, "dataset: missing files")
{
    struct dataset dataset;
    struct error err = {""};
    const char *path = folder("nothing");
    check_refused(dataset_load(&dataset, path, DATASET_TRAIN, NULL, &err), &err,
                  "no train-images-idx3-ubyte (or .gz) in ", "an empty folder");
    check(strstr(err.text, path) != NULL, "\"%s\"", err.text);
    check(!dataset_is_there(path, DATASET_TRAIN), "an empty folder has something");
    check_refused(dataset_load(&dataset, path, DATASET_TEST, NULL, &err), &err,
                  "no t10k-images-idx3-ubyte (or .gz) in ", "an empty folder");
    write_part(test_path("nothing/train-images-idx3-ubyte"), test_path("nothing/wrong-name"), 1,
               false);
    check_refused(dataset_load(&dataset, path, DATASET_TRAIN, NULL, &err), &err,
                  "no train-labels-idx1-ubyte (or .gz) in ", "images alone");
    check(!dataset_is_there(path, DATASET_TRAIN), "images alone are taken for a split");
    check(dataset.count == 0 && !dataset.images_file.bytes, "memory is left after a failure");
    check_refused(dataset_load(&dataset, test_path("nowhere"), DATASET_TRAIN, NULL, &err), &err,
                  "nowhere: no such folder", "no such folder");
    folder("others");
    path = test_path("others/mnist.npz");
    test_write(path, "PK", 2);
    check_refused(dataset_load(&dataset, test_path("others"), DATASET_TEST, NULL, &err), &err,
                  "/others, which has mnist.npz: this program reads the four IDX files", "Keras's");
    check_refused(dataset_load(&dataset, path, DATASET_TRAIN, NULL, &err), &err,
                  "mnist.npz is a file: give a folder", "a file");
}

/* Only what is not there is passed over. */
TEST(dataset_find, "dataset: what cannot be looked at is found, and refused on opening it")
{
    char path[PATH_MAX];
    struct dataset dataset;
    struct error err = {""};
    const char *links = folder("links"), *images = test_path("links/train-images.idx3-ubyte");
    write_part(images, test_path("links/train-labels-idx1-ubyte.gz"), 5, false);
    if (check(dataset_find(path, links, DATASET_TRAIN, DATASET_IMAGES), "not found"))
        check_string(path, images);
    if (check(dataset_find(path, links, DATASET_TRAIN, DATASET_LABELS), "not found"))
        check_string(path, test_path("links/train-labels-idx1-ubyte.gz"));
    check(!dataset_find(path, links, DATASET_TEST, DATASET_LABELS), "found %s", path);
    const char *link = test_path("links/train-images-idx3-ubyte");
    check(!symlink("nowhere", link), "no link");
    if (check(dataset_find(path, links, DATASET_TRAIN, DATASET_IMAGES), "not found"))
        check_string(path, images);
    check(!remove(link) && !symlink("train-images-idx3-ubyte", link), "no link to itself");
    if (check(dataset_find(path, links, DATASET_TRAIN, DATASET_IMAGES), "not found"))
        check_string(path, link);
    check_refused(dataset_load(&dataset, links, DATASET_TRAIN, NULL, &err), &err,
                  "/train-images-idx3-ubyte: cannot open: ", "a link to itself");
    check(!dataset_find(path, images, DATASET_TRAIN, DATASET_IMAGES), "a file is no folder");
}

TEST(dataset_mismatch, "dataset: files that do not belong together")
{
    uint8_t images[IMAGE_FILE], labels[LABEL_FILE];
    struct dataset dataset;
    struct error err = {""};
    const char *path = folder("mismatch");
    make_images(images, 1);
    make_labels(labels, 1);
    bytes_put_be32(labels + 4, IMAGES - 1);
    test_write(test_path("mismatch/t10k-images-idx3-ubyte"), images, sizeof images);
    test_write(test_path("mismatch/t10k-labels-idx1-ubyte"), labels, sizeof labels - 1);
    check_refused(dataset_load(&dataset, path, DATASET_TEST, NULL, &err), &err,
                  "3 t10k images but 2 labels", "fewer labels");
    check(dataset.count == 0 && !dataset.labels_file.bytes, "memory is left after a failure");
    make_labels(labels, 1);
    test_write(test_path("mismatch/t10k-labels-idx1-ubyte"), images, sizeof images);
    test_write(test_path("mismatch/t10k-images-idx3-ubyte"), labels, sizeof labels);
    check_refused(dataset_load(&dataset, path, DATASET_TEST, NULL, &err), &err,
                  "are two files swapped?", "swapped files");
}

/* A data set of these images, whose labels are all 0, and what it is known by. */
static void know(struct dataset *dataset, const uint8_t *pixels, int count, struct team *team)
{
    static const uint8_t labels[4096];
    struct error err = {""};
    check(!dataset_unlabelled(dataset, pixels, count, &err), "%s", err.text);
    dataset->labels = labels;
    check(!dataset_digest(dataset, team, &err), "%s", err.text);
}

TEST(dataset_distinct, "dataset: a test set copied from the training set")
{
    static uint8_t one[4 * IMAGE_PIXELS], other[4 * IMAGE_PIXELS];
    struct error err = {""};
    struct dataset train, test;
    int shared = 0;
    memset(one, 9, sizeof one);
    memset(other, 9, sizeof other);
    other[3 * IMAGE_PIXELS] = 1; /* beyond the images that both have */
    know(&train, one, 4, NULL);
    know(&test, other, 3, NULL);
    check_refused(dataset_check_distinct(&train, &test, &shared, &err), &err, "each of the 3 ",
                  "a prefix");
    check_refused(dataset_check_distinct(&train, &train, &shared, &err), &err, "each of the 4 ",
                  "itself");
    dataset_free(&test);
    other[3 * IMAGE_PIXELS - 1] = 1;
    know(&test, other, 3, NULL);
    check(!dataset_check_distinct(&train, &test, &shared, &err), "one differs, yet: %s", err.text);
    check(shared == 2, "%d are shared, wanted 2", shared);
    dataset_free(&train);
    dataset_free(&test);
}

/* Two sets of images that are numbers, in different orders, some of them more than once. Images
 * that have the same hash are still told apart. */
TEST(dataset_shared, "dataset: some test images among the training images")
{
    enum { TRAIN = 300, TEST = 200 };
    static uint8_t one[TRAIN * IMAGE_PIXELS], other[TEST * IMAGE_PIXELS];
    struct error err = {""};
    struct dataset train, test;
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
    know(&train, one, TRAIN, NULL);
    know(&test, other, TEST, NULL);
    for (int same = 0; same < 2; same++) {
        check(!dataset_check_distinct(&train, &test, &shared, &err), "%s", err.text);
        check(wanted == 50 && shared == wanted, "%d are shared, wanted %d", shared, wanted);
        memset(train.hashes, 7, TRAIN * sizeof *train.hashes);
        memset(test.hashes, 7, TEST * sizeof *test.hashes);
    }
    dataset_free(&train);
    dataset_free(&test);
}

TEST(sample, "dataset: data/sample")
{
    struct dataset train = {0}, test = {0};
    struct error err = {""};
    if (check(!dataset_load(&train, "data/sample", DATASET_TRAIN, NULL, &err), "%s", err.text) &&
        check(!dataset_load(&test, "data/sample", DATASET_TEST, NULL, &err), "%s", err.text)) {
        static const uint8_t first[] = {5, 0, 4, 1, 9}, first_test[] = {7, 2, 1, 0, 4};
        check(train.count == 5000 && test.count == 1000, "%d and %d", train.count, test.count);
        check(!memcmp(train.labels, first, sizeof first), "train[0] is %d, wanted 5",
              train.labels[0]);
        check(!memcmp(test.labels, first_test, sizeof first_test), "test[0] is %d, wanted 7",
              test.labels[0]);
        int shared = -1;
        check(!dataset_digest(&train, NULL, &err) && !dataset_digest(&test, NULL, &err) &&
                  !dataset_check_distinct(&train, &test, &shared, &err) && shared == 0,
              "%d: %s", shared, err.text);
    }
    dataset_free(&train);
    dataset_free(&test);
}

/* Threads share a data set by chunks of 1,024 images. */
TEST(dataset_digest, "dataset: what tells it from another, by any number of threads")
{
    enum { MOST = 3000 };
    static const int counts[] = {1, 2, 1023, 1024, 1025, 2048, MOST};
    static uint8_t pixels[MOST * IMAGE_PIXELS];
    struct error err = {""};
    for (size_t p = 0; p < sizeof pixels; p++)
        pixels[p] = (uint8_t)(p * p >> 7);
    for (size_t i = 0; i < COUNT(counts); i++) {
        uint32_t *hashes = NULL;
        for (int threads = 1; threads <= 3; threads++) {
            struct dataset dataset;
            struct team *team = team_create(threads, &err);
            int count = counts[i];
            size_t size = (size_t)count * sizeof *hashes;
            test_case("%d images, %d threads", count, threads);
            if (!check(team != NULL, "%s", err.text))
                return;
            know(&dataset, pixels, count, team);
            check_int(dataset.sums.count, count);
            check_hex(dataset.sums.images_crc32,
                      checksum_crc32(pixels, (size_t)count * IMAGE_PIXELS));
            check_hex(dataset.sums.labels_crc32, checksum_crc32(dataset.labels, (size_t)count));
            check(!hashes || !memcmp(hashes, dataset.hashes, size), "other hashes");
            if (threads == 1 && (hashes = malloc(size)))
                memcpy(hashes, dataset.hashes, size);
            dataset_free(&dataset);
            team_destroy(team);
        }
        free(hashes);
    }
}

/* Each pixel of the outermost ring counts, none inside does, and nine images of ten suffice. */
TEST(dataset_framed, "dataset: images that stand in a frame")
{
    enum { TEN = 10 };
    static uint8_t pixels[TEN * IMAGE_PIXELS];
    for (int p = 0; p < IMAGE_PIXELS; p++) {
        int row = p / 28, column = p % 28, wrong = 0;
        bool ring = row == 0 || row == 27 || column == 0 || column == 27;
        for (int inked = 0; inked <= TEN; inked++) {
            struct dataset dataset;
            memset(pixels, 0, sizeof pixels);
            for (int i = 0; i < inked; i++)
                pixels[(TEN - 1 - i) * IMAGE_PIXELS + p] = 1;
            know(&dataset, pixels, TEN, NULL);
            wrong += dataset.framed != (!ring || inked <= 1);
            dataset_free(&dataset);
        }
        check(wrong == 0, "pixel %d: %d are wrong", p, wrong);
    }
}
