/* Learning curves, wherever they are drawn: the figures of a history, the axis they want, and where
 * values and ticks are on it. */
#ifndef MNIST_CURVE_H
#define MNIST_CURVE_H

#include <stdbool.h>

struct train_epoch;

/* The figures of an epoch that curves are drawn of. */
enum curve_figure { CURVE_TRAIN_LOSS, CURVE_TRAIN_ACC, CURVE_VAL_LOSS, CURVE_VAL_ACC, CURVE_RATE };

double curve_value(const struct train_epoch *epoch, enum curve_figure figure);

struct curve_axis {
    double from, to;
    bool log; /* logarithmic */
};

/* The axis from the smallest to the largest of one figure or two over a history (count >= 1). It is
 * logarithmic, where that is allowed, if all are above 0 and the largest is more than five times
 * the smallest. */
struct curve_axis curve_axis(const struct train_epoch *history, int count, enum curve_figure one,
                             enum curve_figure other, bool log_allowed);

/* The axis made longer: logarithmic, by a tenth at either end; else to whole steps of its ticks,
 * but not beyond `most`. */
struct curve_axis curve_axis_rounded(struct curve_axis axis, double most);

/* How far along the axis a value is: 0 at its begin … 1 at its end. 0 on an axis without length. */
double curve_place(const struct curve_axis *axis, double value);

/* As many steps as the eye wants along an axis, and as many ticks as there can be. */
enum { CURVE_STEPS = 5, CURVE_TICKS_MAX = 24 };

/* 1, 2 or 5 times a power of ten: the smallest step of which at most CURVE_STEPS make `length`, a
 * normal number. */
double curve_step(double length);

/* Ticks for the axis, ascending; returns how many. */
int curve_ticks(double ticks[CURVE_TICKS_MAX], const struct curve_axis *axis);

#endif
