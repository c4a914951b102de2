/* safetensors: named tensors in one file that PyTorch, JAX, Rust and JavaScript read as it is.
 *
 * u64 little-endian header length, JSON header, tensor bytes:
 *   {"__metadata__":{"key":"value",…},"name":{"dtype":"F32","shape":[N,K],"data_offsets":[begin,end]},…}
 * Format: github.com/huggingface/safetensors. Two metadata strings of our own make every byte
 * count: "crc32" is that of the tensor bytes, "header_crc32" that of the header with its own eight
 * digits as zeros. */
#ifndef MNIST_SAFETENSORS_H
#define MNIST_SAFETENSORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mnist/base/error.h"

enum {
    SAFETENSORS_TENSORS = 64,  /* at the most in a file */
    SAFETENSORS_METADATA = 64, /* likewise */
    SAFETENSORS_NAME = 64,     /* bytes of a name or key, with its NUL */
    SAFETENSORS_VALUE = 256    /* bytes of a metadata value, with its NUL */
};

enum safetensors_type { SAFETENSORS_F32, SAFETENSORS_F64 };

/* A tensor of float32 or float64, row-major, of rank 1 (shape[1] = 1) or 2. */
struct safetensors_tensor {
    char name[SAFETENSORS_NAME];
    enum safetensors_type type;
    int rank;
    uint64_t shape[2];
    size_t begin, end; /* its bytes in the buffer; set by reader and writer */
};

struct safetensors_entry {
    char key[SAFETENSORS_NAME], value[SAFETENSORS_VALUE];
};

struct safetensors {
    const uint8_t *data; /* the tensor bytes, inside the bytes that were parsed */
    int tensor_count, metadata_count;
    struct safetensors_tensor tensors[SAFETENSORS_TENSORS];
    struct safetensors_entry metadata[SAFETENSORS_METADATA];
    uint32_t crc32; /* of the tensor bytes */
    bool overfull;  /* something was added that there is no room for */
};

/* Adds a metadata string, value as printf makes it; a tensor. The order is the file's. What there
 * is no room for is left out, and safetensors_save refuses to write the rest. */
__attribute__((format(printf, 3, 4))) void safetensors_set(struct safetensors *st, const char *key,
                                                           const char *format, ...);
void safetensors_add(struct safetensors *st, const char *name, enum safetensors_type type, int rank,
                     uint64_t rows, uint64_t cols);

/* Writes the file atomically; values[i] are the floats or doubles of tensor i in the tensor's
 * order. Sets st->crc32. -1 with err filled when it cannot, or when safetensors_parse would refuse
 * it: a number that is not finite. */
int safetensors_save(struct safetensors *st, const void *const *values, const char *path,
                     struct error *err);

/* Reads bytes and believes nothing: header <= 1 MB and inside the file, strict JSON, F32 and F64 only,
 * sizes that fit, no name twice, offsets that tile the buffer to its last byte, both checksums,
 * every number finite. st->data points into bytes. `name` is for the messages. */
int safetensors_parse(struct safetensors *st, const uint8_t *bytes, size_t size, const char *name,
                      struct error *err);

/* The value of a metadata key, or NULL; a tensor by name, or NULL; number i of a tensor, a float of an
 * F32 tensor exactly. */
const char *safetensors_get(const struct safetensors *st, const char *key);
const struct safetensors_tensor *safetensors_find(const struct safetensors *st, const char *name);
double safetensors_number(const struct safetensors *st, const struct safetensors_tensor *tensor,
                          size_t i);

#endif
