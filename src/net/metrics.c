#include "mnist/net/metrics.h"

#include <math.h>
#include <stdlib.h>

#include "mnist/base/rmath.h"

int metrics_argmax(const float *p)
{
    int best = 0;
    for (int c = 1; c < CLASSES; c++)
        if (p[c] > p[best])
            best = c;
    return best;
}

int metrics_second(const float *p)
{
    int first = metrics_argmax(p), second = first == 0;
    for (int c = 0; c < CLASSES; c++)
        if (c != first && p[c] > p[second])
            second = c;
    return second;
}

/* The bin ((i-1)/15, i/15] has number i-1. NaN counts as 0. */
static int bin_of(float confidence)
{
    float end = ceilf(confidence * (float)CALIBRATION_BINS);
    return (int)rmath_whole((double)end - 1.0, 0, CALIBRATION_BINS - 1);
}

void metrics_add(struct metrics *metrics, int truth, const float *p, float loss)
{
    int predicted = metrics_argmax(p);
    struct calibration_bin *bin = &metrics->bins[bin_of(p[predicted])];
    bin->count++;
    bin->correct += truth == predicted;
    bin->confidence += (double)p[predicted];
    metrics->count++;
    metrics->correct += truth == predicted;
    metrics->loss_sum += (double)loss;
    metrics->confusion[truth][predicted]++;
}

/* A share of nothing, 0/0, is undefined (NaN); 0/n is 0. */
static double share(double part, int whole)
{
    return whole ? part / whole : (double)NAN;
}

double metrics_loss(const struct metrics *metrics)
{
    return share(metrics->loss_sum, metrics->count);
}

double metrics_accuracy(const struct metrics *metrics)
{
    return share(metrics->correct, metrics->count);
}

/* The ends of 0/n and n/n are exact, whatever the rounding. */
struct interval metrics_interval(int part, int whole)
{
    const double z = 1.959964, square = share(z * z, whole), p = share(part, whole);
    double middle = (p + square / 2.0) / (1.0 + square);
    double half = sqrt(square * (p * (1.0 - p) + square / 4.0)) / (1.0 + square);
    return (struct interval){
        .low = whole && part == 0 ? 0.0 : middle - half,
        .high = whole && part == whole ? 1.0 : middle + half,
    };
}

double metrics_calibration_error(const struct metrics *metrics)
{
    double sum = 0.0;
    for (int i = 0; i < CALIBRATION_BINS; i++)
        sum += fabs(metrics->bins[i].correct - metrics->bins[i].confidence);
    return share(sum, metrics->count);
}

static int most_confident_first(const void *a, const void *b)
{
    float x = ((const struct decision *)a)->confidence,
          y = ((const struct decision *)b)->confidence;
    return (x < y) - (x > y);
}

double metrics_coverage(struct decision *decisions, int count, double risk)
{
    int wrong = 0, covered = 0;
    qsort(decisions, (size_t)count, sizeof *decisions, most_confident_first);
    for (int i = 0; i < count; i++) {
        wrong += !decisions[i].correct;
        /* Equal confidences are covered together or not at all. */
        bool last = i + 1 == count || decisions[i + 1].confidence < decisions[i].confidence;
        if (last && wrong <= risk * (i + 1))
            covered = i + 1;
    }
    return share(covered, count);
}

struct class_metrics metrics_class(const struct metrics *metrics, int digit)
{
    struct class_metrics figures = {.hits = metrics->confusion[digit][digit]};
    for (int c = 0; c < CLASSES; c++) {
        figures.guesses += metrics->confusion[c][digit];
        figures.support += metrics->confusion[digit][c];
    }
    figures.precision = share(figures.hits, figures.guesses);
    figures.recall = share(figures.hits, figures.support);
    figures.f1 = share(2.0 * figures.hits, figures.guesses + figures.support);
    return figures;
}
