/* The command line: it is parsed into the values of a command's table (mnist/cli/usage.h). */
#ifndef MNIST_OPTIONS_H
#define MNIST_OPTIONS_H

#include <stdbool.h>

#include "mnist/cli/usage.h"

/* Adds rows to the table, which has room for all rows of any command. */
void options_add(struct usage *usage, const struct option_spec *specs, int count);

/* The options that every command has. */
struct common_options {
    const char *program; /* "mnist-train" */
    const char *data;
    bool json, quiet, threads_given; /* --threads is on the command line */
    int threads, color, simd;        /* simd: index into kernels_names */
};

enum { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

/* Their defaults: $MNIST_DATA or data/mnist, and as many threads as are useful on this machine. */
struct common_options options_common(const char *program);

/* Add rows for them: --data, for commands that read MNIST; the others, for all commands. */
void options_add_data(struct usage *usage, struct common_options *common);
void options_add_common(struct usage *usage, struct common_options *common);

/* Adds --style, how to draw pictures: STYLE_… of mnist/cli/terminal.h. */
void options_add_style(struct usage *usage, int *style);

/* Parses argv into the table's values. Words that are not options, operands, are brought forward:
 * they are argv[1] … argv[*operands], and their number is within the usage's bounds. Returns -1 to
 * go on, or the exit code: 0 after printing --help or --version, 2 after explaining a mistake on
 * stderr in one line. */
int options_parse(const struct usage *usage, int argc, char **argv, int *operands);

#endif
