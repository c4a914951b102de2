/* Training options as one types them: their rows in a command's table, and their line. */
#ifndef MNIST_TRAIN_LINE_H
#define MNIST_TRAIN_LINE_H

#include <stdio.h>

#include "mnist/cli/options.h"
#include "mnist/net/train_options.h"

/* What the command line says of training. */
struct train_line {
    struct train_options options;
    bool augment;              /* --augment */
    bool given[TRAIN_OPTIONS]; /* which options the line names */
};

/* Starts from these options, which the line then overrides. Where they do not augment, the
 * strengths are the usual ones until train_line_end. */
void train_line_begin(struct train_line *line, const struct train_options *options);

/* Adds the rows of a group; those of augmentation with --augment before them. */
void train_line_add(struct train_line *line, struct usage *usage, enum train_group group);

/* Without --augment no strength may be given, and all become 0. 0, or EXIT_USAGE after the
 * explanation. */
int train_line_end(const char *program, struct train_line *line);

/* Writes all options of a run as one would type them, each with a space in front. */
void train_line_write(FILE *out, const struct train_options *options);

/* How option i is spelt: "--label-smoothing". */
struct text train_line_flag(int i);

#endif
