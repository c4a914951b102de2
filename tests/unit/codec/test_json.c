#include <inttypes.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mnist/codec/json.h"

#include "../test.h"

/* A reader over a block of exactly this size, so that a sanitizer sees a read beyond it. */
static struct json_reader reader_of(const char *text, size_t size)
{
    char *copy = malloc(size ? size : 1);
    if (copy)
        memcpy(copy, text, size);
    return (struct json_reader){.text = copy, .size = copy ? size : 0};
}

static void free_reader(struct json_reader *reader)
{
    free((void *)(uintptr_t)reader->text);
}

static const struct {
    const char *text, *value;
} good_strings[] = {
    {"\"\"", ""},
    {"\"plain\"", "plain"},
    {" \t\r\n\"spaced\"", "spaced"},
    {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t"},
    {"\"\\u0041\\u00e9\\u20AC\\u20ac\"", "A\xc3\xa9\xe2\x82\xac\xe2\x82\xac"},
    {"\"\\u0001\\u001f\\u007f\\u0080\"", "\x01\x1f\x7f\xc2\x80"},
    {"\"\\u07ff\\u0800\\ud7ff\\ue000\\uffff\"",
     "\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf"},
    {"\"\\ud83d\\ude00\"", "\xf0\x9f\x98\x80"},
    {"\"\\uD800\\uDC00\\uDBFF\\uDFFF\"", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"},
    {"\"\x7f \xc2\x80 \xdf\xbf\"", "\x7f \xc2\x80 \xdf\xbf"},
    {"\"\xe0\xa0\x80 \xed\x9f\xbf \xee\x80\x80\"", "\xe0\xa0\x80 \xed\x9f\xbf \xee\x80\x80"},
    {"\"\xf0\x90\x80\x80 \xf4\x8f\xbf\xbf\"", "\xf0\x90\x80\x80 \xf4\x8f\xbf\xbf"},
};

TEST(json_good_strings, "json: strings")
{
    for (size_t i = 0; i < COUNT(good_strings); i++) {
        char value[64];
        struct json_reader reader = reader_of(good_strings[i].text, strlen(good_strings[i].text));
        if (check(json_string(&reader, value, sizeof value), "%s is refused", good_strings[i].text))
            check(!strcmp(value, good_strings[i].value), "%s is read as \"%s\"",
                  good_strings[i].text, value);
        check(json_at_end(&reader), "%s: ends at byte %zu", good_strings[i].text, reader.at);
        free_reader(&reader);
    }
}

/* `at` is the offending byte if there is no doubt which one it is, else -1. */
static const struct {
    const char *text;
    size_t size;
    int at;
} bad_strings[] = {
    {"", 0, 0},
    {"plain", 5, 0},
    {"  'x'", 5, 2},
    {"\"", 1, 1},
    {"\"open", 5, 5},
    {"\"open\\", 6, 6},
    {"\"open\\\"", 7, 7},
    {"\"a\nb\"", 5, 2},
    {"\"a\tb\"", 5, 2},
    {"\"a\x1f\"", 4, 2},
    {"\"a\0b\"", 5, 2},
    {"\"a\\xb\"", 6, 3},
    {"\"\\'\"", 4, 2},
    {"\"\\0\"", 4, 2},
    {"\"\\\0\"", 4, 2},
    {"\"\\U0041\"", 8, 2},
    {"\"\\u004\"", 7, 6},
    {"\"\\u004g\"", 8, 6},
    {"\"\\u+041\"", 8, 3},
    {"\"\\u 041\"", 8, 3},
    {"\"\\u00", 5, 5},
    {"\"\\u0000\"", 8, -1},
    {"\"\\ud800\"", 8, -1},
    {"\"\\ud83dx\"", 9, -1},
    {"\"\\ud83d\\n\"", 10, -1},
    {"\"\\ud83d\\u0041\"", 14, -1},
    {"\"\\ud83d\\ud83d\"", 14, -1},
    {"\"\\ude00\"", 8, -1},
    {"\"\\ude00\\ud83d\"", 14, -1},
    {"\"\\ud83d\\ude0", 12, -1},
    {"\"a\x80\"", 4, 2},
    {"\"a\xbf\"", 4, 2},
    {"\"a\xc0\x80\"", 5, 2},
    {"\"a\xc1\xbf\"", 5, 2},
    {"\"a\xc3\"", 4, 2},
    {"\"a\xc3\xc3\"", 5, 2},
    {"\"a\xc3", 3, 2},
    {"\"a\xe0\x9f\xbf\"", 6, 2},
    {"\"a\xed\xa0\x80\"", 6, 2},
    {"\"a\xe2\x82\"", 5, 2},
    {"\"a\xe2\x82", 4, 2},
    {"\"a\xf0\x8f\xbf\xbf\"", 7, 2},
    {"\"a\xf4\x90\x80\x80\"", 7, 2},
    {"\"a\xf5\x80\x80\x80\"", 7, 2},
    {"\"a\xf0\x9f\x98", 5, 2},
    {"\"a\xff\"", 4, 2},
};

TEST(json_bad_strings, "json: bad strings")
{
    for (size_t i = 0; i < COUNT(bad_strings); i++) {
        char value[64];
        struct json_reader reader = reader_of(bad_strings[i].text, bad_strings[i].size);
        check(!json_string(&reader, value, sizeof value), "row %zu is accepted", i);
        check(bad_strings[i].at < 0 || reader.at == (size_t)bad_strings[i].at,
              "row %zu stops at byte %zu, wanted %d", i, reader.at, bad_strings[i].at);
        free_reader(&reader);
    }
}

TEST(json_capacity, "json: no more bytes than there is room for")
{
    static const struct {
        const char *text;
        size_t capacity;
        bool fits;
    } rows[] = {
        {"\"\"", 1, true},
        {"\"a\"", 1, false},
        {"\"abc\"", 4, true},
        {"\"abcd\"", 4, false},
        {"\"ab\xc3\xa9\"", 5, true},
        {"\"abc\xc3\xa9\"", 5, false},
        {"\"\\u20ac\"", 4, true},
        {"\"\\u20ac\"", 3, false},
        {"\"\\ud83d\\ude00\"", 5, true},
        {"\"\\ud83d\\ude00\"", 4, false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char value[16];
        struct json_reader reader = reader_of(rows[i].text, strlen(rows[i].text));
        memset(value, 'G', sizeof value);
        check(json_string(&reader, value, rows[i].capacity) == rows[i].fits,
              "%s in %zu bytes: wanted %d", rows[i].text, rows[i].capacity, rows[i].fits);
        check(!rows[i].fits || memchr(value, '\0', rows[i].capacity), "row %zu has no NUL", i);
        for (size_t b = rows[i].capacity; b < sizeof value; b++)
            check(value[b] == 'G', "row %zu wrote byte %zu of %zu", i, b, rows[i].capacity);
        free_reader(&reader);
    }
}

TEST(json_integers, "json: whole numbers")
{
    static const struct {
        const char *text;
        bool whole; /* a whole number, and nothing after it */
        uint64_t value;
    } rows[] = {
        {"0", true, 0},
        {"7", true, 7},
        {" \n 128", true, 128},
        {"109386 ", true, 109386},
        {"9007199254740992", true, (uint64_t)1 << 53},
        {"9007199254740993", false, 0},
        {"18446744073709551617", false, 0},
        {"99999999999999999999999999", false, 0},
        {"", false, 0},
        {"-1", false, 0},
        {"-0", false, 0},
        {"+1", false, 0},
        {"00", false, 0},
        {"01", false, 0},
        {"1.0", false, 0},
        {"1e3", false, 0},
        {"1 2", false, 0},
        {"0x10", false, 0},
        {"x", false, 0},
        {"\"1\"", false, 0},
        {"null", false, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint64_t value = 0;
        struct json_reader reader = reader_of(rows[i].text, strlen(rows[i].text));
        bool whole = json_integer(&reader, &value) && json_at_end(&reader);
        check(whole == rows[i].whole, "\"%s\" is %s", rows[i].text, whole ? "taken" : "refused");
        check(!rows[i].whole || value == rows[i].value, "\"%s\" is %" PRIu64, rows[i].text, value);
        free_reader(&reader);
    }
}

TEST(json_punctuation, "json: punctuation and white space")
{
    struct json_reader reader = reader_of(" { \t:,\r\n]x\v ", 12);
    check(json_next_is(&reader, '{') && reader.at == 1, "looks at byte %zu", reader.at);
    check(!json_next_is(&reader, '}'), "{ passes for }");
    check(!json_expect(&reader, ':') && reader.at == 1, "{ taken for :, at %zu", reader.at);
    check(json_expect(&reader, '{') && reader.at == 2, "at %zu after {", reader.at);
    check(json_expect(&reader, ':') && json_expect(&reader, ','), "stuck at %zu", reader.at);
    check(!json_at_end(&reader), "at the end too early");
    check(json_expect(&reader, ']') && json_expect(&reader, 'x'), "stuck at %zu", reader.at);
    check(!json_at_end(&reader) && reader.at == 10, "a vertical tab passes for white space");
    reader.at = 11;
    check(json_at_end(&reader) && reader.at == 12, "not at the end at %zu", reader.at);
    check(!json_expect(&reader, '\0') && !json_next_is(&reader, '\0'), "something after the end");
    free_reader(&reader);
}

static void written(const char *value, char *text, size_t capacity)
{
    FILE *out = fmemopen(text, capacity, "w");
    if (!check(out != NULL, "cannot write to memory"))
        return;
    json_put_string(&(struct json_writer){.out = out}, NULL, value);
    fclose(out);
}

/* Every character, in UTF-8, comes back unchanged. */
TEST(json_round_trip, "json: what is written is read back")
{
    for (uint32_t code = 1; code <= 0x10ffff; code += code < 0x900 ? 1 : 251) {
        char value[8] = "a", text[64] = "", back[64] = "";
        char *p = value + 1;
        if (code >= 0xd800 && code < 0xe000)
            continue;
        if (code < 0x80) {
            *p++ = (char)code;
        } else if (code < 0x800) {
            *p++ = (char)(0xc0 | code >> 6);
        } else if (code < 0x10000) {
            *p++ = (char)(0xe0 | code >> 12), *p++ = (char)(0x80 | (code >> 6 & 63));
        } else {
            *p++ = (char)(0xf0 | code >> 18), *p++ = (char)(0x80 | (code >> 12 & 63));
            *p++ = (char)(0x80 | (code >> 6 & 63));
        }
        if (code >= 0x80)
            *p++ = (char)(0x80 | (code & 63));
        *p = 'z';
        written(value, text, sizeof text);
        struct json_reader reader = reader_of(text, strlen(text));
        check(json_string(&reader, back, sizeof back) && json_at_end(&reader) &&
                  !strcmp(value, back),
              "U+%04" PRIX32 " is written as %s and read as %s", code, text, back);
        free_reader(&reader);
    }
}

TEST(json_write, "json: how strings are written")
{
    static const struct {
        const char *value, *text;
    } rows[] = {
        {"", "\"\""},
        {"a/b", "\"a/b\""},
        {"\"\\", "\"\\\"\\\\\""},
        {"\n\x1b\x7f", "\"\\u000a\\u001b\\u007f\""},
        {"\xc3\xa9", "\"\xc3\xa9\""},
        {"\xc2\x85\xc2\x9b\xc2\xa0", "\"\\u0085\\u009b\xc2\xa0\""},
        {"\u202e\u2066\u2028\ufeff", "\"\\u202e\\u2066\\u2028\\ufeff\""},
        {"\U000e0001\U0010ffff", "\"\\udb40\\udc01\\udbff\\udfff\""},
        {"\U0001f600", "\"\U0001f600\""},
        {"a\x80z", "\"a\\ufffdz\""},
        {"\xc0\x80", "\"\\ufffd\\ufffd\""},
        {"\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\""},
        {"cut\xe2\x82", "\"cut\\ufffd\\ufffd\""},
        {"\xe2\xc3\xa9", "\"\\ufffd\xc3\xa9\""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[64] = "";
        written(rows[i].value, text, sizeof text);
        check(!strcmp(text, rows[i].text), "row %zu is written as %s", i, text);
    }
}

TEST(json_scalar, "json: values that are not nested")
{
    static const struct {
        const char *text, *value; /* NULL: none */
    } rows[] = {
        {"\"a\\u0062\" ", "ab"},
        {" -1.5e+3,", "-1.5e+3"},
        {"true}", "true"},
        {"null", "null"},
        {"1234567", "1234567"},
        {"12345678", NULL},
        {"", NULL},
        {",", NULL},
        {"[1]", NULL},
        {"{}", NULL},
        {"\"12345678\"", NULL},
        {"\"a", NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char value[8] = "";
        struct json_reader reader = reader_of(rows[i].text, strlen(rows[i].text));
        bool good = json_scalar(&reader, value, sizeof value);
        check(good == (rows[i].value != NULL) && (!good || !strcmp(value, rows[i].value)),
              "%s is read as %s", rows[i].text, good ? value : "nothing");
        free_reader(&reader);
    }
}

/* Every kind of value, alone, first and after another one, and levels that open and close. */
TEST(json_writer, "json: commas and nesting")
{
    char text[512] = "";
    FILE *out = fmemopen(text, sizeof text, "w");
    if (!check(out != NULL, "cannot write to memory"))
        return;
    struct json_writer json = {.out = out};
    json_put_object(&json, NULL);
    json_put_string(&json, "a\"b", "\n");
    json_put_array(&json, "empty");
    json_put_end(&json);
    json_put_array(&json, "rows");
    for (int row = 0; row < 2; row++) {
        json_put_array(&json, NULL);
        json_put_integer(&json, NULL, row);
        json_put_integer(&json, NULL, -1);
        json_put_end(&json);
    }
    json_put_object(&json, NULL);
    json_put_end(&json);
    json_put_end(&json);
    json_put_integer(&json, "exact", (int64_t)1 << 53);
    json_put_integer(&json, "larger", ((int64_t)1 << 53) + 1);
    json_put_number(&json, "third", 1.0 / 3.0);
    json_put_number(&json, "nothing", (double)NAN);
    json_put_float(&json, "float", 0.002f);
    json_put_boolean(&json, "yes", true);
    json_put_boolean(&json, "no", false);
    json_put_raw(&json, "raw", "null");
    json_put_end(&json);
    check(json.depth == 0, "%d levels are open", json.depth);
    fclose(out);
    static const char wanted[] =
        "{\"a\\\"b\":\"\\u000a\",\"empty\":[],\"rows\":[[0,-1],[1,-1],{}],"
        "\"exact\":9007199254740992,\"larger\":\"9007199254740993\","
        "\"third\":0.333333333,\"nothing\":null,\"float\":0.002,\"yes\":true,\"no\":false,"
        "\"raw\":null}";
    check(!strcmp(text, wanted), "it wrote %s, wanted %s", text, wanted);
}
