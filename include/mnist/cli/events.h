/* A run of training as JSON Lines: one object for its start, each epoch, and its end. `--json` prints
 * them, `--log` appends them to a file. */
#ifndef MNIST_EVENTS_H
#define MNIST_EVENTS_H

#include <stdio.h>

#include "mnist/net/metrics.h"
#include "mnist/net/train.h"

/* What the first line tells. */
struct event_start {
    const char *data, *kernels;
    int train_images, val_images, test_images, threads;
    const struct train_options *options;
};

/* What the last line tells; test is NULL after a run that diverged, model where none was saved. */
struct event_end {
    const struct train_result *result;
    const char *stopped; /* "completed", … */
    const struct metrics *test;
    const char *model;
    uint32_t weights_crc32;
    uint64_t peak_bytes;
};

void events_start(FILE *out, const struct event_start *start);
void events_epoch(FILE *out, const struct train_epoch *epoch, bool validated);
void events_end(FILE *out, const struct event_end *end);

/* Opens the log of a run that starts, or goes on `from` a state (else NULL), and writes its first line
 * and those of the epochs it has behind it. An earlier log is appended to; if its last run is the one
 * that goes on, that run's lines are replaced, so that none is missing and none stands twice. A last
 * line that was cut off is dropped. NULL with err filled when it cannot. */
FILE *events_open_log(const char *path, const struct event_start *start,
                      const struct train_state *from, struct error *err);

/* Flushes a log; -1 with err filled when something could not be written. */
int events_flush_log(FILE *log, const char *path, struct error *err);

#endif
