#include "measure.h"

#include <stdlib.h>
#include <string.h>

#include "mnist/base/clock.h"
#include "mnist/base/memory.h"
#include "mnist/cli/engine.h"
#include "mnist/data/split.h"
#include "mnist/net/evaluation.h"
#include "mnist/net/network.h"
#include "mnist/net/step.h"
#include "mnist/net/train.h"

/* Every option of training. */
static const struct train_options recipe = {
    .epochs = 1,
    .batch = MEASURE_BATCH,
    .lr = 1e-3f,
    .l2 = 1e-4f,
    .dropout = 0.0f,
    .patience = 0,
    .val = 0,
    .schedule = SCHEDULE_COSINE,
    .warmup = 0,
    .label_smoothing = 0.0f,
    .augment = {.rotate = 0, .scale = 0, .shear = 0, .shift = 0, .elastic = 0},
    .ema = 0.0f,
    .seed = 1,
};

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double measure_median(double *values, int n)
{
    qsort(values, (size_t)n, sizeof *values, compare);
    return n % 2 ? values[n / 2] : 0.5 * (values[n / 2 - 1] + values[n / 2]);
}

double measure_ink(const struct dataset *dataset)
{
    double bits = 0;
    for (size_t i = 0; i < (size_t)dataset->count * IMAGE_WORDS; i++)
        bits += __builtin_popcountll(dataset->masks[i]);
    return bits / dataset->count;
}

/* The seconds of a run's epochs, and of its tasks, if those are wanted. */
struct record {
    double seconds[MEASURE_EPOCHS], total;
    int epochs;
    struct step_times *times; /* (STEP_TASKS), or NULL */
};

/* What the first epoch took is forgotten. */
static void note_epoch(void *context, const struct train_state *state)
{
    struct record *record = context;
    double seconds = state->history[state->epochs_run - 1].seconds;
    if (state->epochs_run > 1) {
        record->total += seconds;
        record->seconds[record->epochs++] = seconds;
    } else if (record->times) {
        memset(record->times, 0, STEP_TASKS * sizeof *record->times);
    }
}

static int train(const struct measure *measure, int epochs, const struct common_options *common,
                 const struct dataset *dataset, struct record *record, struct error *err)
{
    struct engine engine = {0};
    struct split split;
    struct train_result result;
    struct common_options machine = *common;
    struct train_options options = recipe;
    struct train_callbacks callbacks = {.on_epoch = note_epoch, .context = record};
    machine.threads = measure->threads;
    options.epochs = epochs + 1;
    options.batch = measure->batch;
    if (split_create(&split, dataset, dataset->count - measure->images, 1, err))
        return -1;
    split.val_count = 0; /* the rest is left alone, not validated on */
    int failed = engine_find(&engine, &machine, err) || engine_start(&engine, measure->batch, err);
    if (!failed) {
        engine.network.times = record->times;
        failed =
            train_run(&result, &engine.network, dataset, &split, &options, NULL, &callbacks, err);
    }
    if (!failed)
        train_result_free(&result);
    engine_close(&engine);
    split_free(&split);
    return failed ? -1 : 0;
}

int measure_seconds(struct measure *measure, const struct common_options *common,
                    const struct dataset *dataset, struct error *err)
{
    struct record record = {.times = NULL};
    if (train(measure, measure->epochs, common, dataset, &record, err))
        return -1;
    measure->seconds = measure_median(record.seconds, record.epochs);
    return 0;
}

int measure_shares(struct measure *measure, const struct common_options *common,
                   const struct dataset *dataset, struct error *err)
{
    struct record record = {.times = mem_calloc(STEP_TASKS, sizeof *record.times, err)};
    int failed =
        !record.times || train(measure, (measure->epochs + 1) / 2, common, dataset, &record, err);
    if (!failed) {
        double total = measure->threads * record.total;
        measure->forward = measure->backward = measure->update = 0.0;
        for (int i = 0; i < STEP_TASKS; i++) {
            measure->forward += record.times[i].forward / total;
            measure->backward += record.times[i].backward / total;
            measure->update += record.times[i].update / total;
        }
        measure->wait = 1.0 - measure->forward - measure->backward - measure->update;
    }
    mem_free(record.times);
    return failed ? -1 : 0;
}

/* A data set of `images` images, made by repeating another; freed with free_repeated, even after a
 * failure. */
static int repeat(struct dataset *to, const struct dataset *from, int images, struct error *err)
{
    size_t n = (size_t)images;
    uint8_t *pixels = mem_alloc(n, IMAGE_PIXELS, err), *labels = mem_alloc(n, 1, err);
    uint64_t *masks = mem_alloc(n, IMAGE_WORDS * sizeof *masks, err);
    *to = (struct dataset){.count = images, .pixels = pixels, .labels = labels, .masks = masks};
    if (!pixels || !labels || !masks)
        return -1;
    for (size_t i = 0; i < n; i++) {
        size_t source = i % (size_t)from->count;
        memcpy(pixels + i * IMAGE_PIXELS, from->pixels + source * IMAGE_PIXELS, IMAGE_PIXELS);
        memcpy(masks + i * IMAGE_WORDS, from->masks + source * IMAGE_WORDS,
               IMAGE_WORDS * sizeof *masks);
        labels[i] = from->labels[source];
    }
    return 0;
}

static void free_repeated(struct dataset *dataset)
{
    mem_free((void *)dataset->pixels);
    mem_free((void *)dataset->labels);
    mem_free(dataset->masks);
}

int measure_all(struct measure *measure, const struct common_options *common,
                const struct dataset *dataset, struct error *err)
{
    struct dataset repeated = {0};
    bool few = measure->images > dataset->count;
    const struct dataset *images = few ? &repeated : dataset;
    int failed = (few && repeat(&repeated, dataset, measure->images, err)) ||
                 measure_shares(measure, common, images, err) ||
                 measure_seconds(measure, common, images, err);
    free_repeated(&repeated);
    return failed ? -1 : 0;
}

int measure_prediction(double *seconds, const struct common_options *common,
                       const struct dataset *dataset, struct error *err)
{
    enum { RUNS = 15 };
    struct engine engine = {0};
    double runs[RUNS];
    struct common_options machine = *common;
    machine.threads = 1;
    size_t n = (size_t)dataset->count;
    float *p = mem_alloc(n, CLASSES * sizeof *p, err),
          *params = mem_alloc(PARAM_COUNT, sizeof *params, err);
    int failed =
        !p || !params || engine_find(&engine, &machine, err) || engine_start(&engine, 0, err);
    if (!failed) {
        params_init(params, 1);
        network_set_params(&engine.network, params);
        for (int i = 0; i < RUNS; i++) {
            double start = clock_seconds();
            evaluation_predict(&engine.network, dataset, NULL, dataset->count, p, NULL);
            runs[i] = clock_seconds() - start;
        }
        *seconds = measure_median(runs, RUNS) / dataset->count;
    }
    engine_close(&engine);
    mem_free(p);
    mem_free(params);
    return failed ? -1 : 0;
}
