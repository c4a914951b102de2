/* JSON, as much of RFC 8259 as this program speaks: strict reading, and a writer. */
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

/* A string likewise; or a number, true, false or null, as it is spelt. */
bool json_scalar(struct json_reader *reader, char *value, size_t capacity);

/* A whole number 0 … 2^53, without sign, fraction, exponent or leading zero. */
bool json_integer(struct json_reader *reader, uint64_t *value);

/* True when only white space is left. */
bool json_at_end(struct json_reader *reader);

/* --- writing --- */

enum { JSON_DEPTH = 8 }; /* objects and arrays inside each other, at the most */

/* A text that is written, from {.out = file} on. It sets commas and closes what is open. */
struct json_writer {
    FILE *out;
    bool follows; /* a value precedes on this level */
    int depth;
    char closers[JSON_DEPTH];
};

/* Begin an object or an array, and end the innermost. Here and below `key` is the member's name
 * inside an object, and NULL elsewhere. */
void json_put_object(struct json_writer *writer, const char *key);
void json_put_array(struct json_writer *writer, const char *key);
void json_put_end(struct json_writer *writer);

/* Values. Numbers look as mnist/base/format.h has it: a double that is not finite is null, an
 * integer above 2^53 a string; a float is finite. Of a string what is not UTF-8
 * becomes U+FFFD. json_put_raw takes what is JSON already. */
void json_put_string(struct json_writer *writer, const char *key, const char *value);
void json_put_integer(struct json_writer *writer, const char *key, int64_t value);
void json_put_number(struct json_writer *writer, const char *key, double value);
void json_put_float(struct json_writer *writer, const char *key, float value);
void json_put_boolean(struct json_writer *writer, const char *key, bool value);
void json_put_raw(struct json_writer *writer, const char *key, const char *value);

#endif
