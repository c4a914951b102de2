/* SIGINT and SIGTERM: the first one asks training to stop and save, the second quits at once. */
#ifndef MNIST_STOP_H
#define MNIST_STOP_H

/* From here on the two signals are only noted. */
void stop_watch(void);

/* The first signal that came, or 0. */
int stop_signal(void);

#endif
