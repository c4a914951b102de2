/* The arithmetic limits of the machine, for comparison. */
#ifndef BENCH_PEAK_H
#define BENCH_PEAK_H

#include "mnist/base/team.h"

/* The bytes of a vector of the kernels with this name; the reference's are those of any machine. */
int peak_vector_bytes(const char *kernels);

/* Single-precision fused multiply-adds a second that all threads of the team reach together with
 * vectors of `bytes`, counted as two operations each, in GFLOP/s: the best of a few short runs with
 * nothing but registers. A processor that fuses nothing multiplies, then adds. */
double peak_gflops(struct team *team, int bytes);

/* What an operation takes one thread for one float of a vector, in seconds. */
struct peak_costs {
    double pair; /* a multiplication and an addition, each rounded, of registers */
    double root; /* a square root and a division, of numbers in the first-level cache */
};

struct peak_costs peak_costs(int bytes);

#endif
