#include "mnist/codec/json.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "mnist/base/format.h"
#include "mnist/base/utf8.h"

static void skip_space(struct json_reader *reader)
{
    while (reader->at < reader->size) {
        char c = reader->text[reader->at];
        if (c != ' ' && c != '\t' && c != '\n' && c != '\r')
            return;
        reader->at++;
    }
}

bool json_next_is(struct json_reader *reader, char c)
{
    skip_space(reader);
    return reader->at < reader->size && reader->text[reader->at] == c;
}

bool json_expect(struct json_reader *reader, char c)
{
    if (!json_next_is(reader, c))
        return false;
    reader->at++;
    return true;
}

bool json_at_end(struct json_reader *reader)
{
    skip_space(reader);
    return reader->at == reader->size;
}

bool json_integer(struct json_reader *reader, uint64_t *value)
{
    const uint64_t largest = (uint64_t)1 << 53;
    skip_space(reader);
    size_t start = reader->at;
    uint64_t n = 0;
    while (reader->at < reader->size && reader->text[reader->at] >= '0' &&
           reader->text[reader->at] <= '9') {
        n = n * 10 + (uint64_t)(reader->text[reader->at] - '0');
        if (n > largest)
            return false;
        reader->at++;
    }
    size_t digits = reader->at - start;
    *value = n;
    return digits == 1 || (digits > 1 && reader->text[start] != '0');
}

static bool hex4(struct json_reader *reader, uint32_t *code)
{
    *code = 0;
    for (int i = 0; i < 4; i++, reader->at++) {
        if (reader->at >= reader->size)
            return false;
        char c = reader->text[reader->at];
        uint32_t digit;
        if (c >= '0' && c <= '9')
            digit = (uint32_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            digit = (uint32_t)(c - 'a') + 10;
        else if (c >= 'A' && c <= 'F')
            digit = (uint32_t)(c - 'A') + 10;
        else
            return false;
        *code = *code << 4 | digit;
    }
    return true;
}

/* Reads the four digits after \u, and a second \uXXXX after the first half of a surrogate pair. */
static bool unicode_escape(struct json_reader *reader, uint32_t *code)
{
    if (!hex4(reader, code) || *code == 0 || (*code >= 0xdc00 && *code < 0xe000))
        return false;
    if (*code < 0xd800 || *code >= 0xdc00)
        return true;
    uint32_t low;
    if (reader->size - reader->at < 6 || memcmp(reader->text + reader->at, "\\u", 2))
        return false;
    reader->at += 2;
    if (!hex4(reader, &low) || low < 0xdc00 || low >= 0xe000)
        return false;
    *code = 0x10000 + ((*code - 0xd800) << 10) + (low - 0xdc00);
    return true;
}

/* Reads one character of a string, plain or escaped: `length` bytes of UTF-8 in out. */
static bool string_character(struct json_reader *reader, char out[4], size_t *length)
{
    static const char escapes[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    const uint8_t *here = (const uint8_t *)reader->text + reader->at;
    if (*here < 0x20)
        return false;
    if (*here != '\\') {
        uint32_t code;
        *length = utf8_decode(&code, here, reader->size - reader->at);
        if (code == UTF8_NONE)
            return false;
        memcpy(out, here, *length);
        reader->at += *length;
        return true;
    }
    if (++reader->at >= reader->size)
        return false;
    char c = reader->text[reader->at];
    if (c == 'u') {
        uint32_t code;
        reader->at++;
        if (!unicode_escape(reader, &code))
            return false;
        *length = utf8_encode(code, out);
        return true;
    }
    const char *escape = c ? strchr(escapes, c) : NULL;
    if (!escape)
        return false;
    reader->at++;
    out[0] = meanings[escape - escapes];
    *length = 1;
    return true;
}

/* What there is no room for is left out, which `cut` tells; without one it is refused. */
static bool read_string(struct json_reader *reader, char *value, size_t capacity, bool *cut)
{
    size_t used = 0;
    bool full = false;
    if (!json_expect(reader, '"'))
        return false;
    while (reader->at < reader->size) {
        if (reader->text[reader->at] == '"') {
            reader->at++;
            value[used] = '\0';
            return true;
        }
        char bytes[4];
        size_t length;
        if (!string_character(reader, bytes, &length))
            return false;
        full = full || used + length >= capacity;
        if (full && !cut)
            return false;
        if (cut)
            *cut = full;
        if (full)
            continue;
        memcpy(value + used, bytes, length);
        used += length;
    }
    return false;
}

bool json_string(struct json_reader *reader, char *value, size_t capacity)
{
    return read_string(reader, value, capacity, NULL);
}

bool json_string_cut(struct json_reader *reader, char *value, size_t capacity, bool *cut)
{
    *cut = false;
    return read_string(reader, value, capacity, cut);
}

bool json_scalar(struct json_reader *reader, char *value, size_t capacity)
{
    static const char letters[] = "+-.0123456789abcdefghijklmnopqrstuvwxyzE";
    size_t used = 0;
    if (json_next_is(reader, '"'))
        return json_string(reader, value, capacity);
    for (; reader->at < reader->size; reader->at++) {
        char c = reader->text[reader->at];
        if (!c || !strchr(letters, c))
            break;
        if (used + 1 >= capacity)
            return false;
        value[used++] = c;
    }
    value[used] = '\0';
    return used > 0;
}

/* As \uXXXX; a code point beyond 16 bits as a pair of surrogates. */
static void write_escape(FILE *out, uint32_t code)
{
    if (code > 0xffff) {
        fprintf(out, "\\u%04" PRIx32, 0xd800 + ((code - 0x10000) >> 10));
        code = 0xdc00 + (code & 0x3ff);
    }
    fprintf(out, "\\u%04" PRIx32, code);
}

static void write_string(FILE *out, const char *value)
{
    const uint8_t *s = (const uint8_t *)value;
    size_t size = strlen(value);
    putc('"', out);
    while (size) {
        uint32_t code;
        size_t length = utf8_decode(&code, s, size);
        if (code == UTF8_NONE)
            fputs("\\ufffd", out);
        else if (*s == '"' || *s == '\\')
            fprintf(out, "\\%c", *s);
        else if (!utf8_is_plain(code))
            write_escape(out, code);
        else
            fwrite(s, 1, length, out);
        s += length;
        size -= length;
    }
    putc('"', out);
}

/* Writes what comes before a value: a comma if it is not the first, its name if it has one. */
static void begin(struct json_writer *writer, const char *key)
{
    if (writer->follows)
        putc(',', writer->out);
    writer->follows = true;
    if (key) {
        write_string(writer->out, key);
        putc(':', writer->out);
    }
}

static void open_level(struct json_writer *writer, const char *key, const char *brackets)
{
    assert(writer->depth < JSON_DEPTH);
    begin(writer, key);
    putc(brackets[0], writer->out);
    writer->closers[writer->depth++] = brackets[1];
    writer->follows = false;
}

void json_put_object(struct json_writer *writer, const char *key)
{
    open_level(writer, key, "{}");
}

void json_put_array(struct json_writer *writer, const char *key)
{
    open_level(writer, key, "[]");
}

void json_put_end(struct json_writer *writer)
{
    assert(writer->depth > 0);
    putc(writer->closers[--writer->depth], writer->out);
    writer->follows = true;
}

void json_put_raw(struct json_writer *writer, const char *key, const char *value)
{
    begin(writer, key);
    fputs(value, writer->out);
}

void json_put_string(struct json_writer *writer, const char *key, const char *value)
{
    begin(writer, key);
    write_string(writer->out, value);
}

void json_put_integer(struct json_writer *writer, const char *key, int64_t value)
{
    begin(writer, key);
    if (value < 0)
        fprintf(writer->out, "%" PRId64, value);
    else
        fputs(format_integer((uint64_t)value).text, writer->out);
}

void json_put_number(struct json_writer *writer, const char *key, double value)
{
    json_put_raw(writer, key, format_figure(value).text);
}

void json_put_float(struct json_writer *writer, const char *key, float value)
{
    json_put_raw(writer, key, format_float(value).text);
}

void json_put_boolean(struct json_writer *writer, const char *key, bool value)
{
    json_put_raw(writer, key, value ? "true" : "false");
}
