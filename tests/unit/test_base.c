/* src/base/: reproducible math, random numbers, CRC-32, memory, threads, files, texts. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "mnist/base/clock.h"
#include "mnist/base/cpu.h"
#include "mnist/base/crc32.h"
#include "mnist/base/error.h"
#include "mnist/base/file.h"
#include "mnist/base/format.h"
#include "mnist/base/memory.h"
#include "mnist/base/rmath.h"
#include "mnist/base/rng.h"
#include "mnist/base/team.h"

#include "test.h"

/* A sanitizer ends the program where the allocator would return NULL. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

/* --- rmath --- */

static float from_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static uint32_t to_bits(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* The largest error seen, in units of the last place of a float, and where. */
struct worst {
    double ulp;
    float at;
};

static void compare(struct worst *worst, float x, float got, double exact)
{
    int exponent;
    frexp(exact, &exponent);
    double unit = ldexp(1.0, (exponent > -125 ? exponent : -125) - 24);
    double ulp = fabs((double)got - exact) / unit;
    if (!(ulp <= worst->ulp))
        *worst = (struct worst){ulp, x};
}

static float call_exp(float x)
{
    return rmath_exp(x); /* an inline function: this one has an address */
}

/* Every stride-th float from `from` up to `to`, both positive, and with `both` its negative too. */
static void sweep(struct worst *worst, float (*f)(float), double (*libm)(double), float from,
                  float to, uint32_t stride, float sign)
{
    for (uint32_t bits = to_bits(from); bits <= to_bits(to); bits += stride) {
        float x = sign * from_bits(bits);
        compare(worst, x, f(x), libm((double)x));
    }
}

static void test_exp_error(void)
{
    struct worst worst = {0.0, 0.0f};
    sweep(&worst, call_exp, exp, 0.0f, 88.7228317f, 809, 1.0f);
    sweep(&worst, call_exp, exp, 0.0f, 87.33f, 809, -1.0f);
    sweep(&worst, call_exp, exp, 88.7f, 88.7228317f, 1, 1.0f);
    sweep(&worst, call_exp, exp, 87.3f, 87.33f, 1, -1.0f);
    /* Where the argument reduction changes its n, r is largest. */
    for (int n = -125; n <= 127; n++)
        for (int i = -50; i <= 50; i++) {
            float x = (float)((n + 0.5) * 0.69314718055994531);
            x = from_bits((uint32_t)((int32_t)to_bits(x) + i));
            compare(&worst, x, rmath_exp(x), exp((double)x));
        }
    check(worst.ulp <= 2.0, "exp(%.9g) is %.3f ulp off, 2 are promised", (double)worst.at,
          worst.ulp);
}

static const struct {
    float x, y;
} exp_edges[] = {
    {0.0f, 1.0f},        {-0.0f, 1.0f},     {0x1p-149f, 1.0f},    {-0x1p-149f, 1.0f},
    {0x1p-126f, 1.0f},   {0x1p-25f, 1.0f},  {-87.3300095f, 0.0f}, {-87.5f, 0.0f},
    {-104.0f, 0.0f},     {-1e30f, 0.0f},    {-INFINITY, 0.0f},    {88.7228394f, INFINITY},
    {88.73f, INFINITY},  {89.0f, INFINITY}, {1e30f, INFINITY},    {INFINITY, INFINITY},
    {3.4e38f, INFINITY}, {-3.4e38f, 0.0f},
};

static void test_exp_edges(void)
{
    for (size_t i = 0; i < COUNT(exp_edges); i++)
        check(to_bits(rmath_exp(exp_edges[i].x)) == to_bits(exp_edges[i].y),
              "exp(%.9g) = %.9g, wanted %.9g", (double)exp_edges[i].x,
              (double)rmath_exp(exp_edges[i].x), (double)exp_edges[i].y);
    check(isnan(rmath_exp(NAN)) && isnan(rmath_exp(-NAN)), "exp(NaN) is a number");
    check(rmath_exp(-87.33f) >= 0x1p-126f, "exp(-87.33) = %g, wanted a normal number",
          (double)rmath_exp(-87.33f));
    check(isfinite(rmath_exp(88.7228317f)), "e^88.7228317 is the largest result, not infinite");
}

static void test_log_error(void)
{
    struct worst worst = {0.0, 0.0f};
    sweep(&worst, rmath_log, log, 0x1p-149f, 3.40282347e38f, 1009, 1.0f);
    sweep(&worst, rmath_log, log, 0x1p-149f, 0x1p-139f, 1, 1.0f);
    sweep(&worst, rmath_log, log, 0.998f, 1.004f, 1, 1.0f);
    sweep(&worst, rmath_log, log, 0.7071f, 0.7072f, 1, 1.0f);
    sweep(&worst, rmath_log, log, 1.4142f, 1.4143f, 1, 1.0f);
    check(worst.ulp <= 1.0, "log(%.9g) is %.3f ulp off, 1 is promised", (double)worst.at,
          worst.ulp);
}

static void test_log_edges(void)
{
    check(to_bits(rmath_log(1.0f)) == 0, "log(1) = %g, wanted +0", (double)rmath_log(1.0f));
    check(rmath_log(0.0f) == -INFINITY, "log(0) = %g", (double)rmath_log(0.0f));
    check(rmath_log(-0.0f) == -INFINITY, "log(-0) = %g", (double)rmath_log(-0.0f));
    check(rmath_log(INFINITY) == INFINITY, "log(inf) = %g", (double)rmath_log(INFINITY));
    static const float bad[] = {-0x1p-149f, -1.0f, -3.4e38f, -INFINITY, NAN};
    for (size_t i = 0; i < COUNT(bad); i++)
        check(isnan(rmath_log(bad[i])), "log(%g) = %g, wanted NaN", (double)bad[i],
              (double)rmath_log(bad[i]));
}

static void test_cos_error(void)
{
    struct worst worst = {0.0, 0.0f};
    sweep(&worst, rmath_cos, cos, 0.0f, 1000.0f, 1009, 1.0f);
    sweep(&worst, rmath_cos, cos, 1.0f, 1000.0f, 509, -1.0f);
    check(worst.ulp <= 1.0, "cos(%.9g) is %.3f ulp off, 1 is promised", (double)worst.at,
          worst.ulp);
}

/* Near odd multiples of pi/2 the result is tiny and the reduction must cancel almost everything:
 * a sweep at random misses the few floats that come closest. */
static void test_cos_zeros(void)
{
    struct worst worst = {0.0, 0.0f};
    for (int k = -636; k <= 636; k++)
        for (int i = -2; i <= 2; i++) {
            float x = (float)(k * 1.5707963267948966);
            x = from_bits((uint32_t)((int32_t)to_bits(x) + (k ? i : 0)));
            compare(&worst, x, rmath_cos(x), cos((double)x));
        }
    check(worst.ulp <= 1.0, "cos(%.9g) is %.3f ulp off, 1 is promised for |x| <= 1000",
          (double)worst.at, worst.ulp);
}

static void test_cos_edges(void)
{
    check(rmath_cos(0.0f) == 1.0f && rmath_cos(-0.0f) == 1.0f, "cos(0) = %g",
          (double)rmath_cos(0.0f));
    check(rmath_cos(0x1p-149f) == 1.0f, "cos(2^-149) = %g", (double)rmath_cos(0x1p-149f));
    static const float bad[] = {1e9f, -1e9f, 3.4e38f, INFINITY, -INFINITY, NAN};
    for (size_t i = 0; i < COUNT(bad); i++)
        check(isnan(rmath_cos(bad[i])), "cos(%g) = %g, wanted NaN", (double)bad[i],
              (double)rmath_cos(bad[i]));
    static const float far[] = {1001.0f, 12345.678f, 1e6f, -1e8f, 999999936.0f, -999999936.0f};
    for (size_t i = 0; i < COUNT(far); i++)
        check(fabs((double)rmath_cos(far[i]) - cos((double)far[i])) <= 1e-6, "cos(%.9g) = %.9g",
              (double)far[i], (double)rmath_cos(far[i]));
}

/* Bits, not values: another compiler or machine must give exactly these. The rows where exp is not
 * the correctly rounded result also show that nobody put libm in its place. */
static const struct {
    const char *name;
    float (*f)(float);
    float x;
    uint32_t bits;
} golden_bits[] = {
    {"exp", call_exp, -87.3300018f, 0x0080d71a},
    {"exp", call_exp, -50.5f, 0x1b0d6cfa},
    {"exp", call_exp, -10.0f, 0x383e6bce},
    {"exp", call_exp, -1.0f, 0x3ebc5ab2},
    {"exp", call_exp, -0.100000001f, 0x3f67a36d},
    {"exp", call_exp, 0.300000012f, 0x3facc82c},
    {"exp", call_exp, 1.0f, 0x402df854},
    {"exp", call_exp, 2.30258489f, 0x411ffffe},
    {"exp", call_exp, 33.2999992f, 0x5783c1fa},
    {"exp", call_exp, 88.7228317f, 0x7f7fff84},
    {"log", rmath_log, 0x1p-149f, 0xc2ce8ed0},
    {"log", rmath_log, 1e-10f, 0xc1b834f1},
    {"log", rmath_log, 0.100000001f, 0xc0135d8e},
    {"log", rmath_log, 0.5f, 0xbf317218},
    {"log", rmath_log, 0.707106769f, 0xbeb17219},
    {"log", rmath_log, 0.99999994f, 0xb3800000},
    {"log", rmath_log, 1.00000012f, 0x33ffffff},
    {"log", rmath_log, 3.14159274f, 0x3f928683},
    {"log", rmath_log, 3.40282347e38f, 0x42b17218},
    {"cos", rmath_cos, 0.5f, 0x3f60a940},
    {"cos", rmath_cos, 0.785398185f, 0x3f3504f3},
    {"cos", rmath_cos, 1.57079637f, 0xb33bbd2e},
    {"cos", rmath_cos, 2.0f, 0xbed51133},
    {"cos", rmath_cos, 3.14159274f, 0xbf800000},
    {"cos", rmath_cos, 4.71238899f, 0x324cde2e},
    {"cos", rmath_cos, 6.28318548f, 0x3f800000},
    {"cos", rmath_cos, 100.0f, 0x3f5cc0ee},
    {"cos", rmath_cos, 1000.0f, 0x3f0ff813},
};

static void test_golden_bits(void)
{
    for (size_t i = 0; i < COUNT(golden_bits); i++)
        check(to_bits(golden_bits[i].f(golden_bits[i].x)) == golden_bits[i].bits,
              "%s(%.9g) is 0x%08" PRIx32 ", wanted 0x%08" PRIx32, golden_bits[i].name,
              (double)golden_bits[i].x, to_bits(golden_bits[i].f(golden_bits[i].x)),
              golden_bits[i].bits);
}

/* The bits of some hundred thousand results at once, as the CRC of their little-endian bytes: exact
 * where the bounds on the error still leave room. */
static uint32_t checksum(float (*f)(float), float from, float to, uint32_t stride, float sign)
{
    static uint8_t bytes[4 << 18];
    size_t size = 0;
    for (uint32_t bits = to_bits(from); bits <= to_bits(to); bits += stride) {
        uint32_t result = to_bits(f(sign * from_bits(bits)));
        for (int b = 0; b < 4 && size < sizeof bytes; b++)
            bytes[size++] = (uint8_t)(result >> 8 * b);
    }
    return crc32(bytes, size);
}

static void test_golden_checksums(void)
{
    static const struct {
        const char *name;
        float (*f)(float);
        float from, to;
        uint32_t stride;
        float sign;
        uint32_t crc;
    } rows[] = {
        {"exp", call_exp, 0x1p-14f, 89.0f, 1009, 1.0f, 0x5e01e986},
        {"exp of negative numbers", call_exp, 0x1p-14f, 88.0f, 1009, -1.0f, 0xb4b68993},
        {"log", rmath_log, 0x1p-149f, 3.4e38f, 10007, 1.0f, 0x5cfd6c30},
        {"log near 1", rmath_log, 0.5f, 2.0f, 101, 1.0f, 0x3eb858b8},
        {"cos", rmath_cos, 0x1p-10f, 6.28318548f, 509, 1.0f, 0xc2688f40},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint32_t crc = checksum(rows[i].f, rows[i].from, rows[i].to, rows[i].stride, rows[i].sign);
        check(crc == rows[i].crc, "%s: 0x%08" PRIx32 ", wanted 0x%08" PRIx32, rows[i].name, crc,
              rows[i].crc);
    }
}

/* --- rng --- */

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
static void test_rng_known_answer(void)
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
        check(got == wanted[i], "draw %zu is %" PRIu64 ", wanted %" PRIu64, i, got, wanted[i]);
    }
}

/* The seeding too is part of every result. Values from an independent implementation. */
static void test_rng_seed_golden(void)
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
        check(first == rows[i].first && second == rows[i].second,
              "row %zu: 0x%016" PRIx64 " 0x%016" PRIx64, i, first, second);
    }
}

static int compare_u64(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Small neighbouring numbers are where a weak seeding makes two streams meet. */
static void test_rng_streams_differ(void)
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
    check(count == COUNT(draws), "%zu draws of %zu", count, COUNT(draws));
    qsort(draws, count, sizeof *draws, compare_u64);
    for (size_t i = 1; i < count; i++)
        check(draws[i] != draws[i - 1], "two streams both drew %" PRIu64, draws[i]);
}

static void test_rng_below(void)
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
static void test_rng_below_unbiased(void)
{
    struct rng rng;
    int counts[3] = {0};
    rng_seed(&rng, 8, RNG_SHOW, 0);
    for (int i = 0; i < 60000; i++)
        counts[rng_below(&rng, 0xc0000000u) % 3]++;
    double chi = chi_square(counts, 3, 20000.0);
    check(chi <= chi_limit(3), "chi-square is %.1f", chi);
}

static void test_rng_uniform(void)
{
    enum { DRAWS = 1000000, BINS = 64 };
    struct rng rng;
    int counts[BINS] = {0}, odd = 0;
    float low = 1.0f, high = 0.0f;
    rng_seed(&rng, 9, RNG_SHOW, 0);
    for (int i = 0; i < DRAWS; i++) {
        float u = rng_uniform(&rng);
        if (!check(u >= 0.0f && u < 1.0f, "%.9g is not in [0,1)", (double)u))
            return;
        float scaled = u * 0x1p24f;
        check(scaled == floorf(scaled), "%.9g is no multiple of 2^-24", (double)u);
        counts[(int)(u * BINS)]++;
        odd += (int)scaled & 1;
        low = u < low ? u : low;
        high = u > high ? u : high;
    }
    double chi = chi_square(counts, BINS, (double)DRAWS / BINS);
    check(chi <= chi_limit(BINS), "chi-square is %.1f", chi);
    check(low < 1e-5f && high > 1.0f - 1e-5f, "the ends %.9g and %.9g are far from 0 and 1",
          (double)low, (double)high);
    check(abs(odd - DRAWS / 2) <= 2500, "the last bit is set in %d of %d", odd, DRAWS);
}

/* Moments, tails and the shape (twenty bins of equal probability), each within five standard
 * deviations. */
static void test_rng_normal(void)
{
    enum { DRAWS = 1000000, BINS = 20 };
    struct rng rng;
    int counts[BINS] = {0}, beyond3 = 0, beyond4 = 0;
    double sum = 0.0, sum2 = 0.0, sum3 = 0.0, sum4 = 0.0, lag = 0.0, last = 0.0, largest = 0.0;
    rng_seed(&rng, 10, RNG_SHOW, 0);
    for (int i = 0; i < DRAWS; i++) {
        double x = (double)rng_normal(&rng);
        if (!check(isfinite(x), "draw %d is %g", i, x))
            return;
        sum += x, sum2 += x * x, sum3 += x * x * x, sum4 += x * x * x * x;
        lag += x * last, last = x;
        beyond3 += fabs(x) > 3.0, beyond4 += fabs(x) > 4.0;
        largest = fmax(largest, fabs(x));
        int bin = (int)(0.5 * erfc(-x / sqrt(2.0)) * BINS);
        counts[bin < BINS ? bin : BINS - 1]++;
    }
    double chi = chi_square(counts, BINS, (double)DRAWS / BINS);
    check(fabs(sum / DRAWS) <= 0.005, "mean %g", sum / DRAWS);
    check(fabs(sum2 / DRAWS - 1.0) <= 0.0071, "variance %g", sum2 / DRAWS);
    check(fabs(sum3 / DRAWS) <= 0.02, "third moment %g", sum3 / DRAWS);
    check(fabs(sum4 / DRAWS - 3.0) <= 0.05, "fourth moment %g", sum4 / DRAWS);
    check(fabs(lag / DRAWS) <= 0.005, "product of neighbours %g", lag / DRAWS);
    check(abs(beyond3 - 2700) <= 260, "%d beyond 3, wanted about 2700", beyond3);
    check(abs(beyond4 - 63) <= 40, "%d beyond 4, wanted about 63", beyond4);
    check(largest <= 5.77, "%g is more than sqrt(48 ln 2)", largest);
    check(chi <= chi_limit(BINS), "chi-square %.1f", chi);
}

static void test_rng_normal_bits(void)
{
    static const uint32_t wanted[] = {0xbef4ca96, 0x3ef414ff, 0xbf82bcda,
                                      0x3fb884ce, 0xbeeaad51, 0x3fe02642};
    struct rng rng;
    rng_seed(&rng, 1, RNG_INIT, 0);
    for (size_t i = 0; i < COUNT(wanted); i++) {
        uint32_t bits = to_bits(rng_normal(&rng));
        check(bits == wanted[i], "draw %zu is 0x%08" PRIx32 ", wanted 0x%08" PRIx32, i, bits,
              wanted[i]);
    }
}

static void test_rng_shuffle_permutes(void)
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
    check(!memcmp(values, golden, sizeof golden), "seed 1 starts %d, %d, %d, wanted 4, 8, 1",
          values[0], values[1], values[2]);
}

/* All 24 orders of four values, and the first of ten. */
static void test_rng_shuffle_uniform(void)
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
    check(count == 24, "%d orders of four values came up, wanted 24", count);
    double chi = chi_square(used, count, 1000.0), chi_first = chi_square(firsts, 10, 2400.0);
    check(chi <= chi_limit(24), "chi-square of the orders is %.1f", chi);
    check(chi_first <= chi_limit(10), "chi-square of the first is %.1f", chi_first);
}

/* --- crc32 --- */

static uint32_t textbook_crc32(const uint8_t *bytes, size_t size)
{
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
    }
    return ~crc;
}

static void test_crc32(void)
{
    static const struct {
        const char *text;
        uint32_t crc;
    } rows[] = {
        {"123456789", 0xcbf43926},
        {"", 0},
        {"a", 0xe8b7be43},
        {"The quick brown fox jumps over the lazy dog", 0x414fa339},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        check(crc32(rows[i].text, strlen(rows[i].text)) == rows[i].crc, "\"%s\": %08" PRIx32,
              rows[i].text, crc32(rows[i].text, strlen(rows[i].text)));
    uint8_t bytes[320];
    struct rng rng;
    rng_seed(&rng, 13, RNG_SHOW, 0);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)rng_next(&rng);
    for (size_t start = 0; start < 8; start++)
        for (size_t size = 0; size <= 300; size++)
            check(crc32(bytes + start, size) == textbook_crc32(bytes + start, size),
                  "%zu bytes from %zu differ from the textbook", size, start);
}

/* --- memory --- */

static void test_memory_overflow(void)
{
    static const size_t rows[][2] = {
        {SIZE_MAX, 2},
        {2, SIZE_MAX},
        {SIZE_MAX / 4 + 1, 4},
        {(size_t)1 << (sizeof(size_t) * 4), (size_t)1 << (sizeof(size_t) * 4)},
        {SIZE_MAX, 1}, /* fits, but not when rounded up to the alignment */
        {SIZE_MAX - 8, 1},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct error err = {""};
        check(!mem_alloc(rows[i][0], rows[i][1], &err), "alloc row %zu was granted", i);
        check(strstr(err.text, "more than memory can address") != NULL, "row %zu: \"%s\"", i,
              err.text);
        err.text[0] = '\0';
        check(!mem_calloc(rows[i][0], rows[i][1], &err), "calloc row %zu was granted", i);
        check(strstr(err.text, "more than memory can address") != NULL, "row %zu: \"%s\"", i,
              err.text);
    }
}

static void test_memory_out(void)
{
    struct error err = {""};
    const char *asan = getenv("ASAN_OPTIONS");
    if (SANITIZED && !(asan && strstr(asan, "allocator_may_return_null=1")))
        skip("memory: running out is an error: a sanitizer does not let it");
    check(!mem_alloc(SIZE_MAX / 4, 2, &err), "half of all addresses were granted");
    check(strstr(err.text, "out of memory") != NULL, "\"%s\"", err.text);
    err.text[0] = '\0';
    check(!mem_calloc(SIZE_MAX / 2, 1, &err), "half of all addresses were granted");
    check(strstr(err.text, "out of memory") != NULL, "\"%s\"", err.text);
}

static void test_memory_blocks(void)
{
    static const size_t rows[][2] = {
        {0, 0}, {0, 8}, {8, 0}, {1, 1}, {63, 1}, {1, 64}, {65, 1}, {784, 4}, {1000, 999},
    };
    mem_free(NULL);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct error err = {""};
        size_t bytes = rows[i][0] * rows[i][1], dirty = 0;
        unsigned char *block = mem_alloc(rows[i][0], rows[i][1], &err);
        if (!check(block != NULL, "%zu bytes: %s", bytes, err.text))
            return;
        check((uintptr_t)block % 64 == 0, "%zu bytes at %p", bytes, (void *)block);
        memset(block, 0xff, bytes);
        mem_free(block);
        block = mem_calloc(rows[i][0], rows[i][1], &err);
        if (!check(block != NULL, "%zu bytes: %s", bytes, err.text))
            return;
        check((uintptr_t)block % 64 == 0, "%zu zeroed bytes at %p", bytes, (void *)block);
        for (size_t b = 0; b < bytes; b++)
            dirty += block[b] != 0;
        check(dirty == 0, "%zu of %zu bytes are not zero", dirty, bytes);
        mem_free(block);
    }
}

/* --- team --- */

enum { MOST_TASKS = 1000 };

struct once {
    atomic_int calls[MOST_TASKS + 1];
    int64_t results[MOST_TASKS + 1]; /* plain memory: team_run must make it visible */
};

static void count_call(void *context, int i)
{
    struct once *once = context;
    bool inside = i >= 0 && i < MOST_TASKS;
    atomic_fetch_add(&once->calls[inside ? i : MOST_TASKS], 1);
    if (inside)
        once->results[i] = (int64_t)i * i;
}

static void test_team_once(void)
{
    static const int threads[] = {1, 2, 3, 8}, tasks[] = {0, 1, 2, 7, MOST_TASKS};
    for (size_t t = 0; t < COUNT(threads); t++) {
        struct error err = {""};
        struct team *team = team_create(threads[t], &err);
        if (!check(team != NULL, "%d threads: %s", threads[t], err.text))
            return;
        check(team_threads(team) == threads[t], "%d threads", team_threads(team));
        for (size_t k = 0; k < COUNT(tasks); k++) {
            static struct once once;
            memset(&once, 0, sizeof once);
            team_run(team, tasks[k], count_call, &once);
            int64_t sum = 0, n = tasks[k];
            for (int i = 0; i <= MOST_TASKS; i++) {
                int calls = atomic_load(&once.calls[i]);
                check(calls == (i < tasks[k]), "task %d of %d on %d threads was called %d times", i,
                      tasks[k], threads[t], calls);
                sum += once.results[i];
            }
            check(sum == (n - 1) * n * (2 * n - 1) / 6, "%d tasks on %d threads sum to %" PRId64,
                  tasks[k], threads[t], sum);
        }
        team_destroy(team);
    }
}

/* A worker that oversleeps a job wakes into a later one with another number of tasks and another
 * context: it must neither miss nor repeat a task, nor write where the earlier job did. */
struct job {
    int number, tasks;
    int64_t results[64];
};

static void write_number(void *context, int i)
{
    struct job *job = context;
    job->results[i] += (int64_t)job->number * 64 + i;
}

static int wrong_results(const struct job *job)
{
    int wrong = 0;
    for (int i = 0; i < 64; i++)
        wrong += job->results[i] != (i < job->tasks ? (int64_t)job->number * 64 + i : 0);
    return wrong;
}

static void stress(int threads, int jobs)
{
    static struct job ring[3];
    struct error err = {""};
    struct rng rng;
    struct team *team = team_create(threads, &err);
    if (!check(team != NULL, "%s", err.text))
        return;
    rng_seed(&rng, 14, RNG_SHOW, (uint64_t)threads);
    for (int j = 0; j < jobs; j++) {
        struct job *job = &ring[j % 3];
        memset(job, 0, sizeof *job);
        job->number = j + 1;
        job->tasks = (int)rng_below(&rng, 65);
        team_run(team, job->tasks, write_number, job);
        int wrong = wrong_results(job);
        check(wrong == 0, "%d threads: job %d of %d tasks: %d results wrong", threads, j,
              job->tasks, wrong);
        if (j >= 2) {
            wrong = wrong_results(&ring[(j + 1) % 3]);
            check(wrong == 0, "%d threads: job %d changed %d results of an earlier one", threads, j,
                  wrong);
        }
        if (j % 64 == 63)
            usleep(100); /* long enough for the workers to fall asleep */
    }
    team_destroy(team);
}

static void test_team_stress(void)
{
    static const int threads[] = {2, 3, 8};
    for (size_t t = 0; t < COUNT(threads); t++)
        stress(threads[t], 4000);
}

/* Tasks of uneven length, so that the caller falls asleep over the last ones: whoever ends last
 * must wake it. Were that wake-up lost, the alarm would end the tests. */
static void doze(void *context, int i)
{
    usleep((unsigned)(i * 700) % 1900);
    atomic_fetch_add((atomic_int *)context, 1);
}

static void test_team_caller_sleeps(void)
{
    static const int threads[] = {2, 3, 8};
    alarm(120);
    for (size_t t = 0; t < COUNT(threads); t++) {
        struct error err = {""};
        struct team *team = team_create(threads[t], &err);
        if (!check(team != NULL, "%d threads: %s", threads[t], err.text))
            break;
        for (int round = 0; round < 40; round++) {
            atomic_int done = 0;
            int tasks = threads[t] + round % 3;
            team_run(team, tasks, doze, &done);
            check(atomic_load(&done) == tasks, "%d of %d tasks done on return", atomic_load(&done),
                  tasks);
        }
        team_destroy(team);
    }
    alarm(0);
}

/* Each of two tasks waits for the other: one thread alone cannot finish them. */
static void meet(void *context, int i)
{
    atomic_int *arrived = context;
    double start = clock_seconds();
    (void)i;
    atomic_fetch_add(arrived, 1);
    while (atomic_load(arrived) < 2 && clock_seconds() - start < 20.0)
        usleep(100);
    if (atomic_load(arrived) < 2)
        atomic_store(arrived, -1000);
}

static void test_team_parallel(void)
{
    if (cpu_count() < 2)
        skip("team: two threads run at once: one processor has no need of the second");
    struct error err = {""};
    struct team *team = team_create(2, &err);
    if (!check(team != NULL, "%s", err.text))
        return;
    for (int i = 0; i < 20; i++) {
        atomic_int arrived = 0;
        team_run(team, 2, meet, &arrived);
        if (!check(atomic_load(&arrived) == 2, "round %d: two tasks did not run at once", i))
            break;
    }
    team_destroy(team);
}

/* Workers that have hardly started must end as well. */
static void test_team_create_destroy(void)
{
    team_destroy(NULL);
    for (int i = 0; i < 200; i++) {
        struct error err = {""};
        int threads = i == 199 ? TEAM_MAX_THREADS : 1 + i % 5;
        struct team *team = team_create(threads, &err);
        if (!check(team != NULL, "%d threads: %s", threads, err.text))
            return;
        team_destroy(team);
    }
}

/* --- reading files --- */

/* The lowest free descriptor: it is higher afterwards when something was left open. */
static int next_descriptor(void)
{
    int fd = open("/dev/null", O_RDONLY);
    close(fd);
    return fd;
}

static void check_content(const char *path, const void *bytes, size_t size)
{
    struct file file;
    struct error err = {""};
    if (!check(!file_read(&file, path, 1 << 24, &err), "%s", err.text))
        return;
    check(file.size == size && !memcmp(file.bytes, bytes, size), "%s: %zu bytes, wanted %zu", path,
          file.size, size);
    file_free(&file);
}

static void test_file_read(void)
{
    uint8_t bytes[1000];
    struct file file = {0};
    struct error err = {""};
    const char *path = test_path("read"), *empty = test_path("empty");
    int descriptor = next_descriptor();
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 7);
    test_write(path, bytes, sizeof bytes);
    test_write(empty, "", 0);
    check_content(path, bytes, sizeof bytes);
    if (check(!file_read(&file, path, 1000, &err), "a limit of the very size: %s", err.text))
        file_free(&file);
    check(!file.bytes && file.size == 0, "file_free leaves %zu bytes behind", file.size);
    if (check(!file_read(&file, empty, 0, &err), "an empty file: %s", err.text)) {
        check(file.bytes && file.size == 0, "an empty file has %zu bytes at %p", file.size,
              (void *)file.bytes);
        file_free(&file);
    }
    check_refused(file_read(&file, path, 999, &err), &err, "1000 bytes, more than the 999",
                  "over the limit");
    check_refused(file_read(&file, test_path("missing"), 9, &err), &err, "cannot open", "missing");
    check_refused(file_read(&file, test_path(""), 9, &err), &err, "is a folder", "a folder");
    check_refused(file_read(&file, "/dev/zero", 200000, &err), &err, "more than the 200000",
                  "a device without end");
    if (check(!file_read(&file, "/dev/null", 9, &err), "/dev/null: %s", err.text))
        file_free(&file);
    check(next_descriptor() == descriptor, "a descriptor was left open");
}

/* Its first page is never mapped, and reading what is not mapped fails. */
static void test_file_read_fails(void)
{
    static const char path[] = "/proc/self/mem";
    struct file file = {0};
    struct error err = {""};
    if (access(path, R_OK))
        skip("file: a failing read: no %s here", path);
    check_refused(file_read(&file, path, 1000, &err), &err, "cannot read", path);
    check(!file.bytes, "memory is left after a failure");
}

static const char gzip_text[] = "one seed, one seed, one seed, one model";

static const uint8_t gzip_bytes[] = {0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03,
                                     0xcb, 0xcf, 0x4b, 0x55, 0x28, 0x4e, 0x4d, 0x4d, 0xd1, 0x51,
                                     0xc8, 0xc7, 0xc1, 0xca, 0xcd, 0x4f, 0x49, 0xcd, 0x01, 0x00,
                                     0xad, 0x78, 0x91, 0x25, 0x27, 0x00, 0x00, 0x00};

static int read_gzip_bytes(const void *bytes, size_t size, size_t limit, struct file *file,
                           struct error *err)
{
    const char *path = test_path("bytes.gz");
    test_write(path, bytes, size);
    return file_read_gzip(file, path, limit, err);
}

static void test_gzip_read(void)
{
    struct file file = {0};
    struct error err = {""};
    size_t size = strlen(gzip_text);
    int descriptor = next_descriptor();
    if (check(!read_gzip_bytes(gzip_bytes, sizeof gzip_bytes, size, &file, &err), "%s", err.text)) {
        check(file.size == size && !memcmp(file.bytes, gzip_text, size), "%zu bytes", file.size);
        file_free(&file);
    }
    check_refused(read_gzip_bytes(gzip_bytes, sizeof gzip_bytes, size - 1, &file, &err), &err,
                  "more than the 38 bytes", "over the limit");
    check_refused(read_gzip_bytes("plain text", 10, 100, &file, &err), &err, "cut short or damaged",
                  "plain text");
    check_refused(file_read_gzip(&file, test_path("missing"), 9, &err), &err, "cannot open",
                  "missing");
    check_refused(file_read_gzip(&file, test_path(""), 9, &err), &err, "is a folder", "a folder");
    check(next_descriptor() == descriptor, "a descriptor was left open");
}

/* The same from memory. */
static int unpack_bytes(const void *bytes, size_t size, size_t limit, struct file *file,
                        struct error *err)
{
    const char *path = test_path("packed");
    test_write(path, bytes, size);
    if (!check(!file_read(file, path, size, err), "%s", err->text))
        return -1;
    check(file_is_gzip(file) == (size > 1 && !memcmp(bytes, gzip_bytes, 2)), "known by its bytes");
    return file_unpack(file, "packed", limit, err);
}

static void test_gzip_unpack(void)
{
    struct file file = {0};
    struct error err = {""};
    size_t size = strlen(gzip_text);
    int descriptor = next_descriptor();
    if (check(!unpack_bytes(gzip_bytes, sizeof gzip_bytes, size, &file, &err), "%s", err.text)) {
        check(file.size == size && !memcmp(file.bytes, gzip_text, size), "%zu bytes", file.size);
        check(!file_is_gzip(&file), "still packed");
        file_free(&file);
    }
    check_refused(unpack_bytes(gzip_bytes, sizeof gzip_bytes, size - 1, &file, &err), &err,
                  "packed: more than the 38 bytes", "over the limit");
    check(!file.bytes, "memory was left");
    check_refused(unpack_bytes(gzip_bytes, sizeof gzip_bytes - 1, 100, &file, &err), &err,
                  "packed: a gzip file that is cut short or damaged", "cut short");
    check(!file.bytes, "memory was left");
    check_refused(unpack_bytes("plain", 5, 100, &file, &err), &err, "cut short or damaged",
                  "plain text");
    check_refused(unpack_bytes("\x1f", 1, 100, &file, &err), &err, "cut short or damaged",
                  "a byte");
    check(next_descriptor() == descriptor, "a descriptor was left open");
}

enum { LARGE = 3000000 };

/* Larger than a pipe and than the first guess of the buffer. The path of the packed file, or NULL.
 */
static const char *make_large_gzip(uint8_t bytes[LARGE])
{
    char command[300];
    struct rng rng;
    const char *path = test_path("large.gz");
    rng_seed(&rng, 15, RNG_SHOW, 0);
    for (int i = 0; i < LARGE; i++)
        bytes[i] = (uint8_t)(rng_next(&rng) & 3);
    snprintf(command, sizeof command, "gzip -1n > '%s'", path);
    FILE *out = popen(command, "w");
    if (!check(out != NULL, "cannot start gzip"))
        return NULL;
    bool written = fwrite(bytes, 1, LARGE, out) == LARGE;
    return check(!pclose(out) && written, "cannot write %s", path) ? path : NULL;
}

static uint8_t large[LARGE];

static void check_large_gzip(const char *path, const char *what)
{
    struct file file = {0};
    struct error err = {""};
    if (check(!file_read_gzip(&file, path, LARGE, &err), "%s: %s", what, err.text))
        check(file.size == LARGE && !memcmp(file.bytes, large, LARGE), "%s: %zu bytes", what,
              file.size);
    file_free(&file);
}

static void test_gzip_large(void)
{
    struct file file = {0};
    struct error err = {""};
    const char *path = make_large_gzip(large);
    if (!path)
        return;
    check_large_gzip(path, "in peace");
    check_refused(file_read_gzip(&file, path, LARGE - 1, &err), &err, "more than the 2999999",
                  "over the limit");
    check_refused(file_read_gzip(&file, path, 10, &err), &err, "more than the 10", "over 10");
}

static volatile sig_atomic_t interruptions;

static void interrupt(int number)
{
    (void)number;
    interruptions++;
}

/* A signal that is handled, as stop requests are, makes a waiting system call fail with EINTR. */
static void test_gzip_interrupted(void)
{
    struct itimerval often = {{0, 1000}, {0, 1000}}, never = {{0, 0}, {0, 0}};
    struct sigaction action = {.sa_handler = interrupt}, before;
    const char *path = make_large_gzip(large);
    if (!path)
        return;
    interruptions = 0;
    sigaction(SIGALRM, &action, &before);
    setitimer(ITIMER_REAL, &often, NULL);
    for (int i = 0; i < 3; i++)
        check_large_gzip(path, "interrupted");
    setitimer(ITIMER_REAL, &never, NULL);
    sigaction(SIGALRM, &before, NULL);
    check(interruptions > 0, "no signal came");
}

static void test_gzip_cut_short(void)
{
    for (size_t size = 0; size < sizeof gzip_bytes; size++) {
        char what[32];
        struct file file = {0};
        struct error err = {""};
        snprintf(what, sizeof what, "cut to %zu bytes", size);
        check_refused(read_gzip_bytes(gzip_bytes, size, 1000, &file, &err), &err,
                      "cut short or damaged", what);
        file_free(&file);
    }
}

/* gzip takes any time stamp, so a changed byte may do no harm; what it must never do is change what
 * is read. */
static void test_gzip_damaged(void)
{
    for (size_t i = 0; i < sizeof gzip_bytes; i++) {
        uint8_t bytes[sizeof gzip_bytes];
        struct file file = {0};
        struct error err = {""};
        memcpy(bytes, gzip_bytes, sizeof bytes);
        bytes[i] ^= 0x10;
        if (read_gzip_bytes(bytes, sizeof bytes, 1000, &file, &err))
            continue;
        check(i < sizeof bytes - 8, "a change of byte %zu, the checksum, was accepted", i);
        check(file.size == strlen(gzip_text) && !memcmp(file.bytes, gzip_text, file.size),
              "a change of byte %zu changed what was read", i);
        file_free(&file);
    }
}

static void test_gzip_trailing(void)
{
    uint8_t bytes[sizeof gzip_bytes + 8];
    struct file file = {0};
    struct error err = {""};
    memset(bytes, 'x', sizeof bytes);
    memcpy(bytes, gzip_bytes, sizeof gzip_bytes);
    check_refused(read_gzip_bytes(bytes, sizeof bytes, 1000, &file, &err), &err,
                  "cut short or damaged", "rubbish after the end");
    file_free(&file);
}

/* Whoever starts the program may have told it to ignore SIGCHLD; then the system forgets how gzip
 * ended. */
static void test_gzip_sigchld_ignored(void)
{
    struct file file = {0};
    struct error err = {""};
    uint8_t damaged[sizeof gzip_bytes];
    memcpy(damaged, gzip_bytes, sizeof damaged);
    damaged[sizeof damaged - 8] ^= 1; /* gzip's own checksum */
    struct sigaction ignore = {.sa_handler = SIG_IGN}, before, after;
    sigaction(SIGCHLD, &ignore, &before);
    int good = read_gzip_bytes(gzip_bytes, sizeof gzip_bytes, 1000, &file, &err);
    file_free(&file);
    int cut = read_gzip_bytes(gzip_bytes, sizeof gzip_bytes - 8, 1000, &file, &err);
    file_free(&file);
    int wrong = read_gzip_bytes(damaged, sizeof damaged, 1000, &file, &err);
    file_free(&file);
    sigaction(SIGCHLD, &before, &after);
    check(good == 0, "a good gzip file was refused");
    check(cut == -1, "a gzip file cut short was accepted");
    check(wrong == -1, "a gzip file with a wrong checksum was accepted");
    check(after.sa_handler == SIG_IGN, "SIGCHLD is ignored no more");
}

static const struct {
    const char *bytes;
    size_t size;
    const char *kind;
} known_bytes[] = {
    {"", 0, "an empty file"},
    {"\x1f\x8b\x08", 3, "a gzip file"},
    {"\x1f\x8b", 2, "a gzip file"},
    {"\x1f", 1, NULL},
    {"PK\3\4rest", 8, "a zip archive"},
    {"PK\5\6", 4, "a zip archive"},
    {"PK", 2, NULL},
    {"\x80\2}q", 4, "a Python pickle"},
    {"\x89PNG\r\n", 6, "a PNG image"},
    {"\xff\xd8\xff\xe0", 4, "a JPEG image"},
    {"GIF89a", 6, "a GIF image"},
    {"II*\0", 4, "a TIFF image"},
    {"MM\0*", 4, "a TIFF image"},
    {"RIFF\x24\0\0\0WEBPVP8 ", 16, "a WebP image"},
    {"RIFF\x24\0\0\0WEB", 11, NULL},
    {"RIFF\x24\0\0\0WAVEfmt ", 16, NULL},
    {"BM\x36\1\0\0\0\0\0\0\x36", 11, "a BMP image"},
    {"BM\x36\1\0\0\0\0\0", 9, NULL},
    {"BMW, Audi, Opel\n", 16, NULL},
    {"\0\0\0\x18"
     "ftypheic",
     12, "a HEIC image"},
    {"\0\0\0\x18"
     "ftypmif1",
     12, "a HEIF image"},
    {"\0\0\0\x20"
     "ftypavif",
     12, "an AVIF image"},
    {"\0\0\0\x18"
     "ftypisom",
     12, NULL},
    {"\0\0\0\x18"
     "ftyphe",
     10, NULL},
    {"\x93NUMPY\1", 7, "a NumPy array"},
    {"\x89HDF\r\n", 6, "an HDF5 file"},
    {"BZh9", 4, "a bzip2 file"},
    {"\xfd"
     "7zXZ\0",
     6, "an xz file"},
    {"\x7f"
     "ELF",
     4, "a program"},
    {"version https://git-lfs.github.com/spec/v1\n", 43, "a Git LFS pointer"},
    {"\0\0\x08\x01\0\0\0\x01", 8, "an IDX file of labels"},
    {"\0\0\x08\x03", 4, "an IDX file of images"},
    {"\0\0\x08", 3, NULL},
    {"\x40\0\0\0\0\0\0\0{\"a\"", 12, "a safetensors file"},
    {"\x40\0\0\0\0\0\0\0[", 9, NULL},
    {"\x40\0\0\0\0\0\0\0", 8, NULL},
    {"<!DOCTYPE html>", 15, "an HTML or XML page"},
    {" \r\n\t<html>", 10, "an HTML or XML page"},
    {"   ", 3, NULL},
    {"hello", 5, NULL},
    {"\0<", 2, NULL},
};

static void test_looks_like(void)
{
    for (size_t i = 0; i < COUNT(known_bytes); i++) {
        const char *got =
            file_looks_like((const uint8_t *)known_bytes[i].bytes, known_bytes[i].size);
        bool same = got && known_bytes[i].kind ? !strcmp(got, known_bytes[i].kind)
                                               : got == known_bytes[i].kind;
        check(same, "row %zu looks like %s, wanted %s", i, got ? got : "nothing",
              known_bytes[i].kind ? known_bytes[i].kind : "nothing");
    }
}

/* --- writing files --- */

static bool exists(const char *path)
{
    struct stat info;
    return !lstat(path, &info);
}

static void check_no_temporary(const char *path)
{
    char temporary[300];
    snprintf(temporary, sizeof temporary, "%s.tmp", path);
    check(!exists(temporary), "%s was left behind", temporary);
}

static void test_file_write(void)
{
    struct error err = {""};
    struct stat info;
    const char *path = test_path("written");
    int descriptor = next_descriptor();
    mode_t before = umask(027);
    check(!file_write(path, "first, a long one", 17, &err), "%s", err.text);
    umask(before);
    check_content(path, "first, a long one", 17);
    if (check(!stat(path, &info), "no %s", path))
        check((info.st_mode & 0777) == 0640, "mode 0%o under umask 027, wanted 0640",
              (unsigned)info.st_mode & 0777);
    check(!file_write(path, "second", 6, &err), "%s", err.text);
    check_content(path, "second", 6);
    check(!file_write(path, "", 0, &err), "%s", err.text);
    check_content(path, "", 0);
    check_no_temporary(path);
    check(next_descriptor() == descriptor, "a descriptor was left open");
}

static void test_file_write_relative(void)
{
    char folder[PATH_MAX];
    struct error err = {""};
    if (!check(getcwd(folder, sizeof folder) && !chdir(test_path("")), "cannot change folder"))
        return;
    int failed = file_write("relative", "here", 4, &err);
    int check_failed = file_check_writable("relative", &err);
    check(!chdir(folder), "cannot go back to %s", folder);
    check(!failed && !check_failed, "%s", err.text);
    check_content(test_path("relative"), "here", 4);
}

/* A killed run leaves its temporary file behind: longer than what comes now, it must not show. */
static void test_file_write_stale_temporary(void)
{
    struct error err = {""};
    const char *path = test_path("stale");
    test_write(test_path("stale.tmp"), "what a killed run left behind", 29);
    check(!file_write(path, "new", 3, &err), "%s", err.text);
    check_content(path, "new", 3);
    check_no_temporary(path);
}

static void test_file_write_symlink(void)
{
    struct error err = {""};
    struct stat info;
    const char *link = test_path("link"), *dangling = test_path("dangling");
    const char *aimed = test_path("aimed.tmp"), *target = test_path("target");
    test_write(target, "old", 3);
    check(!symlink("target", link) && !symlink("nowhere", dangling), "cannot make links");
    check(!file_check_writable(link, &err), "%s", err.text);
    check(!file_write(link, "through", 7, &err), "%s", err.text);
    check(!lstat(link, &info) && S_ISLNK(info.st_mode), "the link is a link no more");
    check_content(target, "through", 7);
    check_no_temporary(link);
    check_no_temporary(target);
    check_refused(file_write(dangling, "x", 1, &err), &err, "leads nowhere", "a dangling link");
    check_refused(file_check_writable(dangling, &err), &err, "leads nowhere", "asked before");
    int ends[2];
    char proc[64], got[8];
    check(!pipe(ends), "cannot make a pipe");
    snprintf(proc, sizeof proc, "/proc/self/fd/%d", ends[1]);
    if (!access(proc, F_OK)) { /* a link to what has no path */
        check(!file_check_writable(proc, &err) && !file_write(proc, "piped", 5, &err), "%s",
              err.text);
        check(read(ends[0], got, sizeof got) == 5 && !memcmp(got, "piped", 5), "not in the pipe");
    }
    close(ends[0]);
    close(ends[1]);
    /* A link planted under the temporary's name must not aim the write elsewhere. */
    check(!symlink("target", aimed), "cannot make a link");
    check_refused(file_write(test_path("aimed"), "x", 1, &err), &err, "cannot write",
                  "a link in the temporary's place");
    check_content(target, "through", 7);
    unlink(aimed);
}

static void test_file_write_refused(void)
{
    static char deep[PATH_MAX + 10];
    memset(deep, 'd', sizeof deep - 1);
    const struct {
        const char *path, *wanted;
    } rows[] = {
        {test_path("no/such"), "cannot write"},
        {test_path(""), "is a folder"},
        {"", ""},
        {deep, "too long"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct error err = {""};
        check_refused(file_write(rows[i].path, "x", 1, &err), &err, rows[i].wanted, "file_write");
        check_refused(file_check_writable(rows[i].path, &err), &err, i ? rows[i].wanted : "folder",
                      "file_check_writable");
    }
    check(!exists(".tmp"), ".tmp was left behind");
}

/* A null device of the test's own, for root: a file_write that goes wrong must not be let loose on
 * the system's. Others cannot harm that one. NULL where root may not make devices. */
static const char *null_device(void)
{
    const char *path = test_path("null");
    struct stat info;
    if (geteuid())
        return "/dev/null";
    if (stat("/dev/null", &info) || mknod(path, S_IFCHR | 0666, info.st_rdev))
        return NULL;
    return path;
}

static void test_file_write_device(void)
{
    struct error err = {""};
    struct stat info;
    const char *path = null_device();
    /* A file system without devices lets one be made, but not be opened. */
    if (!path || access(path, W_OK))
        skip("file: writes to a device: cannot make one to try");
    check(!file_check_writable(path, &err), "%s", err.text);
    check(!file_write(path, "x", 1, &err), "%s", err.text);
    check(!stat(path, &info) && S_ISCHR(info.st_mode), "%s is no device any more", path);
    check_no_temporary(path);
}

static void test_file_write_pipe(void)
{
    struct error err = {""};
    struct stat info;
    char bytes[16] = "";
    const char *path = test_path("pipe");
    check(!mkfifo(path, 0600), "cannot make a pipe");
    int fd = open(path, O_RDWR | O_NONBLOCK);
    check(!file_check_writable(path, &err), "%s", err.text);
    check(!file_write(path, "through", 7, &err), "%s", err.text);
    check(read(fd, bytes, sizeof bytes) == 7 && !strcmp(bytes, "through"), "read \"%s\"", bytes);
    check(!stat(path, &info) && S_ISFIFO(info.st_mode), "the pipe is no pipe any more");
    check_no_temporary(path);
    close(fd);
}

/* A full disk, as a limit on file sizes plays it. */
static void test_file_write_fails_half_way(void)
{
    static uint8_t bytes[100000];
    struct error err = {""};
    struct rlimit before, small;
    const char *path = test_path("full"), *fresh = test_path("fresh");
    int descriptor = next_descriptor();
    test_write(path, "earlier", 7);
    getrlimit(RLIMIT_FSIZE, &before);
    small = before;
    small.rlim_cur = 4096;
    struct sigaction ignore = {.sa_handler = SIG_IGN}, handler;
    sigaction(SIGXFSZ, &ignore, &handler);
    setrlimit(RLIMIT_FSIZE, &small);
    int result = file_write(path, bytes, sizeof bytes, &err);
    struct error fresh_err = {""};
    int fresh_result = file_write(fresh, bytes, sizeof bytes, &fresh_err);
    setrlimit(RLIMIT_FSIZE, &before);
    sigaction(SIGXFSZ, &handler, NULL);
    check_refused(result, &err, "cannot write 100000 bytes", "replacing");
    check_refused(fresh_result, &fresh_err, strerror(EFBIG), "creating");
    check_content(path, "earlier", 7);
    check(!exists(fresh), "%s exists after a failure", fresh);
    check_no_temporary(path);
    check_no_temporary(fresh);
    check(next_descriptor() == descriptor, "a descriptor was left open");
}

/* Locks are a process's own, so the other writer is a child; it says when it holds the lock and
 * ends when its input does. */
static pid_t lock_in_child(const char *path, int *release)
{
    int ready[2], end[2];
    char byte = 0;
    if (pipe(ready) || pipe(end))
        return -1;
    pid_t child = fork();
    if (child == 0) {
        struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        int fd = open(path, O_RDWR | O_CREAT, 0666);
        close(end[1]);
        byte = fd >= 0 && !fcntl(fd, F_SETLK, &lock) ? 'y' : 'n';
        if (write(ready[1], &byte, 1) == 1)
            (void)!read(end[0], &byte, 1);
        _exit(0);
    }
    close(ready[1]);
    close(end[0]);
    bool held = child > 0 && read(ready[0], &byte, 1) == 1 && byte == 'y';
    close(ready[0]);
    *release = end[1];
    return held ? child : -1;
}

static void test_file_write_locked(void)
{
    struct error err = {""};
    int release = -1;
    const char *path = test_path("shared"), *temporary = test_path("shared.tmp");
    test_write(path, "earlier", 7);
    pid_t child = lock_in_child(temporary, &release);
    if (!check(child > 0, "cannot lock in a child"))
        return;
    check_refused(file_write(path, "mine", 4, &err), &err, "another run is writing", "second");
    check_content(path, "earlier", 7);
    check(exists(temporary), "the other writer's file was taken away");
    close(release);
    waitpid(child, NULL, 0);
    check(!file_write(path, "mine", 4, &err), "%s", err.text);
    check_content(path, "mine", 4);
    check_no_temporary(path);
}

/* In a child without root's rights: what both functions say of a file in a folder of this mode. */
static int write_unprivileged(const char *folder, mode_t mode, const char *path)
{
    int status = 0;
    check(!chmod(test_path(""), 0711) && !chmod(folder, mode), "cannot set modes");
    pid_t child = fork();
    if (child == 0) {
        struct error err = {""};
        if (geteuid() == 0 && (setgid(65534) || setuid(65534)))
            _exit(77);
        int asked = file_check_writable(path, &err) != 0,
            done = file_write(path, "new", 3, &err) != 0;
        _exit(asked << 1 | done);
    }
    waitpid(child, &status, 0);
    check(!chmod(folder, 0777), "cannot set modes");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 99;
}

static void test_file_write_permissions(void)
{
    const char *folder = test_path("folder"), *path = test_path("folder/file");
    const char *open_folder = test_path("open"), *link = test_path("open/link");
    check(!mkdir(folder, 0777) && !mkdir(open_folder, 0777) && !chmod(open_folder, 0777) &&
              !symlink("../folder/file", link),
          "cannot make folders and a link");
    test_write(path, "old", 3);
    int result = write_unprivileged(folder, 0555, path);
    if (result == 77)
        skip("file: permissions: cannot give up root's rights");
    check(result == 3, "in a read-only folder: refused by %d, wanted 3 (both)", result);
    result = write_unprivileged(folder, 0555, link);
    check(result == 3, "through a link into it: refused by %d, wanted 3 (both)", result);
    check_content(path, "old", 3);
    /* Write and search permission is all a rename needs. */
    result = write_unprivileged(folder, 0333, path);
    struct file file = {0};
    struct error err = {""};
    check(!file_read(&file, path, 10, &err), "%s", err.text);
    bool replaced = file.size == 3 && !memcmp(file.bytes, "new", 3);
    file_free(&file);
    check(result == (replaced ? 0 : 3), "in a folder that cannot be listed: refused by %d, yet %s",
          result, replaced ? "replaced" : "not replaced");
}

static void test_file_check_writable(void)
{
    struct error err = {""};
    const char *path = test_path("asked"), *old = test_path("asked-old");
    test_write(old, "old", 3);
    check(!file_check_writable(path, &err), "%s", err.text);
    check(!exists(path), "asking made the file");
    check_no_temporary(path);
    check(!file_check_writable(old, &err), "%s", err.text);
    check_content(old, "old", 3);
    check_refused(file_check_writable("", &err), &err, "empty path", "an empty path");
}

/* --- texts and time --- */

static void test_error_set(void)
{
    struct error err;
    char text[2 * sizeof err.text];
    check(error_set(&err, "%s is %d", "x", 5) == -1, "error_set does not return -1");
    check(!strcmp(err.text, "x is 5"), "\"%s\"", err.text);
    error_set(&err, "a\nb\tc\r\x1b[31m\x7f%s", "\n d\xc3\xa9j\xc3\xa0");
    check(!strcmp(err.text, "a?b?c??[31m?? d\xc3\xa9j\xc3\xa0"), "\"%s\"", err.text);
    memset(text, 'y', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    check(error_set(&err, "%s", text) == -1, "error_set does not return -1");
    check(strlen(err.text) == sizeof err.text - 1 && err.text[sizeof err.text - 2] == 'y',
          "%zu characters", strlen(err.text));
    error_set(&err, "%s", "");
    check(err.text[0] == '\0', "\"%s\"", err.text);
}

static void check_text(struct text got, const char *wanted)
{
    check(!strcmp(got.text, wanted), "\"%s\", wanted \"%s\"", got.text, wanted);
}

static const struct {
    long long n;
    const char *text;
} counts[] = {
    {0, "0"},
    {7, "7"},
    {999, "999"},
    {1000, "1,000"},
    {55000, "55,000"},
    {109386, "109,386"},
    {1234567, "1,234,567"},
    {-1, "-1"},
    {-999, "-999"},
    {-1000, "-1,000"},
    {-123456, "-123,456"},
    {LLONG_MAX, "9,223,372,036,854,775,807"},
    {LLONG_MIN, "-9,223,372,036,854,775,808"},
};

static void test_format_count(void)
{
    for (size_t i = 0; i < COUNT(counts); i++)
        check_text(format_count(counts[i].n), counts[i].text);
}

static const struct {
    struct text (*format)(double);
    double value;
    const char *text;
} numbers[] = {
    {format_percent, 0.9825, "98.25%"},
    {format_percent, 0.0, "0.00%"},
    {format_percent, 1.0, "100.00%"},
    {format_percent, 0.12345, "12.35%"},
    {format_probability, 0.9984, "99.8%"},
    {format_probability, 0.0, "0.0%"},
    {format_figure, 0.123456789123, "0.123456789"},
    {format_figure, 1.0, "1"},
    {format_loss, 0.07123, "0.0712"},
    {format_loss, 2.302585, "2.3026"},
    {format_loss, 0.0, "0.0000"},
    {format_loss, 999.99, "999.9900"},
    {format_loss, 1182375869137.6, "1.18e+12"},
    {format_loss, (double)NAN, "-"},
    {format_percent, (double)NAN, "-"},
    {format_percent, 21999.0 / 22000, "99.99%"},
    {format_percent, 1.0 / 22000, "0.01%"},
    {format_percent, 1e-300, "0.01%"},
    {format_percent, 0.999949, "99.99%"},
    {format_percent, 0.99989, "99.99%"},
    {format_percent, 1.0, "100.00%"},
    {format_percent, 0.0, "0.00%"},
    {format_probability, (double)0.99999994f, "99.9%"},
    {format_probability, 1e-38, "0.1%"},
    {format_probability, 1.0, "100.0%"},
    {format_probability, (double)NAN, "-"},
    {format_share, 0.98, "98%"},
    {format_share, 0.985, "98.5%"},
    {format_share, 0.99995, "99.995%"},
    {format_share, 1.0 - 1e-9, "99.9999%"},
    {format_share, 1e-9, "0.0001%"},
    {format_share, 0.0, "0%"},
    {format_share, 1.0, "100%"},
    {format_share, 0.1 * 3, "30%"},
    {format_figure, (double)NAN, "null"},
    {format_figure, (double)INFINITY, "null"},
    {format_rounded, 655000.4, "655,000"},
    {format_rounded, 655000.5, "655,001"},
    {format_rounded, (double)NAN, "-"},
    {format_rounded, 1e300, "9,223,372,036,854,775,807"},
    {format_seconds, 1e300, "2562047788015215:30:07"},
    {format_seconds, (double)NAN, "0:00"},
    {format_rate, 1e-3, "0.001"},
    {format_rate, 2.5e-5, "2.5e-05"},
    {format_rate, 1.0, "1"},
    {format_rate, (double)0.1f, "0.1"},
    {format_rate, 0.0, "0"},
    {format_rate, 1.23456789e-4, "0.000123"},
    {format_seconds, 0.0, "0.00 s"},
    {format_seconds, 0.26, "0.26 s"},
    {format_seconds, 9.999, "10.00 s"},
    {format_seconds, 59.99, "59.99 s"},
    {format_seconds, 59.994, "59.99 s"},
    {format_seconds, 59.996, "1:00"},
    {format_seconds, 60.0, "1:00"},
    {format_seconds, 245.4, "4:05"},
    {format_seconds, 119.6, "2:00"},
    {format_seconds, 3599.4, "59:59"},
    {format_seconds, 3599.5, "1:00:00"},
    {format_seconds, 3753.0, "1:02:33"},
    {format_seconds, 360000.0, "100:00:00"},
    {format_bytes, 437000.0, "437 kB"},
    {format_bytes, 0.0, "0 kB"},
    {format_bytes, 1000.0, "1 kB"},
    {format_bytes, 999499.0, "999 kB"},
    {format_bytes, 999999.0, "1 MB"},
    {format_bytes, 1e6, "1 MB"},
    {format_bytes, 81.4e6, "81 MB"},
    {format_bytes, 1e12, "1000000 MB"},
};

static void test_format_numbers(void)
{
    for (size_t i = 0; i < COUNT(numbers); i++)
        check_text(numbers[i].format(numbers[i].value), numbers[i].text);
}

/* Of the texts of one to nine digits that read back the same, the shortest; of equals, the one with the
 * fewest digits. */
static void check_shortest(float value)
{
    struct text got = format_float(value);
    char shortest[32] = "";
    for (int digits = 1; digits <= 9; digits++) {
        char text[32];
        snprintf(text, sizeof text, "%.*g", digits, (double)value);
        if (strtof(text, NULL) == value && (!*shortest || strlen(text) < strlen(shortest)))
            strcpy(shortest, text);
    }
    check(!strcmp(got.text, shortest), "%s is written as %s", shortest, got.text);
}

static void test_format_float(void)
{
    static const struct {
        float value;
        const char *text;
    } rows[] = {
        {0.0f, "0"},
        {1.0f, "1"},
        {10.0f, "10"},
        {300.0f, "300"},
        {5e4f, "5e+04"},
        {1e9f, "1e+09"},
        {1e-3f, "0.001"},
        {1e-4f, "0.0001"},
        {0.1f, "0.1"},
        {2.5e-5f, "2.5e-05"},
        {-0.5f, "-0.5"},
        {1.0f / 3, "0.33333334"},
        {16777216.0f, "16777216"},
        {0x1p-149f, "1e-45"},
        {3.40282347e38f, "3.4028235e+38"},
        {INFINITY, "inf"},
    };
    struct rng rng;
    rng_seed(&rng, 16, RNG_SHOW, 0);
    for (size_t i = 0; i < COUNT(rows); i++)
        check_text(format_float(rows[i].value), rows[i].text);
    check(strstr(format_float(NAN).text, "nan") != NULL, "NaN is %s", format_float(NAN).text);
    for (int i = 0; i < 20000; i++) {
        float value = from_bits((uint32_t)rng_next(&rng));
        if (isfinite(value))
            check_shortest(value);
    }
}

static void test_clock(void)
{
    struct timespec before, after;
    double last = clock_seconds();
    for (int i = 0; i < 1000; i++) {
        double now = clock_seconds();
        check(now >= last, "the clock went back from %.9f to %.9f", last, now);
        last = now;
    }
    clock_gettime(CLOCK_REALTIME, &before);
    double start = clock_seconds();
    usleep(20000);
    double measured = clock_seconds() - start;
    clock_gettime(CLOCK_REALTIME, &after);
    double real =
        (double)(after.tv_sec - before.tv_sec) + 1e-9 * (double)(after.tv_nsec - before.tv_nsec);
    check(measured >= 0.02 && measured < real + 1.0, "%g s took %g s by the clock", real, measured);
}

static void test_cpu(void)
{
    check(cpu_count() >= 1 && cpu_count() <= sysconf(_SC_NPROCESSORS_CONF), "%d processors of %ld",
          cpu_count(), sysconf(_SC_NPROCESSORS_CONF));
    check(cpu_has_avx2() || !cpu_has_avx512(), "AVX-512 without AVX2");
}

TEST_LIST(
    tests_base, {"rmath: exp is within 2 ulp", test_exp_error},
    {"rmath: exp at its edges", test_exp_edges}, {"rmath: log is within 1 ulp", test_log_error},
    {"rmath: log at its edges", test_log_edges}, {"rmath: cos is within 1 ulp", test_cos_error},
    {"rmath: cos is within 1 ulp near its zeros", test_cos_zeros},
    {"rmath: cos at its edges", test_cos_edges},
    {"rmath: the same bits everywhere", test_golden_bits},
    {"rmath: the same bits everywhere, by the hundred thousand", test_golden_checksums},
    {"rng: xoshiro256** known answers", test_rng_known_answer},
    {"rng: seeding known answers", test_rng_seed_golden},
    {"rng: seeds, streams and indices differ", test_rng_streams_differ},
    {"rng: below is in bounds and uniform", test_rng_below},
    {"rng: below rejects what would bias it", test_rng_below_unbiased},
    {"rng: uniform", test_rng_uniform}, {"rng: normal has its moments and tails", test_rng_normal},
    {"rng: normal gives the same bits everywhere", test_rng_normal_bits},
    {"rng: shuffle permutes", test_rng_shuffle_permutes},
    {"rng: shuffle is uniform", test_rng_shuffle_uniform},
    {"crc32: check values and the textbook", test_crc32},
    {"memory: a product that overflows is refused", test_memory_overflow},
    {"memory: running out is an error", test_memory_out},
    {"memory: aligned blocks, zeroed on request", test_memory_blocks},
    {"team: each task exactly once", test_team_once},
    {"team: many jobs in a row", test_team_stress},
    {"team: the caller is woken", test_team_caller_sleeps},
    {"team: two threads run at once", test_team_parallel},
    {"team: created and destroyed unused", test_team_create_destroy},
    {"file: reads whole files", test_file_read}, {"file: a failing read", test_file_read_fails},
    {"file: unpacks gzip", test_gzip_read}, {"file: unpacks gzip from memory", test_gzip_unpack},
    {"file: unpacks a large gzip file", test_gzip_large},
    {"file: unpacks gzip while signals come", test_gzip_interrupted},
    {"file: gzip cut short is refused", test_gzip_cut_short},
    {"file: damaged gzip never changes the bytes", test_gzip_damaged},
    {"file: rubbish after gzip is refused", test_gzip_trailing},
    {"file: gzip is checked while SIGCHLD is ignored", test_gzip_sigchld_ignored},
    {"file: knows what bytes look like", test_looks_like},
    {"file: writes and replaces", test_file_write},
    {"file: writes to a relative path", test_file_write_relative},
    {"file: uses up a stale temporary file", test_file_write_stale_temporary},
    {"file: writes through a symbolic link", test_file_write_symlink},
    {"file: refuses what cannot be written", test_file_write_refused},
    {"file: writes to a device", test_file_write_device},
    {"file: writes to a pipe", test_file_write_pipe},
    {"file: a failure half way leaves the earlier file", test_file_write_fails_half_way},
    {"file: a second writer is refused", test_file_write_locked},
    {"file: permissions of the folder", test_file_write_permissions},
    {"file: check_writable", test_file_check_writable}, {"error: one clean line", test_error_set},
    {"format: counts", test_format_count}, {"format: numbers", test_format_numbers},
    {"format: floats as short as they can be", test_format_float},
    {"cpu: processors and what they can do", test_cpu}, {"clock: goes forward", test_clock});
