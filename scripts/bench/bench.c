/* `make bench`: how fast training is with each kind of kernels, where its time goes, what share of
 * the machine's peak that is, and how cost grows. All figures of one run, medians of several
 * epochs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* One configuration and what was measured of it. */
struct measure {
    int images, batch, threads;
    double seconds[TIMED_MAX]; /* one an epoch */
    int epochs;
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
    stop_on_error(bench,
                  engine_find(engine, common, &err) || engine_start(engine, common, capacity, &err),
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
    if (state->epochs_run > 1 && measure->epochs < TIMED_MAX)
        measure->seconds[measure->epochs++] = state->history[state->epochs_run - 1].seconds;
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
    struct train_options options = {.epochs = bench->epochs + 1,
                                    .batch = measure->batch,
                                    .lr = 1e-3f,
                                    .l2 = 1e-4f,
                                    .schedule = SCHEDULE_COSINE,
                                    .seed = 1};
    struct train_callbacks callbacks = {.on_epoch = note_epoch, .context = measure};
    measure->epochs = 0;
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
            measure->threads * (double)measure->images * (bench->epochs + 1) / result.images_per_s;
        for (int i = 0; i < STEP_TASKS; i++) {
            measure->forward += times[i].forward / total;
            measure->backward += times[i].backward / total;
            measure->update += times[i].update / total;
        }
        measure->wait = 1.0 - measure->forward - measure->backward - measure->update;
    } else {
        measure->median = median(measure->seconds, measure->epochs);
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
    return (struct measure){
        .images = count < 55000 ? count : 55000, .batch = 128, .threads = bench->common.threads};
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

static void print_growth(const struct bench *bench)
{
    static const int images[] = {1000, 5000, 15000, 60000, 240000};
    static const int batches[] = {16, 32, 64, 256, 512, 1024};
    static const int threads[] = {1, 2, 3, 4, 8};
    const struct measure usual = usual_measure(bench);
    if (!bench->common.json) {
        printf("\nHow cost grows with %s kernels (shares of threads × time)\n\n",
               kernels_find(kernels_names[bench->common.simd])->name);
        table_titles(stdout, &growth);
    }
    for (size_t i = 0; i < sizeof images / sizeof images[0]; i++) {
        struct measure m = usual;
        m.images = images[i];
        run_measure(bench, &m);
        print_row(bench, &m);
    }
    for (size_t i = 0; i < sizeof batches / sizeof batches[0]; i++) {
        struct measure m = usual;
        m.batch = batches[i];
        run_measure(bench, &m);
        print_row(bench, &m);
    }
    for (size_t i = 0; i < sizeof threads / sizeof threads[0]; i++) {
        struct measure m = usual;
        m.threads = threads[i];
        run_measure(bench, &m);
        print_row(bench, &m);
    }
}

/* --- every kind of kernels --- */

static struct table_column speed_columns[] = {{"kernels", 9}, {"epoch, s", 0}, {"images/s", 9},
                                              {"of peak", 0}, {"forward", 0},  {"backward", 0},
                                              {"update", 0},  {"waiting", 0},  {"predict, µs", 0}};
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

/* All kernels that this processor has, or those asked for. */
static void print_summary(struct bench *bench)
{
    struct error err;
    int asked = bench->common.simd;
    struct team *team = team_create(bench->common.threads, &err);
    stop_on_error(bench, !team, &err);
    double peak = peak_gflops(team);
    team_destroy(team);
    if (!bench->common.json) {
        const struct measure m = usual_measure(bench);
        printf("%d thread%s, %d processor%s, compiler %s; %s images loaded in %.3f s\n"
               "%s of the pixels to train on are 0\n"
               "medians of %d epochs of %s images, batch %d; shares of threads × time\n"
               "peak: %.1f GFLOP/s of dense fused multiply-adds; its share: what a dense "
               "implementation as fast would need\n\n",
               m.threads, m.threads == 1 ? "" : "s", cpu_count(), cpu_count() == 1 ? "" : "s",
               __VERSION__, format_count(bench->train_set.count + bench->test_set.count).text,
               bench->load_seconds, format_probability(zero_share(&bench->train_set)).text,
               bench->epochs, format_count(m.images).text, m.batch, peak);
        table_titles(stdout, &speed);
    }
    for (int i = asked ? asked : 1; kernels_names[i] && (!asked || i == asked); i++) {
        bench->common.simd = i;
        if (kernels_find(kernels_names[i]))
            print_speed(bench, peak);
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
         .help = "no table of how cost grows"},
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

int main(int argc, char **argv)
{
    struct bench bench = {.program = "bench", .common = options_common("bench"), .epochs = 7};
    struct error err;
    int code = parse(&bench, argc, argv);
    if (code >= 0)
        return code;
    double start = clock_seconds();
    stop_on_error(&bench,
                  dataset_load(&bench.train_set, bench.common.data, DATASET_TRAIN, &err) ||
                      dataset_load(&bench.test_set, bench.common.data, DATASET_TEST, &err),
                  &err);
    bench.load_seconds = clock_seconds() - start;
    print_summary(&bench);
    if (!bench.brief)
        print_growth(&bench);
    dataset_free(&bench.train_set);
    dataset_free(&bench.test_set);
    return command_finish(bench.program, EXIT_DONE);
}
