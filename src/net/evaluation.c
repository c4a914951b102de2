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

void evaluation_measure(const struct network *network, const struct dataset *dataset,
                        const int *indices, int count, float *p, float *loss,
                        struct metrics *metrics)
{
    *metrics = (struct metrics){0};
    evaluation_predict(network, dataset, indices, count, p, loss);
    for (int i = 0; i < count; i++)
        metrics_add(metrics, dataset->labels[indices ? indices[i] : i], p + (size_t)i * CLASSES,
                    loss[i]);
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

int evaluation_create(struct evaluation *evaluation, int count, struct error *err)
{
    struct evaluation *e = evaluation;
    size_t n = (size_t)count;
    *e = (struct evaluation){.p = mem_alloc(n, CLASSES * sizeof *e->p, err),
                             .loss = mem_alloc(n, sizeof *e->loss, err),
                             .decisions = mem_alloc(n, sizeof *e->decisions, err),
                             .answers = mem_alloc(n, sizeof *e->answers, err)};
    return e->p && e->loss && e->decisions && e->answers ? 0 : -1;
}

void evaluation_run(struct evaluation *evaluation, const struct network *network,
                    const struct dataset *dataset)
{
    struct evaluation *e = evaluation;
    int count = dataset->count;
    evaluation_measure(network, dataset, NULL, count, e->p, e->loss, &e->metrics);
    e->mistakes = 0;
    for (int i = 0; i < count; i++) {
        const float *p = e->p + (size_t)i * CLASSES;
        int truth = dataset->labels[i], predicted = metrics_argmax(p);
        e->decisions[i] = (struct decision){p[predicted], predicted == truth};
        e->answers[i] = (struct answer){i, truth, predicted, p[predicted]};
        e->mistakes += predicted != truth;
    }
    if (!rmath_is_finite_double(e->metrics.loss_sum)) /* NaN cannot be sorted */
        return;
    e->coverage = metrics_coverage(e->decisions, count, COVERAGE_RISK);
    qsort(e->answers, (size_t)count, sizeof *e->answers, compare_answers);
}

void evaluation_free(struct evaluation *evaluation)
{
    mem_free(evaluation->p);
    mem_free(evaluation->loss);
    mem_free(evaluation->decisions);
    mem_free(evaluation->answers);
    *evaluation = (struct evaluation){0};
}
