/* IDX files, the format MNIST comes in (LeCun, Cortes and Burges 1998).
 *
 * Big-endian: two zero bytes, the type of the values, the rank, one 32-bit size a dimension, then
 * the values, last dimension fastest. The first four bytes as a number are the magic number: 2051
 * for unsigned bytes of rank 3, 2049 for those of rank 1. */
#ifndef MNIST_IDX_H
#define MNIST_IDX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { IDX_RANK_MAX = 255, IDX_UNSIGNED_BYTE = 0x08 };

struct idx {
    int type; /* 0x08 … 0x0e but 0x0a */
    int rank;
    size_t header_size;           /* 4 + 4·rank bytes */
    uint32_t sizes[IDX_RANK_MAX]; /* of which there are `rank` */
    const uint8_t *values; /* behind the header; NULL where the bytes end inside the header */
};

/* Reads a header. False where the bytes are no IDX file's: fewer than four, the first two not zero,
 * or a type that does not exist. Whether there are as many values as the sizes say, the caller
 * sees. */
bool idx_parse(struct idx *idx, const uint8_t *bytes, size_t size);

#endif
