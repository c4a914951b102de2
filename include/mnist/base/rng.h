/* Random numbers: xoshiro256** (Blackman and Vigna 2018), seeded through splitmix64.
 *
 * There is no global generator. Each use seeds its own from (seed, stream, index): the shuffle of
 * epoch 7 is a function of the seed and 7, whatever was drawn before and whichever thread asks. */
#ifndef MNIST_RNG_H
#define MNIST_RNG_H

#include <stdint.h>

struct rng {
    uint64_t state[4];
};

/* What a generator is for; two streams of one seed have nothing in common. Changing one of these
 * values changes every model. */
enum rng_stream {
    RNG_INIT = 1,    /* initial weights */
    RNG_SPLIT = 2,   /* which images are set aside for validation */
    RNG_SHUFFLE = 3, /* index = epoch */
    RNG_DROPOUT = 4, /* index = position of the sample among all drawn in the run */
    RNG_SHOW = 5,    /* which samples are shown */
    RNG_AUGMENT = 6, /* index = epoch × 2^32 + image */
};

void rng_seed(struct rng *rng, uint64_t seed, enum rng_stream stream, uint64_t index);

/* Uniform over all 2^64 values. Inline, so that a loop keeps the state in registers. */
static inline uint64_t rng_next(struct rng *rng)
{
    uint64_t *s = rng->state, five = s[1] * 5;
    uint64_t result = (five << 7 | five >> 57) * 9, t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = s[3] << 45 | s[3] >> 19;
    return result;
}

/* Uniform over 0 … n-1 without bias (Lemire 2019); n >= 1. */
uint32_t rng_below(struct rng *rng, uint32_t n);

/* Uniform over the 2^24 multiples of 2^-24 in [0, 1). */
float rng_uniform(struct rng *rng);

/* Standard normal, by Box and Muller (1958): sqrt(-2 ln u1) cos(2 pi u2), u1 in (0,1], u2 in [0,1).
 */
float rng_normal(struct rng *rng);

/* Puts values[0 … n-1] in random order (Fisher and Yates; Durstenfeld 1964). */
void rng_shuffle(struct rng *rng, int *values, int n);

#endif
