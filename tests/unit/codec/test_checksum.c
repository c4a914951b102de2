#include <inttypes.h>
#include <stdint.h>
#include <string.h>

#include "mnist/base/rng.h"
#include "mnist/codec/checksum.h"

#include "../test.h"

static uint32_t textbook_crc32(const uint8_t *bytes, size_t size)
{
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
    }
    return ~crc;
}

TEST(checksum_crc32, "checksum: CRC-32's check values and the textbook")
{
    static const struct {
        const char *text;
        uint32_t crc;
    } rows[] = {
        {"123456789", 0xcbf43926},
        {"", 0},
        {"a", 0xe8b7be43},
        {"The quick brown fox jumps over the lazy dog", 0x414fa339},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        check(checksum_crc32(rows[i].text, strlen(rows[i].text)) == rows[i].crc,
              "\"%s\": %08" PRIx32, rows[i].text,
              checksum_crc32(rows[i].text, strlen(rows[i].text)));
    uint8_t bytes[320];
    struct rng rng;
    rng_seed(&rng, 13, RNG_SHOW, 0);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)rng_next(&rng);
    for (size_t start = 0; start < 8; start++)
        for (size_t size = 0; size <= 300; size++)
            check(checksum_crc32(bytes + start, size) == textbook_crc32(bytes + start, size),
                  "%zu bytes from %zu differ from the textbook", size, start);
}

/* Long texts are taken otherwise than short ones; a single bit shows where. */
TEST(checksum_crc32_long, "checksum: CRC-32 of long texts")
{
    static uint8_t bytes[150000];
    struct rng rng;
    check(checksum_crc32(bytes, sizeof bytes) == textbook_crc32(bytes, sizeof bytes), "zeros");
    for (size_t bit = 0; bit < 8 * sizeof bytes; bit += bit < 16 ? 1 : 7001) {
        bytes[bit / 8] = (uint8_t)(1 << bit % 8);
        check(checksum_crc32(bytes, sizeof bytes) == textbook_crc32(bytes, sizeof bytes),
              "bit %zu alone", bit);
        bytes[bit / 8] = 0;
    }
    rng_seed(&rng, 14, RNG_SHOW, 0);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)rng_next(&rng);
    for (size_t size = 1; size < sizeof bytes - 8; size += size % 8192 < 8184 ? 2041 : 1)
        check(checksum_crc32(bytes + size % 8, size) == textbook_crc32(bytes + size % 8, size),
              "%zu bytes differ from the textbook", size);
}

TEST(checksum_crc32_join, "checksum: the CRC-32 of two texts, from those of each")
{
    uint8_t bytes[1000];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * i >> 3);
    for (size_t first = 0; first <= sizeof bytes; first++) {
        uint32_t joined = checksum_crc32_join(checksum_crc32(bytes, first),
                                              checksum_crc32(bytes + first, sizeof bytes - first),
                                              sizeof bytes - first);
        check(joined == checksum_crc32(bytes, sizeof bytes), "cut at %zu: %08" PRIx32, first,
              joined);
    }
}

static uint32_t textbook_adler32(const uint8_t *bytes, size_t size)
{
    uint32_t a = 1, b = 0;
    for (size_t i = 0; i < size; i++) {
        a = (a + bytes[i]) % 65521;
        b = (b + a) % 65521;
    }
    return b << 16 | a;
}

/* Whole blocks of the largest bytes come closest to overflowing 32 bits. */
TEST(checksum_adler32, "checksum: Adler-32's check values and the textbook")
{
    static uint8_t bytes[3 * 5552 + 2];
    check(checksum_adler32("", 0) == 1, "of nothing: %08" PRIx32, checksum_adler32("", 0));
    check(checksum_adler32("123456789", 9) == 0x091e01de, "of 123456789: %08" PRIx32,
          checksum_adler32("123456789", 9));
    memset(bytes, 255, sizeof bytes);
    for (size_t size = 0; size <= sizeof bytes; size += size % 5552 > 5540 || size < 20 ? 1 : 7)
        check(checksum_adler32(bytes, size) == textbook_adler32(bytes, size),
              "%zu bytes of 255 differ from the textbook", size);
    /* The sums before them are as large as they can be. */
    for (size_t i = 0; i < 5552; i++)
        bytes[i] = i < 400 ? 22 : 11;
    bytes[5552] = 0;
    check(checksum_adler32(bytes, sizeof bytes) == textbook_adler32(bytes, sizeof bytes),
          "255 behind a large sum differ from the textbook");
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * i >> 3);
    check(checksum_adler32(bytes + 1, sizeof bytes - 1) ==
              textbook_adler32(bytes + 1, sizeof bytes - 1),
          "other bytes differ from the textbook");
}
