#include "mnist/data/image.h"

#include <string.h>

#include "mnist/base/bytes.h"

/* Eight bits for eight pixels: the top bit of each byte of the sum is set if that pixel is not 0,
 * and the multiplication gathers the eight top bits into one byte. */
static uint64_t ink_of_8(const uint8_t *p)
{
    const uint64_t x = bytes_get_le64(p), low = 0x7f7f7f7f7f7f7f7f;
    uint64_t ink = (((x & low) + low) | x) & ~low;
    return (ink >> 7) * 0x0102040810204080 >> 56;
}

void image_mask(uint64_t *mask, const uint8_t *pixels)
{
    memset(mask, 0, IMAGE_WORDS * sizeof *mask);
    for (int p = 0; p < IMAGE_PIXELS; p += 8)
        mask[p / 64] |= ink_of_8(pixels + p) << p % 64;
}
