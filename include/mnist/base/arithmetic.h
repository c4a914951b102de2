/* Checks that a source file is compiled with the arithmetic of IEEE 754, exactly as written. The
 * check is compiled into each file that includes it, since flags may differ from file to file. */
#ifndef MNIST_ARITHMETIC_H
#define MNIST_ARITHMETIC_H

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The numbers to test with: volatile, so that no compiler computes with them beforehand. */
struct arithmetic_numbers {
    volatile float fused, divisor, large, one, nan, infinity, minus_zero, tiny;
    volatile double fused_double, divisor_double, tenth;
};

/* x x rounds to 1 + 2^-11 (in double 1 + 2^-26), which is then subtracted: 0. A fused operation
 * rounds only once and leaves a rest. Also in a loop, as that may become vector code. */
static inline bool arithmetic_fuses(const struct arithmetic_numbers *n)
{
    float x[16], rest[16] = {0};
    for (int i = 0; i < 16; i++) {
        x[i] = n->fused;
        rest[i] = -0x1.002p0f;
    }
    for (int i = 0; i < 16; i++)
        rest[i] += x[i] * x[i];
    double d = n->fused_double;
    bool all_zero = d * d - 0x1.0000004p0 == 0.0;
    for (int i = 0; i < 16; i++)
        all_zero = all_zero && rest[i] == 0.0f;
    return !all_zero;
}

/* 41 (1/41) is not 1 in float, and 49 (1/49) is not 1 in double. */
static inline bool arithmetic_inverts(const struct arithmetic_numbers *n)
{
    float x[16], divisor = n->divisor;
    double y[4], divisor_double = n->divisor_double;
    bool all_one = n->divisor / 41.0f == 1.0f && n->divisor_double / 49.0 == 1.0;
    for (int i = 0; i < 16; i++)
        x[i] = n->divisor;
    for (int i = 0; i < 4; i++)
        y[i] = n->divisor_double;
    for (int i = 0; i < 16; i++)
        x[i] /= divisor;
    for (int i = 0; i < 4; i++)
        y[i] /= divisor_double;
    for (int i = 0; i < 16; i++)
        all_one = all_one && x[i] == 1.0f && y[i % 4] == 1.0;
    return !all_one;
}

/* 1e8 + 1 - 1e8 + 1, repeated, stays 1 when summed in this order; in any other it grows. */
static inline bool arithmetic_reorders(const struct arithmetic_numbers *n)
{
    float x[16], sum = 0.0f, one = n->one, large = n->large;
    for (int i = 0; i < 16; i++)
        x[i] = i % 4 == 0 ? n->large : i % 4 == 2 ? -n->large : n->one;
    for (int i = 0; i < 16; i++)
        sum += x[i];
    return !(sum == 1.0f && (one + large) - large == 0.0f);
}

static inline bool arithmetic_forgets_nan(const struct arithmetic_numbers *n)
{
    float nan = n->nan, infinity = n->infinity;
    return !isnan(nan) || !isinf(infinity) || nan >= 0.0f || !(infinity > FLT_MAX);
}

/* The compiler flag that changes this file's results and must be left out; NULL: none does. */
static inline const char *arithmetic_fault(void)
{
    const struct arithmetic_numbers n = {.fused = 0x1.001p0f,
                                         .divisor = 41.0f,
                                         .large = 1e8f,
                                         .one = 1.0f,
                                         .nan = NAN,
                                         .infinity = INFINITY,
                                         .minus_zero = -0.0f,
                                         .tiny = 0x1p-126f,
                                         .fused_double = 0x1.0000002p0,
                                         .divisor_double = 49.0,
                                         .tenth = 0.1};
    float zero = n.minus_zero + 0.0f, subnormal = n.tiny * 0.5f;
    uint32_t sign;
    memcpy(&sign, &zero, sizeof sign);
    if (arithmetic_fuses(&n))
        return "-ffp-contract=fast";
    if (arithmetic_inverts(&n))
        return "-freciprocal-math";
    if (arithmetic_reorders(&n))
        return "-fassociative-math";
    if (arithmetic_forgets_nan(&n))
        return "-ffinite-math-only";
    if (sign)
        return "-fno-signed-zeros";
    if (subnormal * 2.0f != 0x1p-126f)
        return "-mdaz-ftz, or linked with -ffast-math";
    if (n.tenth == (double)0.1f)
        return "-fsingle-precision-constant";
    return NULL;
}

#endif
