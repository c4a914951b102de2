/* The signals that mean "end", SIGINT, SIGTERM, SIGHUP and SIGXCPU: they ask training to stop and
 * save. None of them ends the program at once. */
#ifndef MNIST_STOP_H
#define MNIST_STOP_H

/* From here on they are only noted, but for those that the parent process had ignored. They end a
 * wait: a call that waits for input or for a pipe's other end fails with EINTR. SIGPIPE is ignored:
 * a closed pipe is an ordinary write error, which need not cost a model. */
void stop_watch(void);

/* The first signal that came, or 0. */
int stop_signal(void);

/* How many came. Whoever asks more than once wants no more than the weights. */
int stop_count(void);

#endif
