/* JSON, as much of RFC 8259 as this program speaks: strict reading, and a writer. */
#ifndef MNIST_JSON_H
#define MNIST_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* A place in a text that need not end in a NUL. Each reading function skips white space; if the
 * text is not what was asked for, it returns false and leaves `at` at the offending byte. */
struct json_reader {
    const char *text;
    size_t size, at;
};

/* Whether the next byte after white space is c. json_expect takes it, json_next_is only looks. */
bool json_expect(struct json_reader *reader, char c);
bool json_next_is(struct json_reader *reader, char c);

/* A string of fewer than `capacity` bytes, decoded to UTF-8 and ended with a NUL. \u0000 and lone
 * surrogates are refused. */
bool json_string(struct json_reader *reader, char *value, size_t capacity);

/* The same for a string of any length: *cut tells whether value is only its beginning. */
bool json_string_cut(struct json_reader *reader, char *value, size_t capacity, bool *cut);

/* A string, as json_string reads it; or a number, true, false or null, as it is spelt. */
bool json_scalar(struct json_reader *reader, char *value, size_t capacity);

/* A whole number 0 … 2^53, without sign, fraction, exponent or leading zero. */
bool json_integer(struct json_reader *reader, uint64_t *value);

/* True when only white space is left. */
bool json_at_end(struct json_reader *reader);

/* --- writing --- */

enum { JSON_DEPTH = 8 }; /* how deep objects and arrays may be nested */

/* A text being written; starts as {.out = file}. It sets commas and closes what is open. */
struct json_writer {
    FILE *out;
    bool follows; /* there is a value before this one on this level */
    int depth;
    char closers[JSON_DEPTH];
};

/* Begin an object; begin an array; end the innermost of them. Here and below `key` is the member's
 * name inside an object, and NULL elsewhere. */
void json_put_object(struct json_writer *writer, const char *key);
void json_put_array(struct json_writer *writer, const char *key);
void json_put_end(struct json_writer *writer);

/* Write a value. Numbers look as mnist/base/format.h says: a double that is not finite is null, an
 * integer above 2^53 a string; floats must be finite. What utf8_is_plain says no to is escaped in a
 * string, so that a terminal may be given the line; bytes that are not UTF-8 become U+FFFD.
 * json_put_raw takes a value that is JSON already. */
void json_put_string(struct json_writer *writer, const char *key, const char *value);
void json_put_integer(struct json_writer *writer, const char *key, int64_t value);
void json_put_number(struct json_writer *writer, const char *key, double value);
void json_put_float(struct json_writer *writer, const char *key, float value);
void json_put_boolean(struct json_writer *writer, const char *key, bool value);
void json_put_raw(struct json_writer *writer, const char *key, const char *value);

#endif
