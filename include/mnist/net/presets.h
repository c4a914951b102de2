/* Presets: recipes for training that have proved good, by name. */
#ifndef MNIST_PRESETS_H
#define MNIST_PRESETS_H

#include "mnist/net/train_options.h"

struct preset {
    const char *name;
    struct train_options options; /* a seed is none of a preset's business: see presets_apply */
};

enum { PRESETS = 1 };

extern const struct preset presets_table[PRESETS];

/* The options become the preset's, all but the seed. */
void presets_apply(struct train_options *options, const struct preset *preset);

#endif
