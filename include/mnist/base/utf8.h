/* UTF-8 (RFC 3629), and text from outside made fit to be shown. */
#ifndef MNIST_UTF8_H
#define MNIST_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What utf8_decode makes of a byte that is no UTF-8. */
#define UTF8_NONE UINT32_MAX

/* Reads the code point at the start of s (size >= 1 bytes) and returns the length, 1 to 4, of its
 * sequence. Where none begins (overlong sequences and surrogates are none), the first byte alone is
 * UTF8_NONE, of length 1. */
size_t utf8_decode(uint32_t *code, const uint8_t *s, size_t size);

/* Writes the sequence of a code point <= 0x10ffff to out, without a NUL, and returns its length. */
size_t utf8_encode(uint32_t code, char out[4]);

/* The number of characters in `size` bytes of text: each has one byte that does not continue
 * another. */
int utf8_length(const char *text, size_t size);

/* Whether a code point does no more than show itself. Controls, format characters (which turn text
 * around or hide in it) and the separators of lines and paragraphs do more: Unicode's general
 * categories Cc, Cf, Zl and Zp. Noncharacters and UTF8_NONE are not plain either. */
bool utf8_is_plain(uint32_t code);

/* Copies text to out with one '?' for each code point that is not plain, and ends it with a NUL.
 * What comes from outside, a file's name or contents, is shown to people only through this. The
 * copy is never longer than the text. If `capacity` bytes (>= 5) are too few, it ends before a code
 * point that does not fit; returns the rest of the text, "" if all of it fitted. `out` may be
 * `text` itself, but may not overlap it otherwise. */
const char *utf8_plain(char *out, size_t capacity, const char *text);

#endif
