#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "mnist/base/clock.h"
#include "mnist/base/format.h"
#include "mnist/base/memory.h"
#include "mnist/base/rmath.h"
#include "mnist/cli/command.h"
#include "mnist/cli/engine.h"
#include "mnist/cli/stop.h"
#include "mnist/cli/terminal.h"
#include "mnist/cli/train_output.h"
#include "mnist/store/checkpoint.h"

/* One run of the command. */
struct session {
    struct train_request request;
    struct train_files files;
    struct checkpoint resumed; /* with --resume */
    struct run_data data;
    struct dataset train_set, test_set;
    struct split split;
    struct engine engine; /* has the trained model in the end */
    struct train_result result;
    struct evaluation evaluation;
    struct train_output output;
    double start;              /* clock at the start */
    char saved_path[PATH_MAX]; /* where the model was saved instead */
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
    const struct train_line *line = &s->request.line;
    bool augments = augment_any(&s->resumed.options.augment);
    if (line->augment_given && line->augment != augments)
        return command_refuse(
            s->request.common.program, "%s: the run in %s %s: leave it out, or start a new run",
            line->augment ? "--augment" : "--no-augment", s->request.files[FILE_RESUME],
            augments ? "augments its images" : "augments none");
    for (int i = 0; i < TRAIN_OPTIONS; i++) {
        struct text was = train_options_text(&s->resumed.options, i);
        struct text is = train_options_text(&s->request.line.options, i);
        if (strcmp(was.text, is.text) != 0 && !may_differ(s, i))
            return command_refuse(s->request.common.program,
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
        return command_fail(s->request.common.program, &err);
    }
    if (!s->request.files[FILE_CHECKPOINT]) {
        error_set(&err, "%s is a pipe: no checkpoint is kept unless --checkpoint names one", path);
        command_fail(s->request.common.program, &err);
    }
    return -1;
}

static int take_files(struct session *s)
{
    struct error err = {""};
    return train_files_take(&s->files, &s->request, &err)
               ? command_fail(s->request.common.program, &err)
               : -1;
}

/* Parses the line again, on top of the options of the resumed run and of the preset. */
static int parse_again(struct session *s, const struct usage *usage, int preset, int argc,
                       char **argv)
{
    struct train_request *request = &s->request;
    struct train_options base =
        request->files[FILE_RESUME] ? s->resumed.options : train_options_usual();
    int operands;
    request->preset = preset ? &presets_table[preset - 1] : NULL;
    if (request->preset)
        presets_apply(&base, request->preset);
    train_line_begin(&request->line, &base);
    int code = options_parse(usage, argc, argv, &operands);
    return code < 0 && train_line_end(request->common.program, &request->line) ? EXIT_USAGE : code;
}

/* The files are taken before any of them is read. */
static int parse_line(struct session *s, const struct usage *usage, const int *preset, int argc,
                      char **argv)
{
    const char **files = s->request.files;
    int operands, code = options_parse(usage, argc, argv, &operands);
    if (code >= 0)
        return code;
    stop_watch(); /* from here on, reading a pipe may take long, and files are claimed */
    if (!files[FILE_RESUME]) {
        code = parse_again(s, usage, *preset, argc, argv);
        return code < 0 ? take_files(s) : code;
    }
    code = take_files(s);
    if (code < 0)
        code = load_resumed(s);
    if (code < 0)
        code = parse_again(s, usage, *preset, argc, argv);
    return code < 0 ? check_resumed(s) : code;
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
    const struct option_spec plain = {.name = "no-augment",
                                      .kind = OPTION_NO,
                                      .value = &request->line.augment,
                                      .given = &request->line.augment_given,
                                      .group = GROUP_AUGMENTATION,
                                      .help = "no augmentation, whatever the preset says"};
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
        .program = request->common.program,
        .arguments = "",
        .description =
            "Trains the dense " PARAMS_ARCHITECTURE
            " network on MNIST, keeps the weights with the lowest "
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
    options_add(&usage, &plain, 1);
    options_add_data(&usage, &request->common);
    train_files_add(&usage, request->files);
    options_add(&usage, &seconds, 1);
    options_add_common(&usage, &request->common);
    return parse_line(s, &usage, &preset, argc, argv);
}

/* --- before the work --- */

static int load_data(struct session *s, struct error *err)
{
    const char *folder = s->request.common.data;
    struct team *team = s->engine.team;
    int shared;
    if (command_load_data(&s->train_set, folder, DATASET_TRAIN, team, err) ||
        command_load_data(&s->test_set, folder, DATASET_TEST, team, err) ||
        dataset_digest(&s->train_set, team, err) || dataset_digest(&s->test_set, team, err) ||
        dataset_check_distinct(&s->train_set, &s->test_set, &shared, err))
        return -1;
    if (shared)
        fprintf(terminal_stderr(), "%s: %s of %s test images %s too\n", s->request.common.program,
                format_count(shared).text, format_count(s->test_set.count).text,
                shared == 1 ? "is a training image" : "are training images");
    s->data = metadata_run_data(&s->train_set, &s->test_set);
    if (s->request.files[FILE_RESUME] &&
        checkpoint_check_data(&s->resumed, s->request.files[FILE_RESUME], &s->data, folder, err))
        return command_advise(err, "name their folder with --data");
    return 0;
}

/* Takes all the memory that saving needs, before there is something to lose. */
static int reserve(struct session *s, struct error *err)
{
    struct model *model = &s->engine.model;
    model->params = mem_alloc(PARAM_COUNT, sizeof(float), err);
    if (!model->params || model_reserve(model, err))
        return -1;
    return evaluation_create(&s->evaluation, s->test_set.count, err);
}

/* Finds everything that can be wrong before the work starts. */
static int prepare(struct session *s, struct error *err)
{
    struct train_options *options = &s->request.line.options;
    const struct checkpoint *resumed = s->request.files[FILE_RESUME] ? &s->resumed : NULL;
    if (engine_find(&s->engine, &s->request.common, err) ||
        train_files_judge(&s->files, &s->request, resumed, err) || load_data(s, err))
        return -1;
    if (train_options_settle(options, s->train_set.count))
        return error_set(err, "--val %d leaves nothing of the %d training images: give fewer",
                         options->val, s->train_set.count);
    if (options->warmup >= options->epochs)
        return error_set(err, "--warmup %d leaves nothing of the %d epochs: give fewer",
                         options->warmup, options->epochs);
    if (split_create(&s->split, &s->train_set, options->val, options->seed, err) ||
        reserve(s, err) || engine_start(&s->engine, options->batch, err))
        return -1;
    return stop_signal() ? error_set(err, "stopped by a signal before training began") : 0;
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
    train_files_release(&s->files);
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

/* The log comes before the checkpoint, so the log has every epoch that a checkpoint has. What is
 * not replaced, and so not claimed, is nothing to go on from: a pipe or a device. */
static void on_epoch(void *context, const struct train_state *state)
{
    struct session *s = context;
    struct error err = {""};
    const char *path = s->request.files[FILE_CHECKPOINT];
    train_output_epoch(&s->output, &state->history[state->epochs_run - 1]);
    if (path && checkpoint_save(state, &s->request.line.options, &s->data, path, &err))
        train_output_lost(&s->output, FILE_CHECKPOINT, &err);
    else if (path && s->files.checkpoint_claim.path[0])
        s->output.kept = path;
}

/* Whether the weights have been judged and may replace others: a whole epoch gave them, and their
 * loss on the test images is finite. Where there is nothing to lose, and nothing has come since the
 * start, any weights may be saved. */
static bool may_replace(struct session *s)
{
    struct error ignored = {""};
    bool judged = s->result.best.epoch && rmath_is_finite_double(s->evaluation.metrics.loss_sum);
    return judged || (!earlier_look(&s->files.out, s->request.files[FILE_OUT], &ignored) &&
                      s->files.out.kind == EARLIER_NOTHING);
}

/* Saves the model where it should be, or beside that, which it says. */
static void save(struct session *s)
{
    struct model *model = &s->engine.model;
    struct train_output *output = &s->output;
    const char *out = s->request.files[FILE_OUT];
    struct error err = {""}, worse = {""};
    if (!model_save(model, out, &err)) {
        output->saved = out;
        return;
    }
    if (!model_save_beside(s->saved_path, model, out, &worse)) {
        output->saved = s->saved_path;
        command_advise(&err, "the weights are in %s", s->saved_path);
    }
    train_output_lost(output, FILE_OUT, &err);
}

/* Makes the trained network the engine's model, judges it on the test images, and saves it if it
 * may replace what is there. */
static void keep(struct session *s)
{
    struct model *model = &s->engine.model;
    network_get_params(&s->engine.network, model->params);
    model->options = s->request.line.options;
    model->data = s->data;
    model->best = s->result.best;
    evaluation_run(&s->evaluation, &s->engine.network, &s->test_set);
    if (may_replace(s))
        save(s);
}

/* Fills err: something is not finite, `what`. A resumed run must keep its options. */
static int refuse_infinite(struct session *s, const char *what, struct error *err)
{
    const char *saved = s->output.saved;
    int epoch = s->result.best.epoch;
    char kept[PATH_MAX + 64] = "nothing was saved";
    if (saved && epoch)
        snprintf(kept, sizeof kept, "the weights of epoch %d are in %s", epoch, saved);
    else if (saved)
        snprintf(kept, sizeof kept, "the weights are in %s", saved);
    train_output_end(&s->output, NULL);
    return error_set(err, "%s; %s: %s a lower --lr than %s", what, kept,
                     s->request.files[FILE_RESUME] ? "start a new run with" : "try",
                     format_float(s->request.line.options.lr).text);
}

static int refuse_divergence(struct session *s, struct error *err)
{
    char what[128];
    snprintf(what, sizeof what,
             "the loss or its squared gradient is not finite in epoch %d, batch %d",
             s->result.diverged_epoch, s->result.diverged_batch);
    return refuse_infinite(s, what, err);
}

/* A stop before the first epoch was whole leaves the earlier model. Whoever sent a signal knows
 * why; --max-seconds gave too little. */
static int stopped_early(struct session *s, struct error *err)
{
    train_output_end(&s->output, NULL);
    error_set(err, "stopped before the end of the first epoch: %s stays as it was",
              s->request.files[FILE_OUT]);
    if (!stop_signal())
        return command_advise(err, "give more --max-seconds");
    command_fail(s->request.common.program, err);
    return 0;
}

static int finish(struct session *s, struct error *err)
{
    const struct train_result *result = &s->result;
    struct train_output *output = &s->output;
    bool diverged = result->stop == TRAIN_DIVERGED;
    if (!diverged || result->best.epoch)
        keep(s);
    if (diverged)
        return refuse_divergence(s, err);
    if (!rmath_is_finite_double(s->evaluation.metrics.loss_sum))
        return refuse_infinite(s, "the loss on the test set is not finite", err);
    if (!output->saved && !output->lost[FILE_OUT])
        return stopped_early(s, err);
    train_output_end(output, &s->evaluation.metrics);
    train_output_report(output);
    return 0;
}

static int run(struct session *s, struct error *err)
{
    const struct train_callbacks callbacks = {on_batch, on_epoch, s};
    const struct train_options *options = &s->request.line.options;
    s->output = (struct train_output){
        .request = &s->request,
        .files = &s->files,
        .from = s->request.files[FILE_RESUME] ? &s->resumed.state : NULL,
        .split = &s->split,
        .test_set = &s->test_set,
        .network = &s->engine.network,
        .result = &s->result,
        .evaluation = &s->evaluation,
        .model = &s->engine.model,
        .kept = s->files.resumable,
    };
    if (train_output_start(&s->output, err))
        return -1;
    s->start = clock_seconds();
    int failed = train_run(&s->result, &s->engine.network, &s->train_set, &s->split, options,
                           s->output.from, &callbacks, err);
    terminal_margin();
    return failed ? -1 : finish(s, err);
}

/* A signal that ended a wait, or the training, gives the exit code. */
static int exit_code(const struct session *s, int code)
{
    bool trained = s->result.history != NULL;
    bool stopped =
        trained ? code == EXIT_DONE && s->result.stop == TRAIN_ASKED : code == EXIT_FAILED;
    return stopped && stop_signal() ? EXIT_SIGNAL + stop_signal() : code;
}

int command_train(int argc, char **argv)
{
    struct session s = {
        .request = {.common = options_common(argv[0]), .files = {[FILE_OUT] = "model.bin"}}};
    struct error err = {""};
    int code = parse(&s, argc, argv);
    if (code < 0 && (prepare(&s, &err) || run(&s, &err)))
        code = command_fail(s.request.common.program, &err);
    else if (code < 0)
        code = s.output.failed ? EXIT_FAILED : EXIT_DONE;
    code = exit_code(&s, code);
    release(&s);
    return command_finish(argv[0], code);
}
