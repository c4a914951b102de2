/* What the program says of itself: a command's help, and the version. */
#ifndef MNIST_HELP_H
#define MNIST_HELP_H

#include <stddef.h>

#include "mnist/cli/usage.h"

/* Prints a command's help on stdout: what it does, its options by group, and examples. */
void help_print(const struct usage *usage);

/* The options as help lists them: by group, the groups in the order in which they first appear in
 * the table, then those that every command has. Returns their number. */
enum { HELP_ROWS_MAX = OPTIONS_MAX + 2 };
int help_rows(const struct usage *usage, const struct option_spec *rows[HELP_ROWS_MAX]);

/* Whether a row's group is another one than that of the row before. */
bool help_begins_group(const struct option_spec *const *rows, int row);

/* Writes what an option does and the names to choose from; returns the length. */
int help_describe(char *text, size_t size, const struct option_spec *spec);

/* Writes an option's default; "" if there is none to tell. */
void help_default(char *text, size_t size, const struct option_spec *spec);

/* Prints on stdout the version, the compiler that built it, and the kernels that it would use. */
void help_print_version(void);

#endif
