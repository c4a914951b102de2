/* Unpacks gzip files (RFC 1952): members one after the other, each a header, a DEFLATE stream, its
 * checksum and its length. */
#ifndef MNIST_GZIP_H
#define MNIST_GZIP_H

#include <stddef.h>
#include <stdint.h>

#include "mnist/base/error.h"
#include "mnist/base/file_read.h"

/* If the bytes are a gzip file, replaces them by what they hold: frees the block (mem_free) and
 * puts a new one in its place. Other bytes stay as they are. `limit` (NULL: there is none) decides
 * by the head of what they hold how much is unpacked, at most `most` bytes; where that is 0, it is
 * that head alone. No allocation exceeds these limits by more than 512 bytes, nor, except for what
 * the file says that it holds and can hold, MEM_STEP plus what has been unpacked.
 *
 * Accepts what `gzip -d` accepts without a warning: any number of members, zeros after the last.
 * Every member's CRC-32 and length are checked, and its header's CRC if it has one. On failure -1
 * with err filled; the block stays as it was. It is always the caller's. `name` is for messages. */
int gzip_unpack(uint8_t **bytes, size_t *size, size_t most, file_limit *limit, const char *name,
                struct error *err);

/* For a file_limit of files that may be gzipped: what `limit` says of the head or, if that is of a
 * gzip file, of the head that it holds; then the most bytes that it may take packed, however badly.
 */
size_t gzip_limit(const uint8_t *head, size_t size, file_limit *limit);

#endif
