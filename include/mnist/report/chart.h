/* Charts as SVG, for an HTML page. Colours, fonts and line widths come from the page's style sheet,
 * by class. */
#ifndef MNIST_CHART_H
#define MNIST_CHART_H

#include <stdbool.h>
#include <stdio.h>

#include "mnist/base/format.h"
#include "mnist/report/curve.h"

struct metrics;

/* A line over the epochs. */
struct chart_line {
    const char *name;  /* "training" */
    const char *style; /* its class: train, val, rate */
    enum curve_figure figure;
};

/* One or two lines over the same epochs. */
struct chart {
    const char *title;
    const struct train_epoch *history; /* (count) */
    int count;                         /* >= 1 */
    const struct chart_line *lines;
    int line_count;
    bool log;    /* the axis is logarithmic where the values are above 0 and far apart */
    double most; /* the axis ends here at the latest; HUGE_VAL: anywhere */
    struct text (*axis)(double);   /* how a value along the axis looks */
    struct text (*format)(double); /* how the value of a point looks */
    int mark;                      /* an epoch to be marked on the last line; 0: none */
};

/* Writes a <figure>: title, legend, axis, lines, and the points where they are few. */
void chart_write(FILE *out, const struct chart *chart);

/* A reliability diagram (Niculescu-Mizil and Caruana 2005): for each bin that has images, how often
 * they were right over how sure the network was, ± one standard error, against the diagonal. */
void chart_write_calibration(FILE *out, const struct metrics *metrics);

#endif
