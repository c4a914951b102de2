/* What a run of `mnist train` is, and the account it gives of itself: on stderr for people, as JSON Lines
 * for programs, in the log, and in the report. */
#ifndef MNIST_TRAIN_ACCOUNT_H
#define MNIST_TRAIN_ACCOUNT_H

#include <stdio.h>

#include "mnist/cli/options.h"
#include "mnist/cli/progress.h"
#include "mnist/net/evaluation.h"
#include "mnist/store/checkpoint.h"
#include "mnist/store/model.h"

/* One run of the command, from options to report. */
struct train_session {
    const char *program;
    struct common_options common;
    struct train_options train;
    struct augment_options augment;
    int preset, schedule; /* indices into recipe_names and schedule_names */
    const char *out;
    const char *checkpoint_path, *resume_path, *log_path, *report_path; /* NULL: none */
    float max_seconds;                                                  /* 0: no limit */
    double start;                                                       /* clock */
    FILE *log;
    struct checkpoint resumed;   /* with --resume */
    struct checkpoint_data data; /* with --checkpoint */
    int saved_epoch;             /* that a failed run can go on from; 0: none */
    const char *saved_path;      /* the checkpoint that holds it */
    struct dataset train_set, test_set;
    struct split split;
    struct team *team;
    struct network network;
    struct train_result result;
    struct evaluation evaluation;
    struct model model;
    struct progress progress;
};

/* The configuration, on stderr. */
void train_account_announce(const struct train_session *session);

/* The start event, and the log opened; `from` is the state that the run goes on from, or NULL. */
int train_account_start(struct train_session *session, const struct train_state *from,
                        struct error *err);

/* One epoch: its row, its event. */
int train_account_epoch(struct train_session *session, const struct train_epoch *epoch,
                        struct error *err);

/* Curves and figures on stdout, or the end event; `test` is NULL after a run that diverged. */
int train_account_end(const struct train_session *session, const struct metrics *test,
                      struct error *err);

/* The HTML file that --report asks for. All return -1 with err filled when they fail. */
int train_account_report(const struct train_session *session, struct error *err);

#endif
