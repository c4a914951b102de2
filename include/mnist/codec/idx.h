/* IDX files, the format MNIST comes in (LeCun, Cortes and Burges 1998).
 *
 * Big-endian: two zero bytes, the type of the values, the rank, one 32-bit size per dimension, then
 * the values, last dimension fastest. The first four bytes as a number are the magic number: 2051
 * for unsigned bytes of rank 3, 2049 for those of rank 1. */
#ifndef MNIST_IDX_H
#define MNIST_IDX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { IDX_RANK_MAX = 255, IDX_UNSIGNED_BYTE = 0x08 };

struct idx {
    int type; /* 0x08 … 0x0e, except 0x0a */
    int rank;
    size_t header_size;           /* 4 + 4·rank bytes */
    uint32_t sizes[IDX_RANK_MAX]; /* the first `rank` are set */
    const uint8_t *values; /* after the header, in the parsed bytes; NULL if they end before it */
};

/* Reads a header. False if the bytes are not an IDX file: fewer than four, the first two not zero,
 * or a type that does not exist. The caller checks that there are as many values as the sizes
 * say. */
bool idx_parse(struct idx *idx, const uint8_t *bytes, size_t size);

#endif
