/* Where a training run's options come from, beside the command line: presets, and the run that --resume goes
 * on with. */
#ifndef MNIST_RECIPE_H
#define MNIST_RECIPE_H

#include <stdio.h>

#include "mnist/cli/options.h"
#include "mnist/store/checkpoint.h"

/* What --preset takes, ending with NULL, and each as one would type it. */
extern const char *const recipe_names[], *const recipe_lines[];

/* Parses the line of a preset as options_parse does an argv. */
int recipe_parse(const struct usage *usage, int preset);

/* Writes all options of a run as one would type them, each with a space in front. */
void recipe_write(FILE *out, const struct train_options *options);

/* The options of a checkpoint become the run's. */
void recipe_take(struct train_options *train, struct augment_options *augment,
                 const struct checkpoint *from);

/* What the run's options may not do is contradict the checkpoint that it goes on from, but for one thing:
 * with a constant learning rate it may become longer. -1 to go on, or EXIT_USAGE after the explanation;
 * `path` is the checkpoint's, `because` says where the option came from, "" for the command line. */
int recipe_check(const char *program, const struct train_options *train,
                 const struct checkpoint *from, const char *path, const char *because);

#endif
