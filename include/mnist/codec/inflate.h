/* Unpacks DEFLATE (RFC 1951), the compression of gzip, zip and PNG files. */
#ifndef MNIST_INFLATE_H
#define MNIST_INFLATE_H

#include <stddef.h>
#include <stdint.h>

#include "mnist/base/error.h"

/* Compressed bytes, which stay the caller's, and what has been unpacked from them. */
struct inflate {
    const uint8_t *packed;
    size_t packed_size;
    size_t used;  /* how many of the packed bytes have been read */
    size_t limit; /* the most that `size` may become */
    /* `bytes` and `size` start as 0. The caller gives `bytes` to mem_free, even after a failure. */
    uint8_t *bytes;
    size_t size;
    size_t capacity; /* how many `bytes` has room for, at most `limit`; see mem_next_size */
};

/* Makes room for `capacity` bytes in all, or `limit` if that is less: a good guess saves the
 * growing. -1 with err filled when memory is short. */
int inflate_reserve(struct inflate *stream, size_t capacity, struct error *err);

/* Unpacks the DEFLATE stream that begins at packed + used: appends its bytes to `bytes`, which is
 * then not NULL, and moves `used` past its last byte. Matches reach back no further than the
 * stream's own beginning. Accepts what zlib accepts. -1 when memory is short or the stream is cut
 * short, damaged, or holds more than `limit`: err says what is wrong, the caller adds the file.
 * What had come by then is good: at least `limit` bytes if there are more, and if it is cut short,
 * what is there but for the last match. */
int inflate(struct inflate *stream, struct error *err);

#endif
