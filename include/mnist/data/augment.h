/* Augmentation: each training image is changed at random every time it is drawn, so that the
 * network never sees the same picture twice (Simard, Steinkraus and Platt 2003, section 2).
 *
 * An augmentation maps the pixels of the new image to places in the old one: an affine map, plus an
 * elastic part, a random displacement of each point of a coarse grid, interpolated bilinearly. So
 * are the pixels' values, with white paper around the old image. */
#ifndef MNIST_AUGMENT_H
#define MNIST_AUGMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "mnist/base/rng.h"
#include "mnist/data/image.h"

/* How strong each kind of change is. 0 everywhere: no augmentation. */
struct augment {
    float rotate;  /* degrees: the angle is uniform in ±rotate */
    float scale;   /* each axis is stretched by a factor uniform in 1 ± scale */
    float shear;   /* x moves by a factor uniform in ±shear of y */
    float shift;   /* pixels: each axis is moved by an offset uniform in ±shift */
    float elastic; /* pixels: standard deviation of each grid point's displacement, on each axis */
};

/* The largest strengths that make sense: more would leave no digit. */
#define AUGMENT_MAX_ROTATE 180.0
#define AUGMENT_MAX_SCALE 0.5
#define AUGMENT_MAX_SHEAR 1.0
#define AUGMENT_MAX_SHIFT 28.0
#define AUGMENT_MAX_ELASTIC 14.0

/* Whether any strength is above 0. */
bool augment_any(const struct augment *augment);

/* Grid points lie at every fourth pixel, from 0 to 28. */
enum { AUGMENT_STEP = 4, AUGMENT_GRID = IMAGE_SIDE / AUGMENT_STEP + 1 };

/* Where in the old image each grid point of the new one comes from: column x and row y, in 1/4096
 * pixel (integers, so that every machine finds the same place). */
struct augment_map {
    int32_t x[AUGMENT_GRID][AUGMENT_GRID], y[AUGMENT_GRID][AUGMENT_GRID];
};

/* *map = a random augmentation of the given strength. */
void augment_random(struct augment_map *map, const struct augment *augment, struct rng *rng);

/* *map turns the picture about its middle by `degrees`, counterclockwise, then moves it by dx
 * pixels to the right and dy down. */
void augment_move(struct augment_map *map, float dx, float dy, float degrees);

/* to (784) = the image from (784) augmented. They do not overlap. */
void augment_apply(uint8_t *restrict to, const uint8_t *restrict from,
                   const struct augment_map *map);

/* The same with the augmentation that training gives to image number `index` in an epoch, which
 * depends on these numbers alone. */
void augment_image(uint8_t *restrict to, const uint8_t *restrict from,
                   const struct augment *augment, uint64_t seed, int epoch, int index);

#endif
