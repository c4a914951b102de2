#include "mnist/cli/recipe.h"

#include <stdio.h>
#include <string.h>

const char *const recipe_names[] = {"none", "best", NULL};

const char *const recipe_lines[] = {
    "",
    "--epochs 700 --batch 512 --lr 5e-3 --l2 1e-5 --dropout 0 --label-smoothing 0 --ema 0.999 "
    "--augment "
    "--rotate 12 --scale 0.1 --shear 0.2 --shift 2 --elastic 0.8 --val 0",
};

enum { MAX_WORDS = 64, MAX_LENGTH = 512 };

int recipe_parse(const struct usage *usage, int preset)
{
    char line[MAX_LENGTH], program[] = "preset", *words[MAX_WORDS] = {program}, *rest;
    int count = 1, first;
    bool fits = snprintf(line, sizeof line, "%s", recipe_lines[preset]) < MAX_LENGTH;
    char *word = strtok_r(line, " ", &rest);
    for (; word && count < MAX_WORDS; word = strtok_r(NULL, " ", &rest))
        words[count++] = word;
    if (!fits || word)
        return options_refuse(usage->program, "has a preset of more words than there is room for");
    return options_parse(usage, count, words, &first);
}

void recipe_take(struct train_options *train, struct augment_options *augment,
                 const struct checkpoint *from)
{
    *train = from->options;
    augment->on = augment_any(&train->augment);
    if (augment->on)
        augment->strength = train->augment;
}

/* "--label-smoothing": option i on the command line. */
static struct text flag_of(int i)
{
    struct text flag;
    snprintf(flag.text, sizeof flag.text, "--%s", train_option_names[i]);
    for (char *c = flag.text; *c; c++)
        *c = *c == '_' ? '-' : *c;
    return flag;
}

/* The strengths are told with the first of them, which brings --augment, or not at all. */
void recipe_write(FILE *out, const struct train_options *options)
{
    static const char *const strengths[] = {"rotate", "scale", "shear", "shift", "elastic"};
    for (int i = 0; i < TRAIN_OPTIONS; i++) {
        bool strength = false;
        for (size_t k = 0; k < sizeof strengths / sizeof strengths[0]; k++)
            strength = strength || !strcmp(train_option_names[i], strengths[k]);
        if (strength && !augment_any(&options->augment))
            continue;
        if (!strcmp(train_option_names[i], strengths[0]))
            fputs(" --augment", out);
        fprintf(out, " %s %s", flag_of(i).text, train_option_text(options, i).text);
    }
}

/* Whether option i may differ. */
static bool may_differ(int i, const struct train_options *now, const struct checkpoint *from)
{
    const struct train_options *old = &from->options;
    bool longer = !strcmp(train_option_names[i], "epochs") && now->epochs > old->epochs &&
                  now->schedule == SCHEDULE_CONSTANT;
    /* A batch of more than all images was made one of all. */
    bool clamped = !strcmp(train_option_names[i], "batch") && now->batch > old->batch &&
                   old->batch == from->data.train_count - old->val;
    return longer || clamped;
}

int recipe_check(const char *program, const struct train_options *train,
                 const struct checkpoint *from, const char *path, const char *because)
{
    for (int i = 0; i < TRAIN_OPTIONS; i++) {
        struct text was = train_option_text(&from->options, i), is = train_option_text(train, i);
        if (!strcmp(was.text, is.text) || may_differ(i, train, from))
            continue;
        return options_refuse(program,
                              "%s %s%s: the run in %s has %s: leave it out, or start a new run",
                              flag_of(i).text, is.text, because, path, was.text);
    }
    return -1;
}
