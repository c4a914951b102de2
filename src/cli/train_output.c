#include "mnist/cli/train_output.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "mnist/base/format.h"
#include "mnist/base/memory.h"
#include "mnist/base/team.h"
#include "mnist/base/version.h"
#include "mnist/cli/command.h"
#include "mnist/cli/figures.h"
#include "mnist/cli/plot.h"
#include "mnist/cli/stop.h"
#include "mnist/cli/terminal.h"
#include "mnist/cli/train_announce.h"
#include "mnist/net/kernels.h"
#include "mnist/net/network.h"
#include "mnist/report/report.h"
#include "mnist/store/run_log.h"

int train_output_start(struct train_output *output, struct error *err)
{
    const struct train_request *request = output->request;
    const char *log_path = request->files[FILE_LOG];
    const struct run_log_start start = {
        .data = request->common.data,
        .kernels = output->network->kernels->name,
        .train_images = output->split->train_count,
        .val_images = output->split->val_count,
        .test_images = output->test_set->count,
        .threads = team_threads(output->network->team),
        .options = &request->line.options,
    };
    if (request->common.json) {
        run_log_write_start(stdout, &start);
        fflush(stdout);
    }
    if (log_path) {
        output->log = run_log_open(log_path, &start, output->from, err);
        if (!output->log)
            return -1;
    }
    if (!request->common.quiet && train_announce(output, err))
        return -1;
    progress_start(&output->progress, request->line.options.epochs, (double)request->max_seconds,
                   request->common.quiet, request->common.color);
    return 0;
}

void train_output_close(struct train_output *output)
{
    if (output->log)
        fclose(output->log);
    output->log = NULL;
}

void train_output_lost(struct train_output *output, enum train_file file, const struct error *err)
{
    if (!output->lost[file])
        command_fail(output->request->common.program, err);
    output->lost[file] = output->failed = true;
}

/* After the first epoch of this process: how long all of them take, if that is long and no limit
 * ends it before. */
static void tell_time_left(const struct train_output *output, const struct train_epoch *epoch)
{
    const struct train_options *options = &output->request->line.options;
    int earlier = output->from ? output->from->epochs_run : 0;
    double limit = (double)output->request->max_seconds;
    double left = (options->epochs - epoch->epoch) * (epoch->seconds + epoch->val_seconds);
    if (epoch->epoch != earlier + 1 || output->request->common.quiet || left <= 60.0 ||
        (limit > 0.0 && left > limit))
        return;
    if (output->split->val_count > 0 && options->patience > 0)
        terminal_say(terminal_stderr(), 0, 2, "about %s more, at most",
                     format_time_left(left).text);
    else
        terminal_say(terminal_stderr(), 0, 2, "about %s more for all %s epochs",
                     format_time_left(left).text, format_count(options->epochs).text);
}

/* A log that cannot be written has a gap, and gets no more lines. */
static void flush_log(struct train_output *output)
{
    struct error err = {""};
    if (!run_log_flush(output->log, output->request->files[FILE_LOG], &err))
        return;
    train_output_lost(output, FILE_LOG, &err);
    train_output_close(output);
}

void train_output_epoch(struct train_output *output, const struct train_epoch *epoch)
{
    bool validated = output->split->val_count > 0;
    progress_epoch(&output->progress, epoch, validated);
    tell_time_left(output, epoch);
    if (output->request->common.json) {
        run_log_write_epoch(stdout, epoch, validated);
        fflush(stdout);
    }
    if (!output->log)
        return;
    run_log_write_epoch(output->log, epoch, validated);
    flush_log(output);
}

/* The most memory the process has used, in bytes. macOS counts in bytes, all others in kB. */
static uint64_t peak_memory(void)
{
#if defined(__APPLE__)
    const uint64_t unit = 1;
#else
    const uint64_t unit = 1024;
#endif
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) ? 0 : unit * (uint64_t)usage.ru_maxrss;
}

static const char *stopped_by(const struct train_result *result)
{
    static const char *const names[] = {"completed", "early", "signal", "diverged"};
    return result->stop == TRAIN_ASKED && !stop_signal() ? "time" : names[result->stop];
}

/* The model's name is not broken, whatever its length. */
static void print_model(const struct train_output *o)
{
    const struct train_result *r = o->result;
    const struct train_options *options = &o->request->line.options;
    char weights[64] = "from inside the first epoch", end[96];
    if (r->best.epoch)
        snprintf(weights, sizeof weights, "of epoch\t%d", r->best.epoch);
    if (r->stop == TRAIN_ASKED)
        snprintf(end, sizeof end, "; stopped in epoch %d of %d by %s", r->stopped_epoch,
                 options->epochs, stop_signal() ? "a signal" : "--max-seconds");
    else if (r->stop == TRAIN_EARLY)
        snprintf(end, sizeof end, " of %d (no better validation loss in %d epochs)", r->epochs_run,
                 options->patience);
    else
        snprintf(end, sizeof end, " of %d", r->epochs_run);
    fputs("\n  model     ", stdout);
    int column = 12 + terminal_put(stdout, o->saved ? o->saved : "not saved");
    terminal_say(stdout, column, 12, ", %s parameters, weights %s%s",
                 format_count(PARAM_COUNT).text, weights, end);
}

static void print_end(const struct train_output *o, const struct metrics *test)
{
    const struct train_result *r = o->result;
    if (r->epochs_run > 1) {
        plot_history(stdout, r->history, r->epochs_run, o->split->val_count > 0, r->best.epoch,
                     terminal_width(stdout), terminal_is_unicode());
        putchar('\n');
    }
    figures_print(stdout, "test set", test, terminal_colors(stdout, o->request->common.color));
    print_model(o);
    terminal_say(stdout, 0, 12, "  training  %s, %s images a second, peak memory\t%s",
                 format_seconds(r->seconds).text, format_rounded(r->images_per_s).text,
                 format_bytes((double)peak_memory()).text);
}

/* Writes the command line that goes on with the run. */
static void write_resumption(FILE *out, const void *context)
{
    const struct train_output *o = context;
    static const struct {
        const char *flag;
        enum train_file file;
    } rows[] = {{" --out", FILE_OUT},
                {" --checkpoint", FILE_CHECKPOINT},
                {" --log", FILE_LOG},
                {" --report", FILE_REPORT}};
    const char *const *files = o->request->files;
    fputs("mnist-train --resume", out);
    command_write_word(out, o->kept);
    fputs(" --data", out);
    command_write_word(out, o->request->common.data);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *path = files[rows[i].file];
        if (!path || (rows[i].file == FILE_CHECKPOINT && !strcmp(path, o->kept)))
            continue;
        fputs(rows[i].flag, out);
        command_write_word(out, path);
    }
}

static void tell_resumption(const struct train_output *o)
{
    struct error ignored = {""};
    size_t size;
    char *command = mem_print(write_resumption, o, &size, "a hint", &ignored);
    if (!command)
        return;
    FILE *out = terminal_stderr();
    fputs("to go on: ", out);
    terminal_put(out, command);
    putc('\n', out);
    free(command);
}

/* Says so if no epoch was better than guessing, nor are the weights, and what may help. */
static void advise_on_guessing(const struct train_output *o, const struct metrics *test)
{
    static const double guessing = 2.302585092994046; /* ln 10 */
    const struct train_result *r = o->result;
    struct error err = {""};
    const struct train_options *options = &o->request->line.options;
    const char *how = o->from ? "start a new run with" : "try"; /* this one keeps its options */
    const struct {
        const char *flag;
        float value, most; /* beyond which it may well be the cause */
    } causes[] = {{"--l2", options->l2, 0.01f},
                  {"--dropout", options->dropout, 0.5f},
                  {"--label-smoothing", options->label_smoothing, 0.5f},
                  {"--lr", options->lr, train_options_usual().lr}};
    size_t count = sizeof causes / sizeof causes[0], i = 0;
    for (int e = 0; e < r->epochs_run; e++)
        if (r->history[e].train_loss < 0.98 * guessing)
            return;
    if (r->epochs_run == 0 || metrics_loss(test) < 0.98 * guessing)
        return;
    while (i < count && causes[i].value <= causes[i].most)
        i++;
    error_set(&err, "the loss never got well below ln 10 = 2.3026, that of guessing");
    if (i < count)
        command_advise(&err, "%s a lower %s than %s", how, causes[i].flag,
                       format_float(causes[i].value).text);
    else
        command_advise(&err, "%s a higher --lr than %s, or more --epochs than %d", how,
                       format_float(options->lr).text, r->epochs_run);
    command_fail(o->request->common.program, &err);
}

void train_output_end(struct train_output *o, const struct metrics *test)
{
    const struct train_result *r = o->result;
    const struct run_log_end end = {
        .result = r,
        .stopped = stopped_by(r),
        .test = test,
        .model = o->saved,
        .weights_crc32 = o->model->crc32,
        .peak_bytes = peak_memory(),
    };
    if (o->request->common.json)
        run_log_write_end(stdout, &end);
    else if (test)
        print_end(o, test);
    if (test)
        advise_on_guessing(o, test);
    if (r->stop == TRAIN_ASKED && o->kept && !o->request->common.quiet)
        tell_resumption(o);
    if (!o->log)
        return;
    run_log_write_end(o->log, &end);
    flush_log(o);
}

/* Writes the command line that trains the same model. */
static void write_command(FILE *out, const void *context)
{
    const struct train_output *o = context;
    fputs("mnist-train --data", out);
    command_write_word(out, o->request->common.data);
    train_line_write(out, &o->request->line.options, NULL);
    if (o->result->stop == TRAIN_ASKED) /* it gives another model, and must not replace this one */
        return;
    fputs(" --out", out);
    command_write_word(out, o->request->files[FILE_OUT]);
}

static void add_facts(struct report *report, const struct train_output *o)
{
    const struct train_result *r = o->result;
    report_fact(report, "data", "%s", o->request->common.data);
    report_fact(report, "images", "%s to train on, %s to validate, %s to test",
                format_count(o->split->train_count).text, format_count(o->split->val_count).text,
                format_count(o->test_set->count).text);
    report_options(report, &o->request->line.options);
    report_fact(report, "stopped", "%s", stopped_by(r));
    report_fact(report, "time", "%s", format_seconds(r->seconds).text);
    if (r->epochs_run > 0)
        report_fact(report, "speed", "%s images a second in training",
                    format_rounded(r->images_per_s).text);
    report_fact(report, "threads", "%d, %s kernels", team_threads(o->network->team),
                o->network->kernels->name);
    report_fact(report, "peak memory", "%s", format_bytes((double)peak_memory()).text);
    report_fact(report, "model", "%s", o->saved ? o->saved : "not saved");
    report_fact(report, "weights_crc32", "%s", format_crc32(o->model->crc32).text);
    report_fact(report, "program", "mnist %s", MNIST_VERSION);
}

static int write_report(const struct train_output *o, struct error *err)
{
    size_t size;
    char *command = mem_print(write_command, o, &size, "the report", err);
    if (!command)
        return -1;
    struct report report = {
        .heading = "training report",
        .split = "test",
        .command = command,
        .planned = o->result->stop == TRAIN_ASKED ? o->request->line.options.epochs : 0,
        .history = o->result->history,
        .epochs = o->result->epochs_run,
        .best_epoch = o->result->best.epoch,
        .seconds = o->result->seconds,
        .validated = o->split->val_count > 0,
        .dataset = o->test_set,
        .evaluation = o->evaluation,
        .network = o->network,
    };
    add_facts(&report, o);
    int failed = report_write(&report, o->request->files[FILE_REPORT], err);
    free(command);
    return failed;
}

void train_output_report(struct train_output *output)
{
    struct error err = {""};
    const char *path = output->request->files[FILE_REPORT];
    if (!path)
        return;
    if (stop_count() > 1) {
        error_set(&err, "%s: not written: a second signal came", path);
        command_fail(output->request->common.program, &err);
        return;
    }
    if (write_report(output, &err))
        train_output_lost(output, FILE_REPORT, &err);
}
