/* All that a run of `mnist train` says about itself: on stderr for people, as JSON Lines for
 * programs, in the log, and in the report. */
#ifndef MNIST_TRAIN_OUTPUT_H
#define MNIST_TRAIN_OUTPUT_H

#include <stdio.h>

#include "mnist/cli/progress.h"
#include "mnist/cli/train_files.h"
#include "mnist/data/split.h"
#include "mnist/net/evaluation.h"
#include "mnist/store/model.h"

/* What the output is about. The run owns what the pointers point to. */
struct train_output {
    const struct train_request *request;
    const struct train_files *files;
    const struct train_state *from; /* the state that the run resumes, or NULL */
    const struct split *split;
    const struct dataset *test_set;
    const struct network *network;
    const struct train_result *result;
    const struct evaluation *evaluation;
    const struct model *model;
    const char *saved;              /* where the model is; NULL: not saved, or not yet */
    const char *kept;               /* the checkpoint that the run can go on from; NULL: none yet */
    FILE *log;                      /* NULL: none, or lost */
    bool lost[TRAIN_FILES], failed; /* which could not be written, and whether any could not */
    struct progress progress;
};

/* Opens the log and writes the start event, and the configuration on stderr. -1 with err filled
 * when it cannot. */
int train_output_start(struct train_output *output, struct error *err);

/* Writes an epoch's row and its event. */
void train_output_epoch(struct train_output *output, const struct train_epoch *epoch);

/* Says that a file could not be written, `err`, the first time. Training goes on without it. */
void train_output_lost(struct train_output *output, enum train_file file, const struct error *err);

/* Writes curves and figures on stdout, or the end event; `test` is NULL if there is nothing to tell
 * of the weights. Of a run that was stopped, it says how to go on. */
void train_output_end(struct train_output *output, const struct metrics *test);

/* Writes the HTML file that --report asks for, unless a second signal says to hurry. */
void train_output_report(struct train_output *output);

/* Closes the log. */
void train_output_close(struct train_output *output);

#endif
