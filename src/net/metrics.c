#include "mnist/metrics.h"

#include <math.h>

int metrics_argmax(const float *p)
{
    int best = 0;
    for (int c = 1; c < CLASSES; c++)
        if (p[c] > p[best])
            best = c;
    return best;
}

void metrics_add(struct metrics *metrics, int truth, int predicted, float loss)
{
    metrics->count++;
    metrics->correct += truth == predicted;
    metrics->loss += (double)loss;
    metrics->confusion[truth][predicted]++;
}

double metrics_loss(const struct metrics *metrics)
{
    return metrics->count ? metrics->loss / metrics->count : 0.0;
}

double metrics_accuracy(const struct metrics *metrics)
{
    return metrics->count ? (double)metrics->correct / metrics->count : 0.0;
}

double metrics_standard_error(const struct metrics *metrics)
{
    double a = metrics_accuracy(metrics);
    return metrics->count ? sqrt(a * (1.0 - a) / metrics->count) : 0.0;
}

struct class_metrics metrics_class(const struct metrics *metrics, int digit)
{
    int hits = metrics->confusion[digit][digit], predicted = 0;
    struct class_metrics figures = {0};
    for (int c = 0; c < CLASSES; c++) {
        predicted += metrics->confusion[c][digit];
        figures.support += metrics->confusion[digit][c];
    }
    if (predicted)
        figures.precision = (double)hits / predicted;
    if (figures.support)
        figures.recall = (double)hits / figures.support;
    if (hits)
        figures.f1 =
            2.0 * figures.precision * figures.recall / (figures.precision + figures.recall);
    return figures;
}
