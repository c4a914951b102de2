/* All that a run of `mnist train` says about itself: on stderr for people, as JSON Lines for
 * programs, in the log, and in the report. */
#ifndef MNIST_TRAIN_OUTPUT_H
#define MNIST_TRAIN_OUTPUT_H

#include <stdio.h>

#include "mnist/cli/progress.h"
#include "mnist/cli/train_line.h"
#include "mnist/data/split.h"
#include "mnist/net/evaluation.h"
#include "mnist/net/presets.h"
#include "mnist/store/model.h"

/* The files of a run. */
enum train_file { FILE_OUT, FILE_CHECKPOINT, FILE_RESUME, FILE_LOG, FILE_REPORT, TRAIN_FILES };

/* What the command line asks for. */
struct train_request {
    const char *program;
    struct common_options common;
    struct train_line line;
    const struct preset *preset;    /* NULL: none */
    const char *files[TRAIN_FILES]; /* NULL: none */
    float max_seconds;              /* 0: no limit */
};

/* What the output is about. The run owns what the pointers point to. */
struct train_output {
    const struct train_request *request;
    const struct train_state *from; /* the state that the run resumes, or NULL */
    const struct split *split;
    const struct dataset *test_set;
    const struct network *network;
    const struct train_result *result;
    const struct evaluation *evaluation;
    const struct model *model;
    FILE *log; /* NULL: none */
    struct progress progress;
};

/* Opens the log and writes the start event, and the configuration on stderr. This and the functions
 * below return -1 with err filled when they fail. */
int train_output_start(struct train_output *output, struct error *err);

/* Writes an epoch's row and its event. */
int train_output_epoch(struct train_output *output, const struct train_epoch *epoch,
                       struct error *err);

/* Writes curves and figures on stdout, or the end event; `test` is NULL if the run diverged. */
int train_output_end(const struct train_output *output, const struct metrics *test,
                     struct error *err);

/* Writes the HTML file that --report asks for. */
int train_output_report(const struct train_output *output, struct error *err);

/* Closes the log. */
void train_output_close(struct train_output *output);

#endif
