/* What a run of `mnist train` says about itself on stderr before it begins. */
#ifndef MNIST_TRAIN_ANNOUNCE_H
#define MNIST_TRAIN_ANNOUNCE_H

#include "mnist/base/error.h"
#include "mnist/cli/train_output.h"

/* Prints data, options and what will be replaced, in lines as wide as the terminal, but of at most
 * 100 columns. -1 with err filled when memory is short. */
int train_announce(const struct train_output *output, struct error *err);

#endif
