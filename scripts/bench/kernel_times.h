/* The kernels of training, timed one by one. */
#ifndef BENCH_KERNEL_TIMES_H
#define BENCH_KERNEL_TIMES_H

#include "mnist/data/dataset.h"
#include "mnist/net/kernels.h"

#include "peak.h"

enum kernel_phase { KERNEL_FORWARD, KERNEL_BACKWARD, KERNEL_UPDATE, KERNEL_PHASES };

struct kernel_time {
    const char *name;
    enum kernel_phase phase;
    double seconds; /* an image */
    /* An image's share of what its arithmetic alone takes, 0 for kernels without a bound: the
     * multiplications and additions, zeros skipped, and Adam's; or the square roots and divisions
     * if they take longer, since they have a unit to themselves. */
    double bound;
};

enum { KERNEL_TIMES = 10 };

/* Times each kernel on one thread as step.c calls it, on shuffled batches of 128 after an epoch of
 * training: medians of several rounds. -1 with err filled when memory is short. */
int kernel_times(struct kernel_time times[KERNEL_TIMES], const struct kernels *kernels,
                 const struct dataset *dataset, const struct peak_costs *costs, struct error *err);

#endif
