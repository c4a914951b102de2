/* Learning curves in a terminal. */
#ifndef MNIST_PLOT_H
#define MNIST_PLOT_H

#include <stdbool.h>
#include <stdio.h>

struct train_epoch;

/* Loss and accuracy over the epochs of a history (count >= 2), side by side where `width` columns
 * hold both, `best` (0: none) marked; without `validated`, training alone. Unicode or ASCII. */
void plot_history(FILE *out, const struct train_epoch *history, int count, bool validated, int best,
                  int width, bool unicode);

#endif
