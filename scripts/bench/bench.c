/* `make bench`: how fast training is with each kind of kernels, where its time goes, what share of
 * the machine's limits that is, and how cost grows. All figures of one run, medians of several
 * epochs. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "kernel_times.h"
#include "measure.h"
#include "mnist/base/clock.h"
#include "mnist/base/cpu.h"
#include "mnist/base/format.h"
#include "mnist/cli/command.h"
#include "mnist/cli/engine.h"
#include "mnist/cli/options.h"
#include "mnist/cli/table.h"
#include "mnist/data/batch.h"
#include "mnist/net/kernels.h"
#include "peak.h"

/* Multiplications and additions that a dense implementation does for one image: forward, weight
 * gradients, and the gradients of the two hidden layers. */
static const double FLOP_PER_IMAGE =
    2.0 * (2.0 * (INPUTS * HIDDEN1 + HIDDEN1 * HIDDEN2 + HIDDEN2 * CLASSES) + HIDDEN1 * HIDDEN2 +
           HIDDEN2 * CLASSES);

enum { IMAGES = 55000 };

struct bench {
    const char *program;
    struct common_options common;
    int epochs;
    bool brief;
    struct dataset train_set, test_set;
    double load_seconds;
};

static void stop_on_error(const struct bench *bench, int failed, const struct error *err)
{
    if (failed)
        exit(command_fail(bench->program, err));
}

static struct measure usual_measure(const struct bench *bench)
{
    int count = bench->train_set.count;
    return (struct measure){.images = count < IMAGES ? count : IMAGES,
                            .batch = MEASURE_BATCH,
                            .threads = bench->common.threads,
                            .epochs = bench->epochs};
}

static void run_measure(const struct bench *bench, struct measure *measure)
{
    struct error err;
    stop_on_error(bench, measure_all(measure, &bench->common, &bench->train_set, &err), &err);
}

static const char *limit_of(const struct measure *m)
{
    double most = m->forward;
    const char *limit = "forward";
    if (m->backward > most) {
        most = m->backward;
        limit = "backward";
    }
    if (m->update > most) {
        most = m->update;
        limit = "update";
    }
    return m->wait > most ? "waiting" : limit;
}

static struct text processors(int count)
{
    struct text text;
    snprintf(text.text, sizeof text.text, "%d processor%s", count, count == 1 ? "" : "s");
    return text;
}

static struct text word(const char *word)
{
    struct text text;
    snprintf(text.text, sizeof text.text, "%s", word);
    return text;
}

static struct text decimals(double value, int count)
{
    struct text text;
    snprintf(text.text, sizeof text.text, "%.*f", count, value);
    return text;
}

/* --- every kind of kernels --- */

static struct table_column speed_columns[] = {
    {"kernels", 9}, {"epoch, s", 0}, {"images/s", 9}, {"peak, GFLOP/s", 0}, {"of peak", 0},
    {"forward", 0}, {"backward", 0}, {"update", 0},   {"waiting", 0},       {"predict, µs", 0}};
static const struct table speed = {speed_columns, sizeof speed_columns / sizeof speed_columns[0],
                                   .indent = 2, .gap = 2};

/* What `threads` reach together with vectors as wide as these kernels'. */
static double peak_of(const struct bench *bench, int threads, const char *kernels)
{
    struct error err;
    struct team *team = team_create(threads, &err);
    stop_on_error(bench, !team, &err);
    double peak = peak_gflops(team, peak_vector_bytes(kernels));
    team_destroy(team);
    return peak;
}

static void print_speed(const struct bench *bench, const char *kernels)
{
    struct error err;
    double predict;
    struct measure m = usual_measure(bench);
    run_measure(bench, &m);
    stop_on_error(bench, measure_prediction(&predict, &bench->common, &bench->test_set, &err),
                  &err);
    double rate = m.images / m.seconds, gflops = rate * FLOP_PER_IMAGE * 1e-9;
    double peak = peak_of(bench, m.threads, kernels);
    if (bench->common.json) {
        printf("{\"kernels\":\"%s\",\"processors\":%d,\"threads\":%d,\"load_seconds\":%.4f,"
               "\"images\":%d,\"epoch_seconds\":%.6f,\"images_per_s\":%.0f,\"gflops\":%.1f,"
               "\"peak_gflops\":%.1f,\"share_of_peak\":%.4f,\"forward\":%.4f,\"backward\":%.4f,"
               "\"update\":%.4f,\"wait\":%.4f,\"predict_us\":%.4f}\n",
               kernels, cpu_count(), m.threads, bench->load_seconds, m.images, m.seconds, rate,
               gflops, peak, gflops / peak, m.forward, m.backward, m.update, m.wait, predict * 1e6);
    } else {
        struct table_cell cells[] = {{.text = word(kernels)},
                                     {.text = decimals(m.seconds, 4)},
                                     {.text = format_rounded(rate)},
                                     {.text = decimals(peak, 0)},
                                     {.text = format_probability(gflops / peak)},
                                     {.text = format_probability(m.forward)},
                                     {.text = format_probability(m.backward)},
                                     {.text = format_probability(m.update)},
                                     {.text = format_probability(m.wait)},
                                     {.text = decimals(predict * 1e6, 3)}};
        table_row(stdout, &speed, cells);
    }
    fflush(stdout);
}

/* --- two threads and one --- */

static struct table_column gain_columns[] = {{"kernels", 9},        {"one thread, s", 0},
                                             {"two threads, s", 0}, {"times as fast", 0},
                                             {"waiting", 0},        {"times the peak", 0}};
static const struct table gain_table = {gain_columns, sizeof gain_columns / sizeof gain_columns[0],
                                        .indent = 2, .gap = 2};

static void print_gain(const struct bench *bench, const char *kernels)
{
    enum { ONE, TWO, GAIN, WAIT, PEAK, FIGURES };
    double figures[FIGURES][MEASURE_EPOCHS], f[FIGURES];
    const struct common_options *common = &bench->common;
    const struct dataset *dataset = &bench->train_set;
    struct error err;
    struct measure one = usual_measure(bench), two = usual_measure(bench);
    one.threads = one.epochs = two.epochs = 1;
    two.threads = 2;
    for (int i = 0; i < bench->epochs; i++) {
        stop_on_error(bench,
                      measure_seconds(&one, common, dataset, &err) ||
                          measure_seconds(&two, common, dataset, &err) ||
                          measure_shares(&two, common, dataset, &err),
                      &err);
        figures[ONE][i] = one.seconds;
        figures[TWO][i] = two.seconds;
        figures[GAIN][i] = one.seconds / two.seconds;
        figures[WAIT][i] = two.wait;
        figures[PEAK][i] = peak_of(bench, 2, kernels) / peak_of(bench, 1, kernels);
    }
    for (int k = 0; k < FIGURES; k++)
        f[k] = measure_median(figures[k], bench->epochs);
    if (common->json) {
        printf("{\"kernels\":\"%s\",\"threads\":2,\"gain\":%.3f,\"peak_gain\":%.3f,"
               "\"wait\":%.4f,\"one_seconds\":%.6f,\"two_seconds\":%.6f}\n",
               kernels, f[GAIN], f[PEAK], f[WAIT], f[ONE], f[TWO]);
    } else {
        struct table_cell cells[] = {{.text = word(kernels)},
                                     {.text = decimals(f[ONE], 4)},
                                     {.text = decimals(f[TWO], 4)},
                                     {.text = decimals(f[GAIN], 2)},
                                     {.text = format_probability(f[WAIT])},
                                     {.text = decimals(f[PEAK], 2)}};
        table_row(stdout, &gain_table, cells);
    }
    fflush(stdout);
}

/* --- kernel by kernel, on one thread --- */

static struct table_column kernel_columns[] = {
    {"kernel", 18}, {"phase", 8}, {"image, ns", 0}, {"bound, ns", 0}, {"share", 6}};
static const struct table kernel_table = {
    kernel_columns, sizeof kernel_columns / sizeof kernel_columns[0], .indent = 2, .gap = 2};

static const char *const phases[KERNEL_PHASES] = {"forward", "backward", "update"};

static void print_kernel(const struct bench *bench, const char *kernels, const char *name,
                         const char *phase, double seconds, double bound)
{
    double share = bound > 0.0 ? bound / seconds : (double)NAN;
    if (bench->common.json) {
        printf("{\"kernels\":\"%s\",\"kernel\":\"%s\",\"phase\":\"%s\",\"ns\":%.1f,"
               "\"bound_ns\":%.1f,\"share\":%s}\n",
               kernels, name, phase, seconds * 1e9, bound * 1e9, format_figure(share).text);
        return;
    }
    struct table_cell cells[] = {{.text = word(name)},
                                 {.text = word(phase)},
                                 {.text = decimals(seconds * 1e9, 0)},
                                 {.text = bound > 0.0 ? decimals(bound * 1e9, 0) : word("-")},
                                 {.text = format_probability(share)}};
    table_row(stdout, &kernel_table, cells);
}

/* What two operations on a vector take, in seconds, and the titles. */
static void print_costs(const struct bench *bench, const char *kernels, double pair, double root)
{
    if (bench->common.json) {
        printf("{\"kernels\":\"%s\",\"vector_bytes\":%d,\"pair_ns\":%.4f,\"root_ns\":%.3f}\n",
               kernels, peak_vector_bytes(kernels), pair * 1e9, root * 1e9);
        return;
    }
    printf("\n%s kernels on one thread, and what their arithmetic alone takes: %.2f ns for a "
           "multiplication\nand an addition of vectors, %.1f ns for Adam's square root and "
           "division beside them\n\n",
           kernels, pair * 1e9, root * 1e9);
    table_titles(stdout, &kernel_table);
}

/* Kernel by kernel, then phase by phase, then all of it. */
static void print_kernels(const struct bench *bench, const char *kernels)
{
    struct error err;
    struct kernel_time times[KERNEL_TIMES];
    double seconds[KERNEL_PHASES + 1] = {0}, bound[KERNEL_PHASES + 1] = {0};
    int bytes = peak_vector_bytes(kernels);
    struct peak_costs costs = peak_costs(bytes);
    stop_on_error(
        bench, kernel_times(times, kernels_find(kernels), &bench->train_set, &costs, &err), &err);
    print_costs(bench, kernels, costs.pair * bytes / 4, costs.root * bytes / 4);
    for (int k = 0; k < KERNEL_TIMES; k++) {
        const struct kernel_time *t = &times[k];
        print_kernel(bench, kernels, t->name, phases[t->phase], t->seconds, t->bound);
        seconds[t->phase] += t->seconds;
        seconds[KERNEL_PHASES] += t->seconds;
        bound[t->phase] += t->bound;
        bound[KERNEL_PHASES] += t->bound;
    }
    for (int i = 0; i < KERNEL_PHASES; i++)
        print_kernel(bench, kernels, "all", phases[i], seconds[i], bound[i]);
    print_kernel(bench, kernels, "all", "all", seconds[KERNEL_PHASES], bound[KERNEL_PHASES]);
    fflush(stdout);
}

/* --- how cost grows --- */

static struct table_column growth_columns[] = {
    {"images", 8},  {"batch", 0},    {"threads", 0}, {"epoch, s", 0}, {"image, µs", 0},
    {"forward", 0}, {"backward", 0}, {"update", 0},  {"waiting", 0},  {"most time", 0}};
static const struct table growth = {
    growth_columns, sizeof growth_columns / sizeof growth_columns[0], .indent = 2, .gap = 2};

static void print_row(const struct bench *bench, const struct measure *m)
{
    double per_image = 1e6 * m->seconds / m->images;
    if (bench->common.json) {
        printf(
            "{\"images\":%d,\"batch\":%d,\"threads\":%d,\"seconds\":%.6f,\"us_per_image\":%.4f,"
            "\"forward\":%.4f,\"backward\":%.4f,\"update\":%.4f,\"wait\":%.4f,\"limit\":\"%s\"}\n",
            m->images, m->batch, m->threads, m->seconds, per_image, m->forward, m->backward,
            m->update, m->wait, limit_of(m));
    } else {
        struct table_cell cells[] = {
            {.text = format_count(m->images)},         {.text = format_count(m->batch)},
            {.text = format_count(m->threads)},        {.text = decimals(m->seconds, 4)},
            {.text = decimals(per_image, 3)},          {.text = format_probability(m->forward)},
            {.text = format_probability(m->backward)}, {.text = format_probability(m->update)},
            {.text = format_probability(m->wait)},     {.text = word(limit_of(m))}};
        table_row(stdout, &growth, cells);
    }
    fflush(stdout);
}

static void grow(const struct bench *bench, int images, int batch, int threads)
{
    struct measure m = {.images = images, .batch = batch, .threads = threads, .epochs = 3};
    run_measure(bench, &m);
    print_row(bench, &m);
}

static void print_growth(const struct bench *bench)
{
    static const int images[] = {6000, 60000, 600000};
    static const int batches[] = {1, 16, 64, 128, 256, 1024, BATCH_MAX};
    const struct measure usual = usual_measure(bench);
    if (!bench->common.json) {
        printf(
            "\nHow cost grows with %s kernels, medians of 3 epochs (shares of threads × time)\n\n",
            kernels_find(kernels_names[bench->common.simd])->name);
        table_titles(stdout, &growth);
    }
    for (size_t i = 0; i < sizeof images / sizeof images[0]; i++)
        grow(bench, images[i], MEASURE_BATCH, usual.threads);
    for (size_t i = 0; i < sizeof batches / sizeof batches[0]; i++)
        grow(bench, batches[i] == 1 ? 6000 : usual.images, batches[i], usual.threads);
    for (int threads = 1; threads <= TEAM_MAX_THREADS && (threads <= 8 || threads <= cpu_count());
         threads *= 2)
        grow(bench, usual.images, MEASURE_BATCH, threads);
    if (!bench->common.json)
        printf(
            "\n  not measured here: more than %s at work at once; threads beyond them take turns\n",
            processors(cpu_count()).text);
}

/* --- all of it --- */

/* The reference is nobody's choice, and the narrowest vectors are only where there are no wider. */
enum kinds { ALL_KINDS, NO_REFERENCE, FAST_KINDS };

static bool belongs(const struct kernels *kernels, enum kinds kinds)
{
    return kinds == ALL_KINDS || (kernels != &kernels_reference &&
                                  (kinds == NO_REFERENCE || kernels != &kernels_baseline ||
                                   kernels == kernels_find("auto")));
}

/* Calls print for the kernels asked for, or else for those that this processor has and that are of
 * these kinds; bench->common asks for them meanwhile. */
static void each_kind(struct bench *bench, enum kinds kinds,
                      void (*print)(const struct bench *bench, const char *kernels))
{
    int asked = bench->common.simd;
    for (int i = asked ? asked : 1; kernels_names[i] && (!asked || i == asked); i++) {
        const struct kernels *kernels = kernels_find(kernels_names[i]);
        bench->common.simd = i;
        if (kernels && (asked || belongs(kernels, kinds)))
            print(bench, kernels->name);
    }
    bench->common.simd = asked;
}

static void print_head(const struct bench *bench)
{
    const struct measure m = usual_measure(bench);
    printf("%d thread%s, %s, compiler %s; %s images loaded in %.3f s\n"
           "%s\n%s of the pixels to train on are 0\n"
           "medians of %d epochs of %s images; shares of threads × time\n"
           "of peak: what a dense implementation as fast would need of the fused multiply-adds of "
           "vectors as wide\n\n",
           m.threads, m.threads == 1 ? "" : "s", processors(cpu_count()).text, __VERSION__,
           format_count(bench->train_set.count + bench->test_set.count).text, bench->load_seconds,
           MEASURE_RECIPE,
           format_probability(1.0 - measure_ink(&bench->train_set) / (double)INPUTS).text,
           bench->epochs, format_count(m.images).text);
    table_titles(stdout, &speed);
}

static void print_all(struct bench *bench)
{
    bool text = !bench->common.json;
    if (text)
        print_head(bench);
    each_kind(bench, ALL_KINDS, print_speed);
    if (bench->common.threads > 1) {
        if (text) {
            printf("\nTwo threads beside one, in turns, medians of %d rounds; and how many times "
                   "one's peak theirs is,\nsince two processors may be the halves of a core\n\n",
                   bench->epochs);
            table_titles(stdout, &gain_table);
        }
        each_kind(bench, FAST_KINDS, print_gain);
    }
    if (!bench->brief) {
        each_kind(bench, NO_REFERENCE, print_kernels);
        print_growth(bench);
    }
}

static int parse(struct bench *bench, int argc, char **argv)
{
    int first;
    const struct option_spec specs[] = {
        {"epochs", "N", OPTION_INT, &bench->epochs, 1, MEASURE_EPOCHS, .group = GROUP_MACHINE,
         .help = "epochs a figure is the median of"},
        {"brief", NULL, OPTION_FLAG, &bench->brief, .group = GROUP_MACHINE,
         .help = "only whole runs: nothing by kernel, nothing of how cost grows"},
    };
    struct usage usage = {
        .program = bench->program,
        .arguments = "",
        .description = "Times training and prediction on this machine.",
        .examples = "  make bench\n  build/release/bench --brief --threads 1",
    };
    options_add_data(&usage, &bench->common);
    options_add(&usage, specs, sizeof specs / sizeof specs[0]);
    options_add_common(&usage, &bench->common);
    return options_parse(&usage, argc, argv, &first);
}

/* Loads the data as a run does that trains on it. */
static void load(struct bench *bench)
{
    struct error err;
    int shared;
    struct engine engine = {0};
    struct dataset *train_set = &bench->train_set, *test_set = &bench->test_set;
    stop_on_error(bench, engine_find(&engine, &bench->common, &err), &err);
    double start = clock_seconds();
    stop_on_error(bench,
                  dataset_load(train_set, bench->common.data, DATASET_TRAIN, engine.team, &err) ||
                      dataset_load(test_set, bench->common.data, DATASET_TEST, engine.team, &err) ||
                      dataset_digest(train_set, engine.team, &err) ||
                      dataset_digest(test_set, engine.team, &err) ||
                      dataset_check_distinct(train_set, test_set, &shared, &err),
                  &err);
    bench->load_seconds = clock_seconds() - start;
    engine_close(&engine);
}

int main(int argc, char **argv)
{
    struct bench bench = {.program = "bench", .common = options_common("bench"), .epochs = 7};
    int code = parse(&bench, argc, argv);
    if (code >= 0)
        return code;
    load(&bench);
    print_all(&bench);
    dataset_free(&bench.train_set);
    dataset_free(&bench.test_set);
    return command_finish(bench.program, EXIT_DONE);
}
