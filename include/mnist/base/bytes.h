/* Integers of 16, 32 and 64 bits as bytes, little-endian (le) or big-endian (be), whatever the
 * machine's own order. Nothing need be aligned. No format here has big-endian 64-bit integers. */
#ifndef MNIST_BYTES_H
#define MNIST_BYTES_H

#include <stdint.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* The integer at p. */
static inline uint16_t bytes_get_le16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t bytes_get_le32(const uint8_t *p)
{
    return bytes_get_le16(p) | (uint32_t)bytes_get_le16(p + 2) << 16;
}

static inline uint64_t bytes_get_le64(const uint8_t *p)
{
    return bytes_get_le32(p) | (uint64_t)bytes_get_le32(p + 4) << 32;
}

static inline uint16_t bytes_get_be16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t bytes_get_be32(const uint8_t *p)
{
    return (uint32_t)bytes_get_be16(p) << 16 | bytes_get_be16(p + 2);
}

/* Writes the 2, 4 or 8 bytes at p. */
static inline void bytes_put_le16(uint8_t *p, uint16_t value)
{
    p[0] = (uint8_t)value;
    p[1] = (uint8_t)(value >> 8);
}

static inline void bytes_put_le32(uint8_t *p, uint32_t value)
{
    bytes_put_le16(p, (uint16_t)value);
    bytes_put_le16(p + 2, (uint16_t)(value >> 16));
}

static inline void bytes_put_le64(uint8_t *p, uint64_t value)
{
    bytes_put_le32(p, (uint32_t)value);
    bytes_put_le32(p + 4, (uint32_t)(value >> 32));
}

static inline void bytes_put_be16(uint8_t *p, uint16_t value)
{
    p[0] = (uint8_t)(value >> 8);
    p[1] = (uint8_t)value;
}

static inline void bytes_put_be32(uint8_t *p, uint32_t value)
{
    bytes_put_be16(p, (uint16_t)(value >> 16));
    bytes_put_be16(p + 2, (uint16_t)value);
}

/* Bit i = p[i] is not 0, for 16 bytes. */
#ifdef __SSE2__
static inline uint64_t bytes_not_zero(const uint8_t *p)
{
    /* One instruction gathers the top bits; no compiler finds it behind the sums below. */
    __m128i zero = _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)p), _mm_setzero_si128());
    return (uint16_t)~_mm_movemask_epi8(zero);
}
#else
static inline uint64_t bytes_not_zero(const uint8_t *p)
{
    const uint64_t low = 0x7f7f7f7f7f7f7f7f;
    uint64_t bits = 0;
    for (int i = 0; i < 16; i += 8) {
        uint64_t x = bytes_get_le64(p + i);
        /* The top bit of each byte says whether it is not 0; the product gathers them in one. */
        uint64_t tops = (((x & low) + low) | x) & ~low;
        bits |= ((tops >> 7) * 0x0102040810204080 >> 56) << i;
    }
    return bits;
}
#endif

#endif
