#include "mnist/net/train.h"

#include <float.h>
#include <limits.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "mnist/base/clock.h"
#include "mnist/base/memory.h"
#include "mnist/base/rmath.h"
#include "mnist/base/rng.h"
#include "mnist/data/batch.h"
#include "mnist/data/split.h"
#include "mnist/net/evaluation.h"
#include "mnist/net/metrics.h"
#include "mnist/net/network.h"
#include "mnist/net/step.h"

/* Everything a run carries from batch to batch. */
struct run {
    struct train_result *result;
    struct network *network;
    struct network average; /* the averaged weights, if ema is above 0; only predicts */
    const struct dataset *dataset;
    const struct split *split;
    const struct train_options *options;
    const struct train_callbacks *callbacks;
    struct batch batch;
    int *order;        /* (train_count) this epoch's order of the training images */
    float *best;       /* (PARAM_COUNT) */
    float *p, *loss;   /* of the images that judge an epoch */
    int history_room;  /* records that result->history has room for */
    int batches;       /* per epoch */
    bool stop;         /* on_batch asked for a stop */
    int resumed;       /* epochs run before a resumption */
    double earlier;    /* seconds that the resumed epochs took */
    double start;      /* clock at the start */
    double train_time; /* seconds in training passes of complete epochs */
};

/* The history has room for this many more epochs from the start: nearly any run has fewer. */
enum { HISTORY_ROOM = 1 << 16 };

static int allocate(struct run *run, struct error *err)
{
    struct train_result *result = run->result;
    int batch = run->options->batch, val = run->split->val_count;
    size_t judged = (size_t)(val > batch ? val : batch);
    int epochs = run->options->epochs, room = run->resumed + HISTORY_ROOM;
    run->history_room = epochs < room ? epochs : room;
    run->order = mem_alloc((size_t)run->split->train_count, sizeof *run->order, err);
    run->best = mem_alloc(PARAM_COUNT, sizeof *run->best, err);
    run->p = mem_alloc(judged, CLASSES * sizeof *run->p, err);
    run->loss = mem_alloc(judged, sizeof *run->loss, err);
    result->history = mem_alloc((size_t)run->history_room, sizeof *result->history, err);
    if (!run->order || !run->best || !run->p || !run->loss || !result->history)
        return -1;
    if (batch_create(&run->batch, run->options->batch, err))
        return -1;
    run->batch.smoothing = run->options->label_smoothing;
    if (run->options->ema <= 0.0f)
        return 0;
    if (network_create(&run->average, 0, run->network->team, err))
        return -1;
    run->average.kernels = run->network->kernels;
    return 0;
}

static void release(struct run *run)
{
    mem_free(run->order);
    mem_free(run->best);
    mem_free(run->p);
    mem_free(run->loss);
    batch_destroy(&run->batch);
    network_destroy(&run->average);
}

/* The order depends only on the seed and the epoch, not on earlier epochs. */
static void shuffle(struct run *run, int epoch)
{
    struct rng rng;
    int n = run->split->train_count;
    memcpy(run->order, run->split->train, (size_t)n * sizeof *run->order);
    rng_seed(&rng, run->options->seed, RNG_SHUFFLE, (uint64_t)epoch);
    rng_shuffle(&rng, run->order, n);
}

/* Adds the last batch's samples in order; false when a loss is not finite. */
static bool add_batch(struct metrics *metrics, const struct run *run, const int *indices)
{
    for (int s = 0; s < run->batch.size; s++) {
        float loss = run->network->loss[s];
        if (!rmath_is_finite(loss))
            return false;
        metrics_add(metrics, run->dataset->labels[indices[s]], run->network->p + s * CLASSES, loss);
    }
    return true;
}

/* The average is updated every 16 steps with the decay of 16 steps, which gives nearly the same and
 * costs a sixteenth. Its first updates decay faster, so that the beginning is soon forgotten. */
enum { AVERAGE_STEPS = 16 };

static void average_weights(struct run *run, int64_t t)
{
    if (run->options->ema <= 0.0f || t % AVERAGE_STEPS != AVERAGE_STEPS - 1)
        return;
    int64_t before = t / AVERAGE_STEPS; /* earlier updates */
    float updates = (float)before, decay = run->options->ema;
    for (int steps = 1; steps < AVERAGE_STEPS; steps *= 2)
        decay *= decay;
    float early = (1.0f + updates) / (10.0f + updates),
          share = 1.0f - (early < decay ? early : decay);
    float *average = run->average.params;
    const float *params = run->network->params;
    for (int i = 0; i < PARAM_COUNT; i++)
        average[i] += share * (params[i] - average[i]);
}

static bool stop_asked(struct run *run, int epoch, int batch, const struct metrics *metrics)
{
    if (!run->callbacks->on_batch)
        return false;
    struct train_progress progress = {
        .epoch = epoch,
        .epochs = run->options->epochs,
        .batch = batch,
        .batches = run->batches,
        .resumed = run->resumed,
        .loss = metrics_loss(metrics),
        .acc = metrics_accuracy(metrics),
        .seconds = clock_seconds() - run->start,
    };
    return run->callbacks->on_batch(run->callbacks->context, &progress);
}

static double pass_seconds(double start)
{
    return fmin(fmax(clock_seconds() - start, PASS_SECONDS_MIN), PASS_SECONDS_MAX);
}

/* Makes one pass over the training images. TRAIN_COMPLETED if it got to the end. */
static enum train_stop train_pass(struct run *run, int epoch, struct train_epoch *record)
{
    const struct train_options *options = run->options;
    struct metrics metrics = {0};
    int n = run->split->train_count;
    double start = clock_seconds();
    shuffle(run, epoch);
    for (int i = 0; i < run->batches; i++) {
        int from = i * options->batch, size = n - from < options->batch ? n - from : options->batch;
        int64_t t = (int64_t)(epoch - 1) * run->batches + i;
        struct step step = {
            .lr = schedule_rate(options->schedule, options->lr, t,
                                (int64_t)options->epochs * run->batches,
                                (int64_t)options->warmup * run->batches),
            .l2 = options->l2,
            .dropout = options->dropout,
            .seed = options->seed,
            .drawn = (uint64_t)(epoch - 1) * (uint64_t)n + (uint64_t)from,
        };
        if (i == 0)
            record->lr = step.lr;
        batch_fill(&run->batch, run->dataset, run->order + from, size);
        if (augment_any(&options->augment))
            batch_augment(&run->batch, &options->augment, options->seed, epoch, run->order + from,
                          run->network->team);
        step_run(run->network, &run->batch, &step);
        average_weights(run, t);
        if (!add_batch(&metrics, run, run->order + from)) {
            run->result->diverged_epoch = epoch;
            run->result->diverged_batch = i + 1;
            return TRAIN_DIVERGED;
        }
        run->stop = run->stop || stop_asked(run, epoch, i + 1, &metrics);
        if (run->stop && i + 1 < run->batches) {
            run->result->stopped_epoch = epoch;
            return TRAIN_ASKED;
        }
    }
    record->epoch = epoch;
    record->train_loss = metrics_loss(&metrics);
    record->train_acc = metrics_accuracy(&metrics);
    record->seconds = pass_seconds(start);
    record->images_per_s = n / record->seconds;
    run->train_time += record->seconds;
    return TRAIN_COMPLETED;
}

static bool is_finite(const float *block)
{
    bool all = true;
    for (int i = 0; i < PARAM_COUNT; i++)
        all &= rmath_is_finite(block[i]);
    return all;
}

/* The square of a gradient overflows long before a loss does: Adam then stops moving, and no run
 * could resume from there. */
static bool state_is_finite(const struct run *run)
{
    const struct network *network = run->network;
    return is_finite(network->params) && is_finite(network->m) && is_finite(network->v) &&
           (run->options->ema <= 0.0f || is_finite(run->average.params));
}

/* Validates, and keeps the weights if they are the best so far. Without validation images it
 * evaluates the last batch again, to see whether the last update diverged. *finite is false if it
 * did. */
static void judge(struct run *run, struct train_epoch *record, bool *finite)
{
    double start = clock_seconds();
    const struct split *split = run->split;
    bool validate = split->val_count > 0;
    int last = run->batch.size;
    struct metrics metrics;
    /* Until its first update the average is just the initial weights. */
    bool averaged =
        run->options->ema > 0.0f && (int64_t)record->epoch * run->batches >= AVERAGE_STEPS;
    const struct network *subject = averaged ? &run->average : run->network;
    evaluation_measure(subject, run->dataset,
                       validate ? split->val : run->order + split->train_count - last,
                       validate ? split->val_count : last, run->p, run->loss, &metrics);
    *finite = rmath_is_finite_double(metrics.loss_sum) && state_is_finite(run);
    if (validate) {
        record->val_loss = metrics_loss(&metrics);
        record->val_acc = metrics_accuracy(&metrics);
    }
    record->val_seconds = pass_seconds(start);
    const struct train_epoch *best = &run->result->best;
    record->best = *finite && (best->epoch == 0 || !validate || record->val_loss < best->val_loss);
    if (record->best) {
        network_get_params(subject, run->best);
        run->result->best = *record;
    }
}

/* Adds an epoch to the history, which grows by doubling. If it cannot, the run stops: so nothing is
 * lost. */
static void remember(struct run *run, const struct train_epoch *record)
{
    struct train_result *result = run->result;
    struct train_epoch *history = result->history;
    struct error ignored = {""};
    history[result->epochs_run++] = *record;
    int count = result->epochs_run, epochs = run->options->epochs;
    if (count < run->history_room || count == epochs)
        return;
    int room = epochs / 2 < count ? epochs : 2 * count;
    history = mem_grow(history, (size_t)count * sizeof *history, (size_t)room * sizeof *history,
                       &ignored);
    run->stop = run->stop || !history;
    if (!history)
        return;
    result->history = history;
    run->history_room = room;
}

static void tell(struct run *run)
{
    struct network *network = run->network;
    const struct train_state state = {
        .epochs_run = run->result->epochs_run,
        .history = run->result->history,
        .best = run->result->best,
        .params = network->params,
        .m = network->m,
        .v = network->v,
        .best_params = run->best,
        .average = run->average.params,
    };
    if (run->callbacks->on_epoch)
        run->callbacks->on_epoch(run->callbacks->context, &state);
}

/* Starts from initial weights, or from the state to resume. */
static void begin(struct run *run, const struct train_state *from)
{
    struct train_result *result = run->result;
    bool averages = run->options->ema > 0.0f;
    if (!from) {
        params_init(run->best, run->options->seed);
        network_set_params(run->network, run->best);
        if (averages)
            network_set_params(&run->average, run->best);
        return;
    }
    memcpy(run->best, from->best_params, PARAM_COUNT * sizeof *run->best);
    network_restore(run->network, from->params, from->m, from->v,
                    (int64_t)from->epochs_run * run->batches);
    if (averages)
        network_set_params(&run->average, from->average);
    for (int i = 0; i < from->epochs_run; i++) {
        remember(run, &from->history[i]);
        run->train_time += from->history[i].seconds;
        run->earlier += from->history[i].seconds + from->history[i].val_seconds;
    }
    result->best = from->best;
}

bool train_has_ended(const struct train_options *options, int epochs_run, int best_epoch)
{
    bool impatient = options->patience > 0 && options->val > 0;
    return epochs_run >= options->epochs ||
           (impatient && epochs_run - best_epoch >= options->patience);
}

static void run_epochs(struct run *run)
{
    struct train_result *result = run->result;
    while (result->epochs_run < run->options->epochs) {
        int epoch = result->epochs_run + 1;
        struct train_epoch record = {0};
        bool finite;
        if (train_has_ended(run->options, result->epochs_run, result->best.epoch)) {
            result->stop = TRAIN_EARLY;
            return;
        }
        result->stop = train_pass(run, epoch, &record);
        if (result->stop != TRAIN_COMPLETED)
            return;
        judge(run, &record, &finite);
        if (!finite) {
            result->stop = TRAIN_DIVERGED;
            result->diverged_epoch = epoch;
            result->diverged_batch = run->batches;
            return;
        }
        remember(run, &record);
        tell(run);
        if (run->stop && result->epochs_run < run->options->epochs) {
            result->stop = TRAIN_ASKED;
            result->stopped_epoch = epoch;
            return;
        }
    }
}

int train_run(struct train_result *result, struct network *network, const struct dataset *dataset,
              const struct split *split, const struct train_options *options,
              const struct train_state *from, const struct train_callbacks *callbacks,
              struct error *err)
{
    *result = (struct train_result){0};
    struct run run = {
        .result = result,
        .network = network,
        .dataset = dataset,
        .split = split,
        .options = options,
        .callbacks = callbacks,
        .resumed = from ? from->epochs_run : 0,
        .batches = (split->train_count + options->batch - 1) / options->batch,
        .start = clock_seconds(),
    };
    int failed = allocate(&run, err);
    if (!failed) {
        begin(&run, from);
        run_epochs(&run);
    }
    if (result->best.epoch)
        network_set_params(network, run.best);
    result->seconds = run.earlier + clock_seconds() - run.start;
    result->images_per_s = (double)result->epochs_run * split->train_count / run.train_time;
    release(&run);
    return failed;
}

void train_result_free(struct train_result *result)
{
    mem_free(result->history);
    *result = (struct train_result){0};
}

#define AT(field) offsetof(struct train_epoch, field)

/* A loss is a mean of floats, so it is at most FLT_MAX. */
const struct train_column train_columns[TRAIN_COLUMNS] = {
    {"train_loss", COLUMN_DOUBLE, AT(train_loss), 0, (double)FLT_MAX, false},
    {"train_acc", COLUMN_DOUBLE, AT(train_acc), 0, 1, false},
    {"val_loss", COLUMN_DOUBLE, AT(val_loss), 0, (double)FLT_MAX, true},
    {"val_acc", COLUMN_DOUBLE, AT(val_acc), 0, 1, true},
    {"lr", COLUMN_FLOAT, AT(lr), 0, LR_MAX, false},
    {"seconds", COLUMN_DOUBLE, AT(seconds), PASS_SECONDS_MIN, PASS_SECONDS_MAX, false},
    {"val_seconds", COLUMN_DOUBLE, AT(val_seconds), 0, PASS_SECONDS_MAX, false},
    {"images_per_s", COLUMN_DOUBLE, AT(images_per_s), 0, INT_MAX / PASS_SECONDS_MIN, false},
    {"best", COLUMN_FLAG, AT(best), 0, 1, false},
};

double train_column_get(const struct train_epoch *epoch, int i)
{
    const void *at = (const char *)epoch + train_columns[i].offset;
    switch (train_columns[i].kind) {
    case COLUMN_FLOAT:
        return (double)*(const float *)at;
    case COLUMN_FLAG:
        return *(const bool *)at ? 1.0 : 0.0;
    case COLUMN_DOUBLE:
    default:
        return *(const double *)at;
    }
}

static bool is_possible(int i, double value)
{
    return value >= train_columns[i].least && value <= train_columns[i].most;
}

bool train_column_set(struct train_epoch *epoch, int i, double value)
{
    void *at = (char *)epoch + train_columns[i].offset;
    if (!is_possible(i, value))
        return false;
    switch (train_columns[i].kind) {
    case COLUMN_FLOAT:
        *(float *)at = (float)value + 0.0f; /* -0 becomes 0 */
        break;
    case COLUMN_FLAG:
        *(bool *)at = value > 0.0;
        break;
    case COLUMN_DOUBLE:
    default:
        *(double *)at = value + 0.0;
    }
    return true;
}

bool train_epoch_is_possible(const struct train_epoch *epoch)
{
    for (int i = 0; i < TRAIN_COLUMNS; i++)
        if (!is_possible(i, train_column_get(epoch, i)))
            return false;
    return true;
}
