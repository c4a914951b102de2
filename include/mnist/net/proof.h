/* Proof that this build computes what every other one does: one seed gives one model only if it
 * does. */
#ifndef MNIST_PROOF_H
#define MNIST_PROOF_H

#include "mnist/base/error.h"

struct kernels;

/* The version of the arithmetic: it rises when the same options, seed and data give another model
 * than before, as the checksum of proof_check does then. */
enum { PROOF_NUMBERS = 1 };

/* One small step through each of the kernels, random numbers, a schedule and augmentation, whose
 * checksum is the same on every machine: 200 microseconds. -1 with err filled where it is another,
 * naming the compiler's flag that is at fault where that can be told, or when memory is short. */
int proof_check(const struct kernels *kernels, struct error *err);

#endif
