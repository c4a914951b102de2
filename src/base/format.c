#include "mnist/base/format.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mnist/base/rmath.h"

static const struct text UNDEFINED = {"-"};

struct text format_count(long long n)
{
    char digits[32];
    struct text result;
    int length = snprintf(digits, sizeof digits, "%lld", n), used = 0;
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0 && digits[i - 1] != '-')
            result.text[used++] = ',';
        result.text[used++] = digits[i];
    }
    result.text[used] = '\0';
    return result;
}

/* In percent, but never so close to 0 or 100 that rounding to `unit`, the last decimal shown, gives
 * just that. */
static double percent_of(double fraction, double unit)
{
    bool between = fraction > 0.0 && fraction < 1.0;
    return between ? fmin(fmax(100.0 * fraction, unit), 100.0 - unit) : 100.0 * fraction;
}

struct text format_percent(double fraction)
{
    struct text result = UNDEFINED;
    if (rmath_is_finite_double(fraction))
        snprintf(result.text, sizeof result.text, "%.2f%%", percent_of(fraction, 0.01));
    return result;
}

struct text format_probability(double p)
{
    struct text result = UNDEFINED;
    if (rmath_is_finite_double(p))
        snprintf(result.text, sizeof result.text, "%.1f%%", percent_of(p, 0.1));
    return result;
}

struct text format_share(double fraction)
{
    struct text result = UNDEFINED;
    if (rmath_is_finite_double(fraction))
        snprintf(result.text, sizeof result.text, "%.6g%%", percent_of(fraction, 1e-4));
    return result;
}

struct text format_interval(double low, double high, const char *dash)
{
    struct text result = UNDEFINED;
    if (rmath_is_finite_double(low) && rmath_is_finite_double(high))
        snprintf(result.text, sizeof result.text, "%.2f%s%.2f%%", percent_of(low, 0.01), dash,
                 percent_of(high, 0.01));
    return result;
}

struct text format_loss(double nats)
{
    struct text result = UNDEFINED;
    if (rmath_is_finite_double(nats))
        snprintf(result.text, sizeof result.text, nats < 1000.0 ? "%.4f" : "%.3g", nats);
    return result;
}

struct text format_rate(double rate)
{
    struct text result;
    snprintf(result.text, sizeof result.text, "%.3g", rate);
    return result;
}

/* Ticks of one axis differ by 1e-10 of them at least: so far they have to read back. */
struct text format_tick(double value)
{
    struct text result;
    int digits = 6;
    do
        snprintf(result.text, sizeof result.text, "%.*g", digits, value);
    while (digits++ < 12 && fabs(strtod(result.text, NULL) - value) > 1e-11 * fabs(value));
    return result;
}

struct text format_seconds(double seconds)
{
    struct text result;
    int64_t whole = rmath_whole(seconds + 0.5, 0, INT64_MAX);
    int s = (int)(whole % 60), m = (int)(whole / 60 % 60);
    if (seconds < 59.995)
        snprintf(result.text, sizeof result.text, "%.2f s", seconds);
    else if (whole < 3600)
        snprintf(result.text, sizeof result.text, "%d:%02d", m, s);
    else
        snprintf(result.text, sizeof result.text, "%" PRId64 ":%02d:%02d", whole / 3600, m, s);
    return result;
}

struct text format_time_left(double seconds)
{
    struct text result;
    int64_t whole = rmath_whole(seconds + 0.5, 0, INT64_MAX);
    if (whole >= 60)
        return format_seconds((double)whole);
    snprintf(result.text, sizeof result.text, "%d s", (int)whole);
    return result;
}

struct text format_bytes(double bytes)
{
    struct text result;
    if (bytes < 999.5e3)
        snprintf(result.text, sizeof result.text, "%.0f kB", bytes / 1e3);
    else
        snprintf(result.text, sizeof result.text, "%.0f MB", bytes / 1e6);
    return result;
}

struct text format_figure(double value)
{
    struct text result = {"null"};
    if (rmath_is_finite_double(value))
        snprintf(result.text, sizeof result.text, "%.9g", value);
    return result;
}

struct text format_integer(uint64_t value)
{
    const uint64_t largest = (uint64_t)1 << 53;
    const char *quote = value > largest ? "\"" : "";
    struct text result;
    snprintf(result.text, sizeof result.text, "%s%" PRIu64 "%s", quote, value, quote);
    return result;
}

struct text format_crc32(uint32_t crc)
{
    struct text result;
    snprintf(result.text, sizeof result.text, "%08" PRIx32, crc);
    return result;
}

struct text format_rounded(double value)
{
    return rmath_is_finite_double(value)
               ? format_count(rmath_whole(value + 0.5, INT64_MIN, INT64_MAX))
               : UNDEFINED;
}

struct text format_float(float value)
{
    struct text result, text;
    snprintf(result.text, sizeof result.text, "%.9g", (double)value);
    for (int digits = 8; digits >= 1; digits--) {
        snprintf(text.text, sizeof text.text, "%.*g", digits, (double)value);
        if (strtof(text.text, NULL) == value && strlen(text.text) <= strlen(result.text))
            result = text;
    }
    return result;
}
