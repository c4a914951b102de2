/* Presets: good settings for training, by name. */
#ifndef MNIST_PRESETS_H
#define MNIST_PRESETS_H

#include "mnist/net/train_options.h"

struct preset {
    const char *name;
    struct train_options options; /* options.seed is not used: see presets_apply */
};

enum { PRESETS = 1 };

extern const struct preset presets_table[PRESETS];

/* Replaces the options by the preset's, except the seed. */
void presets_apply(struct train_options *options, const struct preset *preset);

#endif
