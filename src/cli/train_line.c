#include "mnist/cli/train_line.h"

#include <string.h>

#include "mnist/cli/command.h"

void train_line_begin(struct train_line *line, const struct train_options *options)
{
    *line = (struct train_line){.options = *options, .augment = augment_any(&options->augment)};
    if (!line->augment)
        line->options.augment = train_options_usual_augment();
}

struct text train_line_flag(int i)
{
    struct text flag;
    snprintf(flag.text, sizeof flag.text, "--%s", train_options_table[i].name);
    for (char *c = flag.text; *c; c++)
        *c = *c == '_' ? '-' : *c;
    return flag;
}

static struct option_spec row_of(struct train_line *line, int i)
{
    static const enum option_kind kinds[] = {[TRAIN_WHOLE] = OPTION_INT,
                                             [TRAIN_REAL] = OPTION_FLOAT,
                                             [TRAIN_SEED] = OPTION_SEED,
                                             [TRAIN_SCHEDULE] = OPTION_CHOICE};
    const struct train_option *option = &train_options_table[i];
    struct option_spec spec = {
        .unit = option->unit,
        .kind = kinds[option->kind],
        .value = train_options_at(&line->options, i),
        .min = option->least,
        .max = option->most,
        .choices = option->kind == TRAIN_SCHEDULE ? schedule_names : NULL,
        .group = option->group == TRAIN_AUGMENTATION ? GROUP_AUGMENTATION : GROUP_LEARNING,
        .help = option->help,
        .special_default = option->usual_text,
        .given = &line->given[i],
    };
    snprintf(spec.name, sizeof spec.name, "%s", train_line_flag(i).text + 2);
    return spec;
}

void train_line_add(struct train_line *line, struct usage *usage, enum train_group group)
{
    const struct option_spec augment = {.name = "augment",
                                        .kind = OPTION_FLAG,
                                        .value = &line->augment,
                                        .given = &line->augment_given,
                                        .group = GROUP_AUGMENTATION,
                                        .help = "augment each image, afresh each time"};
    if (group == TRAIN_AUGMENTATION)
        options_add(usage, &augment, 1);
    for (int i = 0; i < TRAIN_OPTIONS; i++) {
        const struct option_spec spec = row_of(line, i);
        if (train_options_table[i].group == group)
            options_add(usage, &spec, 1);
    }
}

int train_line_end(const char *program, struct train_line *line)
{
    if (line->augment)
        return 0;
    for (int i = 0; i < TRAIN_OPTIONS; i++)
        if (line->given[i] && train_options_table[i].group == TRAIN_AUGMENTATION)
            return command_refuse(program,
                                  line->augment_given ? "%s and --no-augment: leave one out"
                                                      : "%s needs --augment: give both",
                                  train_line_flag(i).text);
    line->options.augment = (struct augment){0};
    return 0;
}

/* The strengths follow --augment, or are left out. */
void train_line_write(FILE *out, const struct train_options *options, bool (*wanted)(int i))
{
    bool augments = augment_any(&options->augment), said = false;
    for (int i = 0; i < TRAIN_OPTIONS; i++) {
        bool strength = train_options_table[i].group == TRAIN_AUGMENTATION;
        if ((strength && !augments) || (wanted && !wanted(i)))
            continue;
        if (strength && !said)
            fputs(" --augment", out);
        said = said || strength;
        fprintf(out, " %s %s", train_line_flag(i).text, train_options_text(options, i).text);
    }
}
