#include <math.h>

#include "mnist/net/train.h"
#include "mnist/report/curve.h"

#include "../test.h"

static bool near(double found, double wanted)
{
    return fabs(found - wanted) <= 1e-12 * fabs(wanted);
}

TEST(curve_axis, "curve: the axis of one figure, of two, of far ones")
{
    const struct train_epoch history[] = {
        {.train_loss = 0.5, .val_loss = 0.4, .train_acc = 0.25, .lr = 0.5f},
        {.train_loss = 0.125, .val_loss = 0.3, .train_acc = 0.75, .lr = 0.0f},
        {.train_loss = 0.25, .val_loss = 0.05, .train_acc = 1.0, .lr = 0.25f},
    };
    static const struct {
        enum curve_figure one, other;
        bool log_allowed;
        struct curve_axis axis;
    } cases[] = {
        {CURVE_TRAIN_LOSS, CURVE_TRAIN_LOSS, true, {0.125, 0.5, false}}, /* only four times */
        {CURVE_TRAIN_LOSS, CURVE_VAL_LOSS, true, {0.05, 0.5, true}},
        {CURVE_TRAIN_LOSS, CURVE_VAL_LOSS, false, {0.05, 0.5, false}},
        {CURVE_TRAIN_ACC, CURVE_VAL_ACC, true, {0.0, 1.0, false}}, /* not all above 0 */
        {CURVE_RATE, CURVE_RATE, true, {0.0, 0.5, false}},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct curve_axis wanted = cases[i].axis;
        const struct curve_axis axis =
            curve_axis(history, 3, cases[i].one, cases[i].other, cases[i].log_allowed);
        check(near(axis.from, wanted.from) && near(axis.to, wanted.to) && axis.log == wanted.log,
              "case %zu: %g to %g, %d", i, axis.from, axis.to, axis.log);
    }
}

TEST(curve_place, "curve: places on an axis")
{
    const struct curve_axis even = {2.0, 6.0, false}, log = {0.01, 100.0, true},
                            none = {3.0, 3.0, false};
    check(near(curve_place(&even, 3.0), 0.25) && near(curve_place(&even, 6.0), 1.0), "even: %g, %g",
          curve_place(&even, 3.0), curve_place(&even, 6.0));
    check(near(curve_place(&log, 0.1), 0.25) && near(curve_place(&log, 10.0), 0.75),
          "logarithmic: %g, %g", curve_place(&log, 0.1), curve_place(&log, 10.0));
    check(near(curve_place(&none, 3.0), 0.0), "no length: %g", curve_place(&none, 3.0));
}

/* The ends are round, and so are the ticks between them. */
TEST(curve_ticks, "curve: round ends and ticks")
{
    static const struct {
        struct curve_axis axis;
        double most, from, to;
        int count;
        double ticks[CURVE_TICKS_MAX];
    } cases[] = {
        {{0.07, 0.93, false}, HUGE_VAL, 0.0, 1.0, 6, {0, 0.2, 0.4, 0.6, 0.8, 1}},
        {{0.913, 0.988, false}, 1.0, 0.9, 1.0, 6, {0.9, 0.92, 0.94, 0.96, 0.98, 1}},
        {{1.0, 1.0, false}, 1.0, 0.9, 1.0, 6, {0.9, 0.92, 0.94, 0.96, 0.98, 1}},
        {{0.3, 1.3, false}, HUGE_VAL, 0.2, 1.4, 2, {0.5, 1}}, /* seven steps would be too many */
        {{-7.0, 11.0, false}, HUGE_VAL, -10.0, 15.0, 6, {-10, -5, 0, 5, 10, 15}},
        {{0.033, 0.22, true}, HUGE_VAL, 0.03, 0.242, 6, {0.03, 0.05, 0.07, 0.1, 0.15, 0.2}},
        {{1.1, 110.0, true}, HUGE_VAL, 1.0, 121.0, 7, {1, 2, 5, 10, 20, 50, 100}},
        {{11.0, 1e7, true}, HUGE_VAL, 10.0, 1.1e7, 4, {10, 1e3, 1e5, 1e7}},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        double ticks[CURVE_TICKS_MAX];
        const struct curve_axis axis = curve_axis_rounded(cases[i].axis, cases[i].most);
        check(near(axis.from, cases[i].from) && near(axis.to, cases[i].to), "case %zu: %g to %g", i,
              axis.from, axis.to);
        int count = curve_ticks(ticks, &axis);
        check(count == cases[i].count, "case %zu: %d ticks", i, count);
        for (int t = 0; t < count && t < cases[i].count; t++)
            check(near(ticks[t], cases[i].ticks[t]), "case %zu: tick %d is %g", i, t, ticks[t]);
    }
}

TEST(curve_step, "curve: steps")
{
    static const double lengths[] = {1.0, 2.5, 2.6, 5.0, 7.0, 11.0, 0.3, 49.0, 1e-300, 1e300};
    static const double steps[] = {0.2, 0.5, 1.0, 1.0, 2.0, 5.0, 0.1, 10.0, 2e-301, 2e299};
    for (size_t i = 0; i < COUNT(lengths); i++)
        check(fabs(curve_step(lengths[i]) / steps[i] - 1.0) < 1e-9, "%g: steps of %g", lengths[i],
              curve_step(lengths[i]));
}
