/* The arithmetic peak of the machine, for comparison. */
#ifndef BENCH_PEAK_H
#define BENCH_PEAK_H

#include "mnist/base/team.h"

/* Single-precision fused multiply-adds a second that all threads of the team reach together,
 * counted as two operations each, in GFLOP/s: the best of a few short runs with nothing but
 * registers. */
double peak_gflops(struct team *team);

#endif
