/* Gzip files unpacked (RFC 1952): members one after the other, each a DEFLATE stream between a
 * header and its checksum and length. */
#ifndef MNIST_GZIP_H
#define MNIST_GZIP_H

#include <stddef.h>
#include <stdint.h>

#include "mnist/base/error.h"

/* Where the bytes are gzip's, puts what they hold, `limit` bytes at the most, in their place: the
 * block, which mem_free takes, is exchanged for another one. Other bytes stay as they are.
 *
 * Accepts what `gzip -d` accepts without a warning: any number of members, zeros behind the last.
 * Every member's CRC-32 and length are checked, and its header's CRC where it has one. On failure
 * the block stays as it was, and still the caller's. `name` is for the messages. */
int gzip_unpack(uint8_t **bytes, size_t *size, size_t limit, const char *name, struct error *err);

#endif
