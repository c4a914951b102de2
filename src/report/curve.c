#include "mnist/report/curve.h"

#include <float.h>
#include <math.h>

#include "mnist/base/rmath.h"
#include "mnist/net/train.h"

double curve_value(const struct train_epoch *epoch, enum curve_figure figure)
{
    const double values[] = {[CURVE_TRAIN_LOSS] = epoch->train_loss,
                             [CURVE_TRAIN_ACC] = epoch->train_acc,
                             [CURVE_VAL_LOSS] = epoch->val_loss,
                             [CURVE_VAL_ACC] = epoch->val_acc,
                             [CURVE_RATE] = (double)epoch->lr};
    return values[figure];
}

/* --- the axis --- */

struct curve_axis curve_axis(const struct train_epoch *history, int count, enum curve_figure one,
                             enum curve_figure other, bool log_allowed)
{
    struct curve_axis axis = {.from = curve_value(&history[0], one)};
    axis.to = axis.from;
    for (int e = 0; e < count; e++) {
        double a = curve_value(&history[e], one), b = curve_value(&history[e], other);
        axis.from = fmin(axis.from, fmin(a, b));
        axis.to = fmax(axis.to, fmax(a, b));
    }
    axis.log = log_allowed && axis.from > 0.0 && axis.to > 5.0 * axis.from;
    return axis;
}

/* Shorter axes count as having no length: steps could not be told from 0, or from each other. */
static const double SHORTEST = DBL_MIN * 1e6, SHORTEST_SHARE = 1e-9;

struct curve_axis curve_axis_rounded(struct curve_axis axis, double most)
{
    double low = axis.from, high = axis.to;
    if (axis.log)
        return (struct curve_axis){low / 1.1, high * 1.1, true};
    /* A line without length is put in the middle of some steps. */
    bool alone = !(high - low >= fmax(SHORTEST, SHORTEST_SHARE * fabs(high)));
    double step = curve_step(alone ? 1e-9 + fabs(high) / 4.0 : high - low);
    return (struct curve_axis){
        .from = step * (floor(low / step) - (alone ? 1.0 : 0.0)),
        .to = fmin(most, step * (ceil(high / step) + (alone ? 1.0 : 0.0))),
    };
}

double curve_place(const struct curve_axis *axis, double value)
{
    if (!(axis->to > axis->from))
        return 0.0;
    return axis->log ? (log(value) - log(axis->from)) / (log(axis->to) - log(axis->from))
                     : (value - axis->from) / (axis->to - axis->from);
}

/* --- its ticks --- */

double curve_step(double length)
{
    const double most = CURVE_STEPS;
    double step = pow(10.0, floor(log10(length / most)));
    for (int i = 0; length / step > most; i++)
        step *= i % 3 == 1 ? 2.5 : 2.0;
    return step;
}

/* A logarithm's whole part: doubles are between 10^-324 and 10^309. */
static int power_of(double logarithm)
{
    return (int)rmath_whole(logarithm, -400, 400);
}

/* Multiples of powers of ten: the fewer the powers, the more of each; of many, some are skipped. */
static int log_ticks(double ticks[CURVE_TICKS_MAX], const struct curve_axis *axis)
{
    static const struct {
        double decades;
        int count;
        double of[6];
    } multiples[] = {{1.2, 6, {1, 1.5, 2, 3, 5, 7}}, {2.5, 3, {1, 2, 5}}, {HUGE_VAL, 1, {1}}};
    double decades = log10(axis->to) - log10(axis->from);
    int m = 0, step = 1 + power_of(decades / (double)CURVE_STEPS), found = 0;
    while (decades > multiples[m].decades)
        m++;
    for (int power = power_of(log10(axis->from)); power <= power_of(log10(axis->to));
         power += step) {
        for (int i = 0; i < multiples[m].count && found < CURVE_TICKS_MAX; i++) {
            double value = multiples[m].of[i] * pow(10.0, power);
            if (value >= axis->from && value <= axis->to)
                ticks[found++] = value;
        }
    }
    return found;
}

int curve_ticks(double ticks[CURVE_TICKS_MAX], const struct curve_axis *axis)
{
    if (axis->log)
        return log_ticks(ticks, axis);
    double step = curve_step(axis->to - axis->from);
    /* An end that rounding has put beside a multiple of the step is that multiple. */
    double first = ceil(axis->from / step - 1e-3), last = floor(axis->to / step + 1e-3);
    int count = 1 + (int)rmath_whole(last - first, 0, CURVE_TICKS_MAX - 1);
    for (int i = 0; i < count; i++)
        ticks[i] = (first + i) * step;
    return count;
}
