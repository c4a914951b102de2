#include "mnist/codec/checksum.h"

#include <pthread.h>

#include "mnist/base/bytes.h"

/* table[0][b] is what the byte b turns a register of zeros into; table[k][b] is the same after k
 * more bytes of zeros. */
static uint32_t table[8][256];

static void fill_table(void)
{
    for (uint32_t b = 0; b < 256; b++) {
        uint32_t crc = b;
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
        table[0][b] = crc;
    }
    for (int k = 1; k < 8; k++)
        for (int b = 0; b < 256; b++)
            table[k][b] = table[k - 1][b] >> 8 ^ table[0][table[k - 1][b] & 255];
}

/* Takes eight bytes at a time: their eight look-ups do not wait for each other (Kounavis and Berry
 * 2005, "slicing-by-8"). */
uint32_t checksum_crc32(const void *bytes, size_t size)
{
    static pthread_once_t filled = PTHREAD_ONCE_INIT;
    pthread_once(&filled, fill_table);
    const uint8_t *p = bytes;
    uint32_t crc = 0xffffffff;
    for (; size >= 8; size -= 8, p += 8) {
        uint32_t low = crc ^ bytes_get_le32(p);
        crc = table[7][low & 255] ^ table[6][low >> 8 & 255] ^ table[5][low >> 16 & 255] ^
              table[4][low >> 24] ^ table[3][p[4]] ^ table[2][p[5]] ^ table[1][p[6]] ^
              table[0][p[7]];
    }
    for (; size > 0; size--)
        crc = crc >> 8 ^ table[0][(crc ^ *p++) & 255];
    return ~crc;
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
