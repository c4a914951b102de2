#include "mnist/data/image.h"

#include "mnist/base/bytes.h"

/* ink_of_16: sixteen bits for sixteen pixels, each set if that pixel is not 0. */
#ifdef __SSE2__
#include <emmintrin.h>

/* One instruction gathers the top bits of sixteen bytes; no compiler finds it behind the sums. */
static uint64_t ink_of_16(const uint8_t *p)
{
    __m128i paper = _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)p), _mm_setzero_si128());
    return (uint16_t)~_mm_movemask_epi8(paper);
}
#else
/* The top bit of each byte of the sum is set if that pixel is not 0, and the multiplication gathers
 * the eight top bits into one byte. */
static uint64_t ink_of_8(const uint8_t *p)
{
    const uint64_t x = bytes_get_le64(p), low = 0x7f7f7f7f7f7f7f7f;
    uint64_t ink = (((x & low) + low) | x) & ~low;
    return (ink >> 7) * 0x0102040810204080 >> 56;
}

static uint64_t ink_of_16(const uint8_t *p)
{
    return ink_of_8(p) | ink_of_8(p + 8) << 8;
}
#endif

/* 784 = 12 × 64 + 16 */
void image_mask(uint64_t *mask, const uint8_t *pixels)
{
    const int whole = IMAGE_PIXELS / 64;
    for (int w = 0; w < whole; w++, pixels += 64)
        mask[w] = ink_of_16(pixels) | ink_of_16(pixels + 16) << 16 | ink_of_16(pixels + 32) << 32 |
                  ink_of_16(pixels + 48) << 48;
    mask[whole] = ink_of_16(pixels);
}
