/* Charts as SVG, for an HTML page. Colours, fonts and line widths are attributes; a style sheet may
 * give them other colours, by class. */
#ifndef MNIST_CHART_H
#define MNIST_CHART_H

#include <stdbool.h>
#include <stdio.h>

#include "mnist/base/format.h"
#include "mnist/report/curve.h"

struct metrics;

/* A line over the epochs. */
struct chart_line {
    const char *name;  /* in the legend: "training" */
    const char *style; /* its class: train (orange), val, rate (blue) */
    enum curve_figure figure;
};

/* One or two lines over the same epochs. */
struct chart {
    const char *title;
    const struct train_epoch *history; /* (count) */
    int count;                         /* >= 1 */
    const struct chart_line *lines;
    int line_count;
    bool log;    /* the axis is logarithmic if the values are above 0 and far apart */
    double most; /* the largest value the axis may reach; HUGE_VAL: no limit */
    struct text (*axis)(double);   /* formats a value along the axis */
    struct text (*format)(double); /* formats the value of a point */
    int mark;                      /* the epoch to mark on the last line; 0: none */
};

/* Writes a <figure>: title, legend, axes, lines, and the points if they are few. */
void chart_write(FILE *out, const struct chart *chart);

/* Writes a reliability diagram (Niculescu-Mizil and Caruana 2005): for each bin that has images,
 * how often the network was right over how sure it was, with its 95% interval, and the diagonal. */
void chart_write_calibration(FILE *out, const struct metrics *metrics);

#endif
