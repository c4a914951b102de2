#include "mnist/data/augment.h"

#include <string.h>

#include "mnist/base/cpu.h"
#include "mnist/base/rmath.h"

bool augment_any(const struct augment *a)
{
    return a->rotate > 0 || a->scale > 0 || a->shear > 0 || a->shift > 0 || a->elastic > 0;
}

/* What is INLINE is compiled twice, for any machine and for AVX2. */
#define INLINE static inline __attribute__((always_inline))

/* --- the map --- */

enum { UNIT = 4096 }; /* parts of a pixel in a struct augment_map */

/* Pixels of white paper on all sides of the old image. Any place further out is white as well. */
enum { MARGIN = 8 };

INLINE int32_t to_units(float pixels)
{
    const float low = -MARGIN, high = IMAGE_SIDE - 1 + MARGIN, unit = UNIT;
    pixels = pixels > low ? pixels : low;
    pixels = pixels < high ? pixels : high;
    return (int32_t)((pixels - low) * unit) - MARGIN * UNIT;
}

/* An affine map about the middle of the image, from the new image to the old:
 * old = middle + matrix (new - middle) + offset. */
struct affine {
    float xx, xy, yx, yy; /* old x from new x and y; old y from new x and y */
    float x, y;
};

/* Pixel centres are at whole numbers, so the middle of 28 is at 13.5. */
static const float MIDDLE = (IMAGE_SIDE - 1) * 0.5f;

enum { POINTS = AUGMENT_GRID * AUGMENT_GRID };

/* How far each grid point moves besides, in pixels, row by row. */
struct displacement {
    float x[POINTS], y[POINTS];
};

INLINE void set_map(struct augment_map *map, const struct affine *affine,
                    const struct displacement *move)
{
    for (int j = 0; j < AUGMENT_GRID; j++) {
        for (int i = 0; i < AUGMENT_GRID; i++) {
            int point = j * AUGMENT_GRID + i;
            float x = (float)(i * AUGMENT_STEP) - MIDDLE, y = (float)(j * AUGMENT_STEP) - MIDDLE;
            float old_x = MIDDLE + (affine->xx * x + affine->xy * y) + affine->x;
            float old_y = MIDDLE + (affine->yx * x + affine->yy * y) + affine->y;
            map->x[j][i] = to_units(old_x + move->x[point]);
            map->y[j][i] = to_units(old_y + move->y[point]);
        }
    }
}

/* cos and sin of an angle in degrees. */
static void cos_sin(float degrees, float *cosine, float *sine)
{
    const float quarter = 1.57079633f;
    float angle = degrees * (quarter / 90.0f);
    *cosine = rmath_cos(angle);
    *sine = rmath_cos(angle - quarter);
}

static float uniform(struct rng *rng, float strength)
{
    return strength * (2.0f * rng_uniform(rng) - 1.0f);
}

/* A nearly normal number from 32 random bits: the sum of four uniform bytes, minus its mean 510,
 * divided by its standard deviation, sqrt(4 (256² - 1) / 12). */
INLINE float nearly_normal(uint32_t bits)
{
    uint32_t sum = (bits & 255) + (bits >> 8 & 255) + (bits >> 16 & 255) + (bits >> 24);
    return (float)((int32_t)sum - 510) * 0.0067659f;
}

/* The map goes from new to old, so everything is undone in reverse order: the shift, then the
 * rotation, the shear and the stretching. */
INLINE void set_random(struct augment_map *map, const struct augment *a, struct rng *rng)
{
    struct displacement move = {{0}, {0}};
    float cosine, sine;
    float x_scale = 1.0f / (1.0f + uniform(rng, a->scale));
    float y_scale = 1.0f / (1.0f + uniform(rng, a->scale));
    float shear = uniform(rng, a->shear);
    cos_sin(uniform(rng, a->rotate), &cosine, &sine);
    float dx = uniform(rng, a->shift), dy = uniform(rng, a->shift);
    struct affine affine = {
        .xx = x_scale * (cosine + shear * sine),
        .xy = x_scale * (shear * cosine - sine),
        .yx = y_scale * sine,
        .yy = y_scale * cosine,
    };
    affine.x = -(affine.xx * dx + affine.xy * dy);
    affine.y = -(affine.yx * dx + affine.yy * dy);
    if (a->elastic > 0) {
        uint32_t low[POINTS], high[POINTS];
        for (int i = 0; i < POINTS; i++) {
            uint64_t bits = rng_next(rng);
            low[i] = (uint32_t)bits;
            high[i] = (uint32_t)(bits >> 32);
        }
        for (int i = 0; i < POINTS; i++) {
            move.x[i] = a->elastic * nearly_normal(low[i]);
            move.y[i] = a->elastic * nearly_normal(high[i]);
        }
    }
    set_map(map, &affine, &move);
}

void augment_random(struct augment_map *map, const struct augment *augment, struct rng *rng)
{
    set_random(map, augment, rng);
}

void augment_move(struct augment_map *map, float dx, float dy, float degrees)
{
    static const struct displacement still;
    float cosine, sine;
    cos_sin(degrees, &cosine, &sine);
    struct affine affine = {.xx = cosine, .xy = -sine, .yx = sine, .yy = cosine};
    affine.x = -(affine.xx * dx + affine.xy * dy);
    affine.y = -(affine.yx * dx + affine.yy * dy);
    set_map(map, &affine, &still);
}

/* --- the picture ---
 *
 * Places are 16-bit numbers here, in 1/256 pixel from the top left of the paper, so that a vector
 * holds as many as possible. Beside each pixel of the paper lies the one below it, so that the four
 * pixels about a place are next to each other:
 *
 *     a b c            a d  b e  c f
 *     d e f   ----->   d g  e h  f i        those about the place between a, b, d and e: a d b e
 *     g h i
 */

enum { STRIDE = 64, ROWS = IMAGE_SIDE + 2 * MARGIN + 1 };

/* Rows of 28 are worked on as 32, a whole number of vectors. */
enum { WIDE = AUGMENT_GRID * AUGMENT_STEP, BEYOND = WIDE - IMAGE_SIDE };

/* to = the places of all pixels on one axis, and BEYOND more: between two grid points of a row lie
 * three columns, and then between two such rows three more, k fourths of the way. Behind the last
 * grid point of a row stands nothing of use. */
INLINE void find_places(uint16_t to[IMAGE_PIXELS + BEYOND], const int32_t *grid)
{
    uint16_t rows[POINTS][AUGMENT_STEP];
    memset(rows[POINTS - 1], 0, sizeof rows[0]);
    for (int p = 0; p < POINTS - 1; p++) {
        uint32_t from = (uint32_t)(grid[p] + MARGIN * UNIT) * AUGMENT_STEP;
        uint32_t step = (uint32_t)(grid[p + 1] - grid[p]);
        for (unsigned k = 0; k < AUGMENT_STEP; k++)
            rows[p][k] = (uint16_t)((from + step * k) / (UNIT * AUGMENT_STEP / 256));
    }
    for (int r = 0; r < IMAGE_SIDE; r++) {
        int k = r % AUGMENT_STEP;
        const uint16_t *upper = rows[r / AUGMENT_STEP * AUGMENT_GRID], *lower = upper + WIDE;
        for (int c = 0; c < WIDE; c++) {
            uint16_t sum = (uint16_t)(upper[c] * (AUGMENT_STEP - k) + lower[c] * k);
            to[r * IMAGE_SIDE + c] = sum / AUGMENT_STEP;
        }
    }
}

/* Lays the image on the paper: the low byte of each number is a pixel, the high byte the one below
 * it. */
INLINE void lay(uint16_t paper[ROWS * STRIDE], const uint8_t *image)
{
    uint8_t rows[1 + IMAGE_SIDE + 1][WIDE] = {{0}};
    memset(paper, 0, ROWS * STRIDE * sizeof *paper);
    for (int r = 0; r < IMAGE_SIDE; r++)
        memcpy(rows[1 + r], image + r * IMAGE_SIDE, IMAGE_SIDE);
    for (int r = 0; r <= IMAGE_SIDE; r++) {
        uint16_t *to = paper + (MARGIN - 1 + r) * STRIDE + MARGIN;
        for (int c = 0; c < WIDE; c++)
            to[c] = (uint16_t)(rows[r][c] | rows[r + 1][c] << 8);
    }
}

/* Four passes over the image; all but the third are vector code. */
INLINE void apply(uint8_t *restrict to, const uint8_t *restrict from, const struct augment_map *map)
{
    uint16_t paper[ROWS * STRIDE], x[IMAGE_PIXELS + BEYOND], y[IMAGE_PIXELS + BEYOND],
        at[IMAGE_PIXELS], four[IMAGE_PIXELS][2];
    lay(paper, from);
    find_places(x, map->x[0]);
    find_places(y, map->y[0]);
    for (int p = 0; p < IMAGE_PIXELS; p++)
        at[p] = (uint16_t)((y[p] >> 8) * STRIDE + (x[p] >> 8));
    for (int p = 0; p < IMAGE_PIXELS; p++)
        memcpy(four[p], paper + at[p], sizeof four[p]);
    for (int p = 0; p < IMAGE_PIXELS; p++) {
        uint16_t right = x[p] & 255, left = (uint16_t)(256 - right);
        uint16_t down = y[p] & 255, up = (uint16_t)(256 - down);
        uint16_t l = four[p][0], r = four[p][1];
        uint16_t above = (uint16_t)((l & 255) * left + (r & 255) * right + 128);
        uint16_t below = (uint16_t)((l >> 8) * left + (r >> 8) * right + 128);
        uint16_t value = (uint16_t)((above >> 8) * up + (below >> 8) * down + 128);
        to[p] = (uint8_t)(value >> 8);
    }
}

void augment_apply(uint8_t *restrict to, const uint8_t *restrict from,
                   const struct augment_map *map)
{
    apply(to, from, map);
}

/* --- both --- */

INLINE void change(uint8_t *restrict to, const uint8_t *restrict from,
                   const struct augment *augment, struct rng *rng)
{
    struct augment_map map;
    set_random(&map, augment, rng);
    apply(to, from, &map);
}

static void change_anywhere(uint8_t *restrict to, const uint8_t *restrict from,
                            const struct augment *augment, struct rng *rng)
{
    change(to, from, augment, rng);
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static void change_avx2(uint8_t *restrict to,
                                                        const uint8_t *restrict from,
                                                        const struct augment *augment,
                                                        struct rng *rng)
{
    change(to, from, augment, rng);
}
#else
#define change_avx2 change_anywhere
#endif

void augment_image(uint8_t *restrict to, const uint8_t *restrict from,
                   const struct augment *augment, uint64_t seed, int epoch, int index)
{
    struct rng rng;
    rng_seed(&rng, seed, RNG_AUGMENT, (uint64_t)epoch << 32 | (uint64_t)index);
    if (cpu_has_avx2())
        change_avx2(to, from, augment, &rng);
    else
        change_anywhere(to, from, augment, &rng);
}
