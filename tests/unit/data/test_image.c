#include <stdint.h>
#include <string.h>

#include "mnist/base/rng.h"
#include "mnist/data/image.h"

#include "../test.h"

/* Against a loop that does not know the trick; a word on each side must stay as it is. */
static void check_mask(const uint8_t *pixels, const char *what, int number)
{
    enum { GUARD = 0x5a };
    uint64_t guarded[IMAGE_WORDS + 2], wanted[IMAGE_WORDS] = {0}, guard;
    memset(guarded, GUARD, sizeof guarded);
    memset(&guard, GUARD, sizeof guard);
    image_mask(guarded + 1, pixels);
    for (int p = 0; p < IMAGE_PIXELS; p++)
        if (pixels[p])
            wanted[p / 64] |= (uint64_t)1 << p % 64;
    check(!memcmp(guarded + 1, wanted, sizeof wanted), "%s %d: wrong mask", what, number);
    check(guarded[0] == guard && guarded[IMAGE_WORDS + 1] == guard, "%s %d: wrote outside", what,
          number);
}

TEST(dataset_mask, "dataset: masks")
{
    uint8_t pixels[IMAGE_PIXELS] = {0};
    struct rng rng;
    check_mask(pixels, "empty image", 0);
    for (int p = 0; p < IMAGE_PIXELS; p++) {
        static const uint8_t inks[] = {1, 0x7f, 0x80, 0xff};
        pixels[p] = inks[p % 4];
        check_mask(pixels, "single pixel", p);
        pixels[p] = 0;
    }
    for (int ink = 1; ink < 256; ink++) {
        memset(pixels, ink, sizeof pixels);
        check_mask(pixels, "full image of ink", ink);
        pixels[ink] = 0;
        check_mask(pixels, "full image but one, of ink", ink);
    }
    rng_seed(&rng, 1, RNG_SHOW, 0);
    for (int round = 0; round < 2000; round++) {
        for (int p = 0; p < IMAGE_PIXELS; p++)
            pixels[p] = rng_below(&rng, 8) <= (uint32_t)round % 8 ? (uint8_t)rng_next(&rng) : 0;
        check_mask(pixels, "random image", round);
    }
}
