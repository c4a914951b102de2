#include <inttypes.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mnist/base/rng.h"

#include "../test.h"

/* Pearson's sum for counts that should be equal. */
static double chi_square(const int *counts, int bins, double expected)
{
    double sum = 0.0;
    for (int i = 0; i < bins; i++)
        sum += (counts[i] - expected) * (counts[i] - expected) / expected;
    return sum;
}

/* Five standard deviations above the mean of the chi-square distribution, and a little for its
 * skew. */
static double chi_limit(int bins)
{
    return (bins - 1) + 5.0 * sqrt(2.0 * (bins - 1)) + 8.0;
}

/* The first ten of xoshiro256** from state {1,2,3,4}, as its authors' program prints them. */
TEST(rng_known_answer, "rng: xoshiro256** known answers")
{
    static const uint64_t wanted[] = {
        11520,
        0,
        1509978240,
        1215971899390074240,
        1216172134540287360,
        607988272756665600,
        16172922978634559625u,
        8476171486693032832,
        10595114339597558777u,
        2904607092377533576,
    };
    struct rng rng = {{1, 2, 3, 4}};
    for (size_t i = 0; i < COUNT(wanted); i++) {
        uint64_t got = rng_next(&rng);
        test_case("draw %zu", i);
        check_size(got, wanted[i]);
    }
}

/* The seeding too is part of every result. Values from an independent implementation. */
TEST(rng_seed_golden, "rng: seeding known answers")
{
    static const struct {
        uint64_t seed;
        enum rng_stream stream;
        uint64_t index, first, second;
    } rows[] = {
        {0, RNG_INIT, 0, 0xe0465392203590b1, 0xfcf6982d159738fa},
        {1, RNG_INIT, 0, 0xb797de902293ad79, 0xb38ccb56832f3ca3},
        {1, RNG_SPLIT, 0, 0x9f0b1e7ea7c98bcb, 0xd54ccb1d83f3af22},
        {2, RNG_INIT, 0, 0x60f120a535296bd7, 0x74562148360338b5},
        {1, RNG_INIT, 1, 0x118efcd12cf87b4c, 0x1fbc3a4d88f6ad83},
        {UINT64_MAX, RNG_SHUFFLE, UINT64_MAX, 0xac526392aba3eac4, 0xc4645960bdc9f16c},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct rng rng;
        rng_seed(&rng, rows[i].seed, rows[i].stream, rows[i].index);
        uint64_t first = rng_next(&rng), second = rng_next(&rng);
        test_case("row %zu", i);
        check_hex(first, rows[i].first);
        check_hex(second, rows[i].second);
    }
}

static int compare_u64(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* With small neighbouring numbers, weak seeding makes two streams meet. */
TEST(rng_streams_differ, "rng: seeds, streams and indices differ")
{
    enum { SEEDS = 8, STREAMS = 5, INDICES = 20, DRAWS = 4 };
    static uint64_t draws[SEEDS * STREAMS * INDICES * DRAWS];
    size_t count = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++)
        for (int stream = RNG_INIT; stream <= RNG_SHOW; stream++)
            for (uint64_t index = 0; index < INDICES; index++) {
                struct rng rng;
                rng_seed(&rng, seed, (enum rng_stream)stream, index);
                for (int i = 0; i < DRAWS; i++)
                    draws[count++] = rng_next(&rng);
            }
    check_size(count, COUNT(draws));
    qsort(draws, count, sizeof *draws, compare_u64);
    for (size_t i = 1; i < count; i++)
        check(draws[i] != draws[i - 1], "two streams both drew %" PRIu64, draws[i]);
}

TEST(rng_below, "rng: below is in bounds and uniform")
{
    static const uint32_t bounds[] = {1, 2, 3, 5, 7, 10, 64, 1000, 1u << 31, UINT32_MAX};
    struct rng rng;
    rng_seed(&rng, 7, RNG_SHOW, 0);
    for (size_t b = 0; b < COUNT(bounds); b++)
        for (int i = 0; i < 10000; i++) {
            uint32_t value = rng_below(&rng, bounds[b]);
            check(value < bounds[b], "%" PRIu32 " is not below %" PRIu32, value, bounds[b]);
        }
    static const int bins[] = {2, 3, 5, 6, 7, 10, 60};
    for (size_t b = 0; b < COUNT(bins); b++) {
        int counts[60] = {0};
        for (int i = 0; i < 60000; i++)
            counts[rng_below(&rng, (uint32_t)bins[b])]++;
        double chi = chi_square(counts, bins[b], 60000.0 / bins[b]);
        check(chi <= chi_limit(bins[b]), "chi-square of below(%d) is %.1f", bins[b], chi);
    }
}

/* At 3/4 of the range, taking the high word without rejection would give every third value twice
 * the chance of the others. */
TEST(rng_below_unbiased, "rng: below rejects what would bias it")
{
    struct rng rng;
    int counts[3] = {0};
    rng_seed(&rng, 8, RNG_SHOW, 0);
    for (int i = 0; i < 60000; i++)
        counts[rng_below(&rng, 0xc0000000u) % 3]++;
    double chi = chi_square(counts, 3, 20000.0);
    check(chi <= chi_limit(3), "chi-square is %.1f", chi);
}

TEST(rng_uniform, "rng: uniform")
{
    enum { BINS = 64 };
    const int draws = 1000000;
    struct rng rng;
    int counts[BINS] = {0}, odd = 0;
    float low = 1.0f, high = 0.0f;
    rng_seed(&rng, 9, RNG_SHOW, 0);
    for (int i = 0; i < draws; i++) {
        float u = rng_uniform(&rng);
        if (!check(u >= 0.0f && u < 1.0f, "%.9g is not in [0,1)", (double)u))
            return;
        float scaled = u * 0x1p24f;
        check(scaled == floorf(scaled), "%.9g is no multiple of 2^-24", (double)u);
        counts[(int)(u * (float)BINS)]++;
        odd += (int)scaled & 1;
        low = u < low ? u : low;
        high = u > high ? u : high;
    }
    double chi = chi_square(counts, BINS, draws / BINS);
    check(chi <= chi_limit(BINS), "chi-square is %.1f", chi);
    check(low < 1e-5f && high > 1.0f - 1e-5f, "the ends %.9g and %.9g are far from 0 and 1",
          (double)low, (double)high);
    check_near(odd, draws / 2, 2500);
}

/* Moments, tails and the shape (twenty bins of equal probability), each within five standard
 * deviations. */
TEST(rng_normal, "rng: normal has its moments and tails")
{
    enum { BINS = 20 };
    const int draws = 1000000;
    struct rng rng;
    int counts[BINS] = {0}, beyond3 = 0, beyond4 = 0;
    double sum = 0.0, sum2 = 0.0, sum3 = 0.0, sum4 = 0.0, lag = 0.0, last = 0.0, largest = 0.0;
    rng_seed(&rng, 10, RNG_SHOW, 0);
    for (int i = 0; i < draws; i++) {
        double x = (double)rng_normal(&rng);
        if (!check(isfinite(x), "draw %d is %g", i, x))
            return;
        sum += x, sum2 += x * x, sum3 += x * x * x, sum4 += x * x * x * x;
        lag += x * last, last = x;
        beyond3 += fabs(x) > 3.0, beyond4 += fabs(x) > 4.0;
        largest = fmax(largest, fabs(x));
        int bin = (int)(0.5 * erfc(-x / sqrt(2.0)) * (double)BINS);
        counts[bin < BINS ? bin : BINS - 1]++;
    }
    double chi = chi_square(counts, BINS, draws / BINS);
    check_near(sum / draws, 0.0, 0.005);
    check_near(sum2 / draws, 1.0, 0.0071);
    check_near(sum3 / draws, 0.0, 0.02);
    check_near(sum4 / draws, 3.0, 0.05);
    check_near(lag / draws, 0.0, 0.005);
    check_near(beyond3, 2700, 260);
    check_near(beyond4, 63, 40);
    check(largest <= 5.77, "%g is more than sqrt(48 ln 2)", largest);
    check(chi <= chi_limit(BINS), "chi-square %.1f", chi);
}

TEST(rng_normal_bits, "rng: normal gives the same bits everywhere")
{
    static const uint32_t wanted[] = {0xbef4ca96, 0x3ef414ff, 0xbf82bcda,
                                      0x3fb884ce, 0xbeeaad51, 0x3fe02642};
    struct rng rng;
    rng_seed(&rng, 1, RNG_INIT, 0);
    for (size_t i = 0; i < COUNT(wanted); i++) {
        uint32_t bits = to_bits(rng_normal(&rng));
        test_case("draw %zu", i);
        check_hex(bits, wanted[i]);
    }
}

TEST(rng_shuffle_permutes, "rng: shuffle permutes")
{
    static const int sizes[] = {0, 1, 2, 3, 10, 1000};
    for (size_t s = 0; s < COUNT(sizes); s++) {
        int values[1001], seen[1000] = {0}, n = sizes[s];
        struct rng rng;
        rng_seed(&rng, 11, RNG_SHUFFLE, s);
        for (int i = 0; i <= n; i++)
            values[i] = i;
        rng_shuffle(&rng, values, n);
        check(values[n] == n, "the value after the last of %d changed", n);
        for (int i = 0; i < n; i++)
            if (check(values[i] >= 0 && values[i] < n, "%d among 0 to %d", values[i], n - 1))
                seen[values[i]]++;
        for (int i = 0; i < n; i++)
            check(seen[i] == 1, "of %d: %d is there %d times", n, i, seen[i]);
    }
    static const int golden[] = {4, 8, 1, 7, 5, 2, 9, 6, 0, 3};
    int values[10] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    struct rng rng;
    rng_seed(&rng, 1, RNG_SHUFFLE, 0);
    rng_shuffle(&rng, values, 10);
    check_bytes(values, golden, sizeof golden);
}

/* All 24 orders of four values, and the first of ten. */
TEST(rng_shuffle_uniform, "rng: shuffle is uniform")
{
    struct rng rng;
    int orders[256] = {0}, used[24], count = 0, firsts[10] = {0};
    rng_seed(&rng, 12, RNG_SHUFFLE, 0);
    for (int i = 0; i < 24000; i++) {
        int four[4] = {0, 1, 2, 3}, ten[10] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
        rng_shuffle(&rng, four, 4);
        rng_shuffle(&rng, ten, 10);
        orders[four[0] << 6 | four[1] << 4 | four[2] << 2 | four[3]]++;
        firsts[ten[0]]++;
    }
    for (int i = 0; i < 256; i++)
        if (orders[i] && check(count < 24, "more than 24 orders of four values"))
            used[count++] = orders[i];
    check_int(count, 24);
    double chi = chi_square(used, count, 1000.0), chi_first = chi_square(firsts, 10, 2400.0);
    check(chi <= chi_limit(24), "chi-square of the orders is %.1f", chi);
    check(chi_first <= chi_limit(10), "chi-square of the first is %.1f", chi_first);
}
