/* Checked memory: sizes are bounded before they are multiplied, and running out is an ordinary
 * error. */
#ifndef MNIST_MEMORY_H
#define MNIST_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "mnist/base/error.h"

/* count × size bytes, aligned to 64 (a cache line, the widest vector). The caller owns the block
 * and gives it to mem_free. NULL with err filled when memory is short or the product overflows.
 * mem_alloc leaves the bytes uninitialised; mem_calloc sets them to zero. */
void *mem_alloc(size_t count, size_t size, struct error *err);
void *mem_calloc(size_t count, size_t size, struct error *err);

/* A new block of `size` bytes that begins with the first `used` bytes of `block` (NULL: none),
 * which is freed. NULL with err filled when memory is short; then `block` stays as it was. */
void *mem_grow(void *block, size_t used, size_t size, struct error *err);

/* Whether an error that was passed on as it was is one of the above: there was too little memory,
 * and nothing is wrong with what it was wanted for. */
bool mem_was_short(const struct error *err);

/* How large to make a block that has become too small: twice as large, but at most MEM_STEP more,
 * so that nobody who sends little is given much. */
enum { MEM_STEP = 64 << 20 };

size_t mem_next_size(size_t size);

/* Gives a block back. NULL is allowed. */
void mem_free(void *block);

/* What `print` prints, in memory, ended with a NUL that *size does not count. NULL with err filled
 * when memory is short; the message calls the text `what`. The caller gives it to free. */
char *mem_print(void (*print)(FILE *out, const void *context), const void *context, size_t *size,
                const char *what, struct error *err);

#endif
