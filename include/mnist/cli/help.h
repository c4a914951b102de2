/* What the program says of itself: a command's help, and the version. */
#ifndef MNIST_HELP_H
#define MNIST_HELP_H

#include "mnist/cli/usage.h"

/* Prints a command's help on stdout: what it does, its options by group, in the order in which the
 * groups first appear in the table, and examples. */
void help_print(const struct usage *usage);

/* Prints on stdout the version, the compiler that built it, and the kernels that it would use. */
void help_print_version(void);

#endif
