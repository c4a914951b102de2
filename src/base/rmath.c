#include "mnist/base/rmath.h"

#include "mnist/base/arithmetic.h"

const char *rmath_fault(void)
{
    return arithmetic_fault();
}

int64_t rmath_whole(double x, int64_t low, int64_t high)
{
    if (!(x > (double)low))
        return low;
    return x < (double)high ? (int64_t)floor(x) : high;
}

/* x = 2^e f with f in [sqrt(1/2), sqrt(2)); ln f = 2 artanh(s), s = (f-1)/(f+1), |s| < 0.1716, by
 * its series to s^13; the next term is below 2^-40. In double, so that the float result is nearly
 * always the correctly rounded one. */
float rmath_log(float x)
{
    if (!(x > 0.0f))
        return x == 0.0f ? -INFINITY : NAN;
    if (x == INFINITY)
        return x;
    double value = (double)x; /* subnormal floats are normal doubles */
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    int exponent = (int)(bits >> 52) - 1023;
    bits = (bits & 0x000fffffffffffff) | 0x3ff0000000000000;
    double f;
    memcpy(&f, &bits, sizeof f);
    if (f > 1.4142135623730951) {
        f *= 0.5;
        exponent++;
    }
    double s = (f - 1.0) / (f + 1.0), t = s * s;
    double series = 1.0 / 13;
    for (int k = 11; k >= 1; k -= 2)
        series = series * t + 1.0 / k;
    return (float)(exponent * 0.69314718055994531 + 2.0 * s * series);
}

/* pi/2 in two parts: the high one has 33 bits, so that its products with q are exact. */
static const double PI_2_HIGH = 0x1.921fb544p+0, PI_2_LOW = 0x1.0b4611a626331p-34;

/* x = q pi/2 + r with |r| <= pi/4; the quadrant q says which of ±cos r, ±sin r it is. Taylor series
 * in double to r^14 and r^15. */
float rmath_cos(float x)
{
    if (!(fabsf(x) < 1e9f))
        return NAN;
    double quarter = (double)x * 0.63661977236758134;
    int32_t q = (int32_t)(quarter + (quarter < 0 ? -0.5 : 0.5));
    double r = ((double)x - q * PI_2_HIGH) - q * PI_2_LOW, t = r * r;
    double cosine = 1.0, sine = 1.0;
    for (int k = 14; k >= 2; k -= 2) {
        cosine = 1.0 - cosine * t / (k * (k - 1));
        sine = 1.0 - sine * t / (k * (k + 1));
    }
    sine *= r;
    switch (q & 3) {
    case 0:
        return (float)cosine;
    case 1:
        return (float)-sine;
    case 2:
        return (float)-cosine;
    default:
        return (float)sine;
    }
}
