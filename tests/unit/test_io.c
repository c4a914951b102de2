/* src/io/: JSON, safetensors, the model file. */
#include <inttypes.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mnist/base/crc32.h"
#include "mnist/base/file.h"
#include "mnist/base/rng.h"
#include "mnist/codec/json.h"
#include "mnist/codec/safetensors.h"
#include "mnist/net/params.h"
#include "mnist/store/checkpoint.h"
#include "mnist/store/model.h"

#include "test.h"

/* --- json --- */

/* A reader over a block of exactly the size, so that a sanitizer sees a byte read beyond it. */
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

static void test_json_good_strings(void)
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

/* `at` is the offending byte, where there can be no doubt which one it is; -1 elsewhere. */
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

static void test_json_bad_strings(void)
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

static void test_json_capacity(void)
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

static void test_json_integers(void)
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

static void test_json_punctuation(void)
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
    json_write_string(out, value);
    fclose(out);
}

/* All characters there are, as UTF-8, come back as they went. */
static void test_json_round_trip(void)
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

static void test_json_write(void)
{
    static const struct {
        const char *value, *text;
    } rows[] = {
        {"", "\"\""},
        {"a/b", "\"a/b\""},
        {"\"\\", "\"\\\"\\\\\""},
        {"\n\x1b\x7f", "\"\\u000a\\u001b\\u007f\""},
        {"\xc3\xa9", "\"\xc3\xa9\""},
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

/* --- files made by hand --- */

enum { ROOM = 1 << 22 };

/* Puts a file together in `file`: the header's length, the header, data_size bytes of data (NULL:
 * zeros). In the header CCCCCCCC becomes the checksum of the data and HHHHHHHH that of the header,
 * so that a file is refused for what the test means and not for its checksums. */
static size_t build(uint8_t *file, const char *header, const void *data, size_t data_size)
{
    size_t length = strlen(header);
    char *copy = (char *)file + 8, digits[9];
    if (!check(8 + length + data_size < ROOM, "the test's file is too large"))
        return 0;
    for (int b = 0; b < 8; b++)
        file[b] = (uint8_t)((uint64_t)length >> 8 * b);
    memcpy(copy, header, length + 1);
    char *crc = strstr(copy, "CCCCCCCC"), *header_crc = strstr(copy, "HHHHHHHH");
    uint8_t *to = file + 8 + length;
    if (header_crc)
        memset(header_crc, '0', 8);
    if (data)
        memcpy(to, data, data_size);
    else
        memset(to, 0, data_size);
    if (crc) {
        snprintf(digits, sizeof digits, "%08" PRIx32, crc32(to, data_size));
        memcpy(crc, digits, 8);
    }
    if (header_crc) {
        snprintf(digits, sizeof digits, "%08" PRIx32, crc32(copy, length));
        memcpy(header_crc, digits, 8);
    }
    return 8 + length + data_size;
}

/* Parses from a block of exactly the size. */
static int parse(struct safetensors *st, const uint8_t *bytes, size_t size, struct error *err)
{
    uint8_t *copy = malloc(size ? size : 1);
    if (!check(copy != NULL, "no memory"))
        return 0;
    memcpy(copy, bytes, size);
    err->text[0] = '\0';
    int result = safetensors_parse(st, copy, size, "file", err);
    if (result)
        check(!strncmp(err->text, "file: ", 6), "\"%s\" does not name the file", err->text);
    st->data = NULL;
    free(copy);
    return result;
}

#define SUMS "\"crc32\":\"CCCCCCCC\",\"header_crc32\":\"HHHHHHHH\""
#define META "\"__metadata__\":{" SUMS "}"
#define TENSOR(name, shape, offsets) \
    "\"" name "\":{\"dtype\":\"F32\",\"shape\":" shape ",\"data_offsets\":" offsets "}"
#define A TENSOR("a", "[2]", "[0,8]")
#define B TENSOR("b", "[1,3]", "[8,20]")

static const char *const good_headers[] = {
    "{" META "," A "," B "}",
    "{" META "," A "," B "}     ",
    "{" A "," B "," META "}",
    "{" A "," META "," B "}",
    "{\"__metadata__\":{\"note\":\"\\\"header_crc32\\\":\\\"x\"," SUMS "}," A "," B "}",
    "{ \"__metadata__\" : { " SUMS " } ,\n\t" A " , " B " } \r\n",
    "{\"__metadata__\":{\"crc32\" : \"CCCCCCCC\",\"header_crc32\"\t:\n\"HHHHHHHH\"}," A "," B "}",
    "{\"__metadata__\":{\"crc32\":\"CCCCCCCC\",\"header\\u005fcrc32\":\"HHHHHHHH\"}," A "," B "}",
    "{" META ",\"a\":{ \"data_offsets\" : [ 0 , 8 ] , \"shape\" : [ 2 ] , \"dtype\" : \"F32\" }," B
    "}",
    "{" META ",\"\\u0061\":{\"shape\":[2],\"data_offsets\":[0,8],\"dtype\":\"F32\"}," B "}",
};

static void test_safetensors_good(void)
{
    static uint8_t file[ROOM];
    static const float data[] = {1.0f, -2.5f, 0.0f, 3.4e38f, -0x1p-149f};
    for (size_t i = 0; i < COUNT(good_headers); i++) {
        struct safetensors st;
        struct error err = {""};
        uint8_t bytes[sizeof data];
        for (size_t f = 0; f < COUNT(data); f++) {
            uint32_t bits;
            memcpy(&bits, &data[f], sizeof bits);
            for (size_t b = 0; b < 4; b++)
                bytes[4 * f + b] = (uint8_t)(bits >> 8 * b);
        }
        size_t size = build(file, good_headers[i], bytes, sizeof bytes);
        if (!check(!safetensors_parse(&st, file, size, "file", &err), "row %zu: %s", i, err.text))
            continue;
        const struct safetensors_tensor *a = safetensors_find(&st, "a");
        const struct safetensors_tensor *b = safetensors_find(&st, "b");
        if (!check(st.tensor_count == 2 && a && b, "row %zu: %d tensors", i, st.tensor_count))
            continue;
        check(a->rank == 1 && a->shape[0] == 2 && a->shape[1] == 1, "row %zu: shape of a", i);
        check(b->rank == 2 && b->shape[0] == 1 && b->shape[1] == 3, "row %zu: shape of b", i);
        for (size_t f = 0; f < COUNT(data); f++) {
            float value =
                (float)(f < 2 ? safetensors_number(&st, a, f) : safetensors_number(&st, b, f - 2));
            check(value == data[f], "row %zu: float %zu is %g", i, f, (double)value);
        }
        check(st.crc32 == crc32(bytes, sizeof bytes), "row %zu: crc32 %08" PRIx32, i, st.crc32);
        check(safetensors_get(&st, "crc32") && !safetensors_get(&st, "crc"), "metadata %zu", i);
        check(!safetensors_find(&st, "c"), "row %zu: a tensor c", i);
    }
}

/* Headers with 20 bytes of data after them, except where `data` says otherwise. */
static const struct {
    const char *header;
    size_t data;
    const char *wanted;
} bad_headers[] = {
    /* JSON */
    {"{}", 20, "damaged at byte 9: wanted a tensor's name"},
    {"{" META "," A "," B, 20, "wanted , or } after a tensor"},
    {"{" META "," A "," B ",}", 20, "wanted a tensor's name"},
    {"{" META "," A "," B "}}", 20, "wanted nothing but spaces after the header"},
    {"{" META "," A "," B "}\v", 20, "wanted nothing but spaces after the header"},
    {"{" META " " A "," B "}", 20, "wanted , or } after a tensor"},
    {"{" META ",a:1}", 20, "wanted a tensor's name"},
    {"{" META ",\"a\"}", 20, "wanted a tensor's name"},
    {"{" META ",\"a\":1}", 20, "wanted { after a tensor's name"},
    {"{" META ",\"a\":{}}", 20, "wanted \"dtype\", \"shape\" or \"data_offsets\""},
    {"{" META ",\"a\\x\":{}}", 20, "wanted a tensor's name"},
    {"{" META ",\"a\xff\":{}}", 20, "wanted a tensor's name"},
    {"{" META ",\"a\\ud800\":{}}", 20, "wanted a tensor's name"},
    /* metadata */
    {"{\"__metadata__\":1," A "," B "}", 20, "wanted { after __metadata__"},
    {"{\"__metadata__\":{\"a\":1}," A "," B "}", 20, "wanted \"key\":\"value\""},
    {"{\"__metadata__\":{\"a\":\"b\"" A "}", 20, "wanted , or } after a metadata string"},
    {"{\"__metadata__\":{\"x\":\"1\",\"x\":\"2\"," SUMS "}," A "," B "}", 20,
     "metadata key x stands twice"},
    {"{\"__metadata__\":{" SUMS ",\"crc32\":\"00000000\"}," A "," B "}", 20,
     "metadata key crc32 stands twice"},
    {"{" META "," A "," META "," B "}", 20, "__metadata__ stands twice"},
    {"{\"__metadata__\":{}," META "," A "," B "}", 20, "__metadata__ stands twice"},
    {"{" A "," B "}", 20, "no header_crc32 in its metadata"},
    {"{\"__metadata__\":{}," A "," B "}", 20, "no header_crc32 in its metadata"},
    {"{\"__metadata__\":{\"header_crc32\":\"HHHHHHHH\"}," A "," B "}", 20,
     "no crc32 in its metadata"},
    {"{\"__metadata__\":{\"crc32\":\"CCCCCCCC\"}," A "," B "}", 20,
     "no header_crc32 in its metadata"},
    {"{\"__metadata__\":{\"crc32\":\"00000000\",\"header_crc32\":\"HHHHHHHH\"}," A "," B "}", 20,
     "the weights has CRC-32"},
    {"{\"__metadata__\":{\"crc32\":\"CCCCCCCC\",\"header_crc32\":\"00000000\"}," A "," B "}", 20,
     "the header has CRC-32"},
    {"{\"__metadata__\":{\"crc32\":\"CCCCCCCC\",\"header_crc32\" :\"00000000\"}," A "," B "}", 20,
     "the header has CRC-32"},
    {"{\"__metadata__\":{\"crc32\":\"CCCCCCCC\",\"header\\u005fcrc32\":\"00000000\"}," A "," B "}",
     20, "the header has CRC-32"},
    {"{\"__metadata__\":{\"crc32\":\"CCCCCCCC\",\"header_crc32\":\"\\u0030000000\\u0030\"}," A "," B
     "}",
     20, "the header has CRC-32"},
    {"{\"__metadata__\":{\"crc32\":\"CCCCCCCC\",\"header_crc32\":\"\"}," A "," B "}", 20,
     "the header has CRC-32"},
    {"{\"__metadata__\":{\"crc32\":\"\",\"header_crc32\":\"HHHHHHHH\"}," A "," B "}", 20,
     "the weights has CRC-32"},
    /* fields of a tensor */
    {"{" META ",\"a\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[0,8]}," B "}", 20,
     "tensor a has dtype F16, wanted F32"},
    {"{" META ",\"a\":{\"dtype\":\"f32\",\"shape\":[2],\"data_offsets\":[0,8]}," B "}", 20,
     "tensor a has dtype f32, wanted F32"},
    {"{" META ",\"a\":{\"dtype\":1,\"shape\":[2],\"data_offsets\":[0,8]}," B "}", 20,
     "wanted dtype, a shape"},
    {"{" META ",\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8],\"x\":1}," B "}", 20,
     "tensor a has an unknown field x"},
    {"{" META ",\"a\":{\"dtype\":\"F32\",\"shape\":[2]}," B "}", 20, "tensor a lacks"},
    {"{" META ",\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,8]}," B "}", 20, "tensor a lacks"},
    {"{" META ",\"a\":{\"shape\":[2],\"data_offsets\":[0,8]}," B "}", 20, "tensor a lacks"},
    {"{" META ",\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[2]}}", 20, "once each"},
    {"{" META ",\"a\":{\"shape\":[2],\"shape\":[2]}}", 20, "once each"},
    {"{" META ",\"a\":{\"data_offsets\":[0,8],\"data_offsets\":[0,8]}}", 20, "once each"},
    {"{" META "," TENSOR("a", "[]", "[0,8]") "," B "}", 20, "wanted dtype, a shape"},
    {"{" META "," TENSOR("a", "2", "[0,8]") "," B "}", 20, "wanted dtype, a shape"},
    {"{" META "," TENSOR("a", "[2,]", "[0,8]") "," B "}", 20, "wanted dtype, a shape"},
    {"{" META "," TENSOR("a", "[2,1,1]", "[0,8]") "," B "}", 20, "wanted dtype, a shape"},
    {"{" META "," TENSOR("a", "[-2]", "[0,8]") "," B "}", 20, "wanted dtype, a shape"},
    {"{" META "," TENSOR("a", "[2.0]", "[0,8]") "," B "}", 20, "wanted dtype, a shape"},
    {"{" META "," TENSOR("a", "[9007199254740993]", "[0,8]") "," B "}", 20, "a shape of one or"},
    {"{" META "," TENSOR("a", "[2]", "[0]") "," B "}", 20, "and two offsets"},
    {"{" META "," TENSOR("a", "[2]", "[0,8,9]") "," B "}", 20, "and two offsets"},
    {"{" META "," TENSOR("a", "[2]", "[-0,8]") "," B "}", 20, "and two offsets"},
    {"{" META "," TENSOR("a", "[2]", "[0,08]") "," B "}", 20, "and two offsets"},
    /* names, and how the tensors tile the data */
    {"{" META "," A "," TENSOR("a", "[1,3]", "[8,20]") "}", 20, "tensor a stands twice"},
    {"{" META "," A ",\"\\u0061\":{}}", 20, "tensor a stands twice"},
    {"{" META "," A "," TENSOR("b", "[1,2]", "[12,20]") "}", 20,
     "tensor b starts at byte 12 of the data, wanted 8"},
    {"{" META "," A "," TENSOR("b", "[1,4]", "[4,20]") "}", 20,
     "tensor b starts at byte 4 of the data, wanted 8"},
    {"{" META "," TENSOR("a", "[2]", "[4,12]") "}", 12,
     "tensor a starts at byte 4 of the data, wanted 0"},
    {"{" META "," B "," A "}", 20, "tensor b starts at byte 8 of the data, wanted 0"},
    {"{" META "," A "," B "}", 24, "too long: 24 bytes of data for 20 of tensors"},
    {"{" META "," A "," B "}", 21, "too long: 21 bytes of data for 20 of tensors"},
    {"{" META "}", 20, "too long: 20 bytes of data for 0 of tensors"},
    {"{" META "," A "," B "}", 19, "tensor b ends at byte 20 of 19: the file is cut short"},
    {"{" META "," A "," B "}", 4, "tensor a ends at byte 8 of 4"},
    {"{" META "," TENSOR("a", "[5]", "[0,9007199254740992]") "}", 20,
     sizeof(size_t) == 8 ? "tensor a ends at byte 9007199254740992 of 20"
                         : "tensor a is larger than memory can address"},
    {"{" META "," A "," TENSOR("b", "[1,1]", "[8,4]") "}", 20, "tensor b ends at byte 4 of 20"},
    {"{" META "," TENSOR("a", "[3]", "[0,8]") "," B "}", 20,
     "tensor a of 3×1 numbers of type F32 cannot have 8 bytes"},
    {"{" META "," TENSOR("a", "[1]", "[0,8]") "," B "}", 20,
     "tensor a of 1×1 numbers of type F32 cannot have 8 bytes"},
    {"{" META "," TENSOR("a", "[2]", "[0,10]") "," TENSOR("b", "[2]", "[10,20]") "}", 20,
     "tensor a of 2×1 numbers of type F32 cannot have 10 bytes"},
    {"{" META "," TENSOR("a", "[2,2]", "[0,20]") "}", 20,
     "tensor a of 2×2 numbers of type F32 cannot have 20 bytes"},
    {"{" META "," TENSOR("a", "[0]", "[0,20]") "}", 20,
     "tensor a of 0×1 numbers of type F32 cannot have 20 bytes"},
    {"{" META "," TENSOR("a", "[5,0]", "[0,20]") "}", 20,
     "tensor a of 5×0 numbers of type F32 cannot have 20 bytes"},
    {"{" META "," TENSOR("a", "[0]", "[0,0]") "}", 0,
     "tensor a of 0×1 numbers of type F32 cannot have 0 bytes"},
    /* 299,306,349 × 15,407,912,441 × 4 is 2^64 + 20: a product that wraps looks right. */
    {"{" META "," TENSOR("a", "[299306349,15407912441]", "[0,20]") "}", 20,
     "299306349×15407912441 numbers of type F32 cannot have 20 bytes"},
    {"{" META "," TENSOR("a", "[4611686018427387909]", "[0,20]") "}", 20, "a shape of one or two"},
};

static void test_safetensors_bad(void)
{
    static uint8_t file[ROOM];
    for (size_t i = 0; i < COUNT(bad_headers); i++) {
        char what[32];
        struct safetensors st;
        struct error err = {""};
        size_t size = build(file, bad_headers[i].header, NULL, bad_headers[i].data);
        snprintf(what, sizeof what, "row %zu", i);
        check_refused(parse(&st, file, size, &err), &err, bad_headers[i].wanted, what);
    }
}

static void test_safetensors_not_one(void)
{
    static const struct {
        const char *bytes;
        size_t size;
        const char *wanted;
    } rows[] = {
        {"", 0, "what looks like an empty file"},
        {"\x1f\x8b\x08\0\0\0\0\0\0\3rest", 14, "what looks like a gzip file"},
        {"PK\3\4\x14\0\0\0\x08\0", 10, "what looks like a zip archive"},
        {"<!DOCTYPE html>\n<html>", 22, "what looks like an HTML or XML page"},
        {"\0\0\x08\3\0\0\0\1\0\0\0\x1c\0\0\0\x1c", 16, "what looks like an IDX file of images"},
        {"\0\0\x08\1\0\0\0\1\5", 9, "what looks like an IDX file of labels"},
        {"\x80\2}q\0X\1\0\0\0", 10, "what looks like a Python pickle"},
        {"\x93NUMPY\1\0v\0{'descr'", 17, "what looks like a NumPy array"},
        {"{\"a\":1}", 7, "wanted a safetensors file"},
        {"\x10\0\0\0\0\0\0\0", 8, "wanted a safetensors file"},
        {"\x10\0\0\0\0\0\0\0[1,2,3,4,5,6,7]", 24, "wanted a safetensors file"},
        {"\2\0\0\0\0\0\0\0", 8, "wanted a safetensors file"},
        {"hello, this is a text", 21, "wanted a safetensors file"},
        {"\0\0\0\0\0\0\0\0{", 9, "damaged at byte 8: wanted {"},
        {"\1\0\0\0\0\0\0\0{}", 10, "damaged at byte 9: wanted a tensor's name"},
        {"\2\0\0\0\0\0\0\0{", 9, "a header of 2 bytes in a file of 9"},
        {"\0\0\x10\0\0\0\0\0{}", 10, "a header of 1048576 bytes in a file of 10"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char what[32];
        struct safetensors st;
        struct error err = {""};
        snprintf(what, sizeof what, "row %zu", i);
        int result = parse(&st, (const uint8_t *)rows[i].bytes, rows[i].size, &err);
        check_refused(result, &err, rows[i].wanted, what);
    }
}

/* A header of more than 1 MB is refused whether or not it is there; what it is called in the
 * message must not be the very thing that was wanted. */
static void test_safetensors_large_header(void)
{
    static uint8_t file[ROOM];
    static char header[(1 << 20) + 2];
    static const char text[] = "{" META "," A "," B "}";
    struct safetensors st;
    struct error err = {""};
    memset(header, ' ', sizeof header);
    memcpy(header, text, sizeof text - 1);
    header[1 << 20] = '\0';
    size_t size = build(file, header, NULL, 20);
    check(!parse(&st, file, size, &err), "a header of exactly 1 MB: %s", err.text);
    header[1 << 20] = ' ';
    header[(1 << 20) + 1] = '\0';
    size = build(file, header, NULL, 20);
    check_refused(parse(&st, file, size, &err), &err, "", "a header of 1 MB and a byte");
    check(!strstr(err.text, "looks like a safetensors file"), "\"%s\"", err.text);
    memset(file, 0xff, 8);
    check_refused(parse(&st, file, size, &err), &err, "", "a header of 2^64 - 1 bytes");
}

static void test_safetensors_too_many(void)
{
    static uint8_t file[ROOM];
    static char header[1 << 16];
    for (int extra = 0; extra < 2; extra++) {
        struct safetensors st;
        struct error err = {""};
        int used = sprintf(header, "{\"__metadata__\":{" SUMS);
        for (int i = 2; i < SAFETENSORS_METADATA + extra; i++)
            used += sprintf(header + used, ",\"key%d\":\"value\"", i);
        sprintf(header + used, "}," A "," B "}");
        int result = parse(&st, file, build(file, header, NULL, 20), &err);
        if (extra)
            check_refused(result, &err, "more than 64 metadata strings", "65 strings");
        else
            check(!result && st.metadata_count == 64, "64 strings: %s", err.text);
        used = sprintf(header, "{" META);
        for (int i = 0; i < SAFETENSORS_TENSORS + extra; i++)
            used +=
                sprintf(header + used, "," TENSOR("t%d", "[1]", "[%d,%d]"), i, 4 * i, 4 * i + 4);
        sprintf(header + used, "}");
        size_t data_size = (size_t)(SAFETENSORS_TENSORS + extra) * 4;
        result = parse(&st, file, build(file, header, NULL, data_size), &err);
        if (extra)
            check_refused(result, &err, "more than 64 tensors", "65 tensors");
        else
            check(!result && st.tensor_count == 64, "64 tensors: %s", err.text);
    }
}

static void test_safetensors_long_strings(void)
{
    static uint8_t file[ROOM];
    for (int extra = 0; extra < 2; extra++) {
        char header[2000], name[SAFETENSORS_NAME + 1] = "", value[SAFETENSORS_VALUE + 1] = "";
        struct safetensors st;
        struct error err = {""};
        memset(name, 'n', SAFETENSORS_NAME - 1 + (size_t)extra);
        memset(value, 'v', SAFETENSORS_VALUE - 1 + (size_t)extra);
        sprintf(header, "{" META "," TENSOR("%s", "[5]", "[0,20]") "}", name);
        int result = parse(&st, file, build(file, header, NULL, 20), &err);
        check(result == -extra, "a name of %zu bytes: %d %s", strlen(name), result, err.text);
        sprintf(header, "{\"__metadata__\":{\"%s\":\"\"," SUMS "}," A "," B "}", name);
        result = parse(&st, file, build(file, header, NULL, 20), &err);
        check(result == -extra, "a key of %zu bytes: %d %s", strlen(name), result, err.text);
        sprintf(header, "{\"__metadata__\":{\"k\":\"%s\"," SUMS "}," A "," B "}", value);
        result = parse(&st, file, build(file, header, NULL, 20), &err);
        check(result == -extra, "a value of %zu bytes: %d %s", strlen(value), result, err.text);
    }
}

static void test_safetensors_not_finite(void)
{
    static uint8_t file[ROOM];
    static const struct {
        uint8_t bytes[4];
        bool finite;
    } rows[] = {
        {{0, 0, 0x80, 0x7f}, false},      /* infinity */
        {{0, 0, 0x80, 0xff}, false},      /* -infinity */
        {{0, 0, 0xc0, 0x7f}, false},      /* NaN */
        {{1, 0, 0x80, 0xff}, false},      /* a signalling NaN */
        {{0xff, 0xff, 0x7f, 0x7f}, true}, /* the largest float */
        {{1, 0, 0, 0x80}, true},          /* the smallest */
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        for (size_t f = 0; f < 5; f++) {
            uint8_t data[20] = {0};
            char wanted[64];
            struct safetensors st;
            struct error err = {""};
            memcpy(data + 4 * f, rows[i].bytes, 4);
            size_t size = build(file, good_headers[0], data, sizeof data);
            int result = parse(&st, file, size, &err);
            snprintf(wanted, sizeof wanted, "value %zu of tensor %s is not finite",
                     f < 2 ? f : f - 2, f < 2 ? "a" : "b");
            if (rows[i].finite)
                check(!result, "row %zu: %s", i, err.text);
            else
                check_refused(result, &err, wanted, "not finite");
        }
}

static void test_safetensors_save(void)
{
    static const float a[] = {1.0f, -0.0f}, b[] = {0.1f, 0x1p-149f, -3.4e38f};
    static const double d[] = {0.1, -0x1p-1074, 1.7e308, 3.0};
    static const char strange[] = "q\"b\\n\nt\te\xc3\xa9\x7f,\"header_crc32\":\"00000000\"";
    const void *values[] = {a, b, d};
    struct safetensors st = {0}, back;
    struct file file;
    struct error err = {""};
    const char *path = test_path("small.safetensors");
    safetensors_set(&st, "strange", "%s", strange);
    safetensors_set(&st, "number", "%d", 42);
    safetensors_add(&st, "a", SAFETENSORS_F32, 1, 2, 1);
    safetensors_add(&st, "the \"b\"", SAFETENSORS_F32, 2, 1, 3);
    safetensors_add(&st, "d", SAFETENSORS_F64, 2, 2, 2);
    if (!check(!safetensors_save(&st, values, path, &err), "%s", err.text) ||
        !check(!file_read(&file, path, 10000, &err), "%s", err.text))
        return;
    if (check(!safetensors_parse(&back, file.bytes, file.size, path, &err), "%s", err.text)) {
        const char *value = safetensors_get(&back, "strange");
        const struct safetensors_tensor *t = safetensors_find(&back, "the \"b\"");
        check(value && !strcmp(value, strange), "strange is \"%s\"", value ? value : "missing");
        check(st.crc32 == back.crc32 && back.metadata_count == 4, "%d", back.metadata_count);
        if (check(t != NULL, "a tensor is missing"))
            for (size_t i = 0; i < 3; i++)
                check(safetensors_number(&back, t, i) == (double)b[i], "float %zu", i);
        t = safetensors_find(&back, "d");
        if (check(t && t->type == SAFETENSORS_F64, "the doubles are missing"))
            for (size_t i = 0; i < 4; i++)
                check(safetensors_number(&back, t, i) == d[i], "double %zu", i);
    }
    file_free(&file);
}

/* Whatever the length of what is in it, the header ends on a multiple of 8, as the format asks. */
static void test_safetensors_padding(void)
{
    static const float value[] = {1.0f};
    const void *values[] = {value};
    for (int length = 0; length < 17; length++) {
        struct safetensors st = {0};
        struct file file = {0};
        struct error err = {""};
        const char *path = test_path("padded.safetensors");
        safetensors_set(&st, "filler", "%.*s", length, "xxxxxxxxxxxxxxxxxxxx");
        safetensors_add(&st, "a", SAFETENSORS_F32, 1, 1, 1);
        if (!check(!safetensors_save(&st, values, path, &err), "%s", err.text) ||
            !check(!file_read(&file, path, 10000, &err), "%s", err.text))
            return;
        check(file.bytes[0] % 8 == 0 && file.size % 8 == 4, "filler %d: a header of %d bytes",
              length, file.bytes[0] + 256 * file.bytes[1]);
        check(!safetensors_parse(&st, file.bytes, file.size, path, &err), "%s", err.text);
        file_free(&file);
    }
}

/* --- the model file --- */

/* Parameter i is i: any wrong order shows, and all are exact in float. */
static struct model counting_model(void)
{
    static float params[PARAM_COUNT];
    for (int i = 0; i < PARAM_COUNT; i++)
        params[i] = (float)i;
    return (struct model){
        .params = params,
        .options = {.epochs = 50,
                    .batch = 128,
                    .lr = 1e-3f,
                    .l2 = 1e-4f,
                    .patience = 10,
                    .val = 5000,
                    .schedule = SCHEDULE_COSINE,
                    .seed = UINT64_MAX},
        .best = {.epoch = 17, .val_loss = 0.0625, .val_acc = 0.984},
    };
}

/* The counting model's file, read once. */
static const struct file *model_file(void)
{
    static struct file file;
    struct error err = {""};
    struct model model = counting_model();
    const char *path = test_path("counting.bin");
    if (!file.bytes) {
        check(!model_save(&model, path, &err), "%s", err.text);
        check(!file_read(&file, path, 1 << 20, &err), "%s", err.text);
    }
    return file.bytes ? &file : NULL;
}

static size_t header_length(const struct file *file)
{
    size_t length = 0;
    for (int b = 7; b >= 0; b--)
        length = length << 8 | file->bytes[b];
    return length;
}

static void test_model_round_trip(void)
{
    struct model model = counting_model(), back = {0};
    struct error err = {""};
    int wrong = 0;
    const char *path = test_path("trip.bin");
    if (!check(!model_save(&model, path, &err), "%s", err.text) ||
        !check(!model_load(&back, path, &err), "%s", err.text))
        return;
    for (int i = 0; i < PARAM_COUNT; i++)
        wrong += !(back.params[i] == (float)i);
    check(wrong == 0, "%d of %d parameters changed", wrong, PARAM_COUNT);
    check(back.crc32 == model.crc32 && model.crc32 != 0, "crc32 %08" PRIx32 " and %08" PRIx32,
          model.crc32, back.crc32);
    model_free(&back);
    check(!back.params, "model_free leaves a pointer");
}

static void test_model_same_bytes(void)
{
    struct model model = counting_model();
    struct file again = {0};
    struct error err = {""};
    const struct file *file = model_file();
    const char *path = test_path("another-name.bin");
    if (!file || !check(!model_save(&model, path, &err), "%s", err.text) ||
        !check(!file_read(&again, path, 1 << 20, &err), "%s", err.text))
        return;
    check(file->size == again.size && !memcmp(file->bytes, again.bytes, file->size),
          "two saves of one model differ");
    file_free(&again);
    model.best.epoch++;
    if (check(!model_save(&model, path, &err), "%s", err.text) &&
        check(!file_read(&again, path, 1 << 20, &err), "%s", err.text))
        check(file->size != again.size || memcmp(file->bytes, again.bytes, file->size),
              "another model gave the same bytes");
    file_free(&again);
}

/* Straight from the bytes, as PyTorch would: tensor[row][column] of (outputs, inputs), float32,
 * little-endian. */
static void test_model_layout(void)
{
    const struct file *file = model_file();
    size_t at = file ? 8 + header_length(file) : 0, wrong = 0;
    if (!file)
        return;
    check(at % 8 == 0, "the data starts at byte %zu", at);
    check(file->size == at + 4 * (size_t)PARAM_COUNT, "%zu bytes", file->size);
    if (file->size != at + 4 * (size_t)PARAM_COUNT)
        return;
    for (int t = 0; t < PARAM_TENSORS; t++) {
        const struct param *param = &param_table[t];
        for (int out = 0; out < param->cols; out++)
            for (int in = 0; in < param->rows; in++, at += 4) {
                const uint8_t *p = file->bytes + at;
                uint32_t bits = (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 |
                                (uint32_t)p[0];
                float value;
                memcpy(&value, &bits, sizeof value);
                wrong += !(value == (float)(param->offset + in * param->cols + out));
            }
    }
    check(wrong == 0, "%zu floats are not where they belong", wrong);
}

static const char *const model_metadata[][2] = {
    {"format", "pt"},
    {"mnist_format_version", "1"},
    {"input_scaling", "pixel / 255"},
    {"epochs", "50"},
    {"batch", "128"},
    {"lr", "0.001"},
    {"dropout", "0"},
    {"patience", "10"},
    {"val", "5000"},
    {"schedule", "cosine"},
    {"seed", "18446744073709551615"},
    {"best_epoch", "17"},
    {"val_loss", "0.0625"},
    {"val_acc", "0.984"},
};

static void test_model_header(void)
{
    struct safetensors st;
    struct error err = {""};
    char crc[16];
    const struct file *file = model_file();
    if (!file ||
        !check(!safetensors_parse(&st, file->bytes, file->size, "m", &err), "%s", err.text))
        return;
    for (size_t i = 0; i < COUNT(model_metadata); i++) {
        const char *value = safetensors_get(&st, model_metadata[i][0]);
        check(value && !strcmp(value, model_metadata[i][1]), "%s is %s, wanted %s",
              model_metadata[i][0], value ? value : "missing", model_metadata[i][1]);
    }
    size_t start = 8 + header_length(file);
    snprintf(crc, sizeof crc, "%08" PRIx32, crc32(file->bytes + start, file->size - start));
    check(!strcmp(safetensors_get(&st, "crc32"), crc), "crc32 is %s, wanted %s",
          safetensors_get(&st, "crc32"), crc);
    check(st.tensor_count == PARAM_TENSORS, "%d tensors", st.tensor_count);
    const struct safetensors_tensor *first = safetensors_find(&st, "fc1.weight");
    check(first && first->rank == 2 && first->shape[0] == 128 && first->shape[1] == 784,
          "fc1.weight is not (128,784)");
    const struct safetensors_tensor *bias = safetensors_find(&st, "fc3.bias");
    check(bias && bias->rank == 1 && bias->shape[0] == 10, "fc3.bias is not (10)");
}

static void test_model_files(void)
{
    struct model model = counting_model(), back;
    struct error err = {""};
    const char *path = test_path("text.bin");
    check_refused(model_save(&model, test_path("no/model.bin"), &err), &err, "cannot write",
                  "no such folder");
    check_refused(model_load(&back, test_path("missing.bin"), &err), &err, "cannot open",
                  "a missing file");
    check(!back.params, "memory is left after a failure");
    check_refused(model_load(&back, test_path(""), &err), &err, "is a folder", "a folder");
    test_write(path, "<html>", 6);
    check_refused(model_load(&back, path, &err), &err, "an HTML or XML page", "an HTML page");
    check(!strncmp(err.text, path, strlen(path)), "\"%s\" does not name the file", err.text);
    check_refused(model_load(&back, "/dev/zero", &err), &err, "more than the 67108864 bytes",
                  "a file without end");
}

/* One change to a header that is otherwise the model's own. */
struct change {
    const char *tensor;  /* which one */
    const char *name;    /* its name then, "" leaves it out */
    const char *shape;   /* its shape then */
    const char *extra;   /* put before the tensors */
    const char *version; /* mnist_format_version, NULL leaves it out */
    size_t extra_bytes;  /* what the extra tensor takes, at the start */
    const char *wanted;
};

static const struct change changes[] = {
    {"fc1.bias", "fc1.bia", NULL, "", "1", 0, "has no tensor fc1.bias"},
    {"fc1.weight", "FC1.weight", NULL, "", "1", 0, "has no tensor fc1.weight"},
    {"fc3.bias", "", NULL, "", "1", 0, "has no tensor fc3.bias"},
    {"", NULL, NULL, TENSOR("fc4.bias", "[10]", "[0,40]") ",", "1", 40, "has 7 tensors, wanted"},
    {"fc1.weight", NULL, "[784,128]", "", "1", 0,
     "fc1.weight has shape (784,128), wanted (128,784)"},
    {"fc1.weight", NULL, "[100352]", "", "1", 0,
     "fc1.weight has shape (100352,1), wanted (128,784)"},
    {"fc2.weight", NULL, "[128,64]", "", "1", 0, "fc2.weight has shape (128,64), wanted (64,128)"},
    {"fc2.bias", NULL, "[64,1]", "", "1", 0, "fc2.bias has shape (64,1), wanted"},
    {"fc2.bias", NULL, "[1,64]", "", "1", 0, "fc2.bias has shape (1,64), wanted"},
    {"fc3.bias", NULL, "[2,5]", "", "1", 0, "fc3.bias has shape (2,5), wanted"},
    {"", NULL, NULL, "", "2", 0, "model format 2, wanted 1"},
    {"", NULL, NULL, "", "", 0, "model format , wanted 1"},
    {"", NULL, NULL, "", "10", 0, "model format 10, wanted 1"},
    {"", NULL, NULL, "", NULL, 0, "model format unknown, wanted 1"},
};

/* The header of a model file with a change made to it; returns how many data bytes belong to it. */
static size_t changed_header(char *header, const struct change *change)
{
    size_t begin = change->extra_bytes;
    char *p = header;
    p += sprintf(p, "{\"__metadata__\":{" SUMS);
    if (change->version)
        p += sprintf(p, ",\"mnist_format_version\":\"%s\"", change->version);
    p += sprintf(p, "},%s", change->extra);
    for (int t = 0; t < PARAM_TENSORS; t++) {
        const struct param *param = &param_table[t];
        bool here = !strcmp(param->name, change->tensor);
        const char *name = here && change->name ? change->name : param->name;
        char shape[32];
        size_t end = begin + 4 * (size_t)param->rows * (size_t)param->cols;
        if (!*name)
            continue;
        if (PARAM_IS_WEIGHT(param))
            snprintf(shape, sizeof shape, "[%d,%d]", param->cols, param->rows);
        else
            snprintf(shape, sizeof shape, "[%d]", param->cols);
        p += sprintf(p, "%s" TENSOR("%s", "%s", "[%zu,%zu]"), t ? "," : "", name,
                     here && change->shape ? change->shape : shape, begin, end);
        begin = end;
    }
    sprintf(p, "}");
    return begin;
}

static void test_model_wrong_network(void)
{
    static uint8_t file[ROOM];
    static const struct change none = {"", NULL, NULL, "", "1", 0, ""};
    char header[4096];
    struct model model;
    struct error err = {""};
    size_t data_size = changed_header(header, &none);
    size_t size = build(file, header, NULL, data_size);
    check(!model_parse(&model, file, size, "unchanged", &err), "%s", err.text);
    model_free(&model);
    for (size_t i = 0; i < COUNT(changes); i++) {
        char what[32];
        data_size = changed_header(header, &changes[i]);
        size = build(file, header, NULL, data_size);
        snprintf(what, sizeof what, "row %zu", i);
        check_refused(model_parse(&model, file, size, "changed", &err), &err, changes[i].wanted,
                      what);
        check(!model.params, "row %zu: memory is left after a failure", i);
    }
}

static int parse_model(const uint8_t *bytes, size_t size)
{
    struct model model;
    struct error err = {""};
    int result = model_parse(&model, bytes, size, "bytes", &err);
    if (!result)
        model_free(&model);
    else
        check(!strncmp(err.text, "bytes: ", 7), "no message: \"%s\"", err.text);
    return result;
}

static void test_model_truncated(void)
{
    const struct file *file = model_file();
    if (!file)
        return;
    size_t start = 8 + header_length(file);
    check(!parse_model(file->bytes, file->size), "the whole file is refused");
    for (size_t size = 0; size < file->size; size += size < start + 8 ? 1 : 499) {
        uint8_t *cut = malloc(size ? size : 1);
        if (!check(cut != NULL, "no memory"))
            return;
        memcpy(cut, file->bytes, size);
        check(parse_model(cut, size) == -1, "%zu of %zu bytes are accepted", size, file->size);
        free(cut);
    }
    check(parse_model(file->bytes, file->size - 1) == -1, "all but one byte are accepted");
}

/* Every byte of the header, three ways. A CRC-32 differs after any change of 32 neighbouring bits
 * or fewer, so of the data a sample of the places is enough: it shows that the sum is looked at. */
static void test_model_flipped(void)
{
    static const uint8_t flips[] = {0x01, 0x80, 0xff};
    const struct file *file = model_file();
    uint8_t *bytes = file ? malloc(file->size) : NULL;
    if (!check(bytes != NULL, "no file to flip"))
        return;
    size_t start = 8 + header_length(file), last = file->size - 1;
    memcpy(bytes, file->bytes, file->size);
    for (size_t i = 0; i < start; i++)
        for (size_t f = 0; f < COUNT(flips); f++) {
            bytes[i] ^= flips[f];
            check(parse_model(bytes, file->size) == -1, "header byte %zu ^ 0x%02x is accepted", i,
                  flips[f]);
            bytes[i] ^= flips[f];
        }
    for (size_t i = start; i <= last; i = i < last && i + 997 > last ? last : i + 997) {
        bytes[i] ^= 0x01;
        check(parse_model(bytes, file->size) == -1, "data byte %zu ^ 0x01 is accepted", i);
        bytes[i] ^= 0x01;
    }
    check(!parse_model(bytes, file->size), "unchanged, yet refused");
    free(bytes);
}

/* Random rubbish behind a plausible start must not do harm either. */
static void test_safetensors_rubbish(void)
{
    static const char pieces[][24] = {"{",         "}",       "[",
                                      "]",         ":",       ",",
                                      "\"a\"",     "\"",      "\\u12",
                                      "\"shape\"", "0",       "12",
                                      "\"dtype\"", "\"F32\"", "\"__metadata__\"",
                                      "null",      "-1.5e3",  "\"data_offsets\"",
                                      "\x01",      "\xff"};
    struct rng rng;
    rng_seed(&rng, 1, RNG_SHOW, 0);
    for (int round = 0; round < 20000; round++) {
        uint8_t bytes[8 + 20 * 24] = {0};
        size_t size = 9;
        struct safetensors st;
        struct error err = {""};
        bytes[8] = '{';
        for (uint32_t n = rng_below(&rng, 20); n > 0; n--) {
            const char *piece = pieces[rng_below(&rng, COUNT(pieces))];
            memcpy(bytes + size, piece, strlen(piece));
            size += strlen(piece);
        }
        uint32_t length = (uint32_t)(size - 8) + rng_below(&rng, 3) - 1;
        bytes[0] = (uint8_t)length;
        bytes[1] = (uint8_t)(length >> 8);
        check(parse(&st, bytes, size, &err) == -1, "rubbish %d is accepted", round);
    }
}

/* --- checkpoints --- */

enum { MADE_EPOCHS = 3, MADE_IMAGES = 7 };

static float *counted(float first)
{
    float *block = malloc(PARAM_COUNT * sizeof *block);
    for (int i = 0; block && i < PARAM_COUNT; i++)
        block[i] = first + (float)i / 8.0f;
    return block;
}

static struct dataset made_dataset(void)
{
    static const uint8_t labels[MADE_IMAGES] = {3, 1, 4, 1, 5, 9, 2};
    static const uint8_t pixels[MADE_IMAGES * IMAGE_PIXELS] = {1, 2, 3};
    return (struct dataset){.count = MADE_IMAGES, .pixels = pixels, .labels = labels};
}

static struct checkpoint_data made_data(void)
{
    struct dataset dataset = made_dataset();
    return checkpoint_data_of(&dataset);
}

/* A state in which every number is another; state_release gives it back. */
static struct train_state made_state(bool averages)
{
    static struct train_epoch history[MADE_EPOCHS];
    for (int e = 0; e < MADE_EPOCHS; e++)
        history[e] = (struct train_epoch){.epoch = e + 1,
                                          .train_loss = 0.1 / (e + 1),
                                          .train_acc = 0.9 + 0.01 * e,
                                          .val_loss = 0.3 / (e + 3),
                                          .val_acc = 0.91 + 0.01 * e,
                                          .lr = 1e-3f / (float)(e + 1),
                                          .seconds = 0.1 * (e + 1),
                                          .val_seconds = 0.01 * (e + 1),
                                          .images_per_s = 1e6 / (e + 7),
                                          .best = e < 2};
    return (struct train_state){.epochs_run = MADE_EPOCHS,
                                .history = history,
                                .best = history[1],
                                .params = counted(1),
                                .m = counted(2),
                                .v = counted(3),
                                .best_params = counted(4),
                                .average = averages ? counted(5) : NULL};
}

static void state_release(struct train_state *state)
{
    free(state->params);
    free(state->m);
    free(state->v);
    free(state->best_params);
    free(state->average);
}

static struct train_options made_options(bool averages)
{
    return (struct train_options){.epochs = 50,
                                  .batch = 77,
                                  .lr = 3e-3f,
                                  .l2 = 1e-4f,
                                  .dropout = 0.1f,
                                  .patience = 9,
                                  .val = 2,
                                  .schedule = SCHEDULE_STEP,
                                  .warmup = 1,
                                  .label_smoothing = 0.05f,
                                  .augment = {10, 0.1f, 0.2f, 1.5f, 0.8f},
                                  .ema = averages ? 0.999f : 0.0f,
                                  .seed = UINT64_MAX};
}

static bool same_block(const float *a, const float *b)
{
    return a && b && !memcmp(a, b, PARAM_COUNT * sizeof *a);
}

static void check_epoch(const struct train_epoch *a, const struct train_epoch *b)
{
    bool same = a->epoch == b->epoch && a->train_loss == b->train_loss &&
                a->train_acc == b->train_acc && a->val_loss == b->val_loss &&
                a->val_acc == b->val_acc && a->lr == b->lr && a->seconds == b->seconds &&
                a->val_seconds == b->val_seconds && a->images_per_s == b->images_per_s &&
                a->best == b->best;
    check(same, "epoch %d differs", b->epoch);
}

/* Each pixel and each label counts. */
static void check_data(const struct checkpoint *checkpoint, const struct checkpoint_data *data)
{
    static uint8_t pixels[MADE_IMAGES * IMAGE_PIXELS], labels[MADE_IMAGES];
    struct dataset same = made_dataset(), other;
    struct error err = {""};
    check(!checkpoint_check_data(checkpoint, "c", data, "here", &err), "%s", err.text);
    memcpy(pixels, same.pixels, sizeof pixels);
    memcpy(labels, same.labels, sizeof labels);
    const struct {
        uint8_t *changed;
        int count;
        const char *wanted;
    } others[] = {
        {&pixels[0], MADE_IMAGES, "began on other images than those in there"},
        {&pixels[sizeof pixels - 1], MADE_IMAGES, "began on other images than those in there"},
        {&labels[0], MADE_IMAGES, "began on images with other labels than those in there"},
        {&labels[0], MADE_IMAGES - 1, "began on other images than those in there"},
    };
    for (size_t i = 0; i < COUNT(others); i++) {
        *others[i].changed ^= 1;
        other = (struct dataset){.count = others[i].count, .pixels = pixels, .labels = labels};
        struct checkpoint_data found = checkpoint_data_of(&other);
        check_refused(checkpoint_check_data(checkpoint, "c", &found, "there", &err), &err,
                      others[i].wanted, "other data");
        *others[i].changed ^= 1;
    }
}

static void test_checkpoint_round_trip(void)
{
    for (int averages = 0; averages < 2; averages++) {
        struct train_state state = made_state(averages);
        struct train_options options = made_options(averages);
        struct checkpoint_data data = made_data();
        struct checkpoint back;
        struct error err = {""};
        const char *path = test_path("trip.checkpoint");
        if (check(!checkpoint_save(&state, &options, &data, path, &err) &&
                      !checkpoint_load(&back, path, &err),
                  "%s", err.text)) {
            for (int i = 0; i < TRAIN_OPTIONS; i++)
                check(!strcmp(train_options_text(&options, i).text,
                              train_options_text(&back.options, i).text),
                      "%s is %s", train_options_table[i].name, train_options_text(&back.options, i).text);
            check(same_block(state.params, back.state.params), "the weights differ");
            check(same_block(state.m, back.state.m) && same_block(state.v, back.state.v),
                  "the moments differ");
            check(same_block(state.best_params, back.state.best_params), "the best weights differ");
            check(averages ? same_block(state.average, back.state.average) : !back.state.average,
                  "the average differs");
            check(back.state.epochs_run == MADE_EPOCHS && back.state.best.epoch == 2, "%d, best %d",
                  back.state.epochs_run, back.state.best.epoch);
            for (int e = 0; e < MADE_EPOCHS; e++)
                check_epoch(&back.state.history[e], &state.history[e]);
            check_data(&back, &data);
            checkpoint_free(&back);
        }
        state_release(&state);
    }
}

/* One checkpoint, and what is done to it before it is written again. */
struct tamper {
    const char *key, *value; /* metadata that changes; NULL value: it goes */
    const char *tensor;      /* one that gets another name */
    const char *wanted;      /* in the message */
};

/* Writes the checkpoint of `bytes` anew, with right checksums but something else wrong: with the
 * row (9) as epoch 2 of its history, with the moments (10) as those of the last biases, unless they
 * are NULL. */
static void tampered(const struct file *file, const struct tamper *tamper, const double *row,
                     const float *moments)
{
    static struct safetensors st, copy;
    static double history[MADE_EPOCHS][9];
    const void *values[SAFETENSORS_TENSORS];
    struct error err = {""};
    struct checkpoint checkpoint;
    const char *path = test_path("tampered.checkpoint");
    if (!check(!safetensors_parse(&st, file->bytes, file->size, "good", &err), "%s", err.text))
        return;
    copy = (struct safetensors){0};
    for (int i = 0; i < st.metadata_count; i++) {
        const struct safetensors_entry *entry = &st.metadata[i];
        bool hit = tamper->key && !strcmp(entry->key, tamper->key);
        if (strstr(entry->key, "crc32") == entry->key || !strcmp(entry->key, "header_crc32") ||
            (hit && !tamper->value))
            continue;
        safetensors_set(&copy, entry->key, "%s", hit ? tamper->value : entry->value);
    }
    for (int i = 0; i < st.tensor_count; i++) {
        const struct safetensors_tensor *t = &st.tensors[i];
        bool hit = tamper->tensor && !strcmp(t->name, tamper->tensor);
        safetensors_add(&copy, hit ? "another" : t->name, t->type, t->rank, t->shape[0],
                        t->shape[1]);
        values[i] = st.data + t->begin; /* as they lie: this machine is little-endian, or skips */
        if (row && !strcmp(t->name, "history")) {
            memcpy(history, values[i], sizeof history);
            memcpy(history[1], row, sizeof history[1]);
            values[i] = history;
        }
        if (moments && !strcmp(t->name, "v.fc3.bias"))
            values[i] = moments;
    }
    if (!check(!safetensors_save(&copy, values, path, &err), "%s", err.text))
        return;
    int result = checkpoint_load(&checkpoint, path, &err);
    check_refused(result, &err, tamper->wanted, tamper->key ? tamper->key : tamper->tensor);
    if (!result)
        checkpoint_free(&checkpoint);
}

/* Epochs that no run can have behind it are neither written nor believed when they are read. */
static void test_checkpoint_impossible(void)
{
    const uint16_t one = 1;
    if (!*(const uint8_t *)&one)
        skip("this machine is big-endian");
    static const struct {
        const char *what;
        double row[9]; /* as the history has them */
    } epochs[] = {
        {"train_loss", {-1e-9, .5, 1, .5, 1e-3, 1, 1, 1, 0}},
        {"train_loss", {1e39, .5, 1, .5, 1e-3, 1, 1, 1, 0}},
        {"val_loss", {1, .5, -1.7e308, .5, 1e-3, 1, 1, 1, 0}},
        {"val_loss", {1, .5, 1e308, .5, 1e-3, 1, 1, 1, 0}},
        {"train_acc", {1, 1.001, 1, .5, 1e-3, 1, 1, 1, 0}},
        {"val_acc", {1, .5, 1, -.001, 1e-3, 1, 1, 1, 0}},
        {"val_acc", {1, .5, 1, 1e308, 1e-3, 1, 1, 1, 0}},
        {"lr", {1, .5, 1, .5, -1e-3, 1, 1, 1, 0}},
        {"lr", {1, .5, 1, .5, 1e13, 1, 1, 1, 0}},
        {"seconds", {1, .5, 1, .5, 1e-3, 0, 1, 1, 0}},
        {"seconds", {1, .5, 1, .5, 1e-3, 1e15, 1, 1, 0}},
        {"val_seconds", {1, .5, 1, .5, 1e-3, 1, 1e15, 1, 0}},
        {"val_seconds", {1, .5, 1, .5, 1e-3, 1, -1, 1, 0}},
        {"images_per_s", {1, .5, 1, .5, 1e-3, 1, 1, 1e300, 0}},
    };
    static const char wanted[] = "epoch 2 of its history cannot be";
    struct train_state state = made_state(false);
    struct train_options options = made_options(false);
    struct checkpoint_data data = made_data();
    struct error err = {""};
    struct file good;
    const char *path = test_path("impossible.checkpoint");
    if (check(!checkpoint_save(&state, &options, &data, path, &err) &&
                  !file_read(&good, path, SIZE_MAX, &err),
              "%s", err.text)) {
        for (size_t i = 0; i < COUNT(epochs); i++) {
            const double *row = epochs[i].row;
            struct tamper tamper = {.key = "an epoch", .wanted = wanted};
            tampered(&good, &tamper, row, NULL);
            state.history[1] = (struct train_epoch){
                2, row[0], row[1], row[2], row[3], (float)row[4], row[5], row[6], row[7], false};
            check_refused(checkpoint_save(&state, &options, &data, path, &err), &err, wanted,
                          epochs[i].what);
        }
        struct tamper tamper = {.key = "moments", .wanted = "squared gradients 109379 is -1e-30"};
        tampered(&good, &tamper, NULL, (const float[CLASSES]){[3] = -1e-30f});
        file_free(&good);
    }
    state_release(&state);
}

/* The mean of squares is no negative number, and no number of a file is infinite. */
static void test_checkpoint_unwritten(void)
{
    static const struct {
        bool moment;
        float value;
        const char *wanted;
    } rows[] = {{true, -0.5f, "squared gradients 100452 is -0.5"},
                {false, INFINITY, "value 100 of tensor best.fc1.bias is not finite"},
                {false, NAN, "value 100 of tensor best.fc1.bias is not finite"}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct train_state state = made_state(false);
        struct train_options options = made_options(false);
        struct checkpoint_data data = made_data();
        struct error err = {""};
        const char *path = test_path("unwritten.checkpoint");
        (rows[i].moment ? state.v : state.best_params)[FC1_BIAS + 100] = rows[i].value;
        check_refused(checkpoint_save(&state, &options, &data, path, &err), &err, rows[i].wanted,
                      "numbers that are none");
        check(access(path, F_OK) != 0, "it was written");
        state_release(&state);
    }
}

static void test_checkpoint_bad(void)
{
    static const struct tamper tampers[] = {
        {"mnist_checkpoint_version", "1", NULL, "checkpoint format 1, wanted 2"},
        {"mnist_checkpoint_version", NULL, NULL, "a model, not a checkpoint"},
        {"lr", "1e-3x", NULL, "option lr is 1e-3x"},
        {"lr", "nan", NULL, "option lr is nan"},
        {"lr", NULL, NULL, "option lr is missing"},
        {"epochs", "2", NULL, "not that of 1 to 2 epochs"},
        {"epochs", " 50", NULL, "option epochs is  50"},
        {"batch", "0", NULL, "option batch is 0"},
        {"batch", "-7", NULL, "option batch is -7"},
        {"dropout", "1", NULL, "option dropout is 1"},
        {"rotate", "1e9", NULL, "option rotate is 1e9"},
        {"schedule", "linear", NULL, "option schedule is linear"},
        {"seed", "-1", NULL, "option seed is -1"},
        {"ema", "0", NULL, "31 tensors, wanted 25"},
        {"best_epoch", "0", NULL, "best_epoch is 0, wanted 1 to 3"},
        {"best_epoch", "4", NULL, "best_epoch is 4, wanted 1 to 3"},
        {"train_count", "", NULL, "train_count is , wanted"},
        {"images_crc32", NULL, NULL, "images_crc32 is missing, wanted eight"},
        {"images_crc32", "0123456g", NULL, "images_crc32 is 0123456g, wanted eight"},
        {"labels_crc32", NULL, NULL, "labels_crc32 is missing, wanted eight"},
        {"labels_crc32", "0x123456", NULL, "labels_crc32 is 0x123456, wanted eight"},
        {NULL, NULL, "history", "its history is not that of"},
        {NULL, NULL, "m.fc2.bias", "has no tensor m.fc2.bias"},
        {NULL, NULL, "average.fc1.weight", "has no tensor average.fc1.weight"},
    };
    const uint16_t one = 1;
    if (!*(const uint8_t *)&one)
        skip("this machine is big-endian");
    struct train_state state = made_state(true);
    struct train_options options = made_options(true);
    struct checkpoint_data data = made_data();
    struct error err = {""};
    struct file file;
    struct model model;
    struct checkpoint checkpoint;
    const char *path = test_path("good.checkpoint");
    if (check(!checkpoint_save(&state, &options, &data, path, &err) &&
                  !file_read(&file, path, 1 << 24, &err),
              "%s", err.text)) {
        for (size_t i = 0; i < COUNT(tampers); i++)
            tampered(&file, &tampers[i], NULL, NULL);
        check_refused(model_parse(&model, file.bytes, file.size, "x", &err), &err,
                      "a checkpoint, not a model: go on with mnist-train --resume x", "as a model");
        for (size_t at = 0; at < file.size; at += at < 4096 ? 53 : 50021) {
            file.bytes[at] ^= 1;
            check(checkpoint_parse(&checkpoint, file.bytes, file.size, "x", &err) == -1,
                  "a wrong bit at byte %zu is not seen", at);
            file.bytes[at] ^= 1;
        }
        file_free(&file);
    }
    state_release(&state);
}

TEST_LIST(tests_io, {"checkpoint: saved and loaded", test_checkpoint_round_trip},
          {"checkpoint: bad ones", test_checkpoint_bad},
          {"checkpoint: histories that cannot be", test_checkpoint_impossible},
          {"checkpoint: what is not written", test_checkpoint_unwritten},
          {"json: strings", test_json_good_strings}, {"json: bad strings", test_json_bad_strings},
          {"json: no more bytes than there is room for", test_json_capacity},
          {"json: whole numbers", test_json_integers},
          {"json: punctuation and white space", test_json_punctuation},
          {"json: what is written is read back", test_json_round_trip},
          {"json: how strings are written", test_json_write},
          {"safetensors: good files", test_safetensors_good},
          {"safetensors: bad headers, each with its own message", test_safetensors_bad},
          {"safetensors: other kinds of file", test_safetensors_not_one},
          {"safetensors: a header of more than 1 MB", test_safetensors_large_header},
          {"safetensors: too many tensors or strings", test_safetensors_too_many},
          {"safetensors: strings that are too long", test_safetensors_long_strings},
          {"safetensors: NaN and infinity", test_safetensors_not_finite},
          {"safetensors: save", test_safetensors_save},
          {"safetensors: the header is padded", test_safetensors_padding},
          {"safetensors: rubbish", test_safetensors_rubbish},
          {"model: round trip", test_model_round_trip},
          {"model: the same bytes each time", test_model_same_bytes},
          {"model: bytes as PyTorch wants them", test_model_layout},
          {"model: header", test_model_header},
          {"model: files that cannot be written or read", test_model_files},
          {"model: another network", test_model_wrong_network},
          {"model: cut short", test_model_truncated},
          {"model: a changed byte", test_model_flipped});
