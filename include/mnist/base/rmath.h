/* Reproducible math: exp, log, cos from + − × ÷ alone.
 *
 * libm's differ in the last bit between systems and versions; IEEE 754 arithmetic does not. So
 * these give the same bits on every machine, as long as the compiler neither fuses nor reorders
 * (-ffp-contract=off, no -ffast-math: the Makefile sees to it). */
#ifndef MNIST_RMATH_H
#define MNIST_RMATH_H

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#ifdef __FAST_MATH__
#error "-ffast-math and -Ofast reorder sums, lose NaN: results would not be the same everywhere"
#endif
#if FLT_EVAL_METHOD != 0
#error "compute floats in floats: on x86 give -msse2 -mfpmath=sse, else -fexcess-precision=fast"
#endif

/* Neither infinite nor NaN. Looks at the bits, since a compiler told that there are no NaNs removes
 * isfinite. */
static inline bool rmath_is_finite(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return (bits & 0x7f800000) != 0x7f800000;
}

static inline bool rmath_is_finite_double(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return (bits & 0x7ff0000000000000) != 0x7ff0000000000000;
}

/* The whole number at or below x, kept within low … high; NaN gives low. Computed numbers become
 * indices and counts here, as C leaves the conversion of one out of range undefined. (Where speed
 * counts, data/augment.c converts an augmented image's places itself.) */
int64_t rmath_whole(double x, int64_t low, int64_t high);

/* e^x within 2 ulp. Below -87.33 (e^x < 1.2e-38) it is 0, above 88.7228 it is infinite, NaN
 * stays NaN.
 *
 * x = n ln 2 + r with |r| <= ln(2)/2, ln 2 split in two parts (Cody and Waite 1980) so that n ln 2
 * costs no precision; e^r by its Taylor series to r^7; then 2^n goes into the exponent in two
 * halves, as 2^128 is not a float. There are no branches, so a loop over it becomes vector code
 * with the same bits. */
static inline float rmath_exp(float x)
{
    float bounded = x > -87.33f ? (x < 88.73f ? x : 88.73f) : -87.33f; /* NaN becomes -87.33 */
    float n =
        (bounded * 1.44269504f + 12582912.0f) - 12582912.0f; /* 1.5 × 2^23 rounds to nearest */
    float r = (bounded - n * 0.693359375f) - n * -2.12194440e-4f;
    float p = 1.0f / 5040.0f;
    p = p * r + 1.0f / 720.0f;
    p = p * r + 1.0f / 120.0f;
    p = p * r + 1.0f / 24.0f;
    p = p * r + 1.0f / 6.0f;
    p = p * r + 0.5f;
    p = p * (r * r) + r + 1.0f;
    int32_t whole = (int32_t)n, half = whole / 2;
    uint32_t bits1 = (uint32_t)(half + 127) << 23, bits2 = (uint32_t)(whole - half + 127) << 23;
    float scale1, scale2;
    memcpy(&scale1, &bits1, sizeof scale1);
    memcpy(&scale2, &bits2, sizeof scale2);
    float y = p * scale1 * scale2;
    return x < -87.33f ? 0.0f : (x >= -87.33f ? y : x); /* neither: NaN */
}

/* arithmetic_fault (mnist/base/arithmetic.h) of the file that defines these functions. */
const char *rmath_fault(void);

/* Natural logarithm within 1 ulp, for any positive x, subnormal or not. log(0) = -infinity,
 * log of a negative number or NaN is NaN, log(infinity) = infinity. */
float rmath_log(float x);

/* cos(x), x in radians, within 1 ulp for |x| <= 1000; beyond that the range reduction loses
 * precision, and from 1e9 on, for infinities and for NaN the result is NaN. */
float rmath_cos(float x);

#endif
