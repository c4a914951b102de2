/* What follows from a command's table in src/man: a part of its page, and rows of the completions.
 * Each file there marks such parts; scripts/manual.sh brings them up to date. */
#ifndef MNIST_MANUAL_H
#define MNIST_MANUAL_H

#include "mnist/cli/usage.h"

enum manual_form { MANUAL_NONE, MANUAL_MAN, MANUAL_BASH, MANUAL_ZSH, MANUAL_FISH };

/* Parses what is typed after --help=; NULL: nothing is. Returns 0, or EXIT_USAGE after explaining a
 * mistake. */
int manual_form(const char *program, const char *text, enum manual_form *form);

/* Prints a command's part on stdout. */
void manual_print(const struct usage *usage, enum manual_form form);

/* Prints the row that offers a command of the program. */
void manual_print_command(const char *name, const char *summary, enum manual_form form);

#endif
