/* Time that only goes forward. */
#ifndef MNIST_CLOCK_H
#define MNIST_CLOCK_H

/* Seconds since some fixed moment, from the monotonic clock. */
double clock_seconds(void);

/* Seconds since `start`, at least the 1e-9 that is the clock's tick: what is divided by it stays
 * finite, however coarse the clock. */
double clock_since(double start);

#endif
