/* `make bench`: how fast training is with each kind of kernels, where its time goes, what share of
 * the machine's limits that is, and how cost grows. All figures of one run, medians of several
 * epochs. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel_times.h"
#include "mnist/base/clock.h"
#include "mnist/base/cpu.h"
#include "mnist/base/format.h"
#include "mnist/base/memory.h"
#include "mnist/cli/command.h"
#include "mnist/cli/engine.h"
#include "mnist/cli/options.h"
#include "mnist/cli/table.h"
#include "mnist/data/split.h"
#include "mnist/net/evaluation.h"
#include "mnist/net/kernels.h"
#include "mnist/net/network.h"
#include "mnist/net/step.h"
#include "mnist/net/train.h"
#include "peak.h"

/* Multiplications and additions that a dense implementation does for one image: forward, weight
 * gradients, and the gradients of the two hidden layers. */
static const double FLOP_PER_IMAGE =
    2.0 * (2.0 * (INPUTS * HIDDEN1 + HIDDEN1 * HIDDEN2 + HIDDEN2 * CLASSES) + HIDDEN1 * HIDDEN2 +
           HIDDEN2 * CLASSES);

enum { TIMED_MAX = 32 };

struct bench {
    const char *program;
    struct common_options common;
    int epochs;
    bool brief;
    struct dataset train_set, test_set;
    double load_seconds;
};

/* The recipe, whatever the defaults of mnist-train are. */
static const struct train_options recipe = {
    .epochs = 1,
    .batch = 128,
    .lr = 1e-3f,
    .l2 = 1e-4f,
    .dropout = 0.0f,
    .patience = 0,
    .val = 0,
    .schedule = SCHEDULE_COSINE,
    .warmup = 0,
    .label_smoothing = 0.0f,
    .augment = {0},
    .ema = 0.0f,
    .seed = 1,
};
#define RECIPE PARAMS_ARCHITECTURE ", Adam, learning rate 1e-3, L2 1e-4, plain images, no dropout"

enum { IMAGES = 55000, BATCH = 128 };

/* One configuration and what was measured of it. */
struct measure {
    int images, batch, threads, epochs;
    double seconds[TIMED_MAX]; /* one an epoch */
    int timed;
    double median;
    double forward, backward, update, wait; /* shares of threads × time */
};

static void stop_on_error(const struct bench *bench, int failed, const struct error *err)
{
    if (failed)
        exit(command_fail(bench->program, err));
}

static void set_up(const struct bench *bench, const struct common_options *common, int capacity,
                   struct engine *engine)
{
    struct error err;
    *engine = (struct engine){0};
    stop_on_error(bench, engine_find(engine, common, &err) || engine_start(engine, capacity, &err),
                  &err);
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double median(double *values, int n)
{
    qsort(values, (size_t)n, sizeof *values, compare_doubles);
    return n % 2 ? values[n / 2] : 0.5 * (values[n / 2 - 1] + values[n / 2]);
}

/* The first epoch warms caches and threads up and is not counted. */
static void note_epoch(void *context, const struct train_state *state)
{
    struct measure *measure = context;
    if (state->epochs_run > 1 && measure->timed < TIMED_MAX)
        measure->seconds[measure->timed++] = state->history[state->epochs_run - 1].seconds;
}

/* A data set of `images` images, made by repeating the training set; freed with free_repeated. */
static int repeat(struct dataset *to, const struct dataset *from, int images, struct error *err)
{
    size_t n = (size_t)images;
    uint8_t *pixels = mem_alloc(n, IMAGE_PIXELS, err), *labels = mem_alloc(n, 1, err);
    uint64_t *masks = mem_alloc(n, IMAGE_WORDS * sizeof *masks, err);
    *to = (struct dataset){.count = images, .pixels = pixels, .labels = labels, .masks = masks};
    if (!pixels || !labels || !masks)
        return -1;
    for (size_t i = 0; i < n; i++) {
        size_t source = i % (size_t)from->count;
        memcpy(pixels + i * IMAGE_PIXELS, from->pixels + source * IMAGE_PIXELS, IMAGE_PIXELS);
        memcpy(masks + i * IMAGE_WORDS, from->masks + source * IMAGE_WORDS,
               IMAGE_WORDS * sizeof *masks);
        labels[i] = from->labels[source];
    }
    return 0;
}

static void free_repeated(struct dataset *dataset)
{
    mem_free((void *)dataset->pixels);
    mem_free((void *)dataset->labels);
    mem_free(dataset->masks);
}

static void train(const struct bench *bench, struct measure *measure, const struct dataset *dataset,
                  struct step_times *times)
{
    struct error err;
    struct engine engine;
    struct split split;
    struct train_result result;
    struct common_options common = bench->common;
    common.threads = measure->threads;
    struct train_options options = recipe;
    struct train_callbacks callbacks = {.on_epoch = note_epoch, .context = measure};
    options.epochs = measure->epochs + 1;
    options.batch = measure->batch;
    measure->timed = 0;
    stop_on_error(bench, split_create(&split, dataset, dataset->count - measure->images, 1, &err),
                  &err);
    split.val_count = 0; /* the rest is left alone, not validated on */
    set_up(bench, &common, measure->batch, &engine);
    engine.network.times = times;
    stop_on_error(
        bench,
        train_run(&result, &engine.network, dataset, &split, &options, NULL, &callbacks, &err),
        &err);
    engine_close(&engine);
    split_free(&split);
    if (times) {
        double total =
            measure->threads * (double)measure->images * options.epochs / result.images_per_s;
        for (int i = 0; i < STEP_TASKS; i++) {
            measure->forward += times[i].forward / total;
            measure->backward += times[i].backward / total;
            measure->update += times[i].update / total;
        }
        measure->wait = 1.0 - measure->forward - measure->backward - measure->update;
    } else {
        measure->median = median(measure->seconds, measure->timed);
    }
    train_result_free(&result);
}

/* Once with the phases timed, which costs a little, and once without. */
static void run_measure(const struct bench *bench, struct measure *measure)
{
    struct error err;
    struct dataset repeated = {0};
    const struct dataset *dataset = &bench->train_set;
    struct step_times *times = mem_calloc(STEP_TASKS, sizeof *times, &err);
    stop_on_error(bench, !times, &err);
    if (measure->images > dataset->count) {
        stop_on_error(bench, repeat(&repeated, dataset, measure->images, &err), &err);
        dataset = &repeated;
    }
    train(bench, measure, dataset, times);
    train(bench, measure, dataset, NULL);
    free_repeated(&repeated);
    mem_free(times);
}

static struct measure usual_measure(const struct bench *bench)
{
    int count = bench->train_set.count;
    return (struct measure){.images = count < IMAGES ? count : IMAGES,
                            .batch = BATCH,
                            .threads = bench->common.threads,
                            .epochs = bench->epochs};
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

/* --- how cost grows --- */

static struct table_column growth_columns[] = {
    {"images", 8},  {"batch", 0},    {"threads", 0}, {"epoch, s", 0}, {"image, µs", 0},
    {"forward", 0}, {"backward", 0}, {"update", 0},  {"waiting", 0},  {"most time", 0}};
static const struct table growth = {
    growth_columns, sizeof growth_columns / sizeof growth_columns[0], .indent = 2, .gap = 2};

static struct text processors(int count)
{
    struct text text;
    snprintf(text.text, sizeof text.text, "%d processor%s", count, count == 1 ? "" : "s");
    return text;
}

static struct text decimals(double value, int count)
{
    struct text text;
    snprintf(text.text, sizeof text.text, "%.*f", count, value);
    return text;
}

static void print_row(const struct bench *bench, const struct measure *m)
{
    double per_image = 1e6 * m->median / m->images;
    if (bench->common.json) {
        printf(
            "{\"images\":%d,\"batch\":%d,\"threads\":%d,\"seconds\":%.6f,\"us_per_image\":%.4f,"
            "\"forward\":%.4f,\"backward\":%.4f,\"update\":%.4f,\"wait\":%.4f,\"limit\":\"%s\"}\n",
            m->images, m->batch, m->threads, m->median, per_image, m->forward, m->backward,
            m->update, m->wait, limit_of(m));
    } else {
        struct table_cell cells[] = {
            {.text = format_count(m->images)},         {.text = format_count(m->batch)},
            {.text = format_count(m->threads)},        {.text = decimals(m->median, 4)},
            {.text = decimals(per_image, 3)},          {.text = format_probability(m->forward)},
            {.text = format_probability(m->backward)}, {.text = format_probability(m->update)},
            {.text = format_probability(m->wait)},     {.style = NULL}};
        snprintf(cells[9].text.text, sizeof cells[9].text.text, "%s", limit_of(m));
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
    static const int batches[] = {1, 8, 32, 128, 512, 2048, 8192};
    static const int threads[] = {1, 2, 3, 4, 8};
    const struct measure usual = usual_measure(bench);
    if (!bench->common.json) {
        printf(
            "\nHow cost grows with %s kernels, medians of 3 epochs (shares of threads × time)\n\n",
            kernels_find(kernels_names[bench->common.simd])->name);
        table_titles(stdout, &growth);
    }
    for (size_t i = 0; i < sizeof images / sizeof images[0]; i++)
        grow(bench, images[i], BATCH, usual.threads);
    for (size_t i = 0; i < sizeof batches / sizeof batches[0]; i++)
        grow(bench, batches[i] < 8 ? 6000 : usual.images, batches[i], usual.threads);
    for (size_t i = 0; i < sizeof threads / sizeof threads[0]; i++)
        grow(bench, usual.images, BATCH, threads[i]);
    if (!bench->common.json)
        printf("\n  not measured here: more than %s at work at once\n",
               processors(cpu_count()).text);
}

/* --- every kind of kernels --- */

static struct table_column speed_columns[] = {
    {"kernels", 9}, {"epoch, s", 0}, {"images/s", 9}, {"peak, GFLOP/s", 0}, {"of peak", 0},
    {"forward", 0}, {"backward", 0}, {"update", 0},   {"waiting", 0},       {"predict, µs", 0}};
static const struct table speed = {speed_columns, sizeof speed_columns / sizeof speed_columns[0],
                                   .indent = 2, .gap = 2};

/* Seconds to predict the test set once on one thread, the median of several. */
static double time_prediction(const struct bench *bench)
{
    enum { RUNS = 15 };
    struct error err;
    struct engine engine;
    double seconds[RUNS];
    struct common_options common = bench->common;
    common.threads = 1;
    size_t n = (size_t)bench->test_set.count;
    float *p = mem_alloc(n, CLASSES * sizeof *p, &err),
          *params = mem_alloc(PARAM_COUNT, sizeof *params, &err);
    stop_on_error(bench, !p || !params, &err);
    set_up(bench, &common, 0, &engine);
    params_init(params, 1);
    network_set_params(&engine.network, params);
    for (int i = 0; i < RUNS; i++) {
        double start = clock_seconds();
        evaluation_predict(&engine.network, &bench->test_set, NULL, bench->test_set.count, p, NULL);
        seconds[i] = clock_seconds() - start;
    }
    engine_close(&engine);
    mem_free(p);
    mem_free(params);
    return median(seconds, RUNS);
}

/* The share of pixels that are 0, which the kernels skip. */
static double zero_share(const struct dataset *dataset)
{
    size_t n = (size_t)dataset->count * IMAGE_PIXELS, zeros = 0;
    for (size_t i = 0; i < n; i++)
        zeros += dataset->pixels[i] == 0;
    return (double)zeros / (double)n;
}

/* A row for the kernels that bench->common.simd names. */
static void print_speed(const struct bench *bench, double peak)
{
    struct measure m = usual_measure(bench);
    run_measure(bench, &m);
    double predict = time_prediction(bench) / bench->test_set.count, rate = m.images / m.median;
    double gflops = rate * FLOP_PER_IMAGE * 1e-9;
    const char *kernels = kernels_find(kernels_names[bench->common.simd])->name;
    if (bench->common.json) {
        printf("{\"kernels\":\"%s\",\"processors\":%d,\"threads\":%d,\"load_seconds\":%.4f,"
               "\"images\":%d,\"epoch_seconds\":%.6f,\"images_per_s\":%.0f,\"gflops\":%.1f,"
               "\"peak_gflops\":%.1f,\"share_of_peak\":%.4f,\"forward\":%.4f,\"backward\":%.4f,"
               "\"update\":%.4f,\"wait\":%.4f,\"predict_us\":%.4f}\n",
               kernels, cpu_count(), m.threads, bench->load_seconds, m.images, m.median, rate,
               gflops, peak, gflops / peak, m.forward, m.backward, m.update, m.wait, predict * 1e6);
    } else {
        struct table_cell cells[] = {{.style = NULL},
                                     {.text = decimals(m.median, 4)},
                                     {.text = format_rounded(rate)},
                                     {.text = decimals(peak, 0)},
                                     {.text = format_probability(gflops / peak)},
                                     {.text = format_probability(m.forward)},
                                     {.text = format_probability(m.backward)},
                                     {.text = format_probability(m.update)},
                                     {.text = format_probability(m.wait)},
                                     {.text = decimals(predict * 1e6, 3)}};
        snprintf(cells[0].text.text, sizeof cells[0].text.text, "%s", kernels);
        table_row(stdout, &speed, cells);
    }
    fflush(stdout);
}

/* --- one thread and all of them, kernel by kernel --- */

static double epoch_on(const struct bench *bench, int threads)
{
    struct measure m = usual_measure(bench);
    m.threads = threads;
    m.epochs = 1;
    train(bench, &m, &bench->train_set, NULL);
    return m.median;
}

/* How many times as fast all threads are as one, in turns, and how many times their peak is one's:
 * the processors of a virtual machine may be the two halves of a core. */
static void print_gain(const struct bench *bench, double peak)
{
    struct error err;
    double gains[TIMED_MAX];
    int threads = bench->common.threads;
    struct team *alone = team_create(1, &err);
    stop_on_error(bench, !alone, &err);
    const char *kernels = kernels_find(kernels_names[bench->common.simd])->name;
    double peak_gain = peak / peak_gflops(alone, peak_vector_bytes(kernels));
    team_destroy(alone);
    for (int i = 0; i < bench->epochs; i++) {
        double one = epoch_on(bench, 1);
        gains[i] = one / epoch_on(bench, threads);
    }
    double gain = median(gains, bench->epochs);
    if (bench->common.json)
        printf("{\"kernels\":\"%s\",\"threads\":%d,\"gain\":%.3f,\"peak_gain\":%.3f}\n", kernels,
               threads, gain, peak_gain);
    else
        printf("\n%d threads are %.2f times as fast as one; the machine's peak is %.2f times "
               "that of one\n",
               threads, gain, peak_gain);
}

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
    struct table_cell cells[] = {
        {.style = NULL},
        {.style = NULL},
        {.text = decimals(seconds * 1e9, 0)},
        {.text = bound > 0.0 ? decimals(bound * 1e9, 0) : (struct text){"-"}},
        {.text = format_probability(share)}};
    snprintf(cells[0].text.text, sizeof cells[0].text.text, "%s", name);
    snprintf(cells[1].text.text, sizeof cells[1].text.text, "%s", phase);
    table_row(stdout, &kernel_table, cells);
}

/* Kernel by kernel, then phase by phase, then all of it. */
static void print_kernels(const struct bench *bench)
{
    struct error err;
    struct kernel_time times[KERNEL_TIMES];
    double seconds[KERNEL_PHASES + 1] = {0}, bound[KERNEL_PHASES + 1] = {0};
    const struct kernels *kernels = kernels_find(kernels_names[bench->common.simd]);
    struct peak_costs costs = peak_costs(peak_vector_bytes(kernels->name));
    stop_on_error(bench, kernel_times(times, kernels, &bench->train_set, &costs, &err), &err);
    if (!bench->common.json) {
        int bytes = peak_vector_bytes(kernels->name);
        printf("\n%s kernels on one thread, and what their arithmetic alone takes: %.2f ns for a "
               "multiplication\nand an addition of vectors, %.1f ns for Adam's square root and "
               "division beside them\n\n",
               kernels->name, costs.pair * 1e9 * bytes / 4, costs.root * 1e9 * bytes / 4);
        table_titles(stdout, &kernel_table);
    }
    for (int k = 0; k < KERNEL_TIMES; k++) {
        const struct kernel_time *t = &times[k];
        print_kernel(bench, kernels->name, t->name, phases[t->phase], t->seconds, t->bound);
        seconds[t->phase] += t->seconds;
        seconds[KERNEL_PHASES] += t->seconds;
        bound[t->phase] += t->bound;
        bound[KERNEL_PHASES] += t->bound;
    }
    for (int i = 0; i < KERNEL_PHASES; i++)
        print_kernel(bench, kernels->name, "all", phases[i], seconds[i], bound[i]);
    print_kernel(bench, kernels->name, "all", "all", seconds[KERNEL_PHASES], bound[KERNEL_PHASES]);
    fflush(stdout);
}

static void print_head(const struct bench *bench)
{
    const struct measure m = usual_measure(bench);
    printf("%d thread%s, %s, compiler %s; %s images loaded in %.3f s\n"
           "%s\n%s of the pixels to train on are 0\n"
           "medians of %d epochs of %s images, batch %d; shares of threads × time\n"
           "of peak: what a dense implementation as fast would need of the fused multiply-adds of "
           "vectors as wide\n\n",
           m.threads, m.threads == 1 ? "" : "s", processors(cpu_count()).text, __VERSION__,
           format_count(bench->train_set.count + bench->test_set.count).text, bench->load_seconds,
           RECIPE, format_probability(zero_share(&bench->train_set)).text, bench->epochs,
           format_count(m.images).text, m.batch);
    table_titles(stdout, &speed);
}

/* All kernels that this processor has, or those asked for. */
static void print_summary(struct bench *bench)
{
    struct error err;
    int asked = bench->common.simd;
    struct team *team = team_create(bench->common.threads, &err);
    stop_on_error(bench, !team, &err);
    if (!bench->common.json)
        print_head(bench);
    for (int i = asked ? asked : 1; kernels_names[i] && (!asked || i == asked); i++) {
        bench->common.simd = i;
        if (kernels_find(kernels_names[i]))
            print_speed(bench, peak_gflops(team, peak_vector_bytes(kernels_names[i])));
    }
    bench->common.simd = asked;
    double peak = peak_gflops(team, peak_vector_bytes(kernels_find(kernels_names[asked])->name));
    team_destroy(team);
    if (bench->common.threads > 1)
        print_gain(bench, peak);
}

/* Kernel by kernel for those asked for, or for all but the narrowest and the reference. */
static void print_all_kernels(struct bench *bench)
{
    int asked = bench->common.simd;
    for (int i = 0; kernels_names[i]; i++) {
        bench->common.simd = i;
        const struct kernels *kernels = kernels_find(kernels_names[i]);
        bool wide = kernels && peak_vector_bytes(kernels->name) > 16 && i > 0;
        if (kernels && (asked ? i == asked : wide))
            print_kernels(bench);
    }
    bench->common.simd = asked;
}

static int parse(struct bench *bench, int argc, char **argv)
{
    int first;
    const struct option_spec specs[] = {
        {"epochs", "N", OPTION_INT, &bench->epochs, 1, TIMED_MAX, .group = GROUP_MACHINE,
         .help = "epochs a figure is the median of"},
        {"brief", NULL, OPTION_FLAG, &bench->brief, .group = GROUP_MACHINE,
         .help = "only the first table: nothing by kernel, nothing of how cost grows"},
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
    double start = clock_seconds();
    struct dataset *train_set = &bench->train_set, *test_set = &bench->test_set;
    struct team *team = team_create(bench->common.threads, &err);
    stop_on_error(bench,
                  !team || dataset_load(train_set, bench->common.data, DATASET_TRAIN, team, &err) ||
                      dataset_load(test_set, bench->common.data, DATASET_TEST, team, &err) ||
                      dataset_digest(train_set, team, &err) ||
                      dataset_digest(test_set, team, &err) ||
                      dataset_check_distinct(train_set, test_set, &shared, &err),
                  &err);
    team_destroy(team);
    bench->load_seconds = clock_seconds() - start;
}

int main(int argc, char **argv)
{
    struct bench bench = {.program = "bench", .common = options_common("bench"), .epochs = 7};
    int code = parse(&bench, argc, argv);
    if (code >= 0)
        return code;
    load(&bench);
    print_summary(&bench);
    if (!bench.brief) {
        print_all_kernels(&bench);
        print_growth(&bench);
    }
    dataset_free(&bench.train_set);
    dataset_free(&bench.test_set);
    return command_finish(bench.program, EXIT_DONE);
}
