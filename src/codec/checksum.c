#include "mnist/codec/checksum.h"

#include <pthread.h>
#include <string.h>

#include "mnist/base/bytes.h"

#define POLYNOMIAL 0xedb88320u

/* table[0][b] is what the byte b turns a register of zeros into; table[k][b] is the same after k
 * more bytes of zeros. */
static uint32_t table[8][256];

static void fill_table(void)
{
    for (uint32_t b = 0; b < 256; b++) {
        uint32_t crc = b;
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ POLYNOMIAL : crc >> 1;
        table[0][b] = crc;
    }
    for (int k = 1; k < 8; k++)
        for (int b = 0; b < 256; b++)
            table[k][b] = table[k - 1][b] >> 8 ^ table[0][table[k - 1][b] & 255];
}

/* The register after more bytes. Takes eight at a time: their eight look-ups do not wait for each
 * other (Kounavis and Berry 2005, "slicing-by-8"). */
static uint32_t take_bytes(uint32_t crc, const uint8_t *p, size_t size)
{
    for (; size >= 8; size -= 8, p += 8) {
        uint32_t low = crc ^ bytes_get_le32(p);
        crc = table[7][low & 255] ^ table[6][low >> 8 & 255] ^ table[5][low >> 16 & 255] ^
              table[4][low >> 24] ^ table[3][p[4]] ^ table[2][p[5]] ^ table[1][p[6]] ^
              table[0][p[7]];
    }
    for (; size > 0; size--)
        crc = crc >> 8 ^ table[0][(crc ^ *p++) & 255];
    return crc;
}

/* Most of a long text, ten times as fast, with nothing but exclusive or, any number of words at
 * once (after Russell 2024, "Chorba": a multiple of the polynomial that has few terms).
 *
 * A word w may be taken from the text, where it is put back, exclusive or, at places behind it such
 * that the sum is a multiple of the polynomial: the remainder stays the same. Modulo this
 * polynomial, 1 = x^-145n + x^-183n + x^-211n + x^-300n for n = 1 and, since squares of sums are
 * sums of squares, for each power of two. With n = 128 the places are 145, 183, 211 and 300 pairs
 * of words behind. So what has come to be at place i when its turn is there to be taken away,
 *
 *     taken[i] = text[i] ^ taken[i - 290] ^ taken[i - 366] ^ taken[i - 422] ^ taken[i - 600],
 *
 * and after the last of these the 600 words behind them are all that is left, for the tables.
 * As words are neither shifted nor added, it does not matter which of their bytes comes first. */
enum { BACK1 = 290, BACK2 = 366, BACK3 = 422, BACK4 = 600, WORDS = 2048, RUN = 32 };
enum { LONG_TEXT = 4 * WORDS * sizeof(uint64_t) };

/* The register after the beginning of a text of LONG_TEXT bytes or more; *p and *size are then what
 * is left to take. */
static uint32_t take_long(const uint8_t **p, size_t *size)
{
    uint64_t taken[BACK4 + WORDS] = {0}, rest[BACK4];
    memset(taken, 0xff, 4); /* all ones in: 600 words behind is the first of the text */
    for (; *size >= sizeof taken; *p += WORDS * sizeof *taken, *size -= WORDS * sizeof *taken) {
        for (int i = 0; i < WORDS; i += RUN) {
            uint64_t text[RUN], *now = taken + BACK4 + i;
            memcpy(text, *p + (size_t)i * sizeof *text, sizeof text);
            for (int j = 0; j < RUN; j++)
                now[j] =
                    text[j] ^ now[j - BACK1] ^ now[j - BACK2] ^ now[j - BACK3] ^ now[j - BACK4];
        }
        memmove(taken, taken + WORDS, BACK4 * sizeof *taken);
    }
    memcpy(rest, *p, sizeof rest);
    for (int i = 0; i < BACK4; i++)
        rest[i] ^= (i < BACK1 ? taken[i + BACK4 - BACK1] : 0) ^
                   (i < BACK2 ? taken[i + BACK4 - BACK2] : 0) ^
                   (i < BACK3 ? taken[i + BACK4 - BACK3] : 0) ^ taken[i];
    *p += sizeof rest;
    *size -= sizeof rest;
    return take_bytes(0, (const uint8_t *)rest, sizeof rest);
}

static void fill_table_once(void)
{
    static pthread_once_t filled = PTHREAD_ONCE_INIT;
    pthread_once(&filled, fill_table);
}

uint32_t checksum_crc32(const void *bytes, size_t size)
{
    const uint8_t *p = bytes;
    fill_table_once();
    uint32_t crc = size < LONG_TEXT ? 0xffffffff : take_long(&p, &size);
    return ~take_bytes(crc, p, size);
}

/* a b modulo the polynomial. The top bit is x^0, the bit below it x^1. */
static uint32_t multiply(uint32_t a, uint32_t b)
{
    uint32_t product = 0;
    for (; a; a <<= 1) {
        product ^= a >> 31 ? b : 0;
        b = b & 1 ? b >> 1 ^ POLYNOMIAL : b >> 1;
    }
    return product;
}

/* The ones that go in and out cancel, so the first remainder only moves, by 8 size bits: it is
 * multiplied by x^(8 size). */
uint32_t checksum_crc32_join(uint32_t first, uint32_t second, size_t size)
{
    uint32_t power = 0x00800000; /* x^8 */
    for (; size > 0; size >>= 1, power = multiply(power, power))
        if (size & 1)
            first = multiply(first, power);
    return first ^ second;
}

/* The remainders are taken once per block: as many bytes as b can add up in 32 bits, were each
 * 255. */
uint32_t checksum_adler32(const void *bytes, size_t size)
{
    enum { MODULUS = 65521, BLOCK = 5552 };
    const uint8_t *p = bytes;
    uint32_t a = 1, b = 0;
    while (size > 0) {
        size_t block = size < BLOCK ? size : BLOCK;
        for (size_t i = 0; i < block; i++) {
            a += p[i];
            b += a;
        }
        a %= MODULUS;
        b %= MODULUS;
        p += block;
        size -= block;
    }
    return b << 16 | a;
}
