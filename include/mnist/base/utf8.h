/* UTF-8 (RFC 3629). */
#ifndef MNIST_UTF8_H
#define MNIST_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* The length, 1 to 4, of the sequence at the start of s (size >= 1 bytes), or 0 if it is invalid;
 * overlong sequences and surrogates are. */
size_t utf8_length(const uint8_t *s, size_t size);

/* Writes the sequence of a code point <= 0x10ffff to out, without a NUL, and returns its length. */
size_t utf8_encode(uint32_t code, char out[4]);

#endif
