/* src/cli/train_line.c and options.c: training options as one types them. */
#include <stdlib.h>
#include <string.h>

#include "../test.h"
#include "mnist/base/memory.h"
#include "mnist/cli/train_line.h"
#include "mnist/net/presets.h"

enum { WORDS = 64 };

/* Options that are not the usual ones, each its own. */
static struct train_options unusual(void)
{
    return (struct train_options){
        .epochs = 7,
        .batch = 33,
        .lr = 0.125f,
        .l2 = 1e-7f,
        .dropout = 0.25f,
        .patience = 0,
        .val = 12,
        .schedule = SCHEDULE_STEP,
        .warmup = 3,
        .label_smoothing = 0.5f,
        .augment = {.rotate = 1, .scale = 0.25f, .shear = 0, .shift = 3, .elastic = 0.75f},
        .ema = 0.875f,
        .seed = UINT64_MAX,
    };
}

/* What a command with only the training options makes of a line. */
static int parse(struct train_line *line, const char *text)
{
    char copy[1024], program[] = "test", *words[WORDS] = {program}, *rest;
    int count = 1, first;
    const struct train_options usual = train_options_usual();
    struct usage usage = {
        .program = "test", .arguments = "", .description = "", .examples = "", .max_arguments = 0};
    train_line_begin(line, &usual);
    train_line_add(line, &usage, TRAIN_LEARNING);
    train_line_add(line, &usage, TRAIN_AUGMENTATION);
    snprintf(copy, sizeof copy, "%s", text);
    for (char *word = strtok_r(copy, " ", &rest); word && count < WORDS - 1;
         word = strtok_r(NULL, " ", &rest))
        words[count++] = word;
    int code = options_parse(&usage, count, words, &first);
    return code < 0 ? train_line_end("test", line) : code;
}

static void print(FILE *out, const void *options)
{
    train_line_write(out, options, NULL);
}

static void check_options(const struct train_options *got, const struct train_options *wanted)
{
    for (int i = 0; i < TRAIN_OPTIONS; i++) {
        test_case("%s", train_options_table[i].name);
        check_string(train_options_text(got, i).text, train_options_text(wanted, i).text);
    }
}

TEST(train_line_round, "train_line: what is written is parsed to the same options")
{
    const struct train_options all[] = {unusual(), train_options_usual(), presets_table[0].options};
    for (size_t k = 0; k < COUNT(all); k++) {
        struct train_options options = all[k];
        struct train_line line;
        struct error err;
        size_t size;
        options.val = options.val == VAL_AUTO ? 0 : options.val;
        char *text = mem_print(print, &options, &size, "a line", &err);
        if (!check(text != NULL, "%s", err.text))
            return;
        check_int(parse(&line, text), 0);
        check_options(&line.options, &options);
        free(text);
    }
}

TEST(train_line_augment, "train_line: --augment brings the usual strengths, and none without it")
{
    struct train_line line;
    const struct train_options usual = train_options_usual();
    struct train_options wanted = usual;
    check_int(parse(&line, ""), 0);
    check_options(&line.options, &usual);
    check_int(parse(&line, "--shift 2 --augment"), 0);
    wanted.augment = train_options_usual_augment();
    wanted.augment.shift = 2;
    check_options(&line.options, &wanted);
    train_line_begin(&line, &wanted);
    check(line.augment, "options that augment begin a line that does not");
    train_line_begin(&line, &usual);
    check(!line.augment, "options that do not augment begin a line that does");
}
