/* Time that only goes forward. */
#ifndef MNIST_CLOCK_H
#define MNIST_CLOCK_H

/* Seconds since some fixed moment, from the monotonic clock. */
double clock_seconds(void);

#endif
