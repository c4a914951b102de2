#include <math.h>

#include "mnist/net/metrics.h"
#include "mnist/net/params.h"

#include "../test.h"

TEST(argmax, "metrics: argmax and ties")
{
    for (int best = 0; best < CLASSES; best++)
        for (int tie = best; tie < CLASSES; tie++) {
            float p[CLASSES];
            for (int c = 0; c < CLASSES; c++)
                p[c] = 0.01f * (float)((c * 7) % 10);
            p[best] = p[tie] = 0.5f;
            check(metrics_argmax(p) == best, "largest at %d and %d: %d", best, tie,
                  metrics_argmax(p));
            if (tie > best)
                check(metrics_second(p) == tie, "second at %d: %d", tie, metrics_second(p));
        }
    float equal[CLASSES] = {0};
    check_int(metrics_argmax(equal), 0);
    float below[CLASSES] = {-3, -2, -1, -2, -3, -4, -5, -6, -7, -8};
    check_int(metrics_argmax(below), 2);
    check_int(metrics_second(below), 1);
    check_int(metrics_second(equal), 1);
}

/* Adds a sample whose predicted class has probability p; the others share the rest equally. */
static void add_prediction(struct metrics *metrics, int truth, int predicted, float p, float loss)
{
    float row[CLASSES];
    for (int c = 0; c < CLASSES; c++)
        row[c] = c == predicted ? p : (1.0f - p) / 9.0f;
    metrics_add(metrics, truth, row, loss);
}

/* Ten samples: 6 of class 0 (4 right, 2 taken for 1), 3 of class 1 (all right), 1 of class 2 (taken
 * for 0). */
static void metrics_example(struct metrics *metrics)
{
    static const int samples[][2] = {{0, 0}, {0, 0}, {1, 1}, {0, 1}, {2, 0},
                                     {0, 0}, {1, 1}, {0, 1}, {0, 0}, {1, 1}};
    *metrics = (struct metrics){0};
    for (int i = 0; i < 10; i++)
        add_prediction(metrics, samples[i][0], samples[i][1], 0.9f, 0.25f * (float)i);
}

/* Whether two figures are equal; undefined (NaN) equals undefined. */
static bool same_figure(double got, double wanted)
{
    return isnan(wanted) ? isnan(got) : fabs(got - wanted) <= 1e-15;
}

static void check_class(const struct metrics *metrics, int digit, double precision, double recall,
                        double f1, int support)
{
    struct class_metrics got = metrics_class(metrics, digit);
    check(same_figure(got.precision, precision), "class %d: precision %g", digit, got.precision);
    check(same_figure(got.recall, recall), "class %d: recall %g", digit, got.recall);
    check(same_figure(got.f1, f1), "class %d: F1 %g", digit, got.f1);
    test_case("class %d", digit);
    check_int(got.support, support);
    check(same_figure(got.precision, got.guesses ? (double)got.hits / got.guesses : (double)NAN),
          "class %d: %d of %d guesses", digit, got.hits, got.guesses);
}

static const double UNDEFINED = (double)NAN;

TEST(metrics, "metrics: a worked example")
{
    struct metrics metrics;
    metrics_example(&metrics);
    check(metrics.count == 10 && metrics.correct == 7, "%d of %d", metrics.correct, metrics.count);
    check(metrics_loss(&metrics) == 1.125, "mean loss %g", metrics_loss(&metrics));
    check(metrics_accuracy(&metrics) == 0.7, "accuracy %g", metrics_accuracy(&metrics));
    for (int truth = 0; truth < CLASSES; truth++)
        for (int predicted = 0; predicted < CLASSES; predicted++) {
            int want = 0;
            if (truth == 0)
                want = predicted == 0 ? 4 : predicted == 1 ? 2 : 0;
            else if (truth < 3)
                want = truth == 1 && predicted == 1 ? 3 : truth == 2 && predicted == 0 ? 1 : 0;
            check(metrics.confusion[truth][predicted] == want, "confusion[%d][%d] = %d", truth,
                  predicted, metrics.confusion[truth][predicted]);
        }
    check_class(&metrics, 0, 4.0 / 5.0, 4.0 / 6.0, 8.0 / 11.0, 6);
    check_class(&metrics, 1, 3.0 / 5.0, 1.0, 0.75, 3);
    check_class(&metrics, 2, UNDEFINED, 0.0, 0.0, 1);             /* never predicted */
    check_class(&metrics, 3, UNDEFINED, UNDEFINED, UNDEFINED, 0); /* never true, either */
    add_prediction(&metrics, 1, 4, 0.9f, 0.0f);
    check_class(&metrics, 4, 0.0, UNDEFINED, 0.0, 0); /* predicted, but never true */
}

/* The score test's own words: at either end, part/whole is 1.959964 standard deviations away. */
TEST(metrics_interval, "metrics: Wilson's interval")
{
    static const struct {
        int part, whole;
        double low, high;
    } cases[] = {
        {9844, 10000, 0.981779, 0.986649}, {0, 2, 0.0, 0.657620},         {2, 2, 0.342380, 1.0},
        {1, 2, 0.094531, 0.905469},        {0, 1, 0.0, 0.793451},         {5, 5, 0.565518, 1.0},
        {0, 1000000, 0.0, 3.84144e-6},     {81, 263, 0.255289, 0.366210},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int k = cases[i].part, n = cases[i].whole;
        const struct interval found = metrics_interval(k, n);
        check(fabs(found.low - cases[i].low) <= 1e-6 && fabs(found.high - cases[i].high) <= 1e-6,
              "%d of %d: %.6f to %.6f", k, n, found.low, found.high);
        const double ends[] = {found.low, found.high};
        for (int end = 0; end < 2; end++) {
            double p = ends[end], away = fabs((double)k / n - p);
            check(fabs(away - 1.959964 * sqrt(p * (1.0 - p) / n)) <= 1e-9, "%d of %d: end %.9g", k,
                  n, p);
        }
    }
    for (int n = 1; n <= 300; n++)
        check(metrics_interval(0, n).low == 0.0 && metrics_interval(n, n).high == 1.0 &&
                  metrics_interval(0, n).high > 0.0 && metrics_interval(n, n).low < 1.0,
              "the ends of 0 of %d and of %d of %d", n, n, n);
    const struct interval none = metrics_interval(0, 0);
    check(isnan(none.low) && isnan(none.high), "0 of 0: %g to %g", none.low, none.high);
}

TEST(metrics_empty, "metrics: no samples")
{
    struct metrics metrics = {0};
    check(isnan(metrics_loss(&metrics)) && isnan(metrics_accuracy(&metrics)),
          "no samples: loss %g, accuracy %g", metrics_loss(&metrics), metrics_accuracy(&metrics));
    check_class(&metrics, 0, UNDEFINED, UNDEFINED, UNDEFINED, 0);
}

/* In float, a million losses of 0.1 after one of 1e4 would be lost. */
TEST(metrics_long_sum, "metrics: long sums")
{
    struct metrics metrics = {0};
    add_prediction(&metrics, 0, 0, 0.9f, 1e4f);
    for (int i = 1; i < 1000000; i++)
        add_prediction(&metrics, 0, 0, 0.9f, 0.1f);
    double want = (1e4 + 999999 * (double)0.1f) / 1e6;
    check(fabs(metrics_loss(&metrics) - want) <= 1e-9, "mean %.12g, not %.12g",
          metrics_loss(&metrics), want);
}

/* Bins of a fifteenth, closed above: 0.2 = 3/15 is in the third with 0.14, 0.21 in the fourth. */
TEST(calibration, "metrics: calibration")
{
    struct metrics metrics = {0};
    check(isnan(metrics_calibration_error(&metrics)), "no samples");
    add_prediction(&metrics, 3, 3, 0.2f, 0.0f);
    add_prediction(&metrics, 4, 3, 0.14f, 0.0f);
    add_prediction(&metrics, 3, 3, 0.21f, 0.0f);
    add_prediction(&metrics, 3, 3, 1.0f, 0.0f);
    add_prediction(&metrics, 4, 3, 1.0f, 0.0f);
    double want = (fabs(1 - 0.34) + fabs(1 - 0.21) + fabs(1 - 2.0)) / 5.0;
    check(fabs(metrics_calibration_error(&metrics) - want) <= 1e-8, "%.9g, not %.9g",
          metrics_calibration_error(&metrics), want);
    check(metrics.bins[2].count == 2 && metrics.bins[3].count == 1 && metrics.bins[14].count == 2,
          "%d, %d, %d samples in the bins", metrics.bins[2].count, metrics.bins[3].count,
          metrics.bins[14].count);
    float nothing[CLASSES];
    for (int c = 0; c < CLASSES; c++)
        nothing[c] = NAN;
    metrics_add(&metrics, 0, nothing, NAN);
    check(metrics.bins[0].count == 1, "NaN is in no bin, or in another than the first");
}

TEST(coverage, "metrics: coverage at a risk")
{
    struct decision all[] = {{0.5f, true}, {0.9f, true}, {0.7f, false}, {0.8f, true}, {0.6f, true}};
    check_double(metrics_coverage(all, 5, 0.0), 0.4);
    check_double(metrics_coverage(all, 5, 0.2), 1.0);
    check(metrics_coverage(all, 5, 0.24) == 1.0 && metrics_coverage(all, 4, 0.19) == 0.5, "%g, %g",
          metrics_coverage(all, 5, 0.24), metrics_coverage(all, 4, 0.19));
    struct decision equal[] = {{0.9f, true}, {0.8f, true}, {0.8f, false}};
    check(metrics_coverage(equal, 3, 0.0) * 3.0 == 1.0, "of equal confidences one was covered: %g",
          metrics_coverage(equal, 3, 0.0));
    check(isnan(metrics_coverage(all, 0, 0.5)), "no samples");
}
