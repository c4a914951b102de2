#include "mnist/net/train_options.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mnist/data/batch.h"

#define AT(field) offsetof(struct train_options, field)

enum { EPOCHS_MAX = 1000000, VAL_MAX = 10000000 };

const struct train_option train_options_table[TRAIN_OPTIONS] = {
    {"epochs", TRAIN_WHOLE, TRAIN_LEARNING, AT(epochs), 1, EPOCHS_MAX, 40, .unit = "N",
     .help = "passes over the training images, at most"},
    {"lr", TRAIN_REAL, TRAIN_LEARNING, AT(lr), 1e-12, LR_MAX, 3e-3, .unit = "F",
     .help = "learning rate, at the schedule's peak"},
    {"batch", TRAIN_WHOLE, TRAIN_LEARNING, AT(batch), 1, BATCH_MAX, 128, .unit = "N",
     .help = "images a step"},
    {"l2", TRAIN_REAL, TRAIN_LEARNING, AT(l2), 0, 1e6, 3e-4, .unit = "F",
     .help = "adds F/2 times the sum of squared weights to the loss"},
    {"dropout", TRAIN_REAL, TRAIN_LEARNING, AT(dropout), 0, 0.99, 0.1, .unit = "F",
     .help = "share of hidden units silenced in a step"},
    {"patience", TRAIN_WHOLE, TRAIN_LEARNING, AT(patience), 0, EPOCHS_MAX, 10, .unit = "N",
     .help = "epochs without a lower validation loss before it stops; 0: never"},
    {"val", TRAIN_WHOLE, TRAIN_LEARNING, AT(val), 0, VAL_MAX, VAL_AUTO, .unit = "N",
     .usual_text = "5000, or a tenth of fewer than 50000",
     .help = "images set aside for validation; 0: none, the last weights are kept"},
    {"schedule", TRAIN_SCHEDULE, TRAIN_LEARNING, AT(schedule), .usual = SCHEDULE_COSINE,
     .unit = "NAME", .help = "learning rate over time"},
    {"warmup", TRAIN_WHOLE, TRAIN_LEARNING, AT(warmup), 0, EPOCHS_MAX, 0, .unit = "N",
     .help = "epochs in which the learning rate rises to its peak"},
    {"label_smoothing", TRAIN_REAL, TRAIN_LEARNING, AT(label_smoothing), 0, 0.99, 0.01, .unit = "F",
     .help = "share of each target that is spread over all classes"},
    {"ema", TRAIN_REAL, TRAIN_LEARNING, AT(ema), 0, 0.999999, 0, .unit = "F",
     .help = "keep an average of the weights with this decay a step; 0: the last weights"},
    {"rotate", TRAIN_REAL, TRAIN_AUGMENTATION, AT(augment.rotate), 0, AUGMENT_MAX_ROTATE, 10,
     .unit = "DEG", .help = "turn by up to this many degrees"},
    {"scale", TRAIN_REAL, TRAIN_AUGMENTATION, AT(augment.scale), 0, AUGMENT_MAX_SCALE, 0.1,
     .unit = "F", .help = "stretch each axis by up to this share"},
    {"shear", TRAIN_REAL, TRAIN_AUGMENTATION, AT(augment.shear), 0, AUGMENT_MAX_SHEAR, 0.2,
     .unit = "F", .help = "slant by up to this many pixels a pixel"},
    {"shift", TRAIN_REAL, TRAIN_AUGMENTATION, AT(augment.shift), 0, AUGMENT_MAX_SHIFT, 1.5,
     .unit = "F", .help = "move along each axis by up to this many pixels"},
    {"elastic", TRAIN_REAL, TRAIN_AUGMENTATION, AT(augment.elastic), 0, AUGMENT_MAX_ELASTIC, 0.8,
     .unit = "F", .help = "bend, by this many pixels of standard deviation"},
    {"seed", TRAIN_SEED, TRAIN_LEARNING, AT(seed), .usual = 1, .unit = "N",
     .help = "same seed and options, same model, byte for byte"},
};

void *train_options_at(struct train_options *options, int i)
{
    return (char *)options + train_options_table[i].offset;
}

static void set_usual(struct train_options *options, enum train_group group)
{
    for (int i = 0; i < TRAIN_OPTIONS; i++) {
        const struct train_option *option = &train_options_table[i];
        void *at = train_options_at(options, i);
        if (option->group != group)
            continue;
        switch (option->kind) {
        case TRAIN_REAL:
            *(float *)at = (float)option->usual;
            break;
        case TRAIN_WHOLE:
            *(int *)at = (int)option->usual;
            break;
        case TRAIN_SEED:
            *(uint64_t *)at = (uint64_t)option->usual;
            break;
        case TRAIN_SCHEDULE:
            *(enum schedule *)at = (enum schedule)option->usual;
        }
    }
}

struct train_options train_options_usual(void)
{
    struct train_options options = {0};
    set_usual(&options, TRAIN_LEARNING);
    return options;
}

struct augment train_options_usual_augment(void)
{
    struct train_options options = {0};
    set_usual(&options, TRAIN_AUGMENTATION);
    return options.augment;
}

int train_options_settle(struct train_options *options, int images)
{
    int val = options->val;
    if (val == VAL_AUTO)
        val = images < VAL_SHARE * VAL_DEFAULT ? images / VAL_SHARE : VAL_DEFAULT;
    if (val >= images)
        return -1;
    options->val = val;
    if (options->batch > images - val)
        options->batch = images - val;
    return 0;
}

struct text train_options_text(const struct train_options *options, int i)
{
    const void *at = (const char *)options + train_options_table[i].offset;
    struct text result;
    switch (train_options_table[i].kind) {
    case TRAIN_REAL:
        return format_float(*(const float *)at);
    case TRAIN_WHOLE:
        snprintf(result.text, sizeof result.text, "%d", *(const int *)at);
        break;
    case TRAIN_SEED:
        snprintf(result.text, sizeof result.text, "%" PRIu64, *(const uint64_t *)at);
        break;
    case TRAIN_SCHEDULE:
    default:
        snprintf(result.text, sizeof result.text, "%s", schedule_names[*(const enum schedule *)at]);
    }
    return result;
}

struct text train_options_json(const struct train_options *options, int i)
{
    struct text text = train_options_text(options, i), quoted;
    if (train_options_table[i].kind == TRAIN_SEED)
        return format_integer(options->seed);
    if (train_options_table[i].kind != TRAIN_SCHEDULE)
        return text;
    snprintf(quoted.text, sizeof quoted.text, "\"%.29s\"", text.text);
    return quoted;
}

static bool within(double value, int i)
{
    const struct train_option *option = &train_options_table[i];
    return value >= (double)(float)option->least && value <= (double)(float)option->most;
}

/* strtol and strtof accept much; the text must be exactly the one that its value is written as. */
bool train_options_parse(struct train_options *options, int i, const char *text)
{
    struct train_options parsed = *options;
    void *at = train_options_at(&parsed, i);
    bool good = true;
    if (!text)
        text = train_options_table[i].absent;
    if (!text)
        return false;
    switch (train_options_table[i].kind) {
    case TRAIN_REAL:
        *(float *)at = strtof(text, NULL) + 0.0f; /* -0 becomes 0 */
        good = within((double)*(float *)at, i);
        break;
    case TRAIN_WHOLE:
        *(int *)at = (int)strtol(text, NULL, 10);
        good = within(*(int *)at, i);
        break;
    case TRAIN_SEED:
        *(uint64_t *)at = strtoull(text, NULL, 10);
        break;
    case TRAIN_SCHEDULE:
    default:
        for (int s = 0; schedule_names[s]; s++)
            if (!strcmp(text, schedule_names[s]))
                *(enum schedule *)at = (enum schedule)s;
    }
    if (!good || strcmp(train_options_text(&parsed, i).text, text))
        return false;
    *options = parsed;
    return true;
}
