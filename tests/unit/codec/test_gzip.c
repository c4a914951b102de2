#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mnist/base/bytes.h"
#include "mnist/base/memory.h"
#include "mnist/codec/checksum.h"
#include "mnist/codec/gzip.h"

#include "../files.h"
#include "../test.h"

static const char text[] = "one seed, one seed, one seed, one model";

/* The same, packed by gzip. */
static const uint8_t packed[] = {0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03,
                                 0xcb, 0xcf, 0x4b, 0x55, 0x28, 0x4e, 0x4d, 0x4d, 0xd1, 0x51,
                                 0xc8, 0xc7, 0xc1, 0xca, 0xcd, 0x4f, 0x49, 0xcd, 0x01, 0x00,
                                 0xad, 0x78, 0x91, 0x25, 0x27, 0x00, 0x00, 0x00};

enum { HEADER = 10, PARTS_ROOM = 1024 };

/* Parts of a file, one after the other. */
struct parts {
    uint8_t bytes[PARTS_ROOM];
    size_t size;
};

static void add(struct parts *parts, const void *bytes, size_t size)
{
    if (check(size <= PARTS_ROOM - parts->size, "too many parts")) {
        memcpy(parts->bytes + parts->size, bytes, size);
        parts->size += size;
    }
}

/* A block of exactly this size (those of mem_alloc are larger), so that a sanitizer sees a read
 * beyond it. */
static uint8_t *block_of(const uint8_t *bytes, size_t size)
{
    uint8_t *block = malloc(size ? size : 1);
    if (!block)
        abort();
    memcpy(block, bytes, size);
    return block;
}

/* Checks that the file holds `wanted`. */
static void check_unpacks(const struct parts *parts, const char *wanted, size_t size,
                          const char *what)
{
    struct error err = {""};
    size_t unpacked = parts->size;
    uint8_t *bytes = block_of(parts->bytes, parts->size);
    if (check(!gzip_unpack(&bytes, &unpacked, size, NULL, "it", &err), "%s: %s", what, err.text))
        check(unpacked == size && !memcmp(bytes, wanted, size), "%s: %zu bytes of %zu", what,
              unpacked, size);
    mem_free(bytes);
}

/* Checks that unpacking fails and the block is as it was. */
static void check_fails(const uint8_t *bytes, size_t size, size_t limit, const char *wanted,
                        const char *what)
{
    char whole[128];
    struct error err = {""};
    uint8_t *block = block_of(bytes, size), *before = block;
    size_t unpacked = size;
    snprintf(whole, sizeof whole, "some/name: a gzip file that cannot be unpacked: %s", wanted);
    check_refused(gzip_unpack(&block, &unpacked, limit, NULL, "some/name", &err), &err, whole,
                  what);
    check(block == before && unpacked == size && !memcmp(block, bytes, size),
          "%s: the block has changed", what);
    mem_free(block);
}

TEST(gzip_unpack, "gzip: unpacks within a limit, and leaves other bytes alone")
{
    struct parts parts = {.size = 0}, other = {.size = 0};
    add(&parts, packed, sizeof packed);
    check_unpacks(&parts, text, strlen(text), "a file");
    check_fails(packed, sizeof packed, strlen(text) - 1, "it holds more than the 38 bytes", "it");
    check_fails(packed, sizeof packed, 0, "it holds more than the 0 bytes", "no room");
    check_unpacks(&other, "", 0, "nothing");
    add(&other, "\x1f", 1);
    check_unpacks(&other, "\x1f", 1, "a byte");
    add(&other, "\x8a plain", 7);
    check_unpacks(&other, "\x1f\x8a plain", 8, "plain text");
}

TEST(gzip_empty, "gzip: a file that holds nothing")
{
    struct parts parts = {.size = 0};
    add(&parts, packed, HEADER);
    add(&parts, "\3\0\0\0\0\0\0\0\0", 10);
    check_unpacks(&parts, "", 0, "nothing");
}

TEST(gzip_members, "gzip: several members, zeros behind them")
{
    struct parts parts = {.size = 0};
    char twice[2 * sizeof text];
    snprintf(twice, sizeof twice, "%s%s", text, text);
    add(&parts, packed, sizeof packed);
    add(&parts, packed, sizeof packed);
    check_unpacks(&parts, twice, strlen(twice), "two members");
    for (int i = 0; i < 20; i++)
        add(&parts, "", 1);
    check_unpacks(&parts, twice, strlen(twice), "two members and zeros");
    check_fails(parts.bytes, parts.size, strlen(twice) - 1, "it holds more than the 77", "both");
    parts.bytes[2 * sizeof packed - 8] ^= 1;
    check_fails(parts.bytes, parts.size, 1000, "it is damaged (its CRC-32 is wrong)", "the second");
}

TEST(gzip_trailing, "gzip: rubbish behind it is refused")
{
    struct parts parts = {.size = 0};
    add(&parts, packed, sizeof packed);
    add(&parts, "xxxx", 4);
    check_fails(parts.bytes, parts.size, 1000, "something else follows at byte 38", "letters");
    parts.size = sizeof packed;
    add(&parts, "\0\0\x1f\x8b", 4);
    check_fails(parts.bytes, parts.size, 1000, "something else follows at byte 40", "a member");
    parts.size = sizeof packed;
    add(&parts, "\x1f", 1);
    check_fails(parts.bytes, parts.size, 1000, "something else follows at byte 38", "half a magic");
    add(&parts, "\x8b", 1);
    check_fails(parts.bytes, parts.size, 1000, "it is cut short", "a magic");
}

/* Adds a header with these flags and the fields that they announce. */
static void add_header(struct parts *parts, unsigned flags)
{
    uint8_t crc[2];
    add(parts, packed, HEADER);
    parts->bytes[3] = (uint8_t)flags;
    if (flags & 4)
        add(parts, "\5\0extra", 7);
    if (flags & 8)
        add(parts, "name", 5);
    if (flags & 16)
        add(parts, "a comment", 10);
    bytes_put_le16(crc, (uint16_t)checksum_crc32(parts->bytes, parts->size));
    if (flags & 2)
        add(parts, crc, 2);
}

TEST(gzip_header, "gzip: every field of a header")
{
    for (unsigned flags = 0; flags < 256; flags++) {
        struct parts parts = {.size = 0};
        char what[32];
        snprintf(what, sizeof what, "flags 0x%02x", flags);
        add_header(&parts, flags);
        size_t header = parts.size;
        add(&parts, packed + HEADER, sizeof packed - HEADER);
        if (flags >= 32) {
            snprintf(what, sizeof what, "its flags are 0x%02x", flags);
            check_fails(parts.bytes, parts.size, 1000, what, what);
            continue;
        }
        check_unpacks(&parts, text, strlen(text), what);
        for (size_t size = 2; size < parts.size; size++)
            check_fails(parts.bytes, size, 1000, "it is cut short", what);
        for (size_t i = 4; i < header && flags & 2; i++) {
            parts.bytes[i] ^= 0x20;
            check_fails(parts.bytes, parts.size, 1000, "it is", what); /* or cut short: a length */
            parts.bytes[i] ^= 0x20;
        }
    }
}

TEST(gzip_damaged, "gzip: each damage with its own message")
{
    static const struct {
        size_t at;
        uint8_t bits;
        const char *fault;
    } rows[] = {
        {2, 1, "its method is 9, wanted 8 (deflate)"},
        {HEADER, 5, "it is damaged (a block of type 3)"},
        {sizeof packed - 8, 1, "it is damaged (its CRC-32 is wrong)"},
        {sizeof packed - 4, 1, "it is damaged (it holds 39 bytes, and says 38)"},
        {sizeof packed - 1, 1, "it is damaged (it holds 39 bytes, and says 16,777,255)"},
        {sizeof packed - 1, 0x80, "it is damaged (it holds 39 bytes, and says 2,147,483,687)"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint8_t bytes[sizeof packed];
        memcpy(bytes, packed, sizeof bytes);
        bytes[rows[i].at] ^= rows[i].bits;
        check_fails(bytes, sizeof bytes, 1 << 30, rows[i].fault, rows[i].fault);
    }
}

/* A header may have any time stamp, so a flipped bit may be harmless, but it must never change what
 * is read. */
TEST(gzip_flipped, "gzip: no flipped bit changes what is read")
{
    for (size_t bit = 16; bit < 8 * sizeof packed; bit++) {
        struct error err = {""};
        size_t size = sizeof packed;
        uint8_t *bytes = block_of(packed, sizeof packed);
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (!gzip_unpack(&bytes, &size, 1000, NULL, "it", &err)) {
            check(bit < 8 * (sizeof packed - 8), "bit %zu, of the trailer, was accepted", bit);
            check(size == strlen(text) && !memcmp(bytes, text, size), "bit %zu changed it", bit);
        }
        mem_free(bytes);
    }
}

/* --- what the head decides --- */

enum { LONG = 20000 };

static uint8_t content[LONG], file[2 * LONG];

/* Packs `content`, by bytes of no pattern, as so many members. */
static size_t pack_content(size_t members)
{
    size_t size = 0;
    for (size_t i = 0; i < LONG; i++)
        content[i] = (uint8_t)((uint32_t)i * 2654435761u >> 24);
    for (size_t m = 0; m < members; m++)
        size += make_gzip(file + size, content + LONG / members * m, LONG / members);
    return size;
}

static void answer(size_t first, size_t later)
{
    limit_asked.times = 0;
    limit_asked.of = content;
    limit_asked.answers[0] = first;
    limit_asked.answers[1] = later;
}

/* Unpacks the first *size bytes of `file`. The caller gives what comes of it to mem_free. */
static int unpack_limited(uint8_t **bytes, size_t *size, size_t most, struct error *err)
{
    *bytes = block_of(file, *size);
    return gzip_unpack(bytes, size, most, answer_limit, "it", err);
}

TEST(gzip_head, "gzip: the head decides how much is unpacked")
{
    static const struct {
        size_t most, answers[2], heads[2], unpacked; /* 0: refused */
        const char *fault;
    } rows[] = {
        {LONG, {LONG, 0}, {FILE_HEAD, 0}, LONG, NULL},
        {SIZE_MAX, {LONG, 0}, {FILE_HEAD, 0}, LONG, NULL},
        {LONG, {SIZE_MAX, 0}, {FILE_HEAD, 0}, LONG, NULL},
        {LONG, {9999, LONG}, {FILE_HEAD, 9999}, LONG, NULL},
        {LONG, {9999, 0}, {FILE_HEAD, 9999}, 9999, NULL},
        {LONG, {0, LONG}, {FILE_HEAD, 0}, FILE_HEAD, NULL},
        {LONG - 1, {LONG, LONG}, {FILE_HEAD, LONG - 1}, 0, "it holds more than the 19,999 bytes"},
        {LONG, {LONG - 1, LONG - 1}, {FILE_HEAD, LONG - 1}, 0, "it holds more than the 19,999"},
        {LONG, {9, LONG}, {FILE_HEAD, 0}, 0, "it holds more than the 9 bytes such a file may"},
        {9, {LONG, LONG}, {9, 0}, 0, "it holds more than the 9 bytes such a file may have"},
    };
    for (size_t members = 1; members <= 100; members *= 10) {
        size_t packed_size = pack_content(members);
        for (size_t i = 0; i < COUNT(rows); i++) {
            struct error err = {""};
            uint8_t *bytes;
            size_t size = packed_size;
            test_case("%zu members, row %zu", members, i);
            answer(rows[i].answers[0], rows[i].answers[1]);
            int failed = unpack_limited(&bytes, &size, rows[i].most, &err);
            if (rows[i].fault)
                check_refused(failed, &err, rows[i].fault, "");
            else if (check(!failed, "%s", err.text) && check_size(size, rows[i].unpacked))
                check_bytes(bytes, content, size);
            check_int(limit_asked.times, (rows[i].heads[0] > 0) + (rows[i].heads[1] > 0));
            for (int time = 0; time < limit_asked.times && time < 2; time++)
                check_size(limit_asked.heads[time], rows[i].heads[time]);
            check(limit_asked.same, "asked of other bytes");
            mem_free(bytes);
        }
    }
}

/* Of a small file nothing is asked; of one cut short, what is there of it: where that is enough to
 * refuse it, it is. */
TEST(gzip_head_cut, "gzip: the head of a small file, and of one cut short")
{
    enum { FRAME = 15 }; /* what comes before the bytes of a stored block */
    struct error err = {""};
    uint8_t *bytes;
    pack_content(1);
    size_t size = make_gzip(file, content, FILE_HEAD);
    answer(0, 0);
    if (check(!unpack_limited(&bytes, &size, LONG, &err), "%s", err.text))
        check(size == FILE_HEAD && !limit_asked.times, "%zu bytes, asked %d times", size,
              limit_asked.times);
    mem_free(bytes);
    pack_content(1);
    for (size_t cut = FRAME + 1; cut < 8000; cut += 100) {
        size_t there = cut - FRAME < FILE_HEAD ? cut - FRAME : FILE_HEAD;
        size = cut;
        answer(LONG, LONG);
        check_refused(unpack_limited(&bytes, &size, LONG, &err), &err, "it is cut short", "");
        check(limit_asked.heads[0] == there && limit_asked.same, "%zu bytes: another head", cut);
        mem_free(bytes);
        size = cut;
        answer(0, 0);
        if (check(!unpack_limited(&bytes, &size, LONG, &err), "%s", err.text))
            check(size == there && !memcmp(bytes, content, size), "%zu bytes: %zu", cut, size);
        mem_free(bytes);
    }
}

/* Each size may be the very limit of a first head, or of what the head allows. */
TEST(gzip_head_damaged, "gzip: a file that is damaged at the limit")
{
    for (size_t size = FILE_HEAD - 1; size <= FILE_HEAD + 1; size++) {
        struct error err = {""};
        uint8_t *bytes;
        pack_content(1);
        size_t packed_size = make_gzip(file, content, size);
        file[packed_size - 8] ^= 1;
        answer(size, size);
        test_case("%zu bytes", size);
        check_refused(unpack_limited(&bytes, &packed_size, LONG, &err), &err, "its CRC-32 is", "");
        mem_free(bytes);
    }
}

TEST(gzip_limit, "gzip: the limit of a packed file by what it holds")
{
    for (size_t members = 1; members <= 100; members *= 10) {
        size_t size = pack_content(members);
        answer(LONG, LONG);
        size_t limit = gzip_limit(file, FILE_HEAD, answer_limit);
        check(limit_asked.same && limit_asked.heads[0] > FILE_HEAD / 2, "another head");
        check(limit >= size && limit < 10 * LONG, "%zu for %zu bytes", limit, size);
        answer(0, 0);
        check_size(gzip_limit(file, FILE_HEAD, answer_limit), 0);
        answer(SIZE_MAX, SIZE_MAX);
        check_size(gzip_limit(file, FILE_HEAD, answer_limit), SIZE_MAX);
    }
    answer(12345, 12345);
    check_size(gzip_limit(content, FILE_HEAD, answer_limit), 12345);
    file[HEADER] |= 6; /* a block of type 3 */
    check_size(gzip_limit(file, FILE_HEAD, answer_limit), 0);
    file[2] = 9; /* another method */
    check_size(gzip_limit(file, FILE_HEAD, answer_limit), 0);
}

/* A field of 65,535 bytes, and a name without an end. */
TEST(gzip_limit_header, "gzip: a header that goes on behind the head")
{
    static uint8_t endless[1 << 20] = {0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 3, 0xff, 0xff};
    answer(12345, 12345);
    check(gzip_limit(endless, FILE_HEAD, answer_limit) > 70000, "taken for damage");
    memset(endless + HEADER, 'x', sizeof endless - HEADER);
    endless[3] = 8;
    check(gzip_limit(endless, FILE_HEAD, answer_limit) > 70000, "taken for damage");
    check_size(gzip_limit(endless, sizeof endless, answer_limit), 0);
}
