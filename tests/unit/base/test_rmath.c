#include <inttypes.h>
#include <math.h>
#include <stdint.h>

#include "mnist/base/rmath.h"
#include "mnist/codec/checksum.h"

#include "../test.h"

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

/* Every stride-th float from `from` up to `to`, both positive, each times `sign`. */
static void sweep(struct worst *worst, float (*f)(float), double (*libm)(double), float from,
                  float to, uint32_t stride, float sign)
{
    for (uint32_t bits = to_bits(from); bits <= to_bits(to); bits += stride) {
        float x = sign * from_bits(bits);
        compare(worst, x, f(x), libm((double)x));
    }
}

TEST(exp_error, "rmath: exp is within 2 ulp")
{
    struct worst worst = {0.0, 0.0f};
    sweep(&worst, call_exp, exp, 0.0f, 88.7228317f, 809, 1.0f);
    sweep(&worst, call_exp, exp, 0.0f, 87.33f, 809, -1.0f);
    sweep(&worst, call_exp, exp, 88.7f, 88.7228317f, 1, 1.0f);
    sweep(&worst, call_exp, exp, 87.3f, 87.33f, 1, -1.0f);
    /* r is largest where the argument reduction changes its n. */
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

TEST(exp_edges, "rmath: exp at its edges")
{
    for (size_t i = 0; i < COUNT(exp_edges); i++) {
        test_case("exp(%.9g)", (double)exp_edges[i].x);
        check_float(rmath_exp(exp_edges[i].x), exp_edges[i].y);
    }
    check(isnan(rmath_exp(NAN)) && isnan(rmath_exp(-NAN)), "exp(NaN) is a number");
    check(rmath_exp(-87.33f) >= 0x1p-126f, "exp(-87.33) = %g, wanted a normal number",
          (double)rmath_exp(-87.33f));
    check(isfinite(rmath_exp(88.7228317f)), "e^88.7228317 is the largest result, not infinite");
}

TEST(log_error, "rmath: log is within 1 ulp")
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

TEST(log_edges, "rmath: log at its edges")
{
    check_float(rmath_log(1.0f), 0.0f);
    check_float(rmath_log(0.0f), -INFINITY);
    check_float(rmath_log(-0.0f), -INFINITY);
    check_float(rmath_log(INFINITY), INFINITY);
    static const float bad[] = {-0x1p-149f, -1.0f, -3.4e38f, -INFINITY, NAN};
    for (size_t i = 0; i < COUNT(bad); i++)
        check(isnan(rmath_log(bad[i])), "log(%g) = %g, wanted NaN", (double)bad[i],
              (double)rmath_log(bad[i]));
}

TEST(cos_error, "rmath: cos is within 1 ulp")
{
    struct worst worst = {0.0, 0.0f};
    sweep(&worst, rmath_cos, cos, 0.0f, 1000.0f, 1009, 1.0f);
    sweep(&worst, rmath_cos, cos, 1.0f, 1000.0f, 509, -1.0f);
    check(worst.ulp <= 1.0, "cos(%.9g) is %.3f ulp off, 1 is promised", (double)worst.at,
          worst.ulp);
}

/* Near odd multiples of pi/2 the result is tiny and the reduction must cancel almost everything:
 * a sweep at random misses the few floats that come closest. */
TEST(cos_zeros, "rmath: cos is within 1 ulp near its zeros")
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

TEST(cos_edges, "rmath: cos at its edges")
{
    check_float(rmath_cos(0.0f), 1.0f);
    check_float(rmath_cos(-0.0f), 1.0f);
    check_float(rmath_cos(0x1p-149f), 1.0f);
    static const float bad[] = {1e9f, -1e9f, 3.4e38f, INFINITY, -INFINITY, NAN};
    for (size_t i = 0; i < COUNT(bad); i++)
        check(isnan(rmath_cos(bad[i])), "cos(%g) = %g, wanted NaN", (double)bad[i],
              (double)rmath_cos(bad[i]));
    static const float far[] = {1001.0f, 12345.678f, 1e6f, -1e8f, 999999936.0f, -999999936.0f};
    for (size_t i = 0; i < COUNT(far); i++)
        check(fabs((double)rmath_cos(far[i]) - cos((double)far[i])) <= 1e-6, "cos(%.9g) = %.9g",
              (double)far[i], (double)rmath_cos(far[i]));
}

/* Bits, not values: every compiler and machine must give exactly these. The rows where exp is not
 * correctly rounded also show that libm was not used instead. */
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

TEST(golden_bits, "rmath: the same bits everywhere")
{
    for (size_t i = 0; i < COUNT(golden_bits); i++) {
        test_case("%s(%.9g)", golden_bits[i].name, (double)golden_bits[i].x);
        check_hex(to_bits(golden_bits[i].f(golden_bits[i].x)), golden_bits[i].bits);
    }
}

/* The bits of some hundred thousand results at once, as the CRC of their little-endian bytes: this
 * is exact, while the bounds on the error leave room. */
static uint32_t checksum(float (*f)(float), float from, float to, uint32_t stride, float sign)
{
    static uint8_t bytes[4 << 18];
    size_t size = 0;
    for (uint32_t bits = to_bits(from); bits <= to_bits(to); bits += stride) {
        uint32_t result = to_bits(f(sign * from_bits(bits)));
        for (int b = 0; b < 4 && size < sizeof bytes; b++)
            bytes[size++] = (uint8_t)(result >> 8 * b);
    }
    return checksum_crc32(bytes, size);
}

TEST(golden_checksums, "rmath: the same bits everywhere, by the hundred thousand")
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
        test_case("%s", rows[i].name);
        check_hex(crc, rows[i].crc);
    }
}
