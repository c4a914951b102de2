#include "mnist/net/train_options.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { WHOLE, REAL, SEED, SCHEDULE };

static const struct {
    enum kind kind;
    size_t offset;
    double min, max;
} fields[TRAIN_OPTIONS] = {
    {WHOLE, offsetof(struct train_options, epochs), 1, EPOCHS_MAX},
    {REAL, offsetof(struct train_options, lr), LR_MIN, LR_MAX},
    {WHOLE, offsetof(struct train_options, batch), 1, BATCH_MAX},
    {REAL, offsetof(struct train_options, l2), 0, L2_MAX},
    {REAL, offsetof(struct train_options, dropout), 0, DROPOUT_MAX},
    {WHOLE, offsetof(struct train_options, patience), 0, EPOCHS_MAX},
    {WHOLE, offsetof(struct train_options, val), 0, VAL_MAX},
    {SCHEDULE, offsetof(struct train_options, schedule), 0, 0},
    {WHOLE, offsetof(struct train_options, warmup), 0, EPOCHS_MAX},
    {REAL, offsetof(struct train_options, label_smoothing), 0, LABEL_SMOOTHING_MAX},
    {REAL, offsetof(struct train_options, ema), 0, EMA_MAX},
    {REAL, offsetof(struct train_options, augment.rotate), 0, AUGMENT_MAX_ROTATE},
    {REAL, offsetof(struct train_options, augment.scale), 0, AUGMENT_MAX_SCALE},
    {REAL, offsetof(struct train_options, augment.shear), 0, AUGMENT_MAX_SHEAR},
    {REAL, offsetof(struct train_options, augment.shift), 0, AUGMENT_MAX_SHIFT},
    {REAL, offsetof(struct train_options, augment.elastic), 0, AUGMENT_MAX_ELASTIC},
    {SEED, offsetof(struct train_options, seed), 0, 0},
};

const char *const train_option_names[TRAIN_OPTIONS] = {
    "epochs",   "lr",     "batch",    "l2",     "dropout",
    "patience", "val",    "schedule", "warmup", "label_smoothing",
    "ema",      "rotate", "scale",    "shear",  "shift",
    "elastic",  "seed"};

struct text train_option_text(const struct train_options *options, int i)
{
    const void *at = (const char *)options + fields[i].offset;
    struct text result;
    switch (fields[i].kind) {
    case REAL:
        return format_float(*(const float *)at);
    case WHOLE:
        snprintf(result.text, sizeof result.text, "%d", *(const int *)at);
        break;
    case SEED:
        snprintf(result.text, sizeof result.text, "%" PRIu64, *(const uint64_t *)at);
        break;
    case SCHEDULE:
    default:
        snprintf(result.text, sizeof result.text, "%s", schedule_names[*(const enum schedule *)at]);
    }
    return result;
}

struct text train_option_json(const struct train_options *options, int i)
{
    struct text text = train_option_text(options, i), quoted;
    if (fields[i].kind == SEED)
        return format_integer(options->seed);
    if (fields[i].kind != SCHEDULE)
        return text;
    snprintf(quoted.text, sizeof quoted.text, "\"%.29s\"", text.text);
    return quoted;
}

static bool within(double value, int i)
{
    return value >= (double)(float)fields[i].min && value <= (double)(float)fields[i].max;
}

/* Whatever strtol and strtof make of it, the text must be the one that the value is written as. */
bool train_option_parse(struct train_options *options, int i, const char *text)
{
    struct train_options parsed = *options;
    void *at = (char *)&parsed + fields[i].offset;
    bool good = true;
    switch (fields[i].kind) {
    case REAL:
        *(float *)at = strtof(text, NULL) + 0.0f; /* -0 is 0, and is written so */
        good = within((double)*(float *)at, i);
        break;
    case WHOLE:
        *(int *)at = (int)strtol(text, NULL, 10);
        good = within(*(int *)at, i);
        break;
    case SEED:
        *(uint64_t *)at = strtoull(text, NULL, 10);
        break;
    case SCHEDULE:
    default:
        for (int s = 0; schedule_names[s]; s++)
            if (!strcmp(text, schedule_names[s]))
                *(enum schedule *)at = (enum schedule)s;
    }
    if (!good || strcmp(train_option_text(&parsed, i).text, text))
        return false;
    *options = parsed;
    return true;
}
