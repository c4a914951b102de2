/* Unpacks gzip files (RFC 1952): members one after the other, each a header, a DEFLATE stream, its
 * checksum and its length. */
#ifndef MNIST_GZIP_H
#define MNIST_GZIP_H

#include <stddef.h>
#include <stdint.h>

#include "mnist/base/error.h"

/* If the bytes are a gzip file, replaces them by what they hold, at most `limit` bytes: frees the
 * block (mem_free) and puts a new one in its place. Other bytes stay as they are.
 *
 * Accepts what `gzip -d` accepts without a warning: any number of members, zeros after the last.
 * Every member's CRC-32 and length are checked, and its header's CRC if it has one. On failure -1
 * with err filled; the block stays as it was. It is always the caller's. `name` is for messages. */
int gzip_unpack(uint8_t **bytes, size_t *size, size_t limit, const char *name, struct error *err);

#endif
