#include "mnist/format.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

struct text format_percent(double fraction)
{
    struct text result;
    snprintf(result.text, sizeof result.text, "%.2f%%", 100.0 * fraction);
    return result;
}

struct text format_probability(double p)
{
    struct text result;
    snprintf(result.text, sizeof result.text, "%.1f%%", 100.0 * p);
    return result;
}

struct text format_share(double fraction)
{
    struct text result;
    snprintf(result.text, sizeof result.text, "%.4g%%", 100.0 * fraction);
    return result;
}

struct text format_loss(double nats)
{
    struct text result;
    snprintf(result.text, sizeof result.text, nats < 1000.0 ? "%.4f" : "%.3g", nats);
    return result;
}

struct text format_rate(double rate)
{
    struct text result;
    snprintf(result.text, sizeof result.text, "%.3g", rate);
    return result;
}

struct text format_seconds(double seconds)
{
    struct text result;
    long whole = (long)(seconds + 0.5);
    if (seconds < 59.995)
        snprintf(result.text, sizeof result.text, "%.2f s", seconds);
    else if (whole < 3600)
        snprintf(result.text, sizeof result.text, "%ld:%02ld", whole / 60, whole % 60);
    else
        snprintf(result.text, sizeof result.text, "%ld:%02ld:%02ld", whole / 3600, whole / 60 % 60,
                 whole % 60);
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
    struct text result;
    snprintf(result.text, sizeof result.text, "%.9g", value);
    return result;
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
