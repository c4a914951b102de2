/* Checked memory: sizes are bounded before they are multiplied, and running out is an ordinary
 * error. */
#ifndef MNIST_MEMORY_H
#define MNIST_MEMORY_H

#include <stddef.h>
#include <stdio.h>

#include "mnist/base/error.h"

/* count × size bytes, aligned to 64 (a cache line, the widest vector). The caller owns the block
 * and gives it to mem_free. NULL with err filled when there is no memory or the product overflows.
 * mem_alloc leaves the bytes as they come; mem_calloc sets them to zero. */
void *mem_alloc(size_t count, size_t size, struct error *err);
void *mem_calloc(size_t count, size_t size, struct error *err);

/* A block of `size` bytes that begins with the first `used` of this one (NULL: none), which is
 * freed. NULL with err filled when memory is short; then the block stays. */
void *mem_grow(void *block, size_t used, size_t size, struct error *err);

/* Gives a block back. NULL is allowed. */
void mem_free(void *block);

/* What `print` prints, in memory, with a NUL behind; *size is without it. NULL with err filled when
 * memory is short for it: `what` it is, for the message. The caller gives it to free. */
char *mem_print(void (*print)(FILE *out, const void *context), const void *context, size_t *size,
                const char *what, struct error *err);

#endif
