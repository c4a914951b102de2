#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "mnist/base/clock.h"
#include "mnist/base/file_write.h"
#include "mnist/base/format.h"
#include "mnist/base/memory.h"
#include "mnist/base/rmath.h"
#include "mnist/cli/command.h"
#include "mnist/cli/engine.h"
#include "mnist/cli/stop.h"
#include "mnist/cli/train_output.h"
#include "mnist/store/checkpoint.h"

/* One run of the command. */
struct session {
    struct train_request request;
    struct checkpoint resumed; /* with --resume */
    struct run_data data;      /* with --checkpoint; else when there is a model to save */
    int saved_epoch;           /* the epoch that a failed run can resume from; 0: none */
    const char *saved_path;    /* the checkpoint that holds that epoch */
    struct dataset train_set, test_set;
    struct split split;
    struct engine engine; /* has the trained model in the end */
    struct train_result result;
    struct evaluation evaluation;
    struct train_output output;
    double start; /* clock at the start */
};

/* The options that name the files. */
static const struct {
    const char *flag, *help, *none;
} file_options[TRAIN_FILES] = {
    [FILE_OUT] = {"out", "model file to write", NULL},
    [FILE_CHECKPOINT] = {"checkpoint", "write what --resume needs after each epoch", "none"},
    [FILE_RESUME] = {"resume", "go on from a checkpoint, and keep it up to date", "none"},
    [FILE_LOG] = {"log", "append JSON Lines to this file", "none"},
    [FILE_REPORT] = {"report", "write a report with curves and pictures, one HTML file", "none"},
};

/* --- the command line --- */

/* Whether option i may differ from that of the resumed run. */
static bool may_differ(const struct session *s, int i)
{
    const struct train_options *now = &s->request.line.options, *old = &s->resumed.options;
    size_t offset = train_options_table[i].offset;
    if (offset == offsetof(struct train_options, epochs))
        return now->epochs > old->epochs && now->schedule == SCHEDULE_CONSTANT;
    /* A batch larger than the training set was reduced to it. */
    return offset == offsetof(struct train_options, batch) && now->batch > old->batch &&
           old->batch == s->resumed.data.train.count - old->val;
}

/* The options may not contradict the resumed run, with one exception: with a constant learning rate
 * it may become longer. */
static int check_resumed(const struct session *s)
{
    for (int i = 0; i < TRAIN_OPTIONS; i++) {
        struct text was = train_options_text(&s->resumed.options, i);
        struct text is = train_options_text(&s->request.line.options, i);
        if (strcmp(was.text, is.text) != 0 && !may_differ(s, i))
            return options_refuse(s->request.program,
                                  "%s %s%s: the run in %s has %s: leave it out, or start a new run",
                                  train_line_flag(i).text, is.text,
                                  s->request.preset ? " (from --preset)" : "",
                                  s->request.files[FILE_RESUME], was.text);
    }
    return -1;
}

static int load_resumed(struct session *s)
{
    struct error err = {""};
    const char *path = s->request.files[FILE_RESUME];
    if (checkpoint_load(&s->resumed, path, &err)) {
        if (s->resumed.is_model)
            command_advise(&err, "--resume wants what --checkpoint wrote");
        return command_fail(s->request.program, &err);
    }
    s->saved_epoch = s->resumed.state.epochs_run;
    s->saved_path = path;
    if (!s->request.files[FILE_CHECKPOINT])
        s->request.files[FILE_CHECKPOINT] = path;
    return -1;
}

/* Parses the line, and again on top of the checkpoint and the preset that it names. */
static int parse_line(struct session *s, const struct usage *usage, int *preset, int argc,
                      char **argv)
{
    struct train_request *request = &s->request;
    struct train_options base = train_options_usual();
    int first, code = options_parse(usage, argc, argv, &first);
    if (code >= 0)
        return code;
    if (request->files[FILE_RESUME]) {
        code = load_resumed(s);
        base = s->resumed.options;
    }
    request->preset = *preset ? &presets_table[*preset - 1] : NULL;
    if (request->preset)
        presets_apply(&base, request->preset);
    train_line_begin(&request->line, &base);
    if (code < 0)
        code = options_parse(usage, argc, argv, &first);
    if (code < 0 && train_line_end(request->program, &request->line))
        code = EXIT_USAGE;
    return code < 0 && request->files[FILE_RESUME] ? check_resumed(s) : code;
}

static void add_files(struct usage *usage, const char **files)
{
    for (int i = 0; i < TRAIN_FILES; i++) {
        struct option_spec spec = {.unit = "FILE", .kind = OPTION_STRING, .value = &files[i]};
        snprintf(spec.name, sizeof spec.name, "%s", file_options[i].flag);
        spec.group = GROUP_FILES;
        spec.help = file_options[i].help;
        spec.special_default = file_options[i].none;
        options_add(usage, &spec, 1);
    }
}

static int parse(struct session *s, int argc, char **argv)
{
    struct train_request *request = &s->request;
    const struct train_options usual = train_options_usual();
    const char *presets[PRESETS + 2] = {"none"};
    int preset = 0;
    for (int i = 0; i < PRESETS; i++)
        presets[i + 1] = presets_table[i].name;
    const struct option_spec recipe = {.name = "preset",
                                       .unit = "NAME",
                                       .kind = OPTION_CHOICE,
                                       .value = &preset,
                                       .choices = presets,
                                       .group = GROUP_LEARNING,
                                       .help = "a recipe; other options override it"};
    const struct option_spec seconds = {
        "max-seconds",
        "F",
        OPTION_FLOAT,
        &request->max_seconds,
        0,
        1e9,
        .group = GROUP_MACHINE,
        .help = "stop after this time, keep the best weights; 0: no limit"};
    struct usage usage = {
        .program = request->program,
        .arguments = "",
        .description =
            "Trains the dense " PARAMS_ARCHITECTURE
            " network on MNIST, keeps the weights with the lowest\n"
            "validation loss, writes them to a model file and evaluates them on the test set.",
        .examples = "  mnist-train --epochs 50 --lr 1e-3\n"
                    "  mnist-train --preset best --checkpoint run.checkpoint\n"
                    "  mnist-train --resume run.checkpoint\n"
                    "  mnist-train --json --quiet >run.jsonl",
    };
    train_line_begin(&request->line, &usual);
    train_line_add(&request->line, &usage, TRAIN_LEARNING);
    options_add(&usage, &recipe, 1);
    train_line_add(&request->line, &usage, TRAIN_AUGMENTATION);
    options_add_data(&usage, &request->common);
    add_files(&usage, request->files);
    options_add(&usage, &seconds, 1);
    options_add_common(&usage, &request->common);
    return parse_line(s, &usage, &preset, argc, argv);
}

/* --- before the work --- */

/* Two files of the same name would overwrite each other; each is first written under a name ending
 * in .tmp. Only a checkpoint may replace the one that the run resumes. */
static int check_names(const char *const *files, struct error *err)
{
    for (int i = 0; i < TRAIN_FILES; i++) {
        char temporary[PATH_MAX];
        if (!files[i] || snprintf(temporary, PATH_MAX, "%s.tmp", files[i]) >= PATH_MAX)
            continue;
        for (int j = 0; j < TRAIN_FILES; j++) {
            bool kept_up = (i == FILE_CHECKPOINT && j == FILE_RESUME) ||
                           (i == FILE_RESUME && j == FILE_CHECKPOINT);
            if (i == j || kept_up || !files[j])
                continue;
            if (file_write_same(files[i], files[j]))
                return error_set(err, "--%s and --%s are both %s: give each a file of its own",
                                 file_options[i].flag, file_options[j].flag, files[i]);
            if (file_write_same(temporary, files[j]))
                return error_set(err,
                                 "--%s %s is what --%s %s is written to first: name another file",
                                 file_options[j].flag, files[j], file_options[i].flag, files[i]);
        }
    }
    return 0;
}

static int load_data(struct session *s, struct error *err)
{
    const char *folder = s->request.common.data;
    int shared;
    if (command_load_data(&s->train_set, folder, DATASET_TRAIN, err) ||
        command_load_data(&s->test_set, folder, DATASET_TEST, err) ||
        dataset_check_distinct(&s->train_set, &s->test_set, &shared, err))
        return -1;
    if (shared)
        fprintf(stderr, "%s: %s of %s test images %s too\n", s->request.program,
                format_count(shared).text, format_count(s->test_set.count).text,
                shared == 1 ? "is a training image" : "are training images");
    if (s->request.files[FILE_CHECKPOINT])
        s->data = metadata_run_data(&s->train_set, &s->test_set);
    if (s->request.files[FILE_RESUME] &&
        checkpoint_check_data(&s->resumed, s->request.files[FILE_RESUME], &s->data, folder, err))
        return command_advise(err, "name their folder with --data");
    return 0;
}

/* Finds everything that can be wrong before the work starts. */
static int prepare(struct session *s, struct error *err)
{
    static const enum train_file replaced[] = {FILE_OUT, FILE_CHECKPOINT, FILE_REPORT};
    const char **files = s->request.files;
    struct train_options *options = &s->request.line.options;
    if (engine_find(&s->engine, &s->request.common, err) || check_names(files, err))
        return -1;
    for (size_t i = 0; i < sizeof replaced / sizeof replaced[0]; i++)
        if (files[replaced[i]] && file_write_check(files[replaced[i]], err))
            return -1;
    if (load_data(s, err))
        return -1;
    if (train_options_settle(options, s->train_set.count))
        return error_set(err, "--val %d leaves nothing of the %d training images: give fewer",
                         options->val, s->train_set.count);
    if (options->warmup >= options->epochs)
        return error_set(err, "--warmup %d leaves nothing of the %d epochs: give fewer",
                         options->warmup, options->epochs);
    if (split_create(&s->split, &s->train_set, options->val, options->seed, err))
        return -1;
    return engine_start(&s->engine, &s->request.common, options->batch, err);
}

static void release(struct session *s)
{
    train_output_close(&s->output);
    checkpoint_free(&s->resumed);
    train_result_free(&s->result);
    evaluation_free(&s->evaluation);
    engine_close(&s->engine);
    split_free(&s->split);
    dataset_free(&s->train_set);
    dataset_free(&s->test_set);
}

/* --- the work --- */

static bool out_of_time(const struct session *s)
{
    float limit = s->request.max_seconds;
    return limit > 0 && clock_seconds() - s->start >= (double)limit;
}

static bool on_batch(void *context, const struct train_progress *now)
{
    struct session *s = context;
    progress_batch(&s->output.progress, now);
    return stop_signal() != 0 || out_of_time(s);
}

/* The log comes before the checkpoint, so the log has every epoch that a checkpoint has. */
static int on_epoch(void *context, const struct train_state *state, struct error *err)
{
    struct session *s = context;
    const char *path = s->request.files[FILE_CHECKPOINT];
    if (train_output_epoch(&s->output, &state->history[state->epochs_run - 1], err))
        return -1;
    if (!path)
        return 0;
    if (checkpoint_save(state, &s->request.line.options, &s->data, path, err))
        return -1;
    s->saved_epoch = state->epochs_run;
    s->saved_path = path;
    return 0;
}

/* A run that failed for lack of memory or disk space is not lost if there is a checkpoint: says
 * so. */
static int tell_left(const struct session *s, struct error *err)
{
    struct error cause = *err;
    if (s->saved_epoch)
        error_set(err, "%s; epoch %d is whole in %s: make room, then go on with --resume %s",
                  cause.text, s->saved_epoch, s->saved_path, s->saved_path);
    return -1;
}

/* What to do about weights that grew without bound. A resumed run must keep its options. */
static const char *advice(const struct session *s)
{
    return s->request.files[FILE_RESUME] ? "start a new run with" : "try";
}

/* Training diverged: fills err, and says whether there is anything to keep. */
static int refuse_divergence(struct session *s, struct error *err)
{
    const struct train_result *r = &s->result;
    const char *out = s->request.files[FILE_OUT];
    char kept[PATH_MAX + 64] = "nothing was saved";
    if (r->best.epoch) {
        if (model_save(&s->engine.model, out, err))
            return -1;
        snprintf(kept, sizeof kept, "the weights of epoch %d are in %s", r->best.epoch, out);
    }
    if (train_output_end(&s->output, NULL, err))
        return -1;
    return error_set(err,
                     "the loss or its squared gradient is not finite in epoch %d, batch %d; %s: %s "
                     "a lower --lr than %s",
                     r->diverged_epoch, r->diverged_batch, kept, advice(s),
                     format_float(s->request.line.options.lr).text);
}

/* Makes the trained network the engine's model. */
static int take_model(struct session *s, struct error *err)
{
    struct model *model = &s->engine.model;
    model->params = mem_alloc(PARAM_COUNT, sizeof(float), err);
    if (!model->params)
        return -1;
    network_get_params(&s->engine.network, model->params);
    if (!s->request.files[FILE_CHECKPOINT])
        s->data = metadata_run_data(&s->train_set, &s->test_set);
    model->options = s->request.line.options;
    model->data = s->data;
    model->best = s->result.best;
    return 0;
}

static int run(struct session *s, struct error *err)
{
    const struct train_callbacks callbacks = {on_batch, on_epoch, s};
    const struct train_options *options = &s->request.line.options;
    const char *out = s->request.files[FILE_OUT];
    stop_watch(); /* first: a signal may come as soon as the start is printed */
    s->output = (struct train_output){
        .request = &s->request,
        .from = s->request.files[FILE_RESUME] ? &s->resumed.state : NULL,
        .split = &s->split,
        .test_set = &s->test_set,
        .network = &s->engine.network,
        .result = &s->result,
        .evaluation = &s->evaluation,
        .model = &s->engine.model,
    };
    if (train_output_start(&s->output, err))
        return -1;
    s->start = clock_seconds();
    if (train_run(&s->result, &s->engine.network, &s->train_set, &s->split, options, s->output.from,
                  &callbacks, err))
        return tell_left(s, err);
    progress_clear(&s->output.progress);
    if (take_model(s, err))
        return -1;
    if (s->result.stop == TRAIN_DIVERGED)
        return refuse_divergence(s, err);
    if (model_save(&s->engine.model, out, err) ||
        evaluation_run(&s->evaluation, &s->engine.network, &s->test_set, err))
        return tell_left(s, err);
    if (!rmath_is_finite_double(s->evaluation.metrics.loss_sum))
        return error_set(err, "%s: its loss on the test set is not finite: %s a lower --lr than %s",
                         out, advice(s), format_float(options->lr).text);
    if (train_output_end(&s->output, &s->evaluation.metrics, err))
        return -1;
    return s->request.files[FILE_REPORT] ? train_output_report(&s->output, err) : 0;
}

int command_train(int argc, char **argv)
{
    struct session s = {.request = {.program = argv[0],
                                    .common = options_common(),
                                    .files = {[FILE_OUT] = "model.bin"}}};
    struct error err = {""};
    int code = parse(&s, argc, argv);
    if (code >= 0) {
        release(&s);
        return code;
    }
    if (prepare(&s, &err) || run(&s, &err))
        code = command_fail(s.request.program, &err);
    else
        code =
            s.result.stop == TRAIN_ASKED && stop_signal() ? EXIT_SIGNAL + stop_signal() : EXIT_DONE;
    release(&s);
    return command_finish(argv[0], code);
}
