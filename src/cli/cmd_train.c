#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "mnist/base/clock.h"
#include "mnist/base/format.h"
#include "mnist/base/memory.h"
#include "mnist/base/rmath.h"
#include "mnist/cli/command.h"
#include "mnist/cli/recipe.h"
#include "mnist/cli/stop.h"
#include "mnist/cli/train_account.h"

/* `val` where the user gave none: 5,000 of MNIST's 60,000, a tenth of a small set. */
enum { VAL_AUTO = -1, VAL_DEFAULT = 5000, VAL_SHARE = 10 };

/* Takes the checkpoint's options, which are then overridden as the defaults are. */
static int start_from_checkpoint(struct train_session *s)
{
    struct error err = {""};
    if (checkpoint_load(&s->resumed, s->resume_path, &err))
        return command_fail(s->program, &err);
    recipe_take(&s->train, &s->augment, &s->resumed);
    s->schedule = (int)s->train.schedule;
    s->saved_epoch = s->resumed.state.epochs_run;
    s->saved_path = s->resume_path;
    if (!s->checkpoint_path)
        s->checkpoint_path = s->resume_path;
    return -1;
}

/* From the line, which is taken again over the checkpoint and the preset that it names. */
static int parse_line(struct train_session *s, const struct usage *usage, int argc, char **argv)
{
    int first, code = options_parse(usage, argc, argv, &first);
    if (code < 0 && s->resume_path)
        code = start_from_checkpoint(s);
    if (code < 0 && s->preset)
        code = recipe_parse(usage, s->preset);
    if (code < 0 && (s->preset || s->resume_path))
        code = options_parse(usage, argc, argv, &first);
    s->train.schedule = (enum schedule)s->schedule;
    if (code < 0 && options_augment_strength(s->program, &s->augment, &s->train.augment))
        code = EXIT_USAGE;
    if (code < 0 && s->resume_path)
        code = recipe_check(s->program, &s->train, &s->resumed, s->resume_path,
                            s->preset ? " (from --preset)" : "");
    return code;
}

static int parse(struct train_session *s, int argc, char **argv)
{
    struct train_options *o = &s->train;
    const struct option_spec specs[] = {
        OPTION_WHOLE("epochs", "N", &o->epochs, 1, EPOCHS_MAX,
                     "passes over the training images, at most", NULL),
        OPTION_REAL("lr", "F", &o->lr, LR_MIN, LR_MAX, "learning rate, at the schedule's peak"),
        OPTION_WHOLE("batch", "N", &o->batch, 1, BATCH_MAX, "images a step", NULL),
        OPTION_REAL("l2", "F", &o->l2, 0, L2_MAX,
                    "adds F/2 × the sum of squared weights to the loss"),
        OPTION_REAL("dropout", "F", &o->dropout, 0, DROPOUT_MAX,
                    "share of hidden units silenced in a step"),
        OPTION_WHOLE("patience", "N", &o->patience, 0, EPOCHS_MAX,
                     "epochs without a lower validation loss before it stops; 0: never", NULL),
        OPTION_WHOLE("val", "N", &o->val, 0, VAL_MAX,
                     "images set aside for validation; 0: none, the last weights are kept",
                     "5000, or a tenth of fewer than 50000"),
        OPTION_NAME("schedule", "NAME", &s->schedule, schedule_names, "learning rate over time"),
        OPTION_WHOLE("warmup", "N", &o->warmup, 0, EPOCHS_MAX,
                     "epochs in which the learning rate rises to its peak", NULL),
        OPTION_REAL("label-smoothing", "F", &o->label_smoothing, 0, LABEL_SMOOTHING_MAX,
                    "share of each target that is spread over all classes"),
        OPTION_REAL("ema", "F", &o->ema, 0, EMA_MAX,
                    "keep an average of the weights with this decay a step; 0: the last weights"),
        OPTIONS_AUGMENT(s->augment),
        OPTION_NAME("preset", "NAME", &s->preset, recipe_names,
                    "a recipe; other options override it"),
        OPTION_SEEDS("seed", &o->seed, "same seed and options, same model, byte for byte"),
        OPTION_REAL("max-seconds", "F", &s->max_seconds, 0, 1e9,
                    "stop after this time, keep the best weights; 0: no limit"),
        OPTION_TEXT("out", "FILE", &s->out, "model file to write", NULL),
        OPTION_TEXT("checkpoint", "FILE", &s->checkpoint_path,
                    "write what --resume needs after each epoch", "none"),
        OPTION_TEXT("resume", "FILE", &s->resume_path,
                    "go on from a checkpoint, and keep it up to date", "none"),
        OPTION_TEXT("log", "FILE", &s->log_path, "append JSON Lines to this file", "none"),
        OPTION_TEXT("report", "FILE", &s->report_path,
                    "write a report with curves and pictures, one HTML file", "none"),
        OPTIONS_COMMON(s->common),
    };
    const struct usage usage = {
        .program = s->program,
        .arguments = "",
        .description =
            "Trains the dense 784-128-64-10 network on MNIST, keeps the weights with the lowest\n"
            "validation loss, writes them to a model file and evaluates them on the test set.",
        .examples = "  mnist-train --epochs 50 --lr 1e-3\n"
                    "  mnist-train --preset best --checkpoint run.checkpoint\n"
                    "  mnist-train --resume run.checkpoint\n"
                    "  mnist-train --json --quiet >run.jsonl",
        .specs = specs,
        .spec_count = sizeof specs / sizeof specs[0],
    };
    return parse_line(s, &usage, argc, argv);
}

/* Two of the files under one name would overwrite each other; each is written under a name ending in .tmp
 * first. Only a checkpoint is meant to replace the one that the run goes on from. */
static int check_names(const struct train_session *s, struct error *err)
{
    enum { FILES = 5, CHECKPOINT = 1, RESUME = 4 };
    const char *const names[FILES] = {s->out, s->checkpoint_path, s->log_path, s->report_path,
                                      s->resume_path};
    static const char *const options[FILES] = {"--out", "--checkpoint", "--log", "--report",
                                               "--resume"};
    for (int i = 0; i < FILES; i++) {
        char temporary[PATH_MAX];
        if (!names[i] || snprintf(temporary, PATH_MAX, "%s.tmp", names[i]) >= PATH_MAX)
            continue;
        for (int j = 0; j < FILES; j++) {
            bool kept_up = (i == CHECKPOINT && j == RESUME) || (i == RESUME && j == CHECKPOINT);
            if (i == j || kept_up || !names[j])
                continue;
            if (file_same(names[i], names[j]))
                return error_set(err, "%s and %s are both %s: give each a file of its own",
                                 options[i], options[j], names[i]);
            if (file_same(temporary, names[j]))
                return error_set(err, "%s %s is what %s %s is written to first: name another file",
                                 options[j], names[j], options[i], names[i]);
        }
    }
    return 0;
}

/* Everything that can be wrong is found here, before the work. */
static int prepare(struct train_session *s, struct error *err)
{
    const struct kernels *kernels;
    int shared;
    if (options_kernels(&s->common, &kernels, err) || check_names(s, err) ||
        file_check_writable(s->out, err) ||
        (s->checkpoint_path && file_check_writable(s->checkpoint_path, err)) ||
        (s->report_path && file_check_writable(s->report_path, err)) ||
        dataset_load(&s->train_set, s->common.data, DATASET_TRAIN, err) ||
        dataset_load(&s->test_set, s->common.data, DATASET_TEST, err) ||
        dataset_check_distinct(&s->train_set, &s->test_set, &shared, err))
        return -1;
    if (shared)
        fprintf(stderr, "%s: %s of %s test images %s too\n", s->program, format_count(shared).text,
                format_count(s->test_set.count).text,
                shared == 1 ? "is a training image" : "are training images");
    if (s->checkpoint_path)
        s->data = checkpoint_data_of(&s->train_set);
    if (s->resume_path &&
        checkpoint_check_data(&s->resumed, s->resume_path, &s->data, s->common.data, err))
        return -1;
    int count = s->train_set.count;
    if (s->train.val == VAL_AUTO)
        s->train.val = count < VAL_SHARE * VAL_DEFAULT ? count / VAL_SHARE : VAL_DEFAULT;
    if (s->train.val >= count)
        return error_set(err, "--val %d leaves nothing of the %d training images: give fewer",
                         s->train.val, count);
    if (s->train.warmup >= s->train.epochs)
        return error_set(err, "--warmup %d leaves nothing of the %d epochs: give fewer",
                         s->train.warmup, s->train.epochs);
    if (split_create(&s->split, &s->train_set, s->train.val, s->train.seed, err))
        return -1;
    if (s->train.batch > s->split.train_count)
        s->train.batch = s->split.train_count;
    return options_compute(&s->common, kernels, s->train.batch, &s->team, &s->network, err);
}

static void release(struct train_session *s)
{
    if (s->log)
        fclose(s->log);
    checkpoint_free(&s->resumed);
    train_result_free(&s->result);
    evaluation_free(&s->evaluation);
    model_free(&s->model);
    network_destroy(&s->network);
    team_destroy(s->team);
    split_free(&s->split);
    dataset_free(&s->train_set);
    dataset_free(&s->test_set);
}

static bool out_of_time(const struct train_session *s)
{
    return s->max_seconds > 0 && clock_seconds() - s->start >= (double)s->max_seconds;
}

static bool on_batch(void *context, const struct train_progress *now)
{
    struct train_session *s = context;
    progress_batch(&s->progress, now);
    return stop_signal() != 0 || out_of_time(s);
}

/* The log first, then the checkpoint: what a checkpoint holds the log has been told. */
static int on_epoch(void *context, const struct train_state *state, struct error *err)
{
    struct train_session *s = context;
    if (train_account_epoch(s, &state->history[state->epochs_run - 1], err))
        return -1;
    if (!s->checkpoint_path)
        return 0;
    if (checkpoint_save(state, &s->train, &s->data, s->checkpoint_path, err))
        return -1;
    s->saved_epoch = state->epochs_run;
    s->saved_path = s->checkpoint_path;
    return 0;
}

/* A run that failed from outside, for want of memory or room, is not lost where there is a
 * checkpoint. */
static int tell_left(const struct train_session *s, struct error *err)
{
    struct error cause = *err;
    if (s->saved_epoch)
        error_set(err, "%s; epoch %d is whole in %s: make room, then go on with --resume %s",
                  cause.text, s->saved_epoch, s->saved_path, s->saved_path);
    return -1;
}

/* What there is to do about weights that grew without bound; a run that goes on keeps its options. */
static const char *advice(const struct train_session *s)
{
    return s->resume_path ? "start a new run with" : "try";
}

/* Training diverged: what is said, and whether there is anything to keep. */
static int refuse_divergence(struct train_session *s, struct error *err)
{
    const struct train_result *r = &s->result;
    char kept[PATH_MAX + 64] = "nothing was saved";
    if (r->best.epoch) {
        if (model_save(&s->model, s->out, err))
            return -1;
        snprintf(kept, sizeof kept, "the weights of epoch %d are in %s", r->best.epoch, s->out);
    }
    if (train_account_end(s, NULL, err))
        return -1;
    return error_set(err,
                     "the loss or its squared gradient is not finite in epoch %d, batch %d; %s: %s "
                     "a lower --lr than %s",
                     r->diverged_epoch, r->diverged_batch, kept, advice(s),
                     format_float(s->train.lr).text);
}

static int run(struct train_session *s, struct error *err)
{
    const struct train_callbacks callbacks = {on_batch, on_epoch, s};
    const struct train_state *from = s->resume_path ? &s->resumed.state : NULL;
    const struct metrics *test = &s->evaluation.metrics;
    stop_watch(); /* first: whoever has read the start may send a signal */
    if (train_account_start(s, from, err))
        return -1;
    train_account_announce(s);
    progress_start(&s->progress, s->train.epochs, s->common.quiet, s->common.color);
    s->start = clock_seconds();
    if (train_run(&s->result, &s->network, &s->train_set, &s->split, &s->train, from, &callbacks,
                  err))
        return tell_left(s, err);
    progress_clear(&s->progress);
    s->model.params = mem_alloc(PARAM_COUNT, sizeof(float), err);
    if (!s->model.params)
        return -1;
    network_get_params(&s->network, s->model.params);
    s->model.options = s->train;
    s->model.best = s->result.best;
    if (s->result.stop == TRAIN_DIVERGED)
        return refuse_divergence(s, err);
    if (model_save(&s->model, s->out, err) ||
        evaluation_run(&s->evaluation, &s->network, &s->test_set, err))
        return tell_left(s, err);
    if (!rmath_is_finite_double(test->loss_sum))
        return error_set(err, "%s: its loss on the test set is not finite: %s a lower --lr than %s",
                         s->out, advice(s), format_float(s->train.lr).text);
    if (train_account_end(s, test, err))
        return -1;
    return s->report_path ? train_account_report(s, err) : 0;
}

int command_train(int argc, char **argv)
{
    struct train_session s = {
        .program = argv[0],
        .common = options_common(),
        .train = {.epochs = 40,
                  .lr = 3e-3f,
                  .batch = 128,
                  .l2 = 3e-4f,
                  .dropout = 0.1f,
                  .label_smoothing = 0.01f,
                  .patience = 10,
                  .val = VAL_AUTO,
                  .seed = 1},
        .schedule = SCHEDULE_COSINE,
        .augment = options_augment(),
        .out = "model.bin",
    };
    struct error err = {""};
    int code = parse(&s, argc, argv);
    if (code >= 0) {
        release(&s);
        return code;
    }
    if (prepare(&s, &err) || run(&s, &err))
        code = command_fail(s.program, &err);
    else
        code =
            s.result.stop == TRAIN_ASKED && stop_signal() ? EXIT_SIGNAL + stop_signal() : EXIT_DONE;
    release(&s);
    return command_finish(argv[0], code);
}
