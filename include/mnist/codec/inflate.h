/* DEFLATE unpacked (RFC 1951): the compression of gzip, zip and PNG files. */
#ifndef MNIST_INFLATE_H
#define MNIST_INFLATE_H

#include <stddef.h>
#include <stdint.h>

#include "mnist/base/error.h"

/* Compressed bytes, which stay the caller's, and what has been unpacked of them. */
struct inflate {
    const uint8_t *packed;
    size_t packed_size;
    size_t used;  /* how many of the packed bytes have been read */
    size_t limit; /* the most that `size` may become */
    /* Both start as 0. The caller gives `bytes` to mem_free, after a failure too. */
    uint8_t *bytes;
    size_t size;
    size_t capacity; /* what `bytes` has room for, at most `limit`; it grows by doubling */
};

/* Makes room for `capacity` bytes in all, or `limit` if that is less: a good guess saves the
 * growing. -1 with err filled when memory is short. */
int inflate_reserve(struct inflate *stream, size_t capacity, struct error *err);

/* Unpacks the one DEFLATE stream that begins at packed + used: appends it to `bytes`, which is then
 * not NULL, and moves `used` behind its last byte. Its matches reach back no further than its own
 * beginning. Accepts what zlib accepts. -1 where the stream is cut short, damaged, or holds more
 * than `limit` allows: err says what is wrong with "it", and the caller adds with which file. */
int inflate(struct inflate *stream, struct error *err);

#endif
