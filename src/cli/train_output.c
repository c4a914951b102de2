#include "mnist/cli/train_output.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "mnist/base/format.h"
#include "mnist/base/memory.h"
#include "mnist/base/version.h"
#include "mnist/cli/command.h"
#include "mnist/cli/figures.h"
#include "mnist/cli/plot.h"
#include "mnist/cli/stop.h"
#include "mnist/cli/terminal.h"
#include "mnist/net/kernels.h"
#include "mnist/net/network.h"
#include "mnist/report/report.h"
#include "mnist/store/run_log.h"

/* Prints "epochs 40, lr 0.003, …": the options of a group, in the order of the table. */
static void announce_group(const struct train_options *options, enum train_group group)
{
    const char *between = "";
    for (int i = 0; i < TRAIN_OPTIONS; i++) {
        if (train_options_table[i].group != group)
            continue;
        fputs(between, stderr);
        for (const char *c = train_options_table[i].name; *c; c++)
            putc(*c == '_' ? ' ' : *c, stderr);
        bool degrees = !strcmp(train_options_table[i].unit, "DEG");
        fprintf(stderr, " %s%s", train_options_text(options, i).text,
                degrees ? terminal_text("°", " deg") : "");
        between = ", ";
    }
}

static void announce_preset(const struct train_request *request)
{
    fprintf(stderr, "preset %s:", request->preset->name);
    train_line_write(stderr, &request->preset->options, presets_sets);
    putc('\n', stderr);
}

/* What will be lost when the run ends well. */
static void announce_replaced(const char *path, const struct earlier *earlier)
{
    const struct train_epoch *best = &earlier->best;
    if (earlier->kind == EARLIER_NOTHING)
        return;
    fputs("replaces ", stderr);
    terminal_put(stderr, path);
    if (earlier->kind == EARLIER_OTHER)
        fputs(", which is neither a model nor a checkpoint that can be read", stderr);
    else if (!earlier->described)
        fputs(", a model of another version", stderr);
    else if (best->epoch == 0)
        fputs(": weights from inside the first epoch", stderr);
    else if (earlier->options.val > 0)
        fprintf(stderr, ": %s validation, epoch %d of %d", format_percent(best->val_acc).text,
                best->epoch, earlier->options.epochs);
    else
        fprintf(stderr, ": epoch %d of %d", best->epoch, earlier->options.epochs);
    putc('\n', stderr);
}

static void announce(const struct train_output *output)
{
    const struct train_request *request = output->request;
    const struct train_options *options = &request->line.options;
    const struct split *split = output->split;
    int threads = request->common.threads;
    fprintf(stderr, "%s: " PARAMS_ARCHITECTURE ", %s parameters; %s images to train on",
            request->program, format_count(PARAM_COUNT).text,
            format_count(split->train_count).text);
    fprintf(stderr, ", %s to validate, %s to test, from ", format_count(split->val_count).text,
            format_count(output->test_set->count).text);
    terminal_put(stderr, request->common.data);
    putc('\n', stderr);
    announce_group(options, TRAIN_LEARNING);
    fprintf(stderr, "; %d thread%s, %s kernels\n", threads, threads == 1 ? "" : "s",
            output->network->kernels->name);
    if (augment_any(&options->augment)) {
        fputs("images augmented: ", stderr);
        announce_group(options, TRAIN_AUGMENTATION);
        putc('\n', stderr);
    }
    if (request->preset)
        announce_preset(request);
    if (output->from) {
        fprintf(stderr, "%s after epoch %d of ",
                output->from->epochs_run < options->epochs ? "going on" : "nothing left to train",
                output->from->epochs_run);
        terminal_put(stderr, request->files[FILE_RESUME]);
        putc('\n', stderr);
    }
    announce_replaced(request->files[FILE_OUT], &output->files->out);
    if (request->files[FILE_CHECKPOINT])
        announce_replaced(request->files[FILE_CHECKPOINT], &output->files->checkpoint);
    if (split->val_count == 0)
        fputs("no validation images: no early stop, and the last weights are kept\n", stderr);
}

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
        .threads = request->common.threads,
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
    if (!request->common.quiet)
        announce(output);
    progress_start(&output->progress, request->line.options.epochs, request->common.quiet,
                   request->common.color);
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
    progress_clear(&output->progress);
    if (!output->lost[file])
        command_fail(output->request->program, err);
    output->lost[file] = output->failed = true;
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

static void print_end(const struct train_output *o, const struct metrics *test)
{
    const struct train_result *r = o->result;
    if (r->epochs_run > 1) {
        plot_history(stdout, r->history, r->epochs_run, o->split->val_count > 0, r->best.epoch,
                     terminal_width(stdout), terminal_is_unicode());
        putchar('\n');
    }
    figures_print(stdout, "test set", test, terminal_colors(stdout, o->request->common.color));
    fputs("\n  model     ", stdout);
    terminal_put(stdout, o->saved ? o->saved : "not saved");
    printf(", %s parameters, ", format_count(PARAM_COUNT).text);
    if (r->best.epoch)
        printf("weights of epoch %d", r->best.epoch);
    else
        printf("weights from inside the first epoch");
    if (r->stop == TRAIN_ASKED)
        printf("; stopped in epoch %d of %d by %s", r->stopped_epoch,
               o->request->line.options.epochs, stop_signal() ? "a signal" : "--max-seconds");
    else
        printf(" of %d", r->epochs_run);
    if (r->stop == TRAIN_EARLY)
        printf(" (no better validation loss in %d epochs)", o->request->line.options.patience);
    printf("\n  training  %s, %s images a second, peak memory %s\n",
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
    fputs("to go on: ", stderr);
    terminal_put(stderr, command);
    putc('\n', stderr);
    free(command);
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
    report_fact(report, "threads", "%d, %s kernels", o->request->common.threads,
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
        command_fail(output->request->program, &err);
        return;
    }
    if (write_report(output, &err))
        train_output_lost(output, FILE_REPORT, &err);
}
