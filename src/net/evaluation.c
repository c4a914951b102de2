#include "mnist/net/evaluation.h"

#include <stdlib.h>

#include "mnist/base/memory.h"
#include "mnist/base/rmath.h"

static bool is_mistake(const struct answer *answer)
{
    return answer->predicted != answer->truth;
}

static int compare_answers(const void *a, const void *b)
{
    const struct answer *x = a, *y = b;
    if (is_mistake(x) != is_mistake(y))
        return is_mistake(x) ? -1 : 1;
    if (is_mistake(x) && (x->probability > y->probability || x->probability < y->probability))
        return x->probability > y->probability ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

static void gather(struct evaluation *e, const struct dataset *dataset, const float *loss,
                   struct decision *decisions)
{
    int count = dataset->count;
    for (int i = 0; i < count; i++) {
        const float *p = e->p + (size_t)i * CLASSES;
        int truth = dataset->labels[i], predicted = metrics_argmax(p);
        metrics_add(&e->metrics, truth, p, loss[i]);
        decisions[i] = (struct decision){p[predicted], predicted == truth};
        e->answers[i] = (struct answer){i, truth, predicted, p[predicted]};
        e->mistakes += predicted != truth;
    }
    if (!rmath_is_finite_double(e->metrics.loss_sum)) /* NaN has no place in an order */
        return;
    e->coverage = metrics_coverage(decisions, count, COVERAGE_RISK);
    qsort(e->answers, (size_t)count, sizeof *e->answers, compare_answers);
}

int evaluation_run(struct evaluation *evaluation, const struct network *network,
                   const struct dataset *dataset, struct error *err)
{
    struct evaluation *e = evaluation;
    size_t count = (size_t)dataset->count;
    *e = (struct evaluation){.p = mem_alloc(count, CLASSES * sizeof *e->p, err),
                             .answers = mem_alloc(count, sizeof *e->answers, err)};
    float *loss = mem_alloc(count, sizeof *loss, err);
    struct decision *decisions = mem_alloc(count, sizeof *decisions, err);
    int failed = !e->p || !e->answers || !loss || !decisions;
    if (!failed) {
        network_predict(network, dataset, NULL, dataset->count, e->p, loss);
        gather(e, dataset, loss, decisions);
    }
    mem_free(loss);
    mem_free(decisions);
    return failed ? -1 : 0;
}

void evaluation_free(struct evaluation *evaluation)
{
    mem_free(evaluation->p);
    mem_free(evaluation->answers);
    *evaluation = (struct evaluation){0};
}
