#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mnist/base/format.h"
#include "mnist/base/rng.h"

#include "../test.h"

static void check_text(struct text got, const char *wanted)
{
    check_string(got.text, wanted);
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

TEST(format_count, "format: counts")
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
    {format_tick, 1e3, "1000"},
    {format_tick, 5e5, "500000"},
    {format_tick, 1e9, "1e+09"},
    {format_tick, 2.5e-5, "2.5e-05"},
    {format_tick, 0.1 * 3, "0.3"},
    {format_tick, 0.0, "0"},
    {format_tick, -123.452, "-123.452"},
    {format_tick, 1234567.02, "1234567.02"},
    {format_tick, 1.0 / 3, "0.333333333333"},
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
    {format_time_left, 0.0, "0 s"},
    {format_time_left, -1.0, "0 s"},
    {format_time_left, (double)NAN, "0 s"},
    {format_time_left, 17.62, "18 s"},
    {format_time_left, 59.4, "59 s"},
    {format_time_left, 59.6, "1:00"},
    {format_time_left, 245.4, "4:05"},
    {format_time_left, 1e300, "2562047788015215:30:07"},
    {format_bytes, 437000.0, "437 kB"},
    {format_bytes, 0.0, "0 kB"},
    {format_bytes, 1000.0, "1 kB"},
    {format_bytes, 999499.0, "999 kB"},
    {format_bytes, 999999.0, "1 MB"},
    {format_bytes, 1e6, "1 MB"},
    {format_bytes, 81.4e6, "81 MB"},
    {format_bytes, 1e12, "1000000 MB"},
};

TEST(format_numbers, "format: numbers")
{
    for (size_t i = 0; i < COUNT(numbers); i++)
        check_text(numbers[i].format(numbers[i].value), numbers[i].text);
}

TEST(format_interval, "format: intervals")
{
    static const struct {
        double low, high;
        const char *dash, *text;
    } cases[] = {
        {0.981779, 0.986649, "–", "98.18–98.66%"},
        {0.981779, 0.986649, "-", "98.18-98.66%"},
        {0.0, 0.65762, "–", "0.00–65.76%"},
        {0.34238, 1.0, "–", "34.24–100.00%"},
        {1e-9, 1.0 - 1e-9, "–", "0.01–99.99%"},
        {(double)NAN, 1.0, "–", "-"},
        {0.0, (double)NAN, "–", "-"},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        check_text(format_interval(cases[i].low, cases[i].high, cases[i].dash), cases[i].text);
}

/* Of the texts of one to nine digits that read back the same, the shortest; of equals, the one with
 * the fewest digits. */
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
    check_string(got.text, shortest);
}

TEST(format_float, "format: floats as short as they can be")
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

TEST(format_crc32, "format: a checksum has eight digits")
{
    check_string(format_crc32(0).text, "00000000");
    check_string(format_crc32(0x0badf00d).text, "0badf00d");
    check_string(format_crc32(UINT32_MAX).text, "ffffffff");
}
