#include "mnist/data/image.h"

#include "mnist/base/bytes.h"

/* 784 = 12 × 64 + 16 */
void image_mask(uint64_t *mask, const uint8_t *pixels)
{
    const int whole = IMAGE_PIXELS / 64;
    for (int w = 0; w < whole; w++, pixels += 64)
        mask[w] = bytes_not_zero(pixels) | bytes_not_zero(pixels + 16) << 16 |
                  bytes_not_zero(pixels + 32) << 32 | bytes_not_zero(pixels + 48) << 48;
    mask[whole] = bytes_not_zero(pixels);
}
