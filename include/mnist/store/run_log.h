/* A run of training as JSON Lines: an object for its start, for each epoch, and for its end. They
 * go to any stream, and into logs: files that hold the lines of one run after another. */
#ifndef MNIST_RUN_LOG_H
#define MNIST_RUN_LOG_H

#include <stdio.h>

#include "mnist/base/error.h"
#include "mnist/codec/json.h"
#include "mnist/net/metrics.h"
#include "mnist/net/train.h"

/* What the first line tells. */
struct run_log_start {
    const char *data, *kernels;
    int train_images, val_images, test_images, threads;
    const struct train_options *options;
};

/* What the last line tells; test is NULL after a run that diverged, model where none was saved. */
struct run_log_end {
    const struct train_result *result;
    const char *stopped; /* "completed", … */
    const struct metrics *test;
    const char *model;
    uint32_t weights_crc32;
    uint64_t peak_bytes;
};

void run_log_write_start(FILE *out, const struct run_log_start *start);
void run_log_write_epoch(FILE *out, const struct train_epoch *epoch, bool validated);
void run_log_write_end(FILE *out, const struct run_log_end *end);

/* Values for a larger object: [[…],…], confusion[truth][predicted]; and [{"digit",…},…]. */
void run_log_put_confusion(struct json_writer *json, const char *key,
                           const struct metrics *metrics);
void run_log_put_classes(struct json_writer *json, const char *key, const struct metrics *metrics);

/* Opens the log of a run that starts, or goes on `from` a state (else NULL), and writes its first
 * line and those of the epochs it has behind it. An earlier log is appended to; where the last run
 * in it has the same options, except that it may have had other epochs to go, and the same loss in
 * its first epoch, it is the one that goes on, and its lines are replaced: none is missing and none
 * appears twice. A last line that was cut off is dropped. A file that is no log is refused, and one
 * that another process writes: it is locked until it is closed. NULL with err filled when it
 * cannot; the caller gives the log to fclose. */
FILE *run_log_open(const char *path, const struct run_log_start *start,
                   const struct train_state *from, struct error *err);

/* Whether a file with this head is a log, or what a killed process left of its first line; so an
 * empty one is. RUN_LOG_HEAD bytes are enough to tell. */
enum { RUN_LOG_HEAD = 16 };
bool run_log_is(const char *head, size_t size);

/* Flushes a log; -1 with err filled when something could not be written. */
int run_log_flush(FILE *log, const char *path, struct error *err);

#endif
