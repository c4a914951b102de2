/* How the learning rate changes over a run. */
#ifndef MNIST_SCHEDULE_H
#define MNIST_SCHEDULE_H

#include <stdint.h>

enum schedule {
    SCHEDULE_CONSTANT, /* lr */
    SCHEDULE_COSINE,   /* lr (1 + cos(pi t/T)) / 2 (Loshchilov and Hutter 2017, without restarts) */
    SCHEDULE_STEP      /* lr; lr/10 from half of the run on, lr/100 from three quarters on */
};

/* "constant", "cosine", "step", NULL. */
extern const char *const schedule_names[];

/* The learning rate of step t of T, 0 <= t < T, for the peak rate lr. In the first `warmup` < T
 * steps it rises linearly to lr; the schedule covers the remaining steps. */
float schedule_rate(enum schedule schedule, float lr, int64_t t, int64_t T, int64_t warmup);

#endif
