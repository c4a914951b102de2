#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mnist/base/memory.h"
#include "mnist/base/rng.h"
#include "mnist/codec/safetensors.h"

#include "../files.h"
#include "../test.h"

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
    st->header = st->data = NULL;
    free(copy);
    return result;
}

#define META "\"__metadata__\":{" SUMS "}"
#define A TENSOR("a", "[2]", "[0,8]")
#define B TENSOR("b", "[1,3]", "[8,20]")

static const char *const good_headers[] = {
    "{" META "," A "," B "}",
    "{" META "," A "," B "}     ",
    "{" A "," B "," META "}",
    "{" A "," META "," B "}",
    "{" A "," B "}",
    "{\"__metadata__\":{}," A "," B "}",
    "{ \"__metadata__\" : { " SUMS " } ,\n\t" A " , " B " } \r\n",
    "{" META ",\"a\":{ \"data_offsets\" : [ 0 , 8 ] , \"shape\" : [ 2 ] , \"dtype\" : \"F32\" }," B
    "}",
    "{" META ",\"\\u0061\":{\"shape\":[2],\"data_offsets\":[0,8],\"dtype\":\"F32\"}," B "}",
    "{" META "," B "," A "}",
    "  {" A "," B "}",
    "{" A "," B "}\n",
    "{\"__metadata__\":null," A "," B "}",
};

TEST(safetensors_good, "safetensors: good files")
{
    static uint8_t file[ROOM];
    static const float data[] = {1.0f, -2.5f, -INFINITY, 3.4e38f, -0x1p-149f};
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
        check(st.header == file + 8 && st.header_size == strlen(good_headers[i]) &&
                  st.data == st.header + st.header_size && st.data_size == sizeof data,
              "row %zu: header and data are elsewhere", i);
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
    {"{}", 20, "file: another network's: has no tensors"},
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
    {"{\"__metadata__\":{\"a\":{}}," A "," B "}", 20, "wanted \"key\":\"value\""},
    {"{\"__metadata__\":{\"a\":}," A "," B "}", 20, "wanted \"key\":\"value\""},
    {"{\"__metadata__\":nil," A "," B "}", 20, "wanted { after __metadata__"},
    {"{\"__metadata__\":{\"a\":\"b\"" A "}", 20, "wanted , or } after a metadata string"},
    {"{\"__metadata__\":{\"x\":\"1\",\"x\":\"2\"," SUMS "}," A "," B "}", 20,
     "metadata key x appears twice"},
    {"{\"__metadata__\":{" SUMS ",\"crc32\":\"00000000\"}," A "," B "}", 20,
     "metadata key crc32 appears twice"},
    {"{" META "," A "," META "," B "}", 20, "__metadata__ appears twice"},
    {"{\"__metadata__\":{}," META "," A "," B "}", 20, "__metadata__ appears twice"},
    /* fields of a tensor */
    {"{" META ",\"a\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[0,8]}," B "}", 20,
     "tensor a of (2) numbers of type F16 cannot be at bytes 0 to 8"},
    {"{" META ",\"a\":{\"dtype\":\"F4\",\"shape\":[15],\"data_offsets\":[0,8]}," B "}", 20,
     "tensor a of (15) numbers of type F4 cannot be at bytes 0 to 8"},
    {"{" META ",\"a\":{\"dtype\":\"F16\",\"shape\":[4],\"data_offsets\":[0,8]},\"c\":{\"dtype\":"
     "\"F16\",\"shape\":[7],\"data_offsets\":[6,20]}}",
     20, "tensor c starts at byte 6 of the data, wanted 8"},
    {"{" META ",\"a\":{\"dtype\":\"f32\",\"shape\":[2],\"data_offsets\":[0,8]}," B "}", 20,
     "tensor a has dtype f32, which is none of the format"},
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
    {"{" META "," TENSOR("a", "[]", "[0,8]") "," B "}", 20,
     "tensor a of () numbers of type F32 cannot be at bytes 0 to 8"},
    {"{" META "," TENSOR("a", "2", "[0,8]") "," B "}", 20, "wanted dtype, a shape"},
    {"{" META "," TENSOR("a", "[2,]", "[0,8]") "," B "}", 20, "wanted dtype, a shape"},
    {"{" META "," TENSOR("a", "[2,1,3,1]", "[0,8]") "," B "}", 20,
     "tensor a of (2,1,3,1) numbers of type F32 cannot be at bytes 0 to 8"},
    {"{" META "," TENSOR("a", "[1,1,1,1,1,1,1,1,3]", "[0,8]") "," B "}", 20,
     "tensor a of (1,1,1,1,1,1,1,1,...) numbers of type F32 cannot be at bytes 0 to 8"},
    {"{" META "," TENSOR("a", "[-2]", "[0,8]") "," B "}", 20, "wanted dtype, a shape"},
    {"{" META "," TENSOR("a", "[2.0]", "[0,8]") "," B "}", 20, "wanted dtype, a shape"},
    {"{" META "," TENSOR("a", "[9007199254740993]", "[0,8]") "," B "}", 20, "a shape of whole"},
    {"{" META "," TENSOR("a", "[2]", "[0]") "," B "}", 20, "and two offsets"},
    {"{" META "," TENSOR("a", "[2]", "[0,8,9]") "," B "}", 20, "and two offsets"},
    {"{" META "," TENSOR("a", "[2]", "[-0,8]") "," B "}", 20, "and two offsets"},
    {"{" META "," TENSOR("a", "[2]", "[0,08]") "," B "}", 20, "and two offsets"},
    /* names, and how the tensors tile the data */
    {"{" META "," A "," TENSOR("a", "[1,3]", "[8,20]") "}", 20, "tensor a appears twice"},
    {"{" META "," A ",\"\\u0061\":{}}", 20, "tensor a appears twice"},
    {"{" META "," A "," TENSOR("b", "[1,2]", "[12,20]") "}", 20,
     "tensor b starts at byte 12 of the data, wanted 8"},
    {"{" META "," A "," TENSOR("b", "[1,4]", "[4,20]") "}", 20,
     "tensor b starts at byte 4 of the data, wanted 8"},
    {"{" META "," TENSOR("a", "[2]", "[4,12]") "}", 12,
     "tensor a starts at byte 4 of the data, wanted 0"},
    {"{" META "," A "," B "}", 24, "too long: it needs "},
    {"{" META "," A "," B "}", 21, "too long: it needs "},
    {"{" META "}", 20, "another network's: has no tensors"},
    {"{" META "," A "," B "}", 19, "cut short or damaged: it needs "},
    {"{" META "," A "," B "}", 4, "cut short or damaged: it needs "},
    {"{" META "," TENSOR("a", "[5]", "[0,9007199254740992]") "}", 20,
     sizeof(size_t) == 8 ? "tensor a of (5) numbers of type F32 cannot be at bytes 0 to 9,007,"
                         : "tensor a is larger than memory can address"},
    {"{" META "," A "," TENSOR("b", "[1,1]", "[8,4]") "}", 20,
     "tensor b of (1,1) numbers of type F32 cannot be at bytes 8 to 4"},
    {"{" META "," TENSOR("a", "[3]", "[0,8]") "," B "}", 20,
     "tensor a of (3) numbers of type F32 cannot be at bytes 0 to 8"},
    {"{" META "," TENSOR("a", "[1]", "[0,8]") "," B "}", 20,
     "tensor a of (1) numbers of type F32 cannot be at bytes 0 to 8"},
    {"{" META "," TENSOR("a", "[2]", "[0,10]") "," TENSOR("b", "[2]", "[10,20]") "}", 20,
     "tensor a of (2) numbers of type F32 cannot be at bytes 0 to 10"},
    {"{" META "," TENSOR("a", "[2,2]", "[0,20]") "}", 20,
     "tensor a of (2,2) numbers of type F32 cannot be at bytes 0 to 20"},
    {"{" META "," TENSOR("a", "[0]", "[0,20]") "}", 20,
     "tensor a of (0) numbers of type F32 cannot be at bytes 0 to 20"},
    {"{" META "," TENSOR("a", "[5,0]", "[0,20]") "}", 20,
     "tensor a of (5,0) numbers of type F32 cannot be at bytes 0 to 20"},
    /* 299,306,349 × 15,407,912,441 × 4 is 2^64 + 20: a product that wraps looks right. */
    {"{" META "," TENSOR("a", "[299306349,15407912441]", "[0,20]") "}", 20,
     "(299306349,15407912441) numbers of type F32 cannot be at bytes 0 to 20"},
    {"{" META "," TENSOR("a", "[4611686018427387909]", "[0,20]") "}", 20, "a shape of whole"},
};

TEST(safetensors_bad, "safetensors: bad headers, each with its own message")
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

TEST(safetensors_not_one, "safetensors: other kinds of file")
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
        {"\2\0\0\0\0\0\0\0{", 9, "cut short or damaged: its header needs 10 bytes, the file has 9"},
        {"\0\0\x10\0\0\0\0\0{}", 10,
         "cut short or damaged: its header needs 1,048,584 bytes, the file has 10"},
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
TEST(safetensors_large_header, "safetensors: a header of more than 1 MB")
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

/* What there is no room for is said, and left out or cut; the rest is read. */
TEST(safetensors_overfull_file, "safetensors: more than there is room for")
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
        test_case("%d strings", SAFETENSORS_METADATA + extra);
        check(!parse(&st, file, build(file, header, NULL, 20), &err), "%s", err.text);
        check_int(st.metadata_count, SAFETENSORS_METADATA);
        check_int(st.overfull, extra);
        used = sprintf(header, "{" META);
        for (int i = 0; i < SAFETENSORS_TENSORS + extra; i++)
            used +=
                sprintf(header + used, "," TENSOR("t%d", "[1]", "[%d,%d]"), i, 4 * i, 4 * i + 4);
        sprintf(header + used, "}");
        size_t data_size = (size_t)(SAFETENSORS_TENSORS + extra) * 4;
        test_case("%d tensors", SAFETENSORS_TENSORS + extra);
        check(!parse(&st, file, build(file, header, NULL, data_size), &err), "%s", err.text);
        check_int(st.tensor_count, SAFETENSORS_TENSORS);
        check_int(st.overfull, extra);
        char *first = strstr(header, "[0,4]");
        memcpy(first, "[0,0]", 5);
        memcpy(strstr(header, "[1]"), "[0]", 3); /* a hole alone */
        check_refused(parse(&st, file, build(file, header, NULL, data_size), &err), &err,
                      extra ? "its tensors have 256 bytes, its data 260" : "wanted 0", "");
    }
}

TEST(safetensors_long_strings, "safetensors: strings that are too long")
{
    static uint8_t file[ROOM];
    for (int extra = 0; extra < 2; extra++) {
        char header[2000], name[SAFETENSORS_NAME + 1] = "", value[SAFETENSORS_VALUE + 1] = "";
        struct safetensors st;
        struct error err = {""};
        memset(name, 'n', SAFETENSORS_NAME - 1 + (size_t)extra);
        memset(value, 'v', SAFETENSORS_VALUE - 1 + (size_t)extra);
        test_case("%d too long", extra);
        sprintf(header, "{" META "," TENSOR("%s", "[5]", "[0,20]") "}", name);
        check(!parse(&st, file, build(file, header, NULL, 20), &err), "a name: %s", err.text);
        check_int(st.overfull, extra);
        check(strlen(st.tensors[0].name) == SAFETENSORS_NAME - 1, "name %s", st.tensors[0].name);
        sprintf(header, "{\"__metadata__\":{\"%s\":\"\"," SUMS "}," A "," B "}", name);
        check(!parse(&st, file, build(file, header, NULL, 20), &err), "a key: %s", err.text);
        check_int(st.overfull, extra);
        check_int(st.metadata_count, 3 - extra);
        sprintf(header, "{\"__metadata__\":{\"k\":\"%s\"," SUMS "}," A "," B "}", value);
        check(!parse(&st, file, build(file, header, NULL, 20), &err), "a value: %s", err.text);
        check_int(st.overfull, extra);
        check_int(st.metadata_count, 3 - extra);
    }
}

/* Files of other networks and programs: sound all the same. */
TEST(safetensors_foreign, "safetensors: sound files of others")
{
    static uint8_t file[ROOM];
#define OF(type, shape, offsets) \
    "{\"t\":{\"dtype\":\"" type "\",\"shape\":" shape ",\"data_offsets\":" offsets "}}"
    static const struct {
        const char *header;
        size_t data;
        const char *type, *shape;
        bool overfull;
    } rows[] = {
        {OF("F16", "[3]", "[0,6]"), 6, "F16", "(3)", false},
        {OF("BF16", "[3]", "[0,6]"), 6, "BF16", "(3)", false},
        {OF("I64", "[]", "[0,8]"), 8, "I64", "()", false},
        {OF("C64", "[]", "[0,8]"), 8, "C64", "()", false},
        {OF("BOOL", "[2,1,3,3]", "[0,18]"), 18, "BOOL", "(2,1,3,3)", false},
        {OF("F8_E4M3FNUZ", "[5]", "[0,5]"), 5, "F8_E4M3FNUZ", "(5)", false},
        {OF("F6_E2M3", "[4]", "[0,3]"), 3, "F6_E2M3", "(4)", false},
        {OF("F4", "[2,3]", "[0,3]"), 3, "F4", "(2,3)", false},
        {OF("F32", "[0]", "[0,0]"), 0, "F32", "(0)", false},
        {OF("F32", "[9007199254740992,9007199254740992,0]", "[0,0]"), 0, "F32",
         "(9007199254740992,9007199254740992,0)", false},
        {OF("U8", "[1,1,1,1,1,1,1,2]", "[0,2]"), 2, "U8", "(1,1,1,1,1,1,1,2)", false},
        {OF("U8", "[1,1,1,1,1,1,1,2,3]", "[0,6]"), 6, "U8", "(1,1,1,1,1,1,1,2,...)", true},
        {"{\"__metadata__\":{\"epoch\":3,\"good\":true}," A "," B "}", 20, "F32", "(2)", true},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct safetensors st;
        struct error err = {""};
        size_t size = build(file, rows[i].header, NULL, rows[i].data);
        test_case("row %zu", i);
        if (!check(!parse(&st, file, size, &err), "%s", err.text))
            continue;
        check_int(st.overfull, rows[i].overfull);
        check(!strcmp(safetensors_type(&st.tensors[0]), rows[i].type), "type %s",
              safetensors_type(&st.tensors[0]));
        check(!strcmp(safetensors_shape(&st.tensors[0]).text, rows[i].shape), "shape %s",
              safetensors_shape(&st.tensors[0]).text);
    }
    struct safetensors st;
    struct error err = {""};
    size_t size = build(file, "{" A "}    ", NULL, 8);
    memset(file + size - 12, 0, 4);
    check(!parse(&st, file, size, &err), "padded with NULs: %s", err.text);
}

/* How many bytes the file needs, and has; and what a transfer in text mode has made of it. */
TEST(safetensors_sizes, "safetensors: files that are too short or too long")
{
    static uint8_t file[ROOM];
    static const char header[] = "{" A "," B "}";
    static const uint8_t data[20] = {'\n', 0, 0, 1, 'x', '\n', 0x80, 0xff};
    for (size_t size = 0; size <= 25; size++) {
        struct safetensors st;
        struct error err = {""};
        char wanted[128];
        size_t all = build(file, header, NULL, size);
        snprintf(wanted, sizeof wanted, "file: %s: it needs %zu bytes, the file has %zu",
                 size < 20 ? "cut short or damaged" : "too long", 8 + sizeof header - 1 + 20, all);
        int result = parse(&st, file, all, &err);
        if (size == 20)
            check(!result, "%s", err.text);
        else
            check_refused(result, &err, wanted, "");
    }
    for (int form = 0; form < 2; form++) {
        static uint8_t text[ROOM];
        struct safetensors st;
        struct error err = {""};
        size_t used = 0, size = build(file, header, data, sizeof data);
        for (size_t i = 0; i < size; i++) {
            uint8_t byte = file[i];
            if (form == 0 && byte == '\n')
                text[used++] = '\r';
            if (form == 1 && byte >= 0x80) {
                text[used++] = (uint8_t)(0xc0 | byte >> 6);
                byte = (uint8_t)(0x80 | (byte & 0x3f));
            }
            text[used++] = byte;
        }
        check_refused(parse(&st, text, used, &err), &err,
                      form ? "it has become UTF-8 text: copy it in binary mode"
                           : "each line feed in it has become two bytes: copy it in binary mode",
                      "");
    }
}

/* Where the header spells a value: what it is by, and how long. */
TEST(safetensors_places, "safetensors: metadata, and where it is")
{
    static uint8_t file[ROOM];
    static const struct {
        const char *key, *value, *spelt;
    } rows[] = {{"k", "", ""}, {"e", "a", "\\u0061"}, {"s p", "\"}", "\\\"}"}};
    struct safetensors st;
    struct error err = {""};
    size_t size = build(file,
                        "{\"__metadata__\" : {\"k\":\"\" , \"\\u0065\" :\"\\u0061\",\n\"s p\": "
                        "\"\\\"}\"}," A "," B "}",
                        NULL, 20);
    if (!check(!safetensors_parse(&st, file, size, "file", &err), "%s", err.text))
        return;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct safetensors_entry *entry = safetensors_entry(&st, rows[i].key);
        const char *value = safetensors_get(&st, rows[i].key);
        if (!check(entry && value, "%s is missing", rows[i].key))
            continue;
        check(!strcmp(value, rows[i].value), "%s is %s", rows[i].key, value);
        check(entry->end - entry->begin == strlen(rows[i].spelt) &&
                  !memcmp(st.header + entry->begin, rows[i].spelt, strlen(rows[i].spelt)),
              "%s is not at %zu to %zu", rows[i].key, entry->begin, entry->end);
    }
    check(!safetensors_entry(&st, "x") && !safetensors_get(&st, "x"), "there is no x");
}

TEST(safetensors_write, "safetensors: what is written is read back")
{
    static const float a[] = {1.0f, -0.0f}, b[] = {0.1f, 0x1p-149f, -3.4e38f};
    static const double d[] = {0.1, -0x1p-1074, 1.7e308, (double)INFINITY};
    static const char strange[] = "q\"b\\n\nt\te\xc3\xa9\x7f,\"number\":\"43\"";
    struct safetensors st = {0}, back;
    struct error err = {""};
    size_t size;
    safetensors_set(&st, "strange", "%s", strange);
    safetensors_set(&st, "number", "%d", 42);
    safetensors_add(&st, "a", SAFETENSORS_F32, 1, 2, 1, a);
    safetensors_add(&st, "the \"b\"", SAFETENSORS_F32, 2, 1, 3, b);
    safetensors_add(&st, "d", SAFETENSORS_F64, 2, 2, 2, d);
    static uint8_t bytes[SAFETENSORS_HEADER + 100];
    if (!check(!safetensors_write(&st, bytes, sizeof bytes, &size, "file", &err), "%s", err.text))
        return;
    if (check(!safetensors_parse(&back, bytes, size, "file", &err), "%s", err.text)) {
        const char *value = safetensors_get(&back, "strange");
        const struct safetensors_tensor *t = safetensors_find(&back, "the \"b\"");
        check(value && !strcmp(value, strange), "strange is \"%s\"", value ? value : "missing");
        check(back.metadata_count == 2 && back.tensor_count == 3, "%d strings, %d tensors",
              back.metadata_count, back.tensor_count);
        if (check(t != NULL, "a tensor is missing"))
            for (size_t i = 0; i < 3; i++)
                check(safetensors_number(&back, t, i) == (double)b[i], "float %zu", i);
        t = safetensors_find(&back, "d");
        if (check(t && t->type == SAFETENSORS_F64, "the doubles are missing"))
            for (size_t i = 0; i < 4; i++)
                check(safetensors_number(&back, t, i) == d[i], "double %zu", i);
    }
}

TEST(safetensors_overfull, "safetensors: more than there is room for is not written")
{
    static const float value[] = {1.0f};
    for (int kind = 0; kind < 4; kind++) {
        static uint8_t bytes[SAFETENSORS_HEADER + 1000];
        struct safetensors st = {0};
        struct error err = {""};
        size_t size;
        for (int i = 0; i < (kind == 0 ? SAFETENSORS_METADATA + 1 : 0); i++)
            safetensors_set(&st, "key", "value");
        for (int i = 0; i < (kind == 1 ? SAFETENSORS_TENSORS + 1 : 0); i++)
            safetensors_add(&st, "name", SAFETENSORS_F32, 1, 1, 1, value);
        if (kind == 2)
            safetensors_set(&st, "key", "%*d", SAFETENSORS_VALUE, 1);
        if (kind == 3)
            safetensors_set(&st, "key key key key key key key key key key key key key key key key ",
                            "1");
        check_refused(safetensors_write(&st, bytes, sizeof bytes, &size, "file", &err), &err,
                      "file: more metadata or tensors than", "overfull");
    }
}

/* Whatever the length of what is in it, the header ends on a multiple of 8, as the format asks. */
TEST(safetensors_padding, "safetensors: the header is padded")
{
    static const float value[] = {1.0f};
    for (int length = 0; length < 17; length++) {
        static uint8_t bytes[SAFETENSORS_HEADER + 4];
        struct safetensors st = {0};
        struct error err = {""};
        size_t size;
        safetensors_set(&st, "filler", "%.*s", length, "xxxxxxxxxxxxxxxxxxxx");
        safetensors_add(&st, "a", SAFETENSORS_F32, 1, 1, 1, value);
        if (!check(!safetensors_write(&st, bytes, sizeof bytes, &size, "file", &err), "%s",
                   err.text))
            return;
        check(bytes[0] % 8 == 0 && size % 8 == 4, "filler %d: a header of %d bytes", length,
              bytes[0] + 256 * bytes[1]);
        check(!parse(&st, bytes, size, &err), "%s", err.text);
    }
}

/* Random rubbish behind a plausible start must not do harm either. */
TEST(safetensors_rubbish, "safetensors: rubbish")
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
