#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "mnist/command.h"
#include "mnist/format.h"
#include "mnist/json.h"
#include "mnist/memory.h"
#include "mnist/model.h"
#include "mnist/options.h"
#include "mnist/progress.h"
#include "mnist/report.h"
#include "mnist/stop.h"
#include "mnist/terminal.h"

static const char *const stop_names[] = {"completed", "early", "signal", "diverged"};

/* One run of the command, from options to report. */
struct session {
    const char *program;
    struct common_options common;
    struct train_options train;
    struct augment_options augment;
    int preset; /* index into preset_names */
    const char *out;
    struct dataset train_set, test_set;
    struct split split;
    struct team *team;
    struct network network;
    struct train_result result;
    struct model model;
    struct progress progress;
};

/* `val` where the user gave none: 5,000 of MNIST's 60,000, a tenth of a small set. */
enum { VAL_AUTO = -1, VAL_DEFAULT = 5000, VAL_SHARE = 10 };

/* Recipes, as one would type them; what else is on the line overrides them. */
static const char *const preset_names[] = {"none", "best", NULL};
static const char *const presets[] = {"", "--epochs 300 --lr 2e-3 --batch 256 --l2 0 --augment "
                                          "--label-smoothing 0.05 --ema 0.999 --val 0"};

enum { PRESET_WORDS = 64, PRESET_LENGTH = 512 };

static int parse_preset(const struct usage *usage, int preset)
{
    char line[PRESET_LENGTH], program[] = "preset", *words[PRESET_WORDS] = {program}, *rest;
    int count = 1, first;
    snprintf(line, sizeof line, "%s", presets[preset]);
    for (char *word = strtok_r(line, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
        words[count++] = word;
    return options_parse(usage, count, words, &first);
}

static int parse(struct session *s, int argc, char **argv)
{
    int schedule = (int)s->train.schedule, first;
    struct train_options *o = &s->train;
    const struct option_spec specs[] = {
        OPTION_WHOLE("epochs", "N", &o->epochs, 1, 1000000,
                     "passes over the training images, at most", NULL),
        OPTION_REAL("lr", "F", &o->lr, 1e-12, 1e12, "learning rate, at the schedule's peak"),
        OPTION_WHOLE("batch", "N", &o->batch, 1, BATCH_MAX, "images a step", NULL),
        OPTION_REAL("l2", "F", &o->l2, 0, 1e6, "adds F/2 × the sum of squared weights to the loss"),
        OPTION_REAL("dropout", "F", &o->dropout, 0, 0.99,
                    "share of hidden units silenced in a step"),
        OPTION_WHOLE("patience", "N", &o->patience, 0, 1000000,
                     "epochs without a lower validation loss before it stops; 0: never", NULL),
        OPTION_WHOLE("val", "N", &o->val, 0, 10000000,
                     "images set aside for validation; 0: none, the last weights are kept",
                     "5000, or a tenth of fewer than 50000"),
        OPTION_NAME("schedule", "NAME", &schedule, schedule_names, "learning rate over time"),
        OPTION_WHOLE("warmup", "N", &o->warmup, 0, 1000000,
                     "epochs in which the learning rate rises to its peak", NULL),
        OPTION_REAL("label-smoothing", "F", &o->label_smoothing, 0, 0.99,
                    "share of each target that is spread over all classes"),
        OPTION_REAL("ema", "F", &o->ema, 0, 0.999999,
                    "keep an average of the weights with this decay a step; 0: the last weights"),
        OPTIONS_AUGMENT(s->augment),
        OPTION_NAME("preset", "NAME", &s->preset, preset_names,
                    "a recipe; other options override it"),
        OPTION_SEEDS("seed", &o->seed, "same seed and options, same model, byte for byte"),
        OPTION_TEXT("out", "FILE", &s->out, "model file to write", NULL),
        OPTIONS_COMMON(s->common),
    };
    const struct usage usage = {
        .program = s->program,
        .arguments = "",
        .description =
            "Trains the dense 784-128-64-10 network on MNIST, keeps the weights with the lowest\n"
            "validation loss, writes them to a model file and evaluates them on the test set.",
        .examples = "  mnist-train --epochs 50 --lr 1e-3\n"
                    "  mnist-train --dropout 0.2 --seed 7 --out seven.bin\n"
                    "  mnist-train --json --quiet >run.jsonl",
        .specs = specs,
        .spec_count = sizeof specs / sizeof specs[0],
    };
    int code = options_parse(&usage, argc, argv, &first);
    if (code < 0 && s->preset) {
        code = parse_preset(&usage, s->preset);
        code = code < 0 ? options_parse(&usage, argc, argv, &first) : code;
    }
    s->train.schedule = (enum schedule)schedule;
    if (code < 0 && options_augment_strength(s->program, &s->augment, &o->augment))
        code = EXIT_USAGE;
    return code;
}

/* Everything that can be wrong is found here, before the work. */
static int prepare(struct session *s, struct error *err)
{
    if (file_check_writable(s->out, err) ||
        dataset_load(&s->train_set, s->common.data, DATASET_TRAIN, err) ||
        dataset_load(&s->test_set, s->common.data, DATASET_TEST, err) ||
        dataset_check_distinct(&s->train_set, &s->test_set, err))
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
    return options_compute(&s->common, s->train.batch, &s->team, &s->network, err);
}

static void release(struct session *s)
{
    model_free(&s->model);
    network_destroy(&s->network);
    team_destroy(s->team);
    split_free(&s->split);
    dataset_free(&s->train_set);
    dataset_free(&s->test_set);
}

/* What is off unless it is asked for. */
static void announce_extras(const struct train_options *o)
{
    const struct augment *a = &o->augment;
    if (augment_any(a))
        fprintf(stderr, "images distorted: rotate %s°, scale %s, shear %s, shift %s, elastic %s\n",
                format_float(a->rotate).text, format_float(a->scale).text,
                format_float(a->shear).text, format_float(a->shift).text,
                format_float(a->elastic).text);
    if (o->warmup > 0)
        fprintf(stderr, "the learning rate rises for %d epochs\n", o->warmup);
    if (o->ema > 0)
        fprintf(stderr, "an average of the weights is kept, decay %s\n", format_float(o->ema).text);
}

static void announce(const struct session *s)
{
    const struct train_options *o = &s->train;
    if (s->common.json) {
        printf("{\"event\":\"start\",\"version\":\"%s\",\"parameters\":%d,\"data\":", MNIST_VERSION,
               PARAM_COUNT);
        json_write_string(stdout, s->common.data);
        printf(",\"train_images\":%d,\"val_images\":%d,\"test_images\":%d", s->split.train_count,
               s->split.val_count, s->test_set.count);
        for (int i = 0; i < TRAIN_OPTIONS; i++) {
            const char *quote = train_option_is_string(i) ? "\"" : "";
            printf(",\"%s\":%s%s%s", train_option_names[i], quote, train_option_text(o, i).text,
                   quote);
        }
        printf(",\"threads\":%d,\"kernels\":\"%s\"}\n", s->common.threads,
               s->network.kernels->name);
        fflush(stdout);
    }
    if (s->common.quiet)
        return;
    fprintf(stderr, "%s: 784-128-64-10, %s parameters; %s images to train on", s->program,
            format_count(PARAM_COUNT).text, format_count(s->split.train_count).text);
    fprintf(stderr, ", %s to validate, %s to test, from %s\n",
            format_count(s->split.val_count).text, format_count(s->test_set.count).text,
            s->common.data);
    fprintf(stderr,
            "epochs %d, lr %s %s, batch %d, l2 %s, dropout %s, label smoothing %s, patience %d, "
            "seed %" PRIu64 "; %d thread%s, %s kernels\n",
            o->epochs, format_float(o->lr).text, schedule_names[o->schedule], o->batch,
            format_float(o->l2).text, format_float(o->dropout).text,
            format_float(o->label_smoothing).text, o->patience, o->seed, s->common.threads,
            s->common.threads == 1 ? "" : "s", s->network.kernels->name);
    announce_extras(o);
    if (s->preset)
        fprintf(stderr, "preset %s: %s\n", preset_names[s->preset], presets[s->preset]);
    if (s->split.val_count == 0)
        fputs("no validation images: no early stop, and the last weights are kept\n", stderr);
}

static bool on_batch(void *context, const struct train_progress *now)
{
    struct session *s = context;
    progress_batch(&s->progress, now);
    return stop_signal() != 0;
}

static void on_epoch(void *context, const struct train_epoch *e)
{
    struct session *s = context;
    bool validated = s->split.val_count > 0;
    progress_epoch(&s->progress, e, validated);
    if (!s->common.json)
        return;
    printf("{\"event\":\"epoch\",\"epoch\":%d,\"train_loss\":%.9g,\"train_acc\":%.9g,", e->epoch,
           e->train_loss, e->train_acc);
    if (validated)
        printf("\"val_loss\":%.9g,\"val_acc\":%.9g,", e->val_loss, e->val_acc);
    printf("\"lr\":%s,\"seconds\":%.6f,\"val_seconds\":%.6f,\"images_per_s\":%.0f}\n",
           format_float(e->lr).text, e->seconds, e->val_seconds, e->images_per_s);
    fflush(stdout);
}

/* The largest the process has been, in bytes. */
static double peak_memory(void)
{
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) ? 0.0 : 1024.0 * (double)usage.ru_maxrss;
}

/* `test` is NULL after a run that diverged. */
static void print_end_json(const struct session *s, const struct metrics *test)
{
    const struct train_result *r = &s->result;
    printf("{\"event\":\"end\",\"best_epoch\":%d,\"epochs_run\":%d,\"stopped\":\"%s\"",
           r->best.epoch, r->epochs_run, stop_names[r->stop]);
    if (test) {
        printf(",\"test_loss\":%.9g,\"test_acc\":%.9g,\"confusion\":", metrics_loss(test),
               metrics_accuracy(test));
        report_json_confusion(stdout, test);
    }
    printf(",\"seconds\":%.6f,\"images_per_s\":%.0f,\"peak_bytes\":%.0f", r->seconds,
           r->images_per_s, peak_memory());
    if (test || r->best.epoch) {
        printf(",\"model\":");
        json_write_string(stdout, s->out);
        printf(",\"weights_crc32\":\"%08" PRIx32 "\"", s->model.crc32);
    }
    puts("}");
}

static void print_end(const struct session *s, const struct metrics *test)
{
    const struct train_result *r = &s->result;
    report_print(stdout, "test set", test, terminal_colors(stdout, s->common.color));
    printf("\n  model     %s, %s parameters, ", s->out, format_count(PARAM_COUNT).text);
    if (r->best.epoch)
        printf("weights of epoch %d of %d", r->best.epoch, r->epochs_run);
    else
        printf("weights from inside the first epoch");
    if (r->stop == TRAIN_EARLY)
        printf(" (no better validation loss in %d epochs)", s->train.patience);
    if (r->stop == TRAIN_ASKED)
        printf(" (stopped by a signal)");
    printf("\n  training  %s, %s images a second, peak memory %s\n",
           format_seconds(r->seconds).text, format_count((long long)r->images_per_s).text,
           format_bytes(peak_memory()).text);
}

/* Training diverged: what is said, and whether there is anything to keep. */
static int refuse_divergence(struct session *s, struct error *err)
{
    const struct train_result *r = &s->result;
    char kept[PATH_MAX + 64] = "nothing was saved";
    if (r->best.epoch) {
        if (model_save(&s->model, s->out, err))
            return -1;
        snprintf(kept, sizeof kept, "the weights of epoch %d are in %s", r->best.epoch, s->out);
    }
    if (s->common.json)
        print_end_json(s, NULL);
    return error_set(err,
                     "the loss is not finite in epoch %d, batch %d; %s: try a lower --lr than %g",
                     r->diverged_epoch, r->diverged_batch, kept, (double)s->train.lr);
}

static int run(struct session *s, struct error *err)
{
    const struct train_callbacks callbacks = {on_batch, on_epoch, s};
    struct metrics test;
    stop_watch();
    announce(s);
    progress_start(&s->progress, s->common.quiet, s->common.color);
    if (train_run(&s->result, &s->network, &s->train_set, &s->split, &s->train, &callbacks, err))
        return -1;
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
        network_evaluate(&s->network, &s->test_set, NULL, s->test_set.count, &test, err))
        return -1;
    if (!isfinite(test.loss))
        return error_set(err,
                         "%s: its loss on the test set is not finite: try a lower --lr than %g",
                         s->out, (double)s->train.lr);
    if (s->common.json)
        print_end_json(s, &test);
    else
        print_end(s, &test);
    return 0;
}

int command_train(int argc, char **argv)
{
    struct session s = {
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
                  .schedule = SCHEDULE_COSINE,
                  .seed = 1},
        .augment = options_augment(),
        .out = "model.bin",
    };
    struct error err;
    int code = parse(&s, argc, argv);
    if (code >= 0)
        return code;
    if (prepare(&s, &err) || run(&s, &err))
        code = command_fail(s.program, &err);
    else
        code = s.result.stop == TRAIN_ASKED ? EXIT_SIGNAL + stop_signal() : EXIT_DONE;
    release(&s);
    return command_finish(argv[0], code);
}
