#include "mnist/train_options.h"

#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { WHOLE, REAL, SEED, SCHEDULE };

static const struct {
    enum kind kind;
    size_t offset;
} fields[TRAIN_OPTIONS] = {
    {WHOLE, offsetof(struct train_options, epochs)},
    {REAL, offsetof(struct train_options, lr)},
    {WHOLE, offsetof(struct train_options, batch)},
    {REAL, offsetof(struct train_options, l2)},
    {REAL, offsetof(struct train_options, dropout)},
    {WHOLE, offsetof(struct train_options, patience)},
    {WHOLE, offsetof(struct train_options, val)},
    {SCHEDULE, offsetof(struct train_options, schedule)},
    {WHOLE, offsetof(struct train_options, warmup)},
    {REAL, offsetof(struct train_options, label_smoothing)},
    {REAL, offsetof(struct train_options, ema)},
    {REAL, offsetof(struct train_options, augment.rotate)},
    {REAL, offsetof(struct train_options, augment.scale)},
    {REAL, offsetof(struct train_options, augment.shear)},
    {REAL, offsetof(struct train_options, augment.shift)},
    {REAL, offsetof(struct train_options, augment.elastic)},
    {SEED, offsetof(struct train_options, seed)},
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

bool train_option_is_string(int i)
{
    return fields[i].kind == SCHEDULE;
}

/* Whatever strtol and strtof make of it, the text must be the one that the value is written as. */
bool train_option_parse(struct train_options *options, int i, const char *text)
{
    struct train_options parsed = *options;
    void *at = (char *)&parsed + fields[i].offset;
    switch (fields[i].kind) {
    case REAL:
        *(float *)at = strtof(text, NULL);
        break;
    case WHOLE:
        *(int *)at = (int)strtol(text, NULL, 10);
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
    if (strcmp(train_option_text(&parsed, i).text, text))
        return false;
    *options = parsed;
    return true;
}
