/* How numbers look, decided in one place. Each function returns its text by value:
 * printf("%s", format_count(n).text). An undefined share, loss or speed (0/0) is NaN and shown as
 * "-". */
#ifndef MNIST_FORMAT_H
#define MNIST_FORMAT_H

#include <stdint.h>

struct text {
    char text[32];
};

struct text format_count(long long n);    /* 55,000 */
struct text format_rounded(double value); /* the same for a rate, rounded */

/* Shares in [0,1]. One that is not exactly 0 or 1 never looks so: 21,999 of 22,000 are 99.99%. */
struct text format_percent(double fraction); /* 98.25% */
struct text format_probability(double p);    /* 99.8%: a model's answer for one image */
struct text format_share(double fraction);   /* 98%, 98.5%: a tick on an axis */
struct text format_loss(double nats);        /* 0.0712; 1.18e+12 */
struct text format_rate(double rate);        /* 0.001, 2.5e-05: at most three significant digits */
struct text format_tick(double value);       /* 2.5e-05, 1000, 123.452: a tick in all its digits */
struct text format_seconds(double seconds);  /* 0.26 s, 4:05, 1:02:33 */
struct text format_time_left(double s);      /* 18 s, 4:05, 1:02:33: a time still to come */
struct text format_bytes(double bytes);      /* 437 kB, 81 MB */

/* A range of shares, with this dash between them: 98.18–98.66%. */
struct text format_interval(double low, double high, const char *dash);

/* For programs, as JSON: nine significant digits, more than a float holds; null for an undefined
 * figure. */
struct text format_figure(double value);

/* A whole number for programs: its digits, in quotes above 2^53, since programs that read every
 * number as a double would get a different one. */
struct text format_integer(uint64_t value);

/* A checksum: eight hexadecimal digits, as model files and JSON have it. */
struct text format_crc32(uint32_t crc);

/* The shortest text that reads back as the same float: 0.002, not 0.00200000009; 10, not 1e+01. */
struct text format_float(float value);

#endif
