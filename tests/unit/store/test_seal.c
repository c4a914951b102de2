#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mnist/base/file_read.h"
#include "mnist/codec/checksum.h"
#include "mnist/store/seal.h"

#include "../files.h"
#include "../test.h"

#define META(strings) "{\"__metadata__\":{" strings "}," TENSORS "}"
#define TENSORS TENSOR("a", "[2]", "[0,8]") "," TENSOR("b", "[1,3]", "[8,20]")

/* A seal_take that notes what it is given. */
struct taken {
    int times;
    uint32_t crc32;
};

static int take(void *into, const struct safetensors *st, bool sealed, const char *name,
                struct error *err)
{
    struct taken *taken = into;
    if (!sealed)
        return error_set(err, "%s: not sealed", name);
    taken->times++;
    taken->crc32 = seal_crc32(st);
    return st->metadata_count == 3 ? error_set(err, "%s: not taken", name) : 0;
}

/* Parses from a block of exactly the size. What is refused is not taken. */
static int parse(struct taken *taken, const uint8_t *bytes, size_t size, struct error *err)
{
    uint8_t *copy = malloc(size);
    if (!check(copy != NULL, "no memory"))
        return 0;
    memcpy(copy, bytes, size);
    *taken = (struct taken){0};
    int result = seal_parse(take, taken, copy, size, "file", err);
    free(copy);
    return result;
}

static const char *const good_headers[] = {
    META(SUMS),
    META(SUMS) "     ",
    "{" TENSORS ",\"__metadata__\":{" SUMS "}}",
    META("\"header_crc32\":\"HHHHHHHH\",\"crc32\":\"CCCCCCCC\""),
    META("\"crc32\" : \"CCCCCCCC\",\"header_crc32\"\t:\n\"HHHHHHHH\""),
    META("\"crc32\":\"CCCCCCCC\",\"header\\u005fcrc32\":\"HHHHHHHH\""),
};

TEST(seal_good, "seal: whole files are taken")
{
    static uint8_t file[ROOM], data[20] = {1, 2, 3};
    for (size_t i = 0; i < COUNT(good_headers); i++) {
        struct taken taken;
        struct error err = {""};
        size_t size = build(file, good_headers[i], data, sizeof data);
        check(!parse(&taken, file, size, &err), "row %zu: %s", i, err.text);
        check(taken.times == 1 && taken.crc32 == checksum_crc32(data, sizeof data),
              "row %zu: taken %d times, crc32 %08x", i, taken.times, (unsigned)taken.crc32);
        for (size_t at = 0; at < size; at++)
            for (int bit = 0; bit < 8; bit++) {
                file[at] ^= (uint8_t)(1 << bit);
                check(parse(&taken, file, size, &err) == -1 && !taken.times,
                      "row %zu: bit %d of byte %zu does not count", i, bit, at);
                file[at] ^= (uint8_t)(1 << bit);
            }
    }
}

TEST(seal_bad, "seal: broken seals, each with its own message")
{
    static uint8_t file[ROOM];
    static const struct {
        const char *header, *wanted;
    } rows[] = {
        {"{" TENSORS "}", "file: not sealed"},
        {META(""), "file: not sealed"},
        {META("\"header_crc32\":\"HHHHHHHH\""), "damaged: no crc32 in its metadata"},
        {META("\"crc32\":\"CCCCCCCC\""), "file: not sealed"},
        {META("\"crc32\":\"00000000\",\"header_crc32\":\"HHHHHHHH\""),
         "damaged: the weights have CRC-32"},
        {META("\"crc32\":\"00000000\",\"header_crc32\":\"00000000\""),
         "damaged: the header has CRC-32"},
        {META("\"crc32\":\"CCCCCCCC\",\"header_crc32\":\"00000000\""),
         "file: the header is damaged, or another program has rewritten it: it has CRC-32"},
        {META("\"crc32\":\"CCCCCCCC\",\"header_crc32\" :\"00000000\""),
         "rewritten it: it has CRC-32"},
        {META("\"crc32\":\"CCCCCCCC\",\"header\\u005fcrc32\":\"00000000\""),
         "rewritten it: it has CRC-32"},
        {META("\"crc32\":\"CCCCCCCC\",\"header_crc32\":\"\\u0030000000\\u0030\""),
         "rewritten it: it has CRC-32"},
        {META("\"crc32\":\"CCCCCCCC\",\"header_crc32\":\"\""), "rewritten it: it has CRC-32"},
        {META("\"crc32\":\"\",\"header_crc32\":\"HHHHHHHH\""), "damaged: the weights have CRC-32"},
        {META(SUMS ",\"crc32\":\"00000000\""), "metadata key crc32 appears twice"},
        {"{}", "another network's: has no tensors"},
        {META(SUMS ",\"n\":1"), "file: not sealed"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char what[32];
        struct taken taken;
        struct error err = {""};
        size_t size = build(file, rows[i].header, NULL, 20);
        snprintf(what, sizeof what, "row %zu", i);
        check_refused(parse(&taken, file, size, &err), &err, rows[i].wanted, what);
        check(!taken.times, "row %zu is taken", i);
    }
    struct taken taken;
    struct error err = {""};
    size_t size = build(file, META(SUMS ",\"a third\":\"\""), NULL, 20);
    check_refused(parse(&taken, file, size, &err), &err, "file: not taken", "refused by its taker");
}

TEST(seal_not_finite, "seal: NaN and infinity")
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
            struct taken taken;
            struct error err = {""};
            memcpy(data + 4 * f, rows[i].bytes, 4);
            size_t size = build(file, good_headers[0], data, sizeof data);
            int result = parse(&taken, file, size, &err);
            snprintf(wanted, sizeof wanted, "value %zu of tensor %s is not finite",
                     f < 2 ? f : f - 2, f < 2 ? "a" : "b");
            if (rows[i].finite)
                check(!result, "row %zu: %s", i, err.text);
            else
                check_refused(result, &err, wanted, "not finite");
        }
}

/* A string of the metadata that looks like a checksum is none. */
TEST(seal_pack, "seal: what is packed is loaded, and no infinity is packed")
{
    float a[] = {1.0f, -3.4e38f};
    static uint8_t bytes[SAFETENSORS_HEADER + sizeof a];
    const char *path = test_path("sealed");
    for (int finite = 1; finite >= 0; finite--) {
        struct safetensors st = {0};
        struct taken taken = {0};
        struct error err = {""};
        size_t size;
        a[1] = finite ? a[1] : -INFINITY;
        if (finite)
            safetensors_set(&st, "header_crc", "\"crc32\":\"00000000\",\"header_crc32\":\"0\"");
        safetensors_add(&st, "a", SAFETENSORS_F32, 1, 2, 1, a);
        int failed = seal_pack(&st, bytes, sizeof bytes, &size, path, &err);
        if (!finite) {
            check_refused(failed, &err, "value 1 of tensor a is not finite", "infinity");
            continue;
        }
        check(!failed, "%s", err.text);
        test_write(path, bytes, size);
        check_refused(seal_load(take, &taken, path, 1000, &err), &err, "not taken",
                      "three strings");
        check(taken.times == 1 && taken.crc32 == seal_crc32(&st) && taken.crc32 != 0,
              "taken %d times, crc32 %08x", taken.times, (unsigned)taken.crc32);
        check_refused(seal_load(take, &taken, path, 100, &err), &err, "more than the 100", "large");
        unlink(path);
    }
}
