/* IDX files, the format MNIST comes in (LeCun, Cortes and Burges 1998).
 *
 * Big-endian: two zero bytes, the type of the values (0x08: unsigned byte), the rank, one 32-bit
 * size a dimension, then the values, last dimension fastest. Images have rank 3 (magic number
 * 2051), labels have rank 1 (2049). Plain or gzipped, which the bytes say, not the name. */
#ifndef MNIST_IDX_H
#define MNIST_IDX_H

#include "mnist/base/error.h"
#include "mnist/base/file_read.h"
#include "mnist/data/image.h"

enum idx_kind { IDX_LABELS = 2049, IDX_IMAGES = 2051 };

struct idx {
    struct file file; /* the whole file, owned when idx_load made it */
    /* Inside file: count × 784 pixels (0 paper … 255 ink), or count labels 0 … 9. */
    const uint8_t *values;
    int count; /* >= 1 */
};

/* Reads bytes that are already in memory: checks magic, type, rank, 28×28, a count of at least 1,
 * the exact length and, for labels, that each is 0 … 9. idx->values points into `bytes`, which
 * stays the caller's. `name` is for the messages. */
int idx_parse(struct idx *idx, const uint8_t *bytes, size_t size, enum idx_kind kind,
              const char *name, struct error *err);

/* The same from a file, unpacked if it is gzipped, of at most 1 GiB. The caller gives it to
 * idx_free. */
int idx_load(struct idx *idx, const char *path, enum idx_kind kind, struct error *err);

void idx_free(struct idx *idx);

#endif
