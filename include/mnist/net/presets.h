/* Presets: good settings for training, by name. */
#ifndef MNIST_PRESETS_H
#define MNIST_PRESETS_H

#include "mnist/net/train_options.h"

struct preset {
    const char *name;
    struct train_options options; /* only those count for which presets_sets */
};

enum { PRESETS = 1 };

extern const struct preset presets_table[PRESETS];

/* Whether presets set option i: all but seed, patience, schedule and warmup, which are the
 * run's. */
bool presets_sets(int i);

/* Replaces the options that presets set by those of this one. */
void presets_apply(struct train_options *options, const struct preset *preset);

#endif
