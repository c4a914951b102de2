/* Learning curves in a terminal. */
#ifndef MNIST_PLOT_H
#define MNIST_PLOT_H

#include <stdbool.h>
#include <stdio.h>

struct train_epoch;

/* Plots loss and accuracy over the epochs of a history (count >= 2), side by side if both fit in
 * `width` columns. Marks epoch `best` (0: none). Validation is left out unless `validated`. */
void plot_history(FILE *out, const struct train_epoch *history, int count, bool validated, int best,
                  int width, bool unicode);

#endif
