#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mnist/base/error.h"
#include "mnist/base/rng.h"
#include "mnist/data/augment.h"
#include "mnist/data/batch.h"
#include "mnist/data/split.h"
#include "mnist/net/evaluation.h"
#include "mnist/net/metrics.h"
#include "mnist/net/network.h"
#include "mnist/net/params.h"
#include "mnist/net/schedule.h"
#include "mnist/net/step.h"
#include "mnist/net/train.h"
#include "mnist/net/train_options.h"

#include "../networks.h"
#include "../test.h"

enum { WATCH_EPOCHS = 40 };

/* What the callbacks saw, and what they should do: at a batch, ask for a stop or break a weight;
 * after an epoch, break one. Epochs and batches count from 1; 0: never. */
struct watch {
    struct network *network;
    int stop_epoch, stop_batch, break_epoch, break_batch, break_after_epoch;
    struct train_epoch epochs[WATCH_EPOCHS];
    int epoch_count, batch_count;
    struct train_progress last;
    float *best; /* the parameters when an epoch was last called the best */
    int keep_epoch;
    struct train_state kept; /* after keep_epoch */
};

static bool watch_batch(void *context, const struct train_progress *progress)
{
    struct watch *watch = context;
    int before = watch->last.epoch == progress->epoch ? watch->last.batch : 0;
    check(progress->batch == before + 1 && progress->batch <= progress->batches,
          "epoch %d: batch %d of %d after %d", progress->epoch, progress->batch, progress->batches,
          before);
    watch->last = *progress;
    watch->batch_count++;
    if (progress->epoch == watch->break_epoch && progress->batch == watch->break_batch)
        watch->network->params[FC1_BIAS] = NAN;
    return progress->epoch == watch->stop_epoch && progress->batch == watch->stop_batch;
}

static struct train_state copy_of_state(const struct train_state *state)
{
    struct train_state copy = *state;
    copy.history = make((size_t)state->epochs_run, sizeof *copy.history);
    memcpy(copy.history, state->history, (size_t)state->epochs_run * sizeof *copy.history);
    copy.params = copy_of(state->params, PARAM_COUNT);
    copy.m = copy_of(state->m, PARAM_COUNT);
    copy.v = copy_of(state->v, PARAM_COUNT);
    copy.best_params = copy_of(state->best_params, PARAM_COUNT);
    copy.average = state->average ? copy_of(state->average, PARAM_COUNT) : NULL;
    return copy;
}

static void state_free(struct train_state *state)
{
    free(state->history);
    free(state->params);
    free(state->m);
    free(state->v);
    free(state->best_params);
    free(state->average);
    *state = (struct train_state){0};
}

static void watch_epoch(void *context, const struct train_state *state)
{
    struct watch *watch = context;
    const struct train_epoch *epoch = &state->history[state->epochs_run - 1];
    check(epoch->epoch == state->epochs_run, "record %d has number %d", state->epochs_run,
          epoch->epoch);
    if (epoch->epoch == watch->keep_epoch)
        watch->kept = copy_of_state(state);
    if (epoch->best)
        network_get_params(watch->network, watch->best);
    if (watch->epoch_count < WATCH_EPOCHS)
        watch->epochs[watch->epoch_count++] = *epoch;
    if (epoch->epoch == watch->break_after_epoch)
        watch->network->params[FC1_BIAS] = NAN;
}

/* A small run: 210 images, 50 of them for validation, 5 batches of 33 per epoch unless set
 * otherwise; the data can be learnt only in part, so the validation loss turns at some epoch. */
struct run_rig {
    struct made made;
    struct split split;
    struct rig rig;
    struct train_options options;
    struct watch watch;
    struct train_result result;
};

static void run_new(struct run_rig *run, int val)
{
    struct error err = {""};
    *run = (struct run_rig){.options = {.epochs = 4,
                                        .batch = 33,
                                        .lr = 1e-3f,
                                        .val = val,
                                        .schedule = SCHEDULE_CONSTANT,
                                        .seed = 1}};
    made_classes(&run->made, 210, 0.3f, 210);
    if (split_create(&run->split, &run->made.dataset, val, 1, &err))
        abort();
    rig_new(&run->rig, 2, 64, kernel_set(SETS - 1));
    run->watch.network = &run->rig.network;
    run->watch.best = make(PARAM_COUNT, sizeof(float));
}

static void run_go(struct run_rig *run)
{
    struct error err = {""};
    train_result_free(&run->result);
    struct train_callbacks callbacks = {watch_batch, watch_epoch, &run->watch};
    int failed = train_run(&run->result, &run->rig.network, &run->made.dataset, &run->split,
                           &run->options, NULL, &callbacks, &err);
    check(!failed, "train_run: %s", err.text);
}

static void run_free(struct run_rig *run)
{
    train_result_free(&run->result);
    free(run->watch.best);
    state_free(&run->watch.kept);
    split_free(&run->split);
    rig_free(&run->rig);
    made_free(&run->made);
}

/* Checks that the network holds the weights of the best epoch. */
static void check_best_kept(struct run_rig *run)
{
    static float p[1000 * CLASSES], loss[1000];
    struct metrics metrics;
    check_same("best weights", run->rig.network.params, run->watch.best, PARAM_COUNT);
    check_transposes(&run->rig.network);
    if (!run->split.val_count || !check(run->split.val_count <= 1000, "no room"))
        return;
    evaluation_measure(&run->rig.network, &run->made.dataset, run->split.val, run->split.val_count,
                       p, loss, &metrics);
    check_double(run->result.best.val_loss, metrics_loss(&metrics));
    check_double(run->result.best.val_acc, metrics_accuracy(&metrics));
}

/* Checks that epochs are in order, flagged best if the loss is lower than all before, and that
 * result.best is the last of those. */
static void check_epochs(const struct run_rig *run, int count)
{
    const struct watch *watch = &run->watch;
    double lowest = HUGE_VAL;
    int best = 0;
    check_int(run->result.epochs_run, count);
    check_int(watch->epoch_count, count);
    for (int i = 0; i < watch->epoch_count; i++) {
        const struct train_epoch *epoch = &watch->epochs[i];
        bool better = epoch->val_loss < lowest;
        check(epoch->epoch == i + 1, "epoch %d came as number %d", epoch->epoch, i + 1);
        check(epoch->best == better, "epoch %d: best is %d", i + 1, epoch->best);
        if (better) {
            lowest = epoch->val_loss;
            best = i + 1;
        }
    }
    check_int(run->result.best.epoch, best);
    check_double(run->result.best.val_loss, lowest);
}

TEST(run_completed, "train: completed, best weights kept")
{
    struct run_rig run;
    run_new(&run, 50);
    run.options.epochs = 16;
    run_go(&run);
    check_int(run.result.stop, TRAIN_COMPLETED);
    check_int(run.watch.batch_count, 16 * 5);
    check_epochs(&run, 16);
    check(run.result.best.epoch > 1 && run.result.best.epoch < 14,
          "the data is no test: best epoch %d", run.result.best.epoch);
    check(run.watch.epochs[15].train_loss < 0.5 * run.watch.epochs[0].train_loss &&
              run.watch.epochs[15].train_acc > run.watch.epochs[0].train_acc,
          "nothing was learnt: training loss %g after %g", run.watch.epochs[15].train_loss,
          run.watch.epochs[0].train_loss);
    check(run.result.seconds > 0.0 && run.result.images_per_s > 0.0 &&
              run.watch.epochs[0].images_per_s > 0.0,
          "no time passed");
    check_best_kept(&run);
    run_free(&run);
}

TEST(run_early, "train: early stop")
{
    for (int patience = 1; patience <= 3; patience += 2) {
        struct run_rig run;
        run_new(&run, 50);
        run.options.epochs = 30;
        run.options.patience = patience;
        run_go(&run);
        int since = 0, want = 0;
        double lowest = HUGE_VAL;
        while (want < run.watch.epoch_count && since < patience) {
            double loss = run.watch.epochs[want++].val_loss;
            since = loss < lowest ? 0 : since + 1;
            lowest = fmin(loss, lowest);
        }
        check(run.result.stop == TRAIN_EARLY && since == patience, "patience %d: stopped by %d",
              patience, run.result.stop);
        check_epochs(&run, want);
        check(run.result.best.epoch == want - patience, "patience %d: best %d, ran %d", patience,
              run.result.best.epoch, want);
        check_best_kept(&run);
        run_free(&run);
    }
}

/* Without validation images, the last weights are kept and patience means nothing. */
TEST(run_without_validation, "train: no validation images")
{
    struct run_rig run;
    run_new(&run, 0);
    run.options.epochs = 3;
    run.options.patience = 1;
    run_go(&run);
    check_int(run.result.stop, TRAIN_COMPLETED);
    check_int(run.result.epochs_run, 3);
    for (int i = 0; i < run.watch.epoch_count; i++)
        check(run.watch.epochs[i].best && run.watch.epochs[i].val_loss == 0.0 &&
                  run.watch.epochs[i].val_acc == 0.0,
              "epoch %d: best %d, loss %g", i + 1, run.watch.epochs[i].best,
              run.watch.epochs[i].val_loss);
    check_int(run.result.best.epoch, 3);
    check_best_kept(&run);
    run_free(&run);
}

/* a = d a + (1-d) w, with d the decay of 16 steps, or less in the first updates. */
static void average_by_hand(float *average, const float *params, float ema, int updates)
{
    float decay = ema * ema, early = (1.0f + (float)updates) / (10.0f + (float)updates);
    decay *= decay;
    decay *= decay;
    decay *= decay;
    for (int i = 0; i < PARAM_COUNT; i++)
        average[i] += (1.0f - (early < decay ? early : decay)) * (params[i] - average[i]);
}

/* The same by hand: order, learning rates and positions as documented, then step_run. */
static void run_by_hand(struct run_rig *run, int steps)
{
    const struct train_options *options = &run->options;
    struct network *network = &run->rig.network;
    int n = run->split.train_count, batches = (n + options->batch - 1) / options->batch;
    int *order = make((size_t)n, sizeof *order), done = 0;
    float *average = make(PARAM_COUNT, sizeof *average);
    struct batch batch;
    struct error err = {""};
    if (batch_create(&batch, options->batch, &err))
        abort();
    batch.smoothing = options->label_smoothing;
    params_init(average, options->seed);
    network_set_params(network, average);
    for (int epoch = 1; epoch <= options->epochs; epoch++) {
        struct rng rng;
        memcpy(order, run->split.train, (size_t)n * sizeof *order);
        rng_seed(&rng, options->seed, RNG_SHUFFLE, (uint64_t)epoch);
        rng_shuffle(&rng, order, n);
        for (int from = 0; from < n && done < steps; from += options->batch, done++) {
            struct step step = {.lr = schedule_rate(options->schedule, options->lr, done,
                                                    (int64_t)options->epochs * batches,
                                                    (int64_t)options->warmup * batches),
                                .l2 = options->l2,
                                .dropout = options->dropout,
                                .seed = options->seed,
                                .drawn = (uint64_t)(epoch - 1) * (uint64_t)n + (uint64_t)from};
            batch_fill(&batch, &run->made.dataset, order + from,
                       n - from < options->batch ? n - from : options->batch);
            if (augment_any(&options->augment))
                batch_augment(&batch, &options->augment, options->seed, epoch, order + from,
                              run->rig.team);
            step_run(network, &batch, &step);
            if (done % 16 == 15)
                average_by_hand(average, network->params, options->ema, done / 16);
        }
    }
    if (options->ema > 0.0f)
        network_set_params(network, average);
    free(order);
    free(average);
    batch_destroy(&batch);
}

TEST(run_by_hand, "train: the same by hand")
{
    for (int kind = SCHEDULE_CONSTANT; kind <= SCHEDULE_STEP; kind++) {
        struct run_rig run;
        run_new(&run, 0);
        run.options.epochs = 3;
        run.options.schedule = (enum schedule)kind;
        run.options.dropout = 0.2f;
        run.options.l2 = 1e-3f;
        run.options.seed = 4;
        run_go(&run);
        float *params = copy_of(run.rig.network.params, PARAM_COUNT);
        check(run.watch.epochs[1].lr == schedule_rate(run.options.schedule, 1e-3f, 7, 21, 0),
              "epoch 2 started with lr %g", (double)run.watch.epochs[1].lr);
        run_by_hand(&run, 21);
        check_same(schedule_names[kind], params, run.rig.network.params, PARAM_COUNT);
        free(params);
        run_free(&run);
    }
}

/* All that is off by default: augmented images, smoothed labels, a warmup, an average. */
TEST(run_by_hand_extras, "train: extras, the same by hand")
{
    static const float decays[] = {0.0f, 0.5f, 0.999f};
    for (size_t i = 0; i < COUNT(decays); i++) {
        struct run_rig run;
        run_new(&run, 0);
        run.options.epochs = 6;
        run.options.warmup = 2;
        run.options.label_smoothing = 0.1f;
        run.options.ema = decays[i];
        run.options.augment = (struct augment){10.0f, 0.1f, 0.2f, 1.5f, 0.8f};
        run_go(&run);
        float *params = copy_of(run.rig.network.params, PARAM_COUNT);
        run_by_hand(&run, 42);
        check_same("extras", params, run.rig.network.params, PARAM_COUNT);
        free(params);
        run_free(&run);
    }
}

TEST(run_asked, "train: asked to stop")
{
    struct run_rig run;
    run_new(&run, 50); /* asked in the first epoch: the weights as they are */
    run.watch.stop_epoch = 1;
    run.watch.stop_batch = 3;
    run_go(&run);
    check(run.result.stop == TRAIN_ASKED && run.result.epochs_run == 0 &&
              run.result.best.epoch == 0 && run.watch.epoch_count == 0,
          "stop %d, %d epochs, best %d", run.result.stop, run.result.epochs_run,
          run.result.best.epoch);
    check_int(run.watch.batch_count, 3);
    float *params = copy_of(run.rig.network.params, PARAM_COUNT);
    run_by_hand(&run, 3);
    check_same("stopped at once", params, run.rig.network.params, PARAM_COUNT);
    free(params);
    run_free(&run);

    run_new(&run, 50); /* asked later: the best of the complete epochs */
    run.watch.stop_epoch = 4;
    run.watch.stop_batch = 2;
    run_go(&run);
    check(run.result.stop == TRAIN_ASKED && run.watch.batch_count == 17, "stop %d, %d batches",
          run.result.stop, run.watch.batch_count);
    check_epochs(&run, 3);
    check_best_kept(&run);
    run_free(&run);
}

TEST(run_diverged, "train: diverged")
{
    struct run_rig run;
    run_new(&run, 50);
    run.options.lr = 1e12f;
    run_go(&run);
    check_int(run.result.stop, TRAIN_DIVERGED);
    check(run.result.diverged_epoch == 1 && run.result.diverged_batch >= 2 &&
              run.result.diverged_batch <= 5 &&
              run.result.diverged_batch == run.watch.batch_count + 1,
          "epoch %d, batch %d after %d good ones", run.result.diverged_epoch,
          run.result.diverged_batch, run.watch.batch_count);
    check(run.result.epochs_run == 0 && run.result.best.epoch == 0, "%d epochs, best %d",
          run.result.epochs_run, run.result.best.epoch);
    run_free(&run);
}

/* A weight that breaks after an epoch is seen in the next batch; one that breaks in the last batch
 * of an epoch, in validation. Either way the best weights come back, if there are any. */
static void diverged_late_case(int after_epoch, int in_epoch, int epoch, int batch)
{
    struct run_rig run;
    run_new(&run, 50);
    run.watch.break_after_epoch = after_epoch;
    run.watch.break_epoch = in_epoch;
    run.watch.break_batch = 5;
    run_go(&run);
    check(run.result.stop == TRAIN_DIVERGED && run.result.diverged_epoch == epoch &&
              run.result.diverged_batch == batch,
          "stop %d at epoch %d, batch %d; want %d, %d", run.result.stop, run.result.diverged_epoch,
          run.result.diverged_batch, epoch, batch);
    check_int(run.result.epochs_run, epoch - 1);
    check_int(run.watch.epoch_count, epoch - 1);
    if (epoch > 1) {
        check_epochs(&run, epoch - 1);
        check_best_kept(&run);
    } else {
        check_int(run.result.best.epoch, 0);
    }
    run_free(&run);
}

TEST(run_diverged_late, "train: diverged late")
{
    diverged_late_case(2, 0, 3, 1);
    diverged_late_case(0, 3, 3, 5);
    diverged_late_case(0, 1, 1, 5);
}

/* If the weights hardly move, an epoch's training figures are those of the images: each counts
 * once, also in a short last batch. */
TEST(run_averages, "train: averages with a short last batch")
{
    static const int batches[] = {1, 32, 33, 64};
    for (size_t i = 0; i < sizeof batches / sizeof batches[0]; i++) {
        struct run_rig run;
        struct metrics metrics;
        static float p[160 * CLASSES], loss[160];
        run_new(&run, 50);
        run.options.epochs = 1;
        run.options.lr = 1e-12f;
        run.options.batch = batches[i];
        run_go(&run);
        const struct train_epoch *epoch = &run.watch.epochs[0];
        evaluation_measure(&run.rig.network, &run.made.dataset, run.split.train, 160, p, loss,
                           &metrics);
        check(fabs(epoch->train_loss - metrics_loss(&metrics)) <= 1e-6 &&
                  epoch->train_acc == metrics_accuracy(&metrics),
              "batches of %d: loss %.9g, accuracy %g; evaluated %.9g, %g", batches[i],
              epoch->train_loss, epoch->train_acc, metrics_loss(&metrics),
              metrics_accuracy(&metrics));
        check_double(run.watch.last.loss, epoch->train_loss);
        check_double(run.watch.last.acc, epoch->train_acc);
        run_free(&run);
    }
}

TEST(run_seeds, "train: seeds")
{
    float *params[3];
    for (int i = 0; i < 3; i++) {
        struct run_rig run;
        run_new(&run, 50);
        run.options.epochs = 2;
        run.options.dropout = 0.1f;
        run.options.seed = i < 2 ? 11 : 12;
        run_go(&run);
        params[i] = copy_of(run.rig.network.params, PARAM_COUNT);
        run_free(&run);
    }
    int same = 0;
    check_same("one seed twice", params[0], params[1], PARAM_COUNT);
    for (int i = 0; i < PARAM_COUNT; i++)
        same += params[0][i] == params[2][i];
    check(same < PARAM_COUNT / 100, "two seeds share %d parameters", same);
    for (int i = 0; i < 3; i++)
        free(params[i]);
}

/* Callbacks may be left out, which changes nothing. */
TEST(run_without_callbacks, "train: no callbacks")
{
    struct run_rig run;
    struct train_callbacks none = {0};
    struct error err = {""};
    run_new(&run, 50);
    run.options.epochs = 2;
    run_go(&run);
    float *params = copy_of(run.rig.network.params, PARAM_COUNT);
    train_result_free(&run.result);
    check(!train_run(&run.result, &run.rig.network, &run.made.dataset, &run.split, &run.options,
                     NULL, &none, &err),
          "%s", err.text);
    check_int(run.result.stop, TRAIN_COMPLETED);
    check_int(run.result.epochs_run, 2);
    check_same("without callbacks", run.rig.network.params, params, PARAM_COUNT);
    free(params);
    run_free(&run);
}

/* Resumes from the state kept after some epoch, in a new network with other threads. */
static void check_resumed(struct run_rig *whole, const struct train_state *from)
{
    struct rig rig;
    struct error err = {""};
    struct watch watch = {0};
    struct train_result result;
    struct train_callbacks callbacks = {NULL, watch_epoch, &watch};
    rig_new(&rig, 3, 64, kernel_set(1));
    watch.network = &rig.network;
    watch.best = make(PARAM_COUNT, sizeof(float));
    watch.keep_epoch = whole->result.epochs_run;
    check(!train_run(&result, &rig.network, &whole->made.dataset, &whole->split, &whole->options,
                     from, &callbacks, &err),
          "%s", err.text);
    test_case("from epoch %d", from->epochs_run);
    check_int(result.stop, whole->result.stop);
    check_int(result.epochs_run, whole->result.epochs_run);
    check_int(result.best.epoch, whole->result.best.epoch);
    check_same("resumed", rig.network.params, whole->rig.network.params, PARAM_COUNT);
    for (int e = 0; watch.kept.history && e < result.epochs_run; e++)
        check(watch.kept.history[e].val_loss == whole->watch.epochs[e].val_loss &&
                  watch.kept.history[e].train_loss == whole->watch.epochs[e].train_loss &&
                  watch.kept.history[e].best == whole->watch.epochs[e].best,
              "from epoch %d: the history of epoch %d differs", from->epochs_run, e + 1);
    train_result_free(&result);
    free(watch.best);
    state_free(&watch.kept);
    rig_free(&rig);
}

static void resumed_case(const struct train_options *options, int val, int keep)
{
    struct run_rig run;
    run_new(&run, val);
    run.options = *options;
    run.watch.keep_epoch = keep;
    run_go(&run);
    if (check(run.watch.kept.params != NULL, "no epoch %d", keep))
        check_resumed(&run, &run.watch.kept);
    run_free(&run);
}

/* A run interrupted after any epoch and resumed ends with the same bytes. */
TEST(run_resumed, "train: goes on to the same bytes")
{
    struct train_options options = {
        .epochs = 7, .batch = 33, .lr = 1e-3f, .val = 50, .schedule = SCHEDULE_COSINE, .seed = 3};
    for (int keep = 1; keep <= 7; keep += 2)
        resumed_case(&options, 50, keep);
    options.dropout = 0.2f;
    options.warmup = 3;
    options.label_smoothing = 0.1f;
    options.ema = 0.9f;
    options.augment = (struct augment){10.0f, 0.1f, 0.2f, 1.5f, 0.8f};
    for (int keep = 2; keep <= 6; keep += 2) {
        resumed_case(&options, 50, keep);
        resumed_case(&options, 0, keep);
    }
}

/* Resuming a run that had run out of patience does nothing. */
TEST(run_resumed_early, "train: goes on after its patience")
{
    struct run_rig run;
    run_new(&run, 50);
    run.options.epochs = WATCH_EPOCHS;
    run.options.patience = 2;
    run_go(&run);
    int epochs = run.result.epochs_run;
    check_int(run.result.stop, TRAIN_EARLY);
    run.watch.epoch_count = 0;
    run.watch.keep_epoch = epochs;
    run_go(&run);
    if (check(run.watch.kept.params != NULL, "no epoch %d", epochs))
        check_resumed(&run, &run.watch.kept);
    run_free(&run);
}
