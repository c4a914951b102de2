/* What kind a file is, judged by its bytes, whatever its name. */
#ifndef MNIST_KIND_H
#define MNIST_KIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What files of a kind are for, as far as a message that refuses one needs to know. */
enum kind_use {
    KIND_OTHER,   /* a known kind, for none of the purposes below */
    KIND_RUBBISH, /* nothing known, or what a failed download leaves */
    KIND_PICTURE, /* a picture that codec/pnm reads */
    KIND_IMAGE,   /* a picture of another format, which ImageMagick converts */
    KIND_IDX,     /* images or labels */
    KIND_GZIP,    /* a gzip file, whatever is in it */
    KIND_MODEL    /* a safetensors file, one of ours or not */
};

struct kind {
    const char *name; /* for the message: "a gzip file", "a PNG image", …; NULL: nothing known */
    enum kind_use use;
    bool gzipped; /* found in a gzip file, into which kind_of does not look */
};

/* What the bytes look like: a whole file, or its first KIND_HEAD bytes or more. */
enum { KIND_HEAD = 4096 };
struct kind kind_of(const uint8_t *bytes, size_t size);

#endif
