#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "mnist/command.h"
#include "mnist/format.h"
#include "mnist/json.h"
#include "mnist/memory.h"
#include "mnist/model.h"
#include "mnist/options.h"
#include "mnist/report.h"
#include "mnist/terminal.h"

static const char *const split_choices[] = {"test", "train", NULL};

/* One image the model gets wrong. */
struct mistake {
    int index, predicted;
    float probability;
};

struct session {
    const char *program, *path;
    struct common_options common;
    int part; /* index into split_choices */
    int misclassified;
    const char *shift_text; /* "X,Y" */
    float shift[2], rotate;
    struct model model;
    struct dataset dataset;
    struct team *team;
    struct network network;
    float *p, *loss; /* (count,10), (count) */
    struct mistake *mistakes;
    struct decision *decisions; /* (count) */
    int mistake_count;
    double decidable; /* share */
    struct metrics metrics;
};

/* The share of wrong ones that is accepted when asking how many images can be decided. */
static const double DECIDABLE_ERROR = 0.001;

/* "X,Y" in pixels. */
static int parse_shift(struct session *s)
{
    char x[32], y[32];
    int length = 0;
    if (sscanf(s->shift_text, "%31[^,],%31[^,]%n", x, y, &length) != 2 || s->shift_text[length])
        return options_refuse(s->program, "--shift '%s': give X,Y in pixels, such as 2,-1",
                              s->shift_text);
    const double most = AUGMENT_MAX_SHIFT;
    return options_float(s->program, "--shift", x, -most, most, &s->shift[0]) ||
           options_float(s->program, "--shift", y, -most, most, &s->shift[1]);
}

static int parse(struct session *s, int argc, char **argv)
{
    int first;
    const struct option_spec specs[] = {
        OPTION_NAME("split", "NAME", &s->part, split_choices, "images to evaluate on"),
        OPTION_WHOLE("misclassified", "N", &s->misclassified, 0, 10000000,
                     "show the N most confident mistakes", NULL),
        OPTION_TEXT("shift", "X,Y", &s->shift_text,
                    "first move the images, so many pixels to the right and down", "0,0"),
        OPTION_REAL("rotate", "DEG", &s->rotate, -AUGMENT_MAX_ROTATE, AUGMENT_MAX_ROTATE,
                    "first turn the images counterclockwise"),
        OPTIONS_COMMON(s->common),
    };
    const struct usage usage = {
        .program = s->program,
        .arguments = "MODEL",
        .description =
            "Evaluates a model file: loss, accuracy, figures for each digit, confusion matrix.",
        .examples = "  mnist-eval model.bin\n"
                    "  mnist-eval model.bin --misclassified 6",
        .min_arguments = 1,
        .max_arguments = 1,
        .specs = specs,
        .spec_count = sizeof specs / sizeof specs[0],
    };
    int code = options_parse(&usage, argc, argv, &first);
    if (code < 0)
        s->path = argv[first];
    return code < 0 && s->shift_text && parse_shift(s) ? EXIT_USAGE : code;
}

static bool moved(const struct session *s)
{
    return fabsf(s->shift[0]) + fabsf(s->shift[1]) + fabsf(s->rotate) > 0.0f;
}

static int prepare(struct session *s, struct error *err)
{
    if (model_load(&s->model, s->path, err) ||
        dataset_load(&s->dataset, s->common.data, s->part ? DATASET_TRAIN : DATASET_TEST, err))
        return -1;
    if (moved(s)) {
        struct warp warp;
        warp_move(&warp, s->shift[0], s->shift[1], s->rotate);
        if (dataset_warp(&s->dataset, &warp, err))
            return -1;
    }
    size_t n = (size_t)s->dataset.count;
    s->p = mem_alloc(n, CLASSES * sizeof *s->p, err);
    s->loss = mem_alloc(n, sizeof *s->loss, err);
    s->mistakes = mem_alloc(n, sizeof *s->mistakes, err);
    s->decisions = mem_alloc(n, sizeof *s->decisions, err);
    if (!s->p || !s->loss || !s->mistakes || !s->decisions ||
        options_compute(&s->common, 0, &s->team, &s->network, err))
        return -1;
    network_set_params(&s->network, s->model.params);
    return 0;
}

static void release(struct session *s)
{
    network_destroy(&s->network);
    team_destroy(s->team);
    mem_free(s->p);
    mem_free(s->loss);
    mem_free(s->mistakes);
    mem_free(s->decisions);
    dataset_free(&s->dataset);
    model_free(&s->model);
}

/* Most confident first; of equals, the earlier image. */
static int compare_mistakes(const void *a, const void *b)
{
    const struct mistake *x = a, *y = b;
    if (x->probability > y->probability || x->probability < y->probability)
        return x->probability > y->probability ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

static void evaluate(struct session *s)
{
    network_predict(&s->network, &s->dataset, NULL, s->dataset.count, s->p, s->loss);
    for (int i = 0; i < s->dataset.count; i++) {
        const float *p = s->p + (size_t)i * CLASSES;
        int truth = s->dataset.labels[i], predicted = metrics_argmax(p);
        metrics_add(&s->metrics, truth, p, s->loss[i]);
        s->decisions[i] = (struct decision){p[predicted], predicted == truth};
        if (predicted != truth)
            s->mistakes[s->mistake_count++] = (struct mistake){i, predicted, p[predicted]};
    }
    s->decidable = metrics_decidable(s->decisions, s->dataset.count, DECIDABLE_ERROR);
    qsort(s->mistakes, (size_t)s->mistake_count, sizeof *s->mistakes, compare_mistakes);
    if (s->misclassified > s->mistake_count)
        s->misclassified = s->mistake_count;
}

static int print_mistakes(const struct session *s, struct error *err)
{
    struct picture *pictures = mem_calloc((size_t)s->misclassified, sizeof *pictures, err);
    if (!pictures)
        return -1;
    for (int i = 0; i < s->misclassified; i++) {
        const struct mistake *mistake = &s->mistakes[i];
        int truth = s->dataset.labels[mistake->index];
        const float *p = s->p + (size_t)mistake->index * CLASSES;
        pictures[i].pixels = s->dataset.pixels + (size_t)mistake->index * IDX_PIXELS;
        snprintf(pictures[i].title[0], sizeof pictures[i].title[0], "%s[%d] = %d (%s)",
                 split_choices[s->part], mistake->index, truth,
                 format_probability((double)p[truth]).text);
        snprintf(pictures[i].title[1], sizeof pictures[i].title[1], "guess %d (%s)",
                 mistake->predicted, format_probability((double)mistake->probability).text);
    }
    printf("\n%s: the %d most confident of %d mistakes\n\n", split_choices[s->part],
           s->misclassified, s->mistake_count);
    terminal_pictures(stdout, pictures, s->misclassified, terminal_width());
    mem_free(pictures);
    return 0;
}

static void print_json(const struct session *s)
{
    printf("{\"model\":");
    json_write_string(stdout, s->path);
    printf(",\"weights_crc32\":\"%08" PRIx32 "\",\"split\":\"%s\",\"shift\":[%s,%s],\"rotate\":%s",
           s->model.crc32, split_choices[s->part], format_float(s->shift[0]).text,
           format_float(s->shift[1]).text, format_float(s->rotate).text);
    printf(",\"images\":%d,\"loss\":%s,\"accuracy\":%s,\"calibration_error\":%s,"
           "\"decidable\":%s,\"confusion\":",
           s->metrics.count, format_figure(metrics_loss(&s->metrics)).text,
           format_figure(metrics_accuracy(&s->metrics)).text,
           format_figure(metrics_calibration_error(&s->metrics)).text,
           format_figure(s->decidable).text);
    report_json_confusion(stdout, &s->metrics);
    printf(",\"classes\":");
    report_json_classes(stdout, &s->metrics);
    printf(",\"misclassified\":[");
    for (int i = 0; i < s->misclassified; i++) {
        const struct mistake *mistake = &s->mistakes[i];
        printf("%s{\"index\":%d,\"digit\":%d,\"predicted\":%d,\"probability\":%s}", i ? "," : "",
               mistake->index, s->dataset.labels[mistake->index], mistake->predicted,
               format_figure((double)mistake->probability).text);
    }
    printf("]}\n");
}

static int run(struct session *s, struct error *err)
{
    char title[160];
    evaluate(s);
    if (!isfinite(s->metrics.loss))
        return error_set(err, "%s: its loss on these images is not finite: train it anew", s->path);
    if (s->common.json) {
        print_json(s);
        return 0;
    }
    int length = snprintf(title, sizeof title, "%s set", s->part ? "training" : "test");
    if (moved(s))
        snprintf(title + length, sizeof title - (size_t)length, " moved by %s,%s and turned by %s°",
                 format_float(s->shift[0]).text, format_float(s->shift[1]).text,
                 format_float(s->rotate).text);
    report_print(stdout, title, &s->metrics, terminal_colors(stdout, s->common.color));
    printf("\n  %s of the images can be decided with at most %g%% of them wrong\n",
           format_percent(s->decidable).text, 100.0 * DECIDABLE_ERROR);
    return s->misclassified ? print_mistakes(s, err) : 0;
}

int command_eval(int argc, char **argv)
{
    struct session s = {.program = argv[0], .common = options_common()};
    struct error err;
    int code = parse(&s, argc, argv);
    if (code >= 0)
        return code;
    code = prepare(&s, &err) || run(&s, &err) ? command_fail(s.program, &err) : EXIT_DONE;
    release(&s);
    return command_finish(argv[0], code);
}
