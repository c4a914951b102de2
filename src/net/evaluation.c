#include "mnist/net/evaluation.h"

#include <stdlib.h>
#include <string.h>

#include "mnist/base/memory.h"
#include "mnist/base/rmath.h"
#include "mnist/base/team.h"
#include "mnist/data/dataset.h"
#include "mnist/net/forward.h"
#include "mnist/net/network.h"

/* --- probabilities --- */

struct prediction {
    const struct network *network;
    const struct dataset *dataset;
    const int *indices;
    int count;
    float *p, *loss;
};

static void predict_task(void *context, int chunk)
{
    const struct prediction *job = context;
    size_t from = (size_t)chunk * FORWARD_CHUNK;
    struct forward f;
    int B = forward_images(&f, job->network->kernels, job->network->params, job->dataset,
                           job->indices, job->count, chunk);
    if (job->p)
        memcpy(job->p + from * CLASSES, f.p, (size_t)(B * CLASSES) * sizeof *f.p);
    if (job->loss)
        memcpy(job->loss + from, f.loss, (size_t)B * sizeof *f.loss);
}

void evaluation_predict(const struct network *network, const struct dataset *dataset,
                        const int *indices, int count, float *p, float *loss)
{
    struct prediction job = {network, dataset, indices, count, p, loss};
    team_run(network->team, forward_chunks(count), predict_task, &job);
}

int evaluation_measure(const struct network *network, const struct dataset *dataset,
                       const int *indices, int count, struct metrics *metrics, struct error *err)
{
    float *p = mem_alloc((size_t)count, CLASSES * sizeof *p, err);
    float *loss = mem_alloc((size_t)count, sizeof *loss, err);
    *metrics = (struct metrics){0};
    if (p && loss) {
        evaluation_predict(network, dataset, indices, count, p, loss);
        for (int i = 0; i < count; i++)
            metrics_add(metrics, dataset->labels[indices ? indices[i] : i], p + (size_t)i * CLASSES,
                        loss[i]);
    }
    int failed = !p || !loss;
    mem_free(p);
    mem_free(loss);
    return failed ? -1 : 0;
}

/* --- answers --- */

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
    if (!rmath_is_finite_double(e->metrics.loss_sum)) /* NaN cannot be sorted */
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
        evaluation_predict(network, dataset, NULL, dataset->count, e->p, loss);
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
