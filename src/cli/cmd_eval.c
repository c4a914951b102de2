#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "mnist/base/clock.h"
#include "mnist/base/file_write.h"
#include "mnist/base/format.h"
#include "mnist/base/memory.h"
#include "mnist/base/rmath.h"
#include "mnist/base/team.h"
#include "mnist/base/version.h"
#include "mnist/cli/command.h"
#include "mnist/cli/engine.h"
#include "mnist/cli/figures.h"
#include "mnist/cli/files.h"
#include "mnist/cli/options.h"
#include "mnist/cli/terminal.h"
#include "mnist/codec/json.h"
#include "mnist/net/evaluation.h"
#include "mnist/net/network.h"
#include "mnist/report/report.h"
#include "mnist/store/model.h"
#include "mnist/store/run_log.h"

static const char *const split_choices[] = {"test", "train", NULL};

struct session {
    const char *path;
    const char *report_path; /* NULL: none */
    struct common_options common;
    int split; /* index into split_choices */
    int misclassified, style;
    float shift[2], rotate;
    struct engine engine;
    struct dataset dataset;
    struct evaluation evaluation;
    double seconds; /* time that predicting took */
};

static int parse(struct session *s, int argc, char **argv)
{
    int operands;
    const double most = AUGMENT_MAX_ROTATE, far = AUGMENT_MAX_SHIFT;
    const struct option_spec images[] = {
        {"split", "NAME", OPTION_CHOICE, &s->split, .choices = split_choices, .group = GROUP_IMAGES,
         .help = "images to evaluate on"},
        {"misclassified", "N", OPTION_INT, &s->misclassified, 0, 10000000, .group = GROUP_IMAGES,
         .help = "show the N most confident mistakes"},
        {"shift", "X,Y", OPTION_PAIR, s->shift, -far, far, .group = GROUP_IMAGES,
         .help = "first move the images this many pixels to the right and down"},
        {"rotate", "DEG", OPTION_FLOAT, &s->rotate, -most, most, .group = GROUP_IMAGES,
         .help = "first turn the images counterclockwise"},
    };
    const struct option_spec report = {.name = "report",
                                       .unit = "FILE",
                                       .kind = OPTION_STRING,
                                       .value = &s->report_path,
                                       .group = GROUP_FILES,
                                       .help = "write a report with pictures, one HTML file",
                                       .special_default = "none"};
    struct usage usage = {
        .program = s->common.program,
        .arguments = "MODEL",
        .description =
            "Evaluates a model file: loss, accuracy, figures for each digit, confusion matrix.",
        .examples = "  mnist-eval model.bin\n"
                    "  mnist-eval model.bin --misclassified 6\n"
                    "  mnist-eval model.bin --report report.html",
        .min_arguments = 1,
        .max_arguments = 1,
    };
    options_add(&usage, images, sizeof images / sizeof images[0]);
    options_add_style(&usage, &s->style);
    options_add_data(&usage, &s->common);
    options_add(&usage, &report, 1);
    options_add_common(&usage, &s->common);
    int code = options_parse(&usage, argc, argv, &operands);
    s->path = argv[1];
    return code;
}

static bool moved(const struct session *s)
{
    return fabsf(s->shift[0]) + fabsf(s->shift[1]) + fabsf(s->rotate) > 0.0f;
}

static int prepare(struct session *s, struct error *err)
{
    const struct files_use uses[] = {{"the model", s->path, false},
                                     {"--report", s->report_path, true}};
    if (s->report_path &&
        (files_check(uses, 2, s->common.data, err) || files_judge_report(s->report_path, err) ||
         file_write_check(s->report_path, 0, err)))
        return -1;
    if (engine_find(&s->engine, &s->common, err) || engine_load(&s->engine, s->path, err) ||
        command_load_data(&s->dataset, s->common.data, s->split ? DATASET_TRAIN : DATASET_TEST,
                          s->engine.team, err) ||
        evaluation_create(&s->evaluation, s->dataset.count, err))
        return -1;
    if (!moved(s))
        return 0;
    struct augment_map map;
    augment_move(&map, s->shift[0], s->shift[1], s->rotate);
    dataset_map(&s->dataset, &map, s->engine.team);
    return 0;
}

static void release(struct session *s)
{
    evaluation_free(&s->evaluation);
    dataset_free(&s->dataset);
    engine_close(&s->engine);
}

static int print_mistakes(const struct session *s, struct error *err)
{
    struct picture *pictures = mem_calloc((size_t)s->misclassified, sizeof *pictures, err);
    if (!pictures)
        return -1;
    for (int i = 0; i < s->misclassified; i++) {
        const struct answer *mistake = &s->evaluation.answers[i];
        const float *p = s->evaluation.p + (size_t)mistake->index * CLASSES;
        pictures[i].pixels = s->dataset.pixels + (size_t)mistake->index * IMAGE_PIXELS;
        snprintf(pictures[i].title[0], sizeof pictures[i].title[0], "%s[%d] = %d (%s)",
                 split_choices[s->split], mistake->index, mistake->truth,
                 format_probability((double)p[mistake->truth]).text);
        snprintf(pictures[i].title[1], sizeof pictures[i].title[1], "guess %d (%s)",
                 mistake->predicted, format_probability((double)mistake->probability).text);
    }
    putchar('\n');
    terminal_say(stdout, 0, 2, "%s: the %s most confident of %s mistakes", split_choices[s->split],
                 format_count(s->misclassified).text, format_count(s->evaluation.mistakes).text);
    putchar('\n');
    terminal_pictures(stdout, pictures, s->misclassified,
                      terminal_style(s->style, s->common.color));
    mem_free(pictures);
    return 0;
}

static void print_json(const struct session *s)
{
    const struct metrics *metrics = &s->evaluation.metrics;
    struct json_writer json = {.out = stdout};
    json_put_object(&json, NULL);
    json_put_string(&json, "model", s->path);
    json_put_string(&json, "weights_crc32", format_crc32(s->engine.model.crc32).text);
    json_put_string(&json, "split", split_choices[s->split]);
    json_put_array(&json, "shift");
    json_put_float(&json, NULL, s->shift[0]);
    json_put_float(&json, NULL, s->shift[1]);
    json_put_end(&json);
    json_put_float(&json, "rotate", s->rotate);
    json_put_integer(&json, "images", metrics->count);
    json_put_number(&json, "loss", metrics_loss(metrics));
    json_put_number(&json, "accuracy", metrics_accuracy(metrics));
    json_put_number(&json, "calibration_error", metrics_calibration_error(metrics));
    json_put_number(&json, "coverage", s->evaluation.coverage);
    run_log_put_confusion(&json, "confusion", metrics);
    run_log_put_classes(&json, "classes", metrics);
    json_put_array(&json, "misclassified");
    for (int i = 0; i < s->misclassified; i++) {
        const struct answer *mistake = &s->evaluation.answers[i];
        json_put_object(&json, NULL);
        json_put_integer(&json, "index", mistake->index);
        json_put_integer(&json, "digit", mistake->truth);
        json_put_integer(&json, "predicted", mistake->predicted);
        json_put_number(&json, "probability", (double)mistake->probability);
        json_put_end(&json);
    }
    json_put_end(&json);
    json_put_end(&json);
    putchar('\n');
}

/* Writes "test set moved by 1,1 and turned by 5°", with `degrees` as the sign for degrees. */
static void describe_images(const struct session *s, const char *degrees, char *text, size_t size)
{
    int length = snprintf(text, size, "%s set", s->split ? "training" : "test");
    if (moved(s))
        snprintf(text + length, size - (size_t)length, " moved by %s,%s and turned by %s%s",
                 format_float(s->shift[0]).text, format_float(s->shift[1]).text,
                 format_float(s->rotate).text, degrees);
}

/* Writes the command line that shows the same again. */
static void write_command(FILE *out, const void *context)
{
    const struct session *s = context;
    fputs("mnist-eval", out);
    command_write_word(out, s->path);
    fputs(" --data", out);
    command_write_word(out, s->common.data);
    fprintf(out, " --split %s", split_choices[s->split]);
    if (moved(s))
        fprintf(out, " --shift=%s,%s --rotate=%s", format_float(s->shift[0]).text,
                format_float(s->shift[1]).text, format_float(s->rotate).text);
}

static int write_report(const struct session *s, struct error *err)
{
    size_t size;
    char images[160], *command = mem_print(write_command, s, &size, "the report", err);
    if (!command)
        return -1;
    struct report report = {
        .heading = "evaluation report",
        .split = split_choices[s->split],
        .command = command,
        .dataset = &s->dataset,
        .evaluation = &s->evaluation,
        .network = &s->engine.network,
    };
    describe_images(s, "\u00b0", images, sizeof images);
    report_fact(&report, "model", "%s", s->path);
    report_fact(&report, "weights_crc32", "%s", format_crc32(s->engine.model.crc32).text);
    report_fact(&report, "data", "%s", s->common.data);
    report_fact(&report, "images", "%s, the %s", format_count(s->dataset.count).text, images);
    report_fact(&report, "time", "%s", format_seconds(s->seconds).text);
    report_fact(&report, "threads", "%d, %s kernels", team_threads(s->engine.team),
                s->engine.network.kernels->name);
    report_fact(&report, "program", "mnist %s", MNIST_VERSION);
    if (s->engine.model.described) {
        report_options(&report, &s->engine.model.options);
        report_fact(&report, "best epoch", "%d", s->engine.model.best.epoch);
    }
    int failed = report_write(&report, s->report_path, err);
    free(command);
    return failed;
}

static void print(const struct session *s)
{
    char title[160];
    describe_images(s, terminal_text("°", " deg"), title, sizeof title);
    figures_print(stdout, title, &s->evaluation.metrics, terminal_colors(stdout, s->common.color));
    putchar('\n');
    terminal_say(stdout, 0, 4,
                 "  coverage %s: the most confident answers, of which at most %s are wrong",
                 format_percent(s->evaluation.coverage).text, format_share(COVERAGE_RISK).text);
}

static int run(struct session *s, struct error *err)
{
    double start = clock_seconds();
    evaluation_run(&s->evaluation, &s->engine.network, &s->dataset);
    s->seconds = clock_seconds() - start;
    if (!rmath_is_finite_double(s->evaluation.metrics.loss_sum))
        return error_set(err, "%s: its loss on these images is not finite: retrain it", s->path);
    if (s->misclassified > s->evaluation.mistakes)
        s->misclassified = s->evaluation.mistakes;
    if (s->common.json)
        print_json(s);
    else
        print(s);
    if (s->misclassified && !s->common.json && print_mistakes(s, err))
        return -1;
    return s->report_path ? write_report(s, err) : 0;
}

int command_eval(int argc, char **argv)
{
    struct session s = {.common = options_common(argv[0])};
    struct error err = {""};
    int code = parse(&s, argc, argv);
    if (code >= 0)
        return command_finish(argv[0], code);
    code = prepare(&s, &err) || run(&s, &err) ? command_fail(s.common.program, &err) : EXIT_DONE;
    release(&s);
    return command_finish(argv[0], code);
}
