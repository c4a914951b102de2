/* JSON, as much of RFC 8259 as this program speaks: strict reading of small headers, writing of
 * strings. */
#ifndef MNIST_JSON_H
#define MNIST_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* A place in a text that need not end in a NUL. Each reader skips white space, returns false where
 * the text is not what was asked for, and leaves `at` at the offending byte. */
struct json_reader {
    const char *text;
    size_t size, at;
};

/* The next byte after white space must be c; json_next_is looks without taking it. */
bool json_expect(struct json_reader *reader, char c);
bool json_next_is(struct json_reader *reader, char c);

/* A string of fewer than `capacity` bytes, decoded to UTF-8 and ended with a NUL. \u0000 and lone
 * surrogates are refused. */
bool json_string(struct json_reader *reader, char *value, size_t capacity);

/* A whole number 0 … 2^53, without sign, fraction, exponent or leading zero. */
bool json_integer(struct json_reader *reader, uint64_t *value);

/* True when only white space is left. */
bool json_at_end(struct json_reader *reader);

/* Writes a string with its quotes, escaped; bytes that are not UTF-8 become U+FFFD. */
void json_write_string(FILE *out, const char *value);

#endif
