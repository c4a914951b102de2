/* Training options as they are typed: their rows in a command's table, and their command line. */
#ifndef MNIST_TRAIN_LINE_H
#define MNIST_TRAIN_LINE_H

#include <stdio.h>

#include "mnist/cli/options.h"
#include "mnist/net/train_options.h"

/* What the command line says about training. */
struct train_line {
    struct train_options options;
    bool augment;              /* --augment */
    bool augment_given;        /* it, or --no-augment, is on the line */
    bool given[TRAIN_OPTIONS]; /* which options are on the line */
};

/* Starts from these options, which the line then overrides. If they do not augment, the strengths
 * are the default ones until train_line_end. */
void train_line_begin(struct train_line *line, const struct train_options *options);

/* Adds the rows of a group; before those of augmentation, --augment. */
void train_line_add(struct train_line *line, struct usage *usage, enum train_group group);

/* Call after parsing. Without --augment no strength may be given, and all become 0. Returns 0, or
 * EXIT_USAGE after explaining a mistake. */
int train_line_end(const char *program, struct train_line *line);

/* Writes the options of a run as they are typed, each after a space: those that `wanted` says yes
 * to, or all if it is NULL. */
void train_line_write(FILE *out, const struct train_options *options, bool (*wanted)(int i));

/* Option i as it is typed: "--label-smoothing". */
struct text train_line_flag(int i);

#endif
