/* Proof that this build computes what every other one does. Only then does one seed give one
 * model. */
#ifndef MNIST_PROOF_H
#define MNIST_PROOF_H

#include "mnist/base/error.h"

struct kernels;

/* The version of the arithmetic: it rises when the same options, seed and data give another model
 * than before, as the checksum of proof_check does then. */
enum { PROOF_NUMBERS = 1 };

/* Runs each of the kernels, random numbers, a schedule and augmentation once, on a small scale, and
 * compares a checksum of the results: 200 microseconds. -1 with err filled if it is wrong, naming
 * the compiler flag at fault if that can be found, or when memory is short. */
int proof_check(const struct kernels *kernels, struct error *err);

#endif
