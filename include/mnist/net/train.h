/* The training loop: epochs, validation, early stopping, the best weights. */
#ifndef MNIST_TRAIN_H
#define MNIST_TRAIN_H

#include <stdbool.h>

#include "mnist/base/error.h"
#include "mnist/net/train_options.h"

struct dataset;
struct network;
struct split;

/* One epoch. Losses are mean cross-entropies in nats, accuracies fractions; the training figures
 * are of the batches as they were drawn, each before its own update. */
struct train_epoch {
    int epoch; /* from 1 */
    double train_loss, train_acc;
    double val_loss, val_acc; /* 0 with no validation images */
    float lr;                 /* at its first step */
    double seconds;           /* of the training pass */
    double val_seconds;
    double images_per_s;
    bool best; /* the best so far, by validation loss */
};

/* What a pass may take, seconds: from the tick of a clock to 30 years, so that the sum over all
 * epochs there can be is a time as well. */
#define PASS_SECONDS_MIN 1e-9
#define PASS_SECONDS_MAX 1e9

/* A figure of an epoch, by which checkpoints have a column and logs a member. */
enum train_column_kind { COLUMN_DOUBLE, COLUMN_FLOAT, COLUMN_FLAG };

struct train_column {
    const char *name;
    enum train_column_kind kind;
    size_t offset;      /* in struct train_epoch */
    double least, most; /* a run can have no other; NaN is no figure of one */
    bool validation;    /* there is none without validation images */
};

enum { TRAIN_COLUMNS = 9 };

extern const struct train_column train_columns[TRAIN_COLUMNS];

/* Figure i of an epoch. train_column_set returns false, with nothing changed, where no run can have
 * it. */
double train_column_get(const struct train_epoch *epoch, int i);
bool train_column_set(struct train_epoch *epoch, int i, double value);

/* Whether a run can have had such an epoch: what is written of one. */
bool train_epoch_is_possible(const struct train_epoch *epoch);

/* Inside an epoch, after batch `batch` of `batches`; loss and acc are means so far. */
struct train_progress {
    int epoch, epochs, batch, batches;
    int resumed; /* epochs that were run before, in another process */
    double loss, acc;
    double seconds; /* since training began */
};

/* All that a run carries from one epoch to the next; random numbers are functions of the seed and
 * the epoch, so there is no state of theirs. Each block of floats is (PARAM_COUNT), laid out as
 * param_table says. */
struct train_state {
    int epochs_run;              /* whole epochs */
    struct train_epoch *history; /* (epochs_run) */
    struct train_epoch best;     /* the epoch that best_params are of; 0: none yet */
    float *params, *m, *v, *best_params;
    float *average; /* where options.ema is above 0, else NULL */
};

/* Both may be NULL. on_batch returns true to ask for a stop after this batch. on_epoch sees the
 * state after each epoch, whose record is the last of the history; it may return -1 with err
 * filled, which ends the run. The state is the run's and is valid until on_epoch returns. */
struct train_callbacks {
    bool (*on_batch)(void *context, const struct train_progress *progress);
    int (*on_epoch)(void *context, const struct train_state *state, struct error *err);
    void *context;
};

enum train_stop {
    TRAIN_COMPLETED, /* all epochs */
    TRAIN_EARLY,     /* patience ran out */
    TRAIN_ASKED,     /* on_batch asked */
    TRAIN_DIVERGED   /* a loss was not finite, or what the next epoch starts from */
};

struct train_result {
    enum train_stop stop;
    int epochs_run;              /* whole epochs, those before a resumption among them */
    struct train_epoch *history; /* (epochs_run) */
    struct train_epoch best;
    double seconds;                     /* the whole run */
    double images_per_s;                /* over all training passes; NaN: of none */
    int diverged_epoch, diverged_batch; /* from 1, when TRAIN_DIVERGED */
};

/* Trains from freshly initialised parameters on split->train, validating on split->val. However it
 * stops, the network ends with the best weights: those of the epoch with the lowest validation
 * loss. If not one epoch was whole, it keeps the weights as they are and best.epoch is 0, unless it
 * diverged: then they are worthless. With a state to go on `from` (NULL: none) it does what the run
 * that the state is of would have done next, to the last bit. -1 with err filled when memory is
 * short or on_epoch failed. */
int train_run(struct train_result *result, struct network *network, const struct dataset *dataset,
              const struct split *split, const struct train_options *options,
              const struct train_state *from, const struct train_callbacks *callbacks,
              struct error *err);

void train_result_free(struct train_result *result);

#endif
