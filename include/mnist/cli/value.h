/* What is typed as the value of an option: parsed strictly, within its limits. */
#ifndef MNIST_VALUE_H
#define MNIST_VALUE_H

#include "mnist/cli/usage.h"

/* Sets the value of a row from what was typed, NULL where the option takes none. Returns 0, or
 * EXIT_USAGE after explaining a mistake. */
int value_set(const char *program, const struct option_spec *spec, const char *text);

/* Parses one whole number min … max, which a mistake's message calls `what`. Returns the same. */
int value_int(const char *program, const char *what, const char *text, double min, double max,
              int *value);

#endif
