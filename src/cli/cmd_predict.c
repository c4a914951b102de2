#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mnist/base/file_read.h"
#include "mnist/base/format.h"
#include "mnist/base/memory.h"
#include "mnist/cli/command.h"
#include "mnist/cli/engine.h"
#include "mnist/cli/options.h"
#include "mnist/cli/terminal.h"
#include "mnist/codec/gzip.h"
#include "mnist/codec/idx.h"
#include "mnist/codec/kind.h"
#include "mnist/codec/pnm.h"
#include "mnist/data/dataset.h"
#include "mnist/data/digit.h"
#include "mnist/net/evaluation.h"
#include "mnist/net/network.h"
#include "mnist/store/model.h"

/* Below this probability a prediction is called unclear. On the test images, that holds for half of
 * the mistakes of --preset best and 0.8% of its right answers: a third of what it calls unclear is
 * wrong. */
static const float CLEAR = 0.8f;

struct session {
    const char *model_path;
    char **names; /* (count) of the pictures */
    int count;
    struct common_options common;
    bool show;
    int style;
    struct engine engine;
};

/* Images that are predicted together: those of an IDX file, or one picture. */
struct stack {
    const char *name;
    const uint8_t *pixels; /* (count,784) */
    int count;
    bool numbered; /* from an IDX file */
    bool cut;      /* digit.cut of digit_prepare */
};

static int parse(struct session *s, int argc, char **argv)
{
    int operands;
    const struct option_spec show = {.name = "show",
                                     .kind = OPTION_FLAG,
                                     .value = &s->show,
                                     .group = GROUP_IMAGES,
                                     .help = "show each picture as the network sees it"};
    struct usage usage = {
        .program = s->common.program,
        .arguments = "MODEL IMAGE...",
        .description =
            "Says which digit each picture shows: PGM, PBM or PPM of any size, an IDX file of "
            "images, either of them gzipped; - is stdin. An empty or unreadable one does not stop "
            "the others, but the exit code is then 1; an unclear one is an answer, with code 0.",
        .examples = "  mnist-predict model.bin digit.pgm\n"
                    "  convert digit.png -background white -flatten pgm:- |\n"
                    "      mnist-predict model.bin - --show",
        .min_arguments = 2,
        .max_arguments = INT_MAX,
    };
    options_add(&usage, &show, 1);
    options_add_style(&usage, &s->style);
    options_add_common(&usage, &s->common);
    int code = options_parse(&usage, argc, argv, &operands);
    if (code < 0) {
        s->model_path = argv[1];
        s->names = argv + 2;
        s->count = operands - 1;
    }
    return code;
}

/* --- answers --- */

static bool is_unclear(const struct stack *stack, const float *p)
{
    return stack->cut || p[metrics_argmax(p)] < CLEAR;
}

/* Returns the columns that it takes. */
static int print_name(const struct stack *stack, int index)
{
    int column = terminal_put(stdout, stack->name);
    return stack->numbered ? column + printf("[%d]", index) : column;
}

static void print_text(const struct session *s, const struct stack *stack, int index,
                       const float *p)
{
    int first = metrics_argmax(p), second = metrics_second(p);
    bool unclear = is_unclear(stack, p);
    terminal_say(stdout, print_name(stack, index), 2, ": %s%d\t(%s)%s %d\t(%s)%s",
                 unclear ? "unclear: " : "", first, format_probability((double)p[first]).text,
                 unclear ? " or" : ", then", second, format_probability((double)p[second]).text,
                 stack->cut ? ": it seems cut off at the edge" : "");
    if (s->show) {
        struct picture picture = {.pixels = stack->pixels + (size_t)index * IMAGE_PIXELS};
        terminal_pictures(stdout, &picture, 1, terminal_style(s->style, s->common.color));
    }
}

/* Begins the JSON object of an answer. */
static void put_name(struct json_writer *json, const struct stack *stack, int index)
{
    json_put_object(json, NULL);
    json_put_string(json, "file", stack->name);
    if (stack->numbered)
        json_put_integer(json, "index", index);
}

static void print_json(const struct session *s, const struct stack *stack, int index,
                       const float *p)
{
    struct json_writer json = {.out = stdout};
    int first = metrics_argmax(p);
    put_name(&json, stack, index);
    json_put_integer(&json, "digit", first);
    json_put_number(&json, "probability", (double)p[first]);
    json_put_boolean(&json, "unclear", is_unclear(stack, p));
    json_put_boolean(&json, "cut_off", stack->cut);
    json_put_array(&json, "probabilities");
    for (int c = 0; c < CLASSES; c++)
        json_put_number(&json, NULL, (double)p[c]);
    json_put_end(&json);
    if (s->show)
        command_put_pixels(&json, stack->pixels + (size_t)index * IMAGE_PIXELS);
    json_put_end(&json);
    putchar('\n');
}

static void print_nothing(const struct session *s, const struct stack *stack, const char *reason)
{
    if (s->common.json) {
        struct json_writer json = {.out = stdout};
        put_name(&json, stack, 0);
        json_put_raw(&json, "digit", "null");
        json_put_string(&json, "reason", reason);
        json_put_end(&json);
        putchar('\n');
    } else {
        terminal_say(stdout, print_name(stack, 0), 2, ": no digit: %s", reason);
    }
}

/* --- other kinds of pictures --- */

struct conversion {
    const char *name, *model_path;
};

/* Writes the command line that converts and predicts it. */
static void write_conversion(FILE *out, const void *context)
{
    const struct conversion *conversion = context;
    fputs("convert", out);
    command_write_word(out, strcmp(conversion->name, "-") != 0 ? conversion->name : "FILE");
    fputs(" -background white -flatten pgm:- | mnist-predict", out);
    command_write_word(out, conversion->model_path);
    fputs(" -", out);
}

/* Adds to err how to convert another kind of picture, or where a model goes. Returns -1. */
static int suggest(const struct session *s, const char *name, const struct file *file,
                   struct error *err)
{
    enum kind_use use = kind_of(file->bytes, file->size).use;
    if (use == KIND_MODEL)
        return command_advise(err, "one model, and it comes first: mnist-predict MODEL IMAGE...");
    if (use != KIND_IMAGE)
        return -1;
    const struct conversion conversion = {name, s->model_path};
    return command_advise_line(err, "", write_conversion, &conversion);
}

/* --- pictures --- */

static int predict_stack(const struct session *s, const struct stack *stack, struct error *err)
{
    struct dataset dataset = {0};
    float *p = mem_alloc((size_t)stack->count, CLASSES * sizeof *p, err);
    int failed = !p || dataset_unlabelled(&dataset, stack->pixels, stack->count, err);
    if (!failed)
        failed = engine_predict(&s->engine, &dataset, NULL, stack->count, s->model_path, p, err);
    for (int i = 0; !failed && i < stack->count; i++)
        (s->common.json ? print_json : print_text)(s, stack, i, p + (size_t)i * CLASSES);
    dataset_free(&dataset);
    mem_free(p);
    return failed ? -1 : 0;
}

/* Returns 1, after saying so, if the picture shows no digit. */
static int predict_picture(const struct session *s, const char *name, const struct file *file,
                           struct error *err)
{
    struct pnm pnm;
    struct digit digit;
    if (pnm_parse(&pnm, file->bytes, file->size, name, err))
        return suggest(s, name, file, err);
    int failed = digit_prepare(&digit, pnm.grey, pnm.width, pnm.height, err);
    pnm_free(&pnm);
    if (failed)
        return -1;
    struct stack stack = {name, digit.pixels, 1, .cut = digit.cut};
    if (!digit.nothing[0])
        return predict_stack(s, &stack, err);
    print_nothing(s, &stack, digit.nothing);
    return 1;
}

static int predict_idx(const struct session *s, const char *name, const struct file *file,
                       struct error *err)
{
    struct stack stack = {.name = name, .numbered = true};
    if (dataset_parse(&stack.pixels, &stack.count, file->bytes, file->size, DATASET_IMAGES, name,
                      err))
        return -1;
    return predict_stack(s, &stack, err);
}

/* The largest text pictures would have more bytes than any other file; they are refused. */
static size_t limit(const uint8_t *head, size_t size)
{
    if (size == 0 || head[0] == 0)
        return dataset_limit(head, size);
    size_t most = pnm_limit(head, size);
    return most < DATASET_LARGEST_FILE ? most : SIZE_MAX;
}

static size_t limit_packed(const uint8_t *head, size_t size)
{
    return gzip_limit(head, size, limit);
}

/* What takes 64 MiB more than it had packed is refused; a little of them is for the unpacking
 * itself. */
static int predict_file(const struct session *s, const char *name, struct error *err)
{
    const size_t most = DATASET_LARGEST_FILE, unpacked = MEM_STEP - 4096;
    struct file file = {0};
    struct idx idx;
    int failed = !strcmp(name, "-")
                     ? file_read_open(&file, STDIN_FILENO, name, most, limit_packed, err)
                     : file_read_shared(&file, name, most, limit_packed, s->engine.team, err);
    if (!failed)
        failed = gzip_unpack(&file.bytes, &file.size, file.size + unpacked, limit, name, err);
    if (!failed && idx_parse(&idx, file.bytes, file.size))
        failed = predict_idx(s, name, &file, err);
    else if (!failed)
        failed = predict_picture(s, name, &file, err);
    file_read_free(&file);
    return failed;
}

/* Takes each picture by itself: a fault in one does not stop the others. */
static int predict_all(const struct session *s)
{
    int code = EXIT_DONE;
    struct error err = {""};
    for (int i = 0; i < s->count; i++) {
        int failed = predict_file(s, s->names[i], &err);
        if (failed)
            code = EXIT_FAILED;
        if (failed < 0)
            command_fail(s->common.program, &err);
    }
    return code;
}

/* --- the order of the command line --- */

struct order {
    const struct session *session;
    int model; /* which of the names is the model's */
};

/* Writes the command line with the model in front. */
static void write_order(FILE *out, const void *context)
{
    const struct order *order = context;
    const struct session *s = order->session;
    fputs("mnist-predict", out);
    command_write_word(out, s->names[order->model]);
    command_write_word(out, s->model_path);
    for (int i = 0; i < s->count; i++)
        if (i != order->model)
            command_write_word(out, s->names[i]);
}

/* Loads the model. Where that is a known other kind of file, and a safetensors file is among the
 * pictures, err says that they are swapped. */
static int load(struct session *s, struct error *err)
{
    if (!engine_load(&s->engine, s->model_path, err))
        return 0;
    struct kind first = command_kind(s->model_path);
    struct order order = {s, 0};
    for (; order.model < s->count; order.model++) {
        struct kind other = command_kind(s->names[order.model]);
        if (other.use == KIND_MODEL && !other.gzipped)
            break;
    }
    if (order.model == s->count || !first.name || first.use == KIND_MODEL)
        return -1;
    error_set(err, "%s: %s%s, and %s is a model: they are swapped", s->model_path, first.name,
              first.gzipped ? " in a gzip file" : "", s->names[order.model]);
    return command_advise_line(err, "", write_order, &order);
}

int command_predict(int argc, char **argv)
{
    struct session s = {.common = options_common(argv[0])};
    struct error err = {""};
    int code = parse(&s, argc, argv);
    if (code >= 0)
        return command_finish(argv[0], code);
    int failed = engine_find(&s.engine, &s.common, &err) || load(&s, &err);
    code = failed ? command_fail(s.common.program, &err) : predict_all(&s);
    engine_close(&s.engine);
    return command_finish(argv[0], code);
}
