#include "mnist/data/augment.h"

#include <string.h>

#include "mnist/base/rmath.h"

bool augment_any(const struct augment *a)
{
    return a->rotate > 0 || a->scale > 0 || a->shear > 0 || a->shift > 0 || a->elastic > 0;
}

/* --- the map --- */

enum { UNIT = 4096 }; /* parts of a pixel in a struct augment_map */

/* Pixels of white paper on all sides of the old image. Any place further out is white as well. */
enum { MARGIN = 8, STRIDE = 64, ROWS = IMAGE_SIDE + 2 * MARGIN + 2 };

static int32_t to_units(float pixels)
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

enum { DISPLACEMENTS = AUGMENT_GRID * AUGMENT_GRID * 2 };

/* displacement (AUGMENT_GRID, AUGMENT_GRID, 2) in pixels. */
static void set_map(struct augment_map *map, const struct affine *affine, const float *displacement)
{
    for (int j = 0; j < AUGMENT_GRID; j++) {
        for (int i = 0; i < AUGMENT_GRID; i++) {
            float x = (float)(i * AUGMENT_STEP) - MIDDLE, y = (float)(j * AUGMENT_STEP) - MIDDLE;
            float old_x = MIDDLE + (affine->xx * x + affine->xy * y) + affine->x;
            float old_y = MIDDLE + (affine->yx * x + affine->yy * y) + affine->y;
            map->x[j][i] = to_units(old_x + *displacement++);
            map->y[j][i] = to_units(old_y + *displacement++);
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
static float nearly_normal(uint32_t bits)
{
    uint32_t sum = (bits & 255) + (bits >> 8 & 255) + (bits >> 16 & 255) + (bits >> 24);
    return (float)((int32_t)sum - 510) * 0.0067659f;
}

/* The map goes from new to old, so everything is undone in reverse order: the shift, then the
 * rotation, the shear and the stretching. */
void augment_random(struct augment_map *map, const struct augment *a, struct rng *rng)
{
    float cosine, sine, displacement[DISPLACEMENTS] = {0};
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
        for (int i = 0; i < DISPLACEMENTS; i += 2) {
            uint64_t bits = rng_next(rng);
            displacement[i] = a->elastic * nearly_normal((uint32_t)bits);
            displacement[i + 1] = a->elastic * nearly_normal((uint32_t)(bits >> 32));
        }
    }
    set_map(map, &affine, displacement);
}

void augment_move(struct augment_map *map, float dx, float dy, float degrees)
{
    static const float still[DISPLACEMENTS];
    float cosine, sine;
    cos_sin(degrees, &cosine, &sine);
    struct affine affine = {.xx = cosine, .xy = -sine, .yx = sine, .yy = cosine};
    affine.x = -(affine.xx * dx + affine.xy * dy);
    affine.y = -(affine.yx * dx + affine.yy * dy);
    set_map(map, &affine, still);
}

/* --- the picture ---
 *
 * Places are 16-bit numbers here, in 1/256 pixel from the top left of the paper, so that a vector
 * holds as many as possible. */

/* to = a row of places for all columns, interpolated from a row of grid points. */
static void widen(uint16_t to[IMAGE_SIDE], const int32_t grid[AUGMENT_GRID])
{
    for (int i = 0; i < AUGMENT_GRID - 1; i++) {
        int32_t from = grid[i] + MARGIN * UNIT, step = grid[i + 1] - grid[i];
        for (int k = 0; k < AUGMENT_STEP; k++)
            to[i * AUGMENT_STEP + k] =
                (uint16_t)((from * AUGMENT_STEP + step * k) / (UNIT * AUGMENT_STEP / 256));
    }
}

/* to = the row of places k fourths of the way from one row to the next. */
static void between(uint16_t *restrict to, const uint16_t *restrict upper,
                    const uint16_t *restrict lower, int k)
{
    for (int c = 0; c < IMAGE_SIDE; c++) {
        uint16_t sum = (uint16_t)(upper[c] * (AUGMENT_STEP - k) + lower[c] * k);
        to[c] = sum / AUGMENT_STEP;
    }
}

/* Three passes over the image; all but the second are vector code. */
void augment_apply(uint8_t *restrict to, const uint8_t *restrict from,
                   const struct augment_map *map)
{
    uint8_t paper[ROWS * STRIDE] = {0};
    uint16_t x_grid[AUGMENT_GRID][IMAGE_SIDE], y_grid[AUGMENT_GRID][IMAGE_SIDE];
    uint16_t x[IMAGE_PIXELS], y[IMAGE_PIXELS], at[IMAGE_PIXELS], upper[IMAGE_PIXELS],
        lower[IMAGE_PIXELS];
    for (int r = 0; r < IMAGE_SIDE; r++)
        memcpy(paper + (r + MARGIN) * STRIDE + MARGIN, from + r * IMAGE_SIDE, IMAGE_SIDE);
    for (int j = 0; j < AUGMENT_GRID; j++) {
        widen(x_grid[j], map->x[j]);
        widen(y_grid[j], map->y[j]);
    }
    for (int r = 0; r < IMAGE_SIDE; r++) {
        int j = r / AUGMENT_STEP, k = r % AUGMENT_STEP;
        between(x + r * IMAGE_SIDE, x_grid[j], x_grid[j + 1], k);
        between(y + r * IMAGE_SIDE, y_grid[j], y_grid[j + 1], k);
    }
    for (int p = 0; p < IMAGE_PIXELS; p++)
        at[p] = (uint16_t)((y[p] >> 8) * STRIDE + (x[p] >> 8));
    for (int p = 0; p < IMAGE_PIXELS; p++) {
        const uint8_t *four = paper + at[p];
        upper[p] = (uint16_t)(four[0] | four[1] << 8);
        lower[p] = (uint16_t)(four[STRIDE] | four[STRIDE + 1] << 8);
    }
    for (int p = 0; p < IMAGE_PIXELS; p++) {
        uint16_t right = x[p] & 255, left = (uint16_t)(256 - right);
        uint16_t down = y[p] & 255, up = (uint16_t)(256 - down);
        uint16_t above = (uint16_t)((upper[p] & 255) * left + (upper[p] >> 8) * right + 128);
        uint16_t below = (uint16_t)((lower[p] & 255) * left + (lower[p] >> 8) * right + 128);
        uint16_t value = (uint16_t)((above >> 8) * up + (below >> 8) * down + 128);
        to[p] = (uint8_t)(value >> 8);
    }
}

void augment_image(uint8_t *restrict to, const uint8_t *restrict from,
                   const struct augment *augment, uint64_t seed, int epoch, int index)
{
    struct rng rng;
    struct augment_map map;
    rng_seed(&rng, seed, RNG_AUGMENT, (uint64_t)epoch << 32 | (uint64_t)index);
    augment_random(&map, augment, &rng);
    augment_apply(to, from, &map);
}
