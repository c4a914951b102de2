#include "mnist/base/rng.h"

#include <math.h>

#include "mnist/base/rmath.h"

/* splitmix64 (Steele, Lea and Flood 2014): turns any 64 bits into well-mixed ones. */
static uint64_t splitmix64(uint64_t *x)
{
    uint64_t z = *x += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

/* The seed is mixed before the stream is added, and again before the index is added, so that seed 1
 * stream 2 and seed 2 stream 1 have nothing in common. */
void rng_seed(struct rng *rng, uint64_t seed, enum rng_stream stream, uint64_t index)
{
    uint64_t x = seed;
    x = splitmix64(&x) + (uint64_t)stream;
    x = splitmix64(&x) + index;
    for (int i = 0; i < 4; i++)
        rng->state[i] = splitmix64(&x);
}

uint32_t rng_below(struct rng *rng, uint32_t n)
{
    for (;;) {
        uint64_t product = (rng_next(rng) >> 32) * n;
        uint32_t fraction = (uint32_t)product;
        /* The lowest 2^32 mod n fractions would make some values more likely than others. */
        if (fraction >= n || fraction >= (0u - n) % n)
            return (uint32_t)(product >> 32);
    }
}

float rng_uniform(struct rng *rng)
{
    return (float)(rng_next(rng) >> 40) * 0x1p-24f;
}

float rng_normal(struct rng *rng)
{
    float u1 = 1.0f - rng_uniform(rng);
    float u2 = rng_uniform(rng);
    return sqrtf(-2.0f * rmath_log(u1)) * rmath_cos(6.28318531f * u2);
}

void rng_shuffle(struct rng *rng, int *values, int n)
{
    for (int i = n - 1; i > 0; i--) {
        uint32_t j = rng_below(rng, (uint32_t)i + 1);
        int value = values[i];
        values[i] = values[j];
        values[j] = value;
    }
}
