/* The training loop: epochs, validation, early stopping, the best weights. */
#ifndef MNIST_TRAIN_H
#define MNIST_TRAIN_H

#include <stdbool.h>

#include "mnist/base/error.h"
#include "mnist/net/train_options.h"

struct dataset;
struct network;
struct split;

/* One epoch. Losses are mean cross-entropies in nats, accuracies are fractions. The training
 * figures are those of the batches as drawn, each before its own update. */
struct train_epoch {
    int epoch; /* from 1 */
    double train_loss, train_acc;
    double val_loss, val_acc; /* 0 with no validation images */
    float lr;                 /* at its first step */
    double seconds;           /* of the training pass */
    double val_seconds;
    double images_per_s;
    bool best; /* it was the best so far, by validation loss */
};

/* How long a pass may take, in seconds: from one tick of a clock to 30 years, so that the sum over
 * any possible number of epochs is a valid time, too. */
#define PASS_SECONDS_MIN 1e-9
#define PASS_SECONDS_MAX 1e9

/* A figure of an epoch: checkpoints have a column for it, and logs a member. */
enum train_column_kind { COLUMN_DOUBLE, COLUMN_FLOAT, COLUMN_FLAG };

struct train_column {
    const char *name;
    enum train_column_kind kind;
    size_t offset;      /* in struct train_epoch */
    double least, most; /* the limits of what a run can have; NaN is never valid */
    bool validation;    /* exists only with validation images */
};

enum { TRAIN_COLUMNS = 9 };

extern const struct train_column train_columns[TRAIN_COLUMNS];

/* Get or set figure i of an epoch. train_column_set returns false, with nothing changed, if no run
 * can have that value. */
double train_column_get(const struct train_epoch *epoch, int i);
bool train_column_set(struct train_epoch *epoch, int i, double value);

/* Whether a run can have such an epoch; files hold no others. */
bool train_epoch_is_possible(const struct train_epoch *epoch);

/* The state inside an epoch, after batch `batch` of `batches`; loss and acc are means so far. */
struct train_progress {
    int epoch, epochs, batch, batches;
    int resumed; /* epochs that an earlier process ran */
    double loss, acc;
    double seconds; /* since training began */
};

/* All that a run carries from one epoch to the next. Random numbers are functions of the seed and
 * the epoch, so their generators leave no state. Each block of floats is (PARAM_COUNT), laid out as
 * param_table says. */
struct train_state {
    int epochs_run;              /* complete epochs */
    struct train_epoch *history; /* (epochs_run) */
    struct train_epoch best;     /* the epoch that gave best_params; best.epoch is 0 if none yet */
    float *params, *m, *v, *best_params;
    float *average; /* of the weights, if options.ema is above 0, else NULL */
};

/* Both functions may be NULL. on_batch returns true to ask for a stop after this batch. on_epoch
 * sees the state after each epoch, whose record is the last of the history. The run owns the state,
 * which is valid until on_epoch returns. */
struct train_callbacks {
    bool (*on_batch)(void *context, const struct train_progress *progress);
    void (*on_epoch)(void *context, const struct train_state *state);
    void *context;
};

enum train_stop {
    TRAIN_COMPLETED, /* all epochs were run */
    TRAIN_EARLY,     /* patience ran out */
    TRAIN_ASKED,     /* on_batch asked for it */
    TRAIN_DIVERGED   /* a loss, or the state for the next epoch, was not finite */
};

struct train_result {
    enum train_stop stop;
    int epochs_run;              /* complete epochs, including those before a resumption */
    struct train_epoch *history; /* (epochs_run) */
    struct train_epoch best;
    double seconds;                     /* the whole run */
    double images_per_s;                /* over all training passes; NaN if there were none */
    int stopped_epoch;                  /* from 1, when TRAIN_ASKED: the one it was asked in */
    int diverged_epoch, diverged_batch; /* from 1, when TRAIN_DIVERGED */
};

/* Trains from freshly initialised parameters on split->train, validating on split->val. However it
 * stops, the network ends with the best weights: those of the epoch with the lowest validation
 * loss. If no epoch was completed, best.epoch is 0 and the network keeps its latest weights, which
 * are worthless if it diverged. If `from` is not NULL, it continues the run that had this state,
 * exactly as that run would have gone on, to the last bit. The memory is taken before the first
 * epoch: -1 with err filled when it is short, and nothing was trained. The caller gives the result
 * to train_result_free. */
int train_run(struct train_result *result, struct network *network, const struct dataset *dataset,
              const struct split *split, const struct train_options *options,
              const struct train_state *from, const struct train_callbacks *callbacks,
              struct error *err);

void train_result_free(struct train_result *result);

/* Whether a run with these options is over after this many epochs, the best of which was that one:
 * it has run them all, or patience ran out. */
bool train_has_ended(const struct train_options *options, int epochs_run, int best_epoch);

#endif
