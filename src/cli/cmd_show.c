#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mnist/base/format.h"
#include "mnist/base/memory.h"
#include "mnist/base/rng.h"
#include "mnist/cli/command.h"
#include "mnist/cli/engine.h"
#include "mnist/cli/terminal.h"
#include "mnist/cli/train_line.h"
#include "mnist/cli/value.h"
#include "mnist/net/metrics.h"
#include "mnist/report/weight_picture.h"
#include "mnist/store/model.h"

static const char *const split_choices[] = {"train", "test", NULL};

struct session {
    struct common_options common;
    int count; /* 0: the usual number */
    int style;
    int split; /* index into split_choices */
    int start;
    int digit; /* -1: all */
    bool random;
    uint64_t seed;
    struct train_line line;                /* only its augmentation is used */
    const char *model_path, *weights_path; /* NULL: none */
    struct dataset dataset;
    int *indices; /* (count) of the samples shown */
    float *p;     /* (count,10) probabilities, with a model */
    struct engine engine;
};

enum { SAMPLES = 5 };

/* Options that choose samples do not apply to weights. One given with its default does no harm. */
static int check_weights(const struct session *s)
{
    const char *option = s->split          ? "--split"
                         : s->digit >= 0   ? "--digit"
                         : s->random       ? "--random"
                         : s->seed != 1    ? "--seed"
                         : s->line.augment ? "--augment"
                         : s->model_path   ? "--model"
                                           : NULL;
    if (!s->weights_path || !option)
        return -1;
    return command_refuse(s->common.program,
                          "%s is for samples, and --weights shows none: leave one out", option);
}

static int parse(struct session *s, int argc, char **argv)
{
    int operands;
    const struct option_spec images[] = {
        {"split", "NAME", OPTION_CHOICE, &s->split, .choices = split_choices, .group = GROUP_IMAGES,
         .help = "where the samples are from"},
        {"start", "I", OPTION_INT, &s->start, 0, 10000000, .group = GROUP_IMAGES,
         .help = "index of the first sample or unit"},
        {"digit", "D", OPTION_INT, &s->digit, 0, 9, .group = GROUP_IMAGES,
         .help = "only this digit", .special_default = "all"},
        {"random", NULL, OPTION_FLAG, &s->random, .group = GROUP_IMAGES,
         .help = "draw the samples at random, from --start on"},
        {"seed", "N", OPTION_SEED, &s->seed, .group = GROUP_IMAGES,
         .help = "which random samples, and which augmentations"},
    };
    const struct option_spec files[] = {
        {"model", "FILE", OPTION_STRING, &s->model_path, .group = GROUP_FILES,
         .help = "add what this model says", .special_default = "none"},
        {"weights", "MODEL", OPTION_STRING, &s->weights_path, .group = GROUP_FILES,
         .help = "show COUNT units [128] of this model's first layer instead",
         .special_default = "none"},
    };
    struct usage usage = {
        .program = s->common.program,
        .arguments = "[COUNT]",
        .description = "Shows COUNT samples [5] as pictures of characters or half blocks.",
        .examples = "  mnist-show 5\n"
                    "  mnist-show 4 --augment\n"
                    "  mnist-show --weights model.bin\n"
                    "  mnist-show 8 --split test --digit 7 --random --model model.bin",
        .max_arguments = 1,
    };
    options_add(&usage, images, sizeof images / sizeof images[0]);
    options_add_style(&usage, &s->style);
    train_line_add(&s->line, &usage, TRAIN_AUGMENTATION);
    options_add_data(&usage, &s->common);
    options_add(&usage, files, sizeof files / sizeof files[0]);
    options_add_common(&usage, &s->common);
    int code = options_parse(&usage, argc, argv, &operands);
    if (code < 0 && train_line_end(s->common.program, &s->line))
        return EXIT_USAGE;
    if (code < 0 && operands && argv[1][strspn(argv[1], "0123456789")] && !access(argv[1], F_OK))
        return command_refuse(s->common.program,
                              "'%s' is a file: --model shows the answers of a model, --weights its "
                              "weights, --data a folder of data",
                              argv[1]);
    if (code < 0 && operands &&
        value_int(s->common.program, "COUNT", argv[1], 1, 10000000, &s->count))
        return EXIT_USAGE;
    return code < 0 ? check_weights(s) : code;
}

/* --- weights --- */

static void print_weights_json(const struct session *s, const float *params)
{
    for (int h = s->start; h < s->start + s->count; h++) {
        struct json_writer json = {.out = stdout};
        json_put_object(&json, NULL);
        json_put_integer(&json, "unit", h);
        json_put_float(&json, "bias", params[FC1_BIAS + h]);
        json_put_array(&json, "weights");
        for (int p = 0; p < INPUTS; p++)
            json_put_float(&json, NULL, params[FC1_WEIGHT + p * HIDDEN1 + h]);
        json_put_end(&json);
        json_put_end(&json);
        putchar('\n');
    }
}

static int print_weights(const struct session *s, const float *params, struct error *err)
{
    struct picture_style style = terminal_style(s->style, s->common.color);
    struct picture *pictures = mem_calloc((size_t)s->count, sizeof *pictures, err);
    uint8_t *pixels = mem_alloc((size_t)s->count, IMAGE_PIXELS, err);
    float scale = weight_picture_scale(params + FC1_WEIGHT, INPUTS * HIDDEN1);
    bool failed = !pictures || !pixels;
    for (int i = 0; i < s->count && !failed; i++) {
        int unit = s->start + i;
        uint8_t *map = pixels + (size_t)i * IMAGE_PIXELS;
        weight_picture_draw(map, params + FC1_WEIGHT + unit, HIDDEN1, scale);
        pictures[i].pixels = map;
        snprintf(pictures[i].title[0], sizeof pictures[i].title[0], "fc1[%d], bias %s", unit,
                 format_rate((double)params[FC1_BIAS + unit]).text);
    }
    style.map = true;
    if (!failed)
        terminal_pictures(stdout, pictures, s->count, style);
    mem_free(pictures);
    mem_free(pixels);
    return failed ? -1 : 0;
}

static int show_weights(struct session *s, struct error *err)
{
    struct model model;
    if (s->start >= HIDDEN1)
        return error_set(err, "--start %d: the first layer ends with unit %d", s->start,
                         HIDDEN1 - 1);
    if (s->count == 0 || s->count > HIDDEN1 - s->start)
        s->count = HIDDEN1 - s->start;
    if (command_load_model(&model, s->weights_path, err))
        return -1;
    int failed = 0;
    if (s->common.json)
        print_weights_json(s, model.params);
    else
        failed = print_weights(s, model.params, err);
    model_free(&model);
    return failed;
}

/* --- samples --- */

/* Chooses the samples, in order or shuffled; fewer than COUNT if there are no more. */
static int choose(struct session *s, struct error *err)
{
    const struct dataset *d = &s->dataset;
    if (s->start >= d->count)
        return error_set(err, "--start %d: the %s set ends with %d", s->start,
                         split_choices[s->split], d->count - 1);
    s->indices = mem_alloc((size_t)d->count, sizeof *s->indices, err);
    if (!s->indices)
        return -1;
    int found = 0;
    for (int i = s->start; i < d->count; i++)
        if (s->digit < 0 || d->labels[i] == s->digit)
            s->indices[found++] = i;
    if (found == 0)
        return error_set(err, "no %d from %s[%d] on", s->digit, split_choices[s->split], s->start);
    if (s->random) {
        struct rng rng;
        rng_seed(&rng, s->seed, RNG_SHOW, 0);
        rng_shuffle(&rng, s->indices, found);
    }
    if (s->count == 0)
        s->count = SAMPLES;
    if (s->count > found)
        s->count = found;
    return 0;
}

static int ask_model(struct session *s, struct error *err)
{
    s->p = mem_alloc((size_t)s->count, CLASSES * sizeof *s->p, err);
    if (!s->p || engine_load(&s->engine, s->model_path, err))
        return -1;
    return engine_predict(&s->engine, &s->dataset, s->indices, s->count, s->model_path, s->p, err);
}

static int print_pictures(const struct session *s, struct error *err)
{
    struct picture *pictures = mem_calloc((size_t)s->count, sizeof *pictures, err);
    if (!pictures)
        return -1;
    for (int i = 0; i < s->count; i++) {
        int index = s->indices[i];
        pictures[i].pixels = s->dataset.pixels + (size_t)index * IMAGE_PIXELS;
        snprintf(pictures[i].title[0], sizeof pictures[i].title[0], "%s[%d] = %d",
                 split_choices[s->split], index, s->dataset.labels[index]);
        if (s->p) {
            const float *p = s->p + (size_t)i * CLASSES;
            int guess = metrics_argmax(p);
            snprintf(pictures[i].title[1], sizeof pictures[i].title[1], "guess %d (%s)%s", guess,
                     format_probability((double)p[guess]).text,
                     guess == s->dataset.labels[index] ? "" : " wrong");
        }
    }
    terminal_pictures(stdout, pictures, s->count, terminal_style(s->style, s->common.color));
    mem_free(pictures);
    return 0;
}

static void print_json(const struct session *s)
{
    for (int i = 0; i < s->count; i++) {
        int index = s->indices[i];
        struct json_writer json = {.out = stdout};
        json_put_object(&json, NULL);
        json_put_string(&json, "split", split_choices[s->split]);
        json_put_integer(&json, "index", index);
        json_put_integer(&json, "digit", s->dataset.labels[index]);
        if (s->p) {
            const float *p = s->p + (size_t)i * CLASSES;
            int guess = metrics_argmax(p);
            json_put_integer(&json, "predicted", guess);
            json_put_number(&json, "probability", (double)p[guess]);
        }
        command_put_pixels(&json, s->dataset.pixels + (size_t)index * IMAGE_PIXELS);
        json_put_end(&json);
        putchar('\n');
    }
}

static int show_samples(struct session *s, struct error *err)
{
    enum dataset_split split = s->split ? DATASET_TEST : DATASET_TRAIN;
    struct team *team = s->engine.team;
    if (command_load_data(&s->dataset, s->common.data, split, team, err) || choose(s, err))
        return -1;
    if (s->line.augment)
        dataset_augment(&s->dataset, &s->line.options.augment, s->seed, 1, team);
    if (s->model_path && ask_model(s, err))
        return -1;
    if (!s->common.json)
        return print_pictures(s, err);
    print_json(s);
    return 0;
}

int command_show(int argc, char **argv)
{
    const struct train_options usual = train_options_usual();
    struct session s = {.common = options_common(argv[0]), .digit = -1, .seed = 1};
    struct error err = {""};
    train_line_begin(&s.line, &usual);
    int code = parse(&s, argc, argv);
    if (code >= 0)
        return command_finish(argv[0], code);
    int failed = engine_find(&s.engine, &s.common, &err) ||
                 (s.weights_path ? show_weights : show_samples)(&s, &err);
    code = failed ? command_fail(s.common.program, &err) : EXIT_DONE;
    engine_close(&s.engine);
    dataset_free(&s.dataset);
    mem_free(s.indices);
    mem_free(s.p);
    return command_finish(argv[0], code);
}
