#include "mnist/cli/train_account.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "mnist/base/format.h"
#include "mnist/base/memory.h"
#include "mnist/cli/command.h"
#include "mnist/cli/events.h"
#include "mnist/cli/figures.h"
#include "mnist/cli/plot.h"
#include "mnist/cli/recipe.h"
#include "mnist/cli/stop.h"
#include "mnist/cli/terminal.h"
#include "mnist/report/report.h"

/* What is off unless it is asked for. */
static void announce_extras(const struct train_options *o)
{
    const struct augment *a = &o->augment;
    if (augment_any(a))
        fprintf(stderr, "images augmented: rotate %s%s, scale %s, shear %s, shift %s, elastic %s\n",
                format_float(a->rotate).text, terminal_text("°", " deg"),
                format_float(a->scale).text, format_float(a->shear).text,
                format_float(a->shift).text, format_float(a->elastic).text);
    if (o->warmup > 0)
        fprintf(stderr, "the learning rate rises for %d epochs\n", o->warmup);
    if (o->ema > 0)
        fprintf(stderr, "an average of the weights is kept, decay %s\n", format_float(o->ema).text);
}

void train_account_announce(const struct train_session *s)
{
    const struct train_options *o = &s->train;
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
        fprintf(stderr, "preset %s: %s\n", recipe_names[s->preset], recipe_lines[s->preset]);
    if (s->resume_path)
        fprintf(stderr, "%s after epoch %d of %s\n",
                s->resumed.state.epochs_run < o->epochs ? "going on" : "nothing left to train",
                s->resumed.state.epochs_run, s->resume_path);
    if (s->split.val_count == 0)
        fputs("no validation images: no early stop, and the last weights are kept\n", stderr);
}

int train_account_start(struct train_session *s, const struct train_state *from, struct error *err)
{
    const struct event_start start = {
        .data = s->common.data,
        .kernels = s->network.kernels->name,
        .train_images = s->split.train_count,
        .val_images = s->split.val_count,
        .test_images = s->test_set.count,
        .threads = s->common.threads,
        .options = &s->train,
    };
    if (s->common.json) {
        events_start(stdout, &start);
        fflush(stdout);
    }
    if (s->log_path)
        s->log = events_open_log(s->log_path, &start, from, err);
    return s->log_path && !s->log ? -1 : 0;
}

int train_account_epoch(struct train_session *s, const struct train_epoch *epoch, struct error *err)
{
    bool validated = s->split.val_count > 0;
    progress_epoch(&s->progress, epoch, validated);
    if (s->common.json) {
        events_epoch(stdout, epoch, validated);
        fflush(stdout);
    }
    if (!s->log)
        return 0;
    events_epoch(s->log, epoch, validated);
    return events_flush_log(s->log, s->log_path, err);
}

/* The largest the process has been, in bytes. macOS counts in them, all others in kB. */
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

static void print_end(const struct train_session *s, const struct metrics *test)
{
    const struct train_result *r = &s->result;
    if (r->epochs_run > 1) {
        plot_history(stdout, r->history, r->epochs_run, s->split.val_count > 0, r->best.epoch,
                     terminal_width(), terminal_is_unicode());
        putchar('\n');
    }
    figures_print(stdout, "test set", test, terminal_colors(stdout, s->common.color));
    printf("\n  model     %s, %s parameters, ", s->out, format_count(PARAM_COUNT).text);
    if (r->best.epoch)
        printf("weights of epoch %d of %d", r->best.epoch, r->epochs_run);
    else
        printf("weights from inside the first epoch");
    if (r->stop == TRAIN_EARLY)
        printf(" (no better validation loss in %d epochs)", s->train.patience);
    if (r->stop == TRAIN_ASKED)
        printf(" (stopped by %s)", stop_signal() ? "a signal" : "--max-seconds");
    printf("\n  training  %s, %s images a second, peak memory %s\n",
           format_seconds(r->seconds).text, format_rounded(r->images_per_s).text,
           format_bytes((double)peak_memory()).text);
}

int train_account_end(const struct train_session *s, const struct metrics *test, struct error *err)
{
    const struct train_result *r = &s->result;
    const struct event_end end = {
        .result = r,
        .stopped = stopped_by(r),
        .test = test,
        .model = test || r->best.epoch ? s->out : NULL,
        .weights_crc32 = s->model.crc32,
        .peak_bytes = peak_memory(),
    };
    if (s->common.json)
        events_end(stdout, &end);
    else if (test)
        print_end(s, test);
    if (!s->log)
        return 0;
    events_end(s->log, &end);
    return events_flush_log(s->log, s->log_path, err);
}

/* What one types to train the same model. */
static void write_command(FILE *out, const void *context)
{
    const struct train_session *s = context;
    fputs("mnist-train --data", out);
    command_write_word(out, s->common.data);
    recipe_write(out, &s->train);
    if (s->result.stop == TRAIN_ASKED) /* another model: this one stays */
        return;
    fputs(" --out", out);
    command_write_word(out, s->out);
}

static void add_facts(struct report *report, const struct train_session *s)
{
    const struct train_result *r = &s->result;
    report_fact(report, "data", "%s", s->common.data);
    report_fact(report, "images", "%s to train on, %s to validate, %s to test",
                format_count(s->split.train_count).text, format_count(s->split.val_count).text,
                format_count(s->test_set.count).text);
    report_options(report, &s->train);
    report_fact(report, "stopped", "%s", stopped_by(r));
    report_fact(report, "time", "%s", format_seconds(r->seconds).text);
    if (r->epochs_run > 0)
        report_fact(report, "speed", "%s images a second in training",
                    format_rounded(r->images_per_s).text);
    report_fact(report, "threads", "%d, %s kernels", s->common.threads, s->network.kernels->name);
    report_fact(report, "peak memory", "%s", format_bytes((double)peak_memory()).text);
    report_fact(report, "model", "%s", s->out);
    report_fact(report, "weights_crc32", "%08" PRIx32, s->model.crc32);
    report_fact(report, "program", "mnist %s", MNIST_VERSION);
}

int train_account_report(const struct train_session *s, struct error *err)
{
    size_t size;
    char *command = mem_print(write_command, s, &size, "the report", err);
    if (!command)
        return -1;
    struct report report = {
        .heading = "training report",
        .split = "test",
        .command = command,
        .planned = s->result.stop == TRAIN_ASKED ? s->train.epochs : 0,
        .history = s->result.history,
        .epochs = s->result.epochs_run,
        .best_epoch = s->result.best.epoch,
        .seconds = s->result.seconds,
        .validated = s->split.val_count > 0,
        .dataset = &s->test_set,
        .evaluation = &s->evaluation,
        .network = &s->network,
    };
    add_facts(&report, s);
    int failed = report_write(&report, s->report_path, err);
    free(command);
    return failed;
}
