#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mnist/codec/idx.h"
#include "mnist/data/image.h"

#include "../files.h"
#include "../test.h"

TEST(idx_good, "idx: good files")
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

TEST(idx_bad, "idx: bad files, each with its own message")
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
TEST(idx_truncated, "idx: cut at every byte")
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

TEST(idx_load, "idx: loads plain and gzip files")
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
