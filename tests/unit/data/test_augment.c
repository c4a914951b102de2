#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mnist/base/rng.h"
#include "mnist/base/team.h"
#include "mnist/data/augment.h"
#include "mnist/data/batch.h"
#include "mnist/data/dataset.h"
#include "mnist/data/image.h"

#include "../test.h"

/* A blot with soft edges, off the middle and with no symmetry. */
static void blot(uint8_t image[IMAGE_PIXELS])
{
    for (int p = 0; p < IMAGE_PIXELS; p++) {
        double x = p % IMAGE_SIDE - 11.0, y = p / IMAGE_SIDE - 16.0;
        image[p] = (uint8_t)(250.0 * exp(-x * x / 18.0 - y * y / 40.0 - x * y / 60.0) + 0.5);
    }
}

/* What augment_apply should give, in double: the map bilinear between grid points, the picture
 * bilinear between pixels. */
static double sampled(const uint8_t *image, const struct augment_map *map, int column, int row)
{
    int i = column / 4, j = row / 4;
    double u = column % 4 / 4.0, v = row % 4 / 4.0, place[2];
    for (int axis = 0; axis < 2; axis++) {
        const int32_t(*grid)[AUGMENT_GRID] = axis ? map->y : map->x;
        place[axis] = ((grid[j][i] * (1 - u) + grid[j][i + 1] * u) * (1 - v) +
                       (grid[j + 1][i] * (1 - u) + grid[j + 1][i + 1] * u) * v) /
                      4096.0;
    }
    double x = floor(place[0]), y = floor(place[1]), value = 0.0;
    for (int k = 0; k < 4; k++) {
        int c = (int)x + k % 2, r = (int)y + k / 2;
        double share = (k % 2 ? place[0] - x : 1 - (place[0] - x)) *
                       (k / 2 ? place[1] - y : 1 - (place[1] - y));
        if (c >= 0 && c < IMAGE_SIDE && r >= 0 && r < IMAGE_SIDE)
            value += share * image[r * IMAGE_SIDE + c];
    }
    return value;
}

static void check_map(const uint8_t *image, const struct augment_map *map, const char *what)
{
    uint8_t got[IMAGE_PIXELS + 1];
    got[IMAGE_PIXELS] = 77;
    augment_apply(got, image, map);
    for (int p = 0; p < IMAGE_PIXELS; p++) {
        double want = sampled(image, map, p % IMAGE_SIDE, p / IMAGE_SIDE);
        if (!check(fabs(got[p] - want) <= 3.0, "%s: pixel %d is %d, not %.2f", what, p, got[p],
                   want))
            return;
    }
    check_int(got[IMAGE_PIXELS], 77);
}

TEST(augment_map_random, "augment: as in double")
{
    static const struct augment strengths[] = {{10, 0.1f, 0.2f, 1.5f, 0.8f},
                                               {0, 0, 0, 0, 3},
                                               {180, 0, 0, 0, 0},
                                               {0, 0.5f, 1, 0, 0},
                                               {180, 0.5f, 1, 28, 3}};
    uint8_t image[IMAGE_PIXELS];
    blot(image);
    for (size_t s = 0; s < COUNT(strengths); s++)
        for (uint64_t i = 0; i < 200; i++) {
            struct rng rng;
            struct augment_map map;
            char what[64];
            rng_seed(&rng, 1, RNG_AUGMENT, i);
            augment_random(&map, &strengths[s], &rng);
            snprintf(what, sizeof what, "strength %zu, augmentation %d", s, (int)i);
            check_map(image, &map, what);
        }
}

/* Without strength nothing changes; shifts by whole pixels and half a turn are exact. */
TEST(augment_map_exact, "augment: what must be exact")
{
    uint8_t image[IMAGE_PIXELS], got[IMAGE_PIXELS];
    struct augment none = {0};
    struct rng rng;
    struct augment_map map;
    blot(image);
    check(!augment_any(&none), "no strength is one");
    rng_seed(&rng, 1, RNG_AUGMENT, 0);
    augment_random(&map, &none, &rng);
    augment_apply(got, image, &map);
    check(!memcmp(got, image, IMAGE_PIXELS), "an augmentation of strength 0 changes the image");
    for (int dx = -3; dx <= 3; dx++)
        for (int dy = -3; dy <= 3; dy++) {
            augment_move(&map, (float)dx, (float)dy, 0.0f);
            augment_apply(got, image, &map);
            for (int p = 0; p < IMAGE_PIXELS; p++) {
                int c = p % IMAGE_SIDE - dx, r = p / IMAGE_SIDE - dy;
                bool inside = c >= 0 && c < IMAGE_SIDE && r >= 0 && r < IMAGE_SIDE;
                check(got[p] == (inside ? image[r * IMAGE_SIDE + c] : 0), "%d,%d: pixel %d is %d",
                      dx, dy, p, got[p]);
            }
        }
    augment_move(&map, 0.0f, 0.0f, 180.0f);
    augment_apply(got, image, &map);
    for (int p = 0; p < IMAGE_PIXELS; p++)
        check(abs(got[p] - image[IMAGE_PIXELS - 1 - p]) <= 1, "half a turn: pixel %d is %d, not %d",
              p, got[p], image[IMAGE_PIXELS - 1 - p]);
}

/* Positive angles turn counterclockwise: a dot on the right goes to the top; then it is moved. */
TEST(augment_map_direction, "augment: directions")
{
    uint8_t image[IMAGE_PIXELS] = {0}, got[IMAGE_PIXELS];
    struct augment_map map;
    int largest = 0;
    image[14 * IMAGE_SIDE + 24] = 200; /* 10.5 right of the middle, 0.5 below it */
    augment_move(&map, 2.0f, 1.0f, 90.0f);
    augment_apply(got, image, &map);
    for (int p = 0; p < IMAGE_PIXELS; p++)
        largest = got[p] > got[largest] ? p : largest;
    check(largest == 4 * IMAGE_SIDE + 16, "the dot went to column %d, row %d", largest % IMAGE_SIDE,
          largest / IMAGE_SIDE);
}

/* Each strength stays within its bounds and comes close to them. */
TEST(augment_map_strength, "augment: strengths")
{
    const double middle = 13.5;
    double most_turn = 0, most_shift = 0, most_scale = 0, squares = 0;
    for (uint64_t i = 0; i < 2000; i++) {
        struct rng rng;
        struct augment_map turn, shift, scale, bend;
        rng_seed(&rng, 2, RNG_AUGMENT, i);
        augment_random(&turn, &(struct augment){.rotate = 10}, &rng);
        augment_random(&shift, &(struct augment){.shift = 1.5f}, &rng);
        augment_random(&scale, &(struct augment){.scale = 0.1f}, &rng);
        augment_random(&bend, &(struct augment){.elastic = 0.8f}, &rng);
        double dx = turn.x[3][7] / 4096.0 - middle, dy = turn.y[3][7] / 4096.0 - middle;
        double angle = fabs(atan2(dy, dx) - atan2(-1.5, 14.5)) * 180.0 / 3.141592653589793;
        double moved = fabs(shift.x[3][3] / 4096.0 - 12.0);
        double ratio = 14.5 / (scale.x[3][7] / 4096.0 - middle);
        most_turn = fmax(most_turn, angle);
        most_shift = fmax(most_shift, moved);
        most_scale = fmax(most_scale, fabs(ratio - 1.0));
        for (int k = 0; k < AUGMENT_GRID; k++)
            squares += pow(bend.x[k][k] / 4096.0 - 4 * k, 2);
    }
    check(most_turn <= 10.01 && most_turn >= 9.9, "turned by up to %g", most_turn);
    check(most_shift <= 1.501 && most_shift >= 1.49, "moved by up to %g", most_shift);
    check(most_scale <= 0.1001 && most_scale >= 0.099, "stretched by up to %g", most_scale);
    double deviation = sqrt(squares / (2000 * AUGMENT_GRID));
    check(fabs(deviation - 0.8) <= 0.015, "bent with a deviation of %g", deviation);
}

TEST(batch_augment, "augment: a batch")
{
    struct dataset dataset;
    struct error err = {""};
    const struct augment augment = {10, 0.1f, 0.2f, 1.5f, 0.8f};
    const int indices[] = {7, 0, 7, 300, 12, 5, 6, 1, 2, 3, 4};
    if (!check(!dataset_load(&dataset, "data/sample", DATASET_TRAIN, NULL, &err), "%s", err.text))
        return;
    for (int threads = 1; threads <= 3; threads++) {
        struct batch batch;
        struct team *team = team_create(threads, &err);
        if (!check(team && !batch_create(&batch, COUNT(indices), &err), "%s", err.text))
            return;
        batch_fill(&batch, &dataset, indices, COUNT(indices));
        batch_augment(&batch, &augment, 9, 3, indices, team);
        for (size_t b = 0; b < COUNT(indices); b++) {
            uint8_t want[IMAGE_PIXELS];
            uint64_t mask[IMAGE_WORDS];
            augment_image(want, dataset.pixels + (size_t)indices[b] * IMAGE_PIXELS, &augment, 9, 3,
                          indices[b]);
            image_mask(mask, want);
            check(!memcmp(batch.pixels[b], want, IMAGE_PIXELS), "image %zu differs", b);
            check(!memcmp(batch.masks[b], mask, sizeof mask), "mask %zu differs", b);
        }
        batch_destroy(&batch);
        team_destroy(team);
    }
    dataset_free(&dataset);
}

/* Another seed, epoch or image gives another augmentation; in a set each image has its own. */
TEST(augment_image, "augment: a function of seed, epoch and image")
{
    uint8_t image[IMAGE_PIXELS], a[IMAGE_PIXELS], b[IMAGE_PIXELS];
    const struct augment augment = {10, 0.1f, 0.2f, 1.5f, 0.8f};
    struct dataset dataset;
    struct error err = {""};
    blot(image);
    augment_image(a, image, &augment, 1, 1, 1);
    for (int i = 0; i < 3; i++) {
        augment_image(b, image, &augment, 1 + (i == 0), 1 + (i == 1), 1 + (i == 2));
        check(memcmp(a, b, IMAGE_PIXELS) != 0, "case %d: the same augmentation", i);
    }
    if (!check(!dataset_load(&dataset, "data/sample", DATASET_TEST, NULL, &err), "%s", err.text))
        return;
    uint8_t *old = malloc((size_t)dataset.count * IMAGE_PIXELS);
    memcpy(old, dataset.pixels, (size_t)dataset.count * IMAGE_PIXELS);
    for (int twice = 0; twice < 2; twice++) {
        dataset_augment(&dataset, &augment, 4, 2, NULL);
        for (int i = 0; i < dataset.count; i++) {
            uint64_t mask[IMAGE_WORDS];
            uint8_t *before = old + (size_t)i * IMAGE_PIXELS;
            augment_image(a, before, &augment, 4, 2, i);
            image_mask(mask, a);
            check(!memcmp(a, dataset.pixels + (size_t)i * IMAGE_PIXELS, IMAGE_PIXELS) &&
                      !memcmp(mask, dataset.masks + (size_t)i * IMAGE_WORDS, sizeof mask),
                  "image %d differs", i);
            memcpy(before, a, IMAGE_PIXELS);
        }
    }
    free(old);
    dataset_free(&dataset);
}
