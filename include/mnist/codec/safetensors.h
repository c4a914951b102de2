/* safetensors: named tensors in one file that PyTorch, JAX, Rust and JavaScript read as it is.
 *
 * u64 little-endian header length, JSON header padded with spaces, tensor bytes:
 *   {"__metadata__":{"key":"value",…},
 *    "name":{"dtype":"F32","shape":[N,K],"data_offsets":[begin,end]},…}
 * Format: github.com/huggingface/safetensors. */
#ifndef MNIST_SAFETENSORS_H
#define MNIST_SAFETENSORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mnist/base/error.h"

enum {
    SAFETENSORS_TENSORS = 64,  /* at the most in a file */
    SAFETENSORS_METADATA = 64, /* strings of metadata at the most */
    SAFETENSORS_NAME = 64,     /* bytes of a name or key, with its NUL */
    SAFETENSORS_VALUE = 256,   /* bytes of a metadata value, with its NUL */
    SAFETENSORS_RANK = 8,      /* sizes of a shape */
    SAFETENSORS_HEADER = 65536 /* room for the length and the header of a file that is written */
};

/* The types whose numbers can be written and taken; the format's others are known by name. */
enum { SAFETENSORS_F32, SAFETENSORS_F64 };

/* A tensor, row-major. */
struct safetensors_tensor {
    char name[SAFETENSORS_NAME];
    int type, rank;
    uint64_t shape[SAFETENSORS_RANK]; /* 1 beyond the rank */
    uint64_t count;                   /* of its numbers; set by reader and writer */
    size_t begin, end;                /* its bytes in the data; set by reader and writer */
    const void *values;               /* the floats or doubles to write */
};

struct safetensors_entry {
    char key[SAFETENSORS_NAME], value[SAFETENSORS_VALUE];
    size_t begin, end; /* where the header spells the value; set by the reader */
};

struct safetensors {
    int tensor_count, metadata_count;
    struct safetensors_tensor tensors[SAFETENSORS_TENSORS];
    struct safetensors_entry metadata[SAFETENSORS_METADATA];
    bool overfull;                /* something was added, or read, that there is no room for */
    const uint8_t *header, *data; /* what was read: inside the bytes that were parsed */
    size_t header_size, data_size;
};

/* Adds a metadata string, value as printf makes it; a tensor, whose values stay the caller's. The
 * order is the file's. What there is no room for is left out, and safetensors_write refuses to
 * write the rest. */
__attribute__((format(printf, 3, 4))) void safetensors_set(struct safetensors *st, const char *key,
                                                           const char *format, ...);
void safetensors_add(struct safetensors *st, const char *name, int type, int rank, uint64_t rows,
                     uint64_t cols, const void *values);

/* Writes the whole file, *size bytes, to `bytes`, where there is room for that of the tensors and
 * SAFETENSORS_HEADER. -1 with err filled where it cannot be. `name` is for the messages, here and
 * below. */
int safetensors_write(const struct safetensors *st, uint8_t *bytes, size_t room, size_t *size,
                      const char *name, struct error *err);

/* Reads bytes and believes nothing: header <= 1 MB and inside the file, strict JSON, types of the
 * format, bytes as many as a shape needs, no name twice, offsets that tile the data to its last
 * byte. Whoever wrote it, a sound file is read: what there is no room for (tensors, sizes and
 * strings beyond the limits, values of metadata that are no strings) is left out or cut, and
 * st->overfull says so. The numbers may be any, NaN among them. What is read points into bytes. */
int safetensors_parse(struct safetensors *st, const uint8_t *bytes, size_t size, const char *name,
                      struct error *err);

/* A file_limit: whether a file that begins like this is one. */
size_t safetensors_limit(const uint8_t *head, size_t size);

/* A metadata string by its key, and its value alone; a tensor by its name: NULL where there is
 * none. Number i of a tensor of F32 or F64, exactly. */
const struct safetensors_entry *safetensors_entry(const struct safetensors *st, const char *key);
const char *safetensors_get(const struct safetensors *st, const char *key);
const struct safetensors_tensor *safetensors_find(const struct safetensors *st, const char *name);
double safetensors_number(const struct safetensors *st, const struct safetensors_tensor *tensor,
                          size_t i);

/* For messages: a tensor's type, "F32"; its shape, "(128,784)". */
struct safetensors_shape {
    char text[160];
};
const char *safetensors_type(const struct safetensors_tensor *tensor);
struct safetensors_shape safetensors_shape(const struct safetensors_tensor *tensor);

#endif
