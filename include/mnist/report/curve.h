/* Learning curves, wherever they are drawn: the figures of a history, their axis, and where values
 * and ticks are on it. */
#ifndef MNIST_CURVE_H
#define MNIST_CURVE_H

#include <stdbool.h>

struct train_epoch;

/* The figures of an epoch that have curves. */
enum curve_figure { CURVE_TRAIN_LOSS, CURVE_TRAIN_ACC, CURVE_VAL_LOSS, CURVE_VAL_ACC, CURVE_RATE };

double curve_value(const struct train_epoch *epoch, enum curve_figure figure);

struct curve_axis {
    double from, to;
    bool log; /* logarithmic */
};

/* The axis from the smallest to the largest value of one or two figures over a history (count
 * >= 1). If allowed, it is logarithmic when all values are above 0 and the largest is more than
 * five times the smallest. */
struct curve_axis curve_axis(const struct train_epoch *history, int count, enum curve_figure one,
                             enum curve_figure other, bool log_allowed);

/* The axis made longer: a logarithmic one by a tenth at either end, another to whole steps of its
 * ticks, but not beyond `most`. */
struct curve_axis curve_axis_rounded(struct curve_axis axis, double most);

/* How far along the axis a value is: 0 at its start … 1 at its end. 0 if the axis has no length. */
double curve_place(const struct curve_axis *axis, double value);

/* The most steps that an axis should have, and the most ticks that it can have. */
enum { CURVE_STEPS = 5, CURVE_TICKS_MAX = 24 };

/* The smallest step of 1, 2 or 5 times a power of ten that divides `length`, a normal number, into
 * at most CURVE_STEPS. */
double curve_step(double length);

/* Sets the axis's ticks, ascending; returns how many there are. */
int curve_ticks(double ticks[CURVE_TICKS_MAX], const struct curve_axis *axis);

#endif
