/* What a training run can be told, as one table: a row an option. The command line, its help and
 * its announcements, the metadata of models and checkpoints, the log, the report and the check of a
 * run that goes on all loop over it. */
#ifndef MNIST_TRAIN_OPTIONS_H
#define MNIST_TRAIN_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mnist/base/format.h"
#include "mnist/data/augment.h"
#include "mnist/net/schedule.h"

struct train_options {
    int epochs; /* at the most */
    int batch;  /* samples a step, 1 … BATCH_MAX */
    float lr;   /* the schedule's peak */
    /* Adds l2/2 × the sum of squared weights to what is minimised, not to the loss that is told. */
    float l2;
    float dropout;
    int patience; /* epochs without a better validation loss before stopping; 0: never stop early */
    /* Images set aside for validation; 0: none, and the last weights are the best; VAL_AUTO: until
     * train_options_settle knows how many images there are. */
    int val;
    enum schedule schedule;
    int warmup;             /* epochs in which the learning rate rises to lr */
    float label_smoothing;  /* 0 <= s < 1: the targets' share that is spread over all classes */
    struct augment augment; /* of the training images; all strengths 0: none */
    /* 0: none. Else the decay d a step of an exponential moving average of the weights, which is
     * what is validated and kept (Polyak and Juditsky 1992): a = d^16 a + (1-d^16) w every 16
     * steps. */
    float ema;
    uint64_t seed;
};

/* VAL_DEFAULT of MNIST's 60,000 images, one in VAL_SHARE of fewer than VAL_SHARE × VAL_DEFAULT. */
enum { VAL_AUTO = -1, VAL_DEFAULT = 5000, VAL_SHARE = 10 };

enum train_kind { TRAIN_WHOLE, TRAIN_REAL, TRAIN_SEED, TRAIN_SCHEDULE };

/* The strengths of augmentation are all 0 unless it is asked for. */
enum train_group { TRAIN_LEARNING, TRAIN_AUGMENTATION };

/* A row of the table. */
struct train_option {
    const char *name; /* as in files and JSON: "label_smoothing" */
    enum train_kind kind;
    enum train_group group;
    size_t offset; /* of the value in struct train_options: int, float, uint64_t, enum schedule */
    double least, most;     /* limits of a whole or real number */
    double usual;           /* the default; of a strength, where there is augmentation */
    const char *usual_text; /* the default in words where the number does not tell it, else NULL */
    const char *absent; /* the value, as text, where an earlier version's file lacks it; or NULL */
    const char *unit;   /* what a value is called: "N", "F", "DEG" */
    const char *help;   /* what it does, in half a line */
};

enum { TRAIN_OPTIONS = 17 };

extern const struct train_option train_options_table[TRAIN_OPTIONS];

/* The largest learning rate: histories hold rates, too. */
#define LR_MAX 1e12

/* What training does when it is told nothing. */
struct train_options train_options_usual(void);

/* How strong augmentation is where no strength is told. */
struct augment train_options_usual_augment(void);

/* What depends on the number of training images: `val` where it is VAL_AUTO, and a batch that is
 * larger than what is left to train on. -1 with nothing changed where `val` leaves nothing. */
int train_options_settle(struct train_options *options, int images);

/* Option i as text: the same text for the same value, and the other way round. */
struct text train_options_text(const struct train_options *options, int i);

/* The same as JSON: a number, or a string in its quotes. */
struct text train_options_json(const struct train_options *options, int i);

/* Sets option i from such a text, or from NULL where a file lacks it. False, with nothing changed,
 * if it is none or beyond the limits, or may not be lacking. */
bool train_options_parse(struct train_options *options, int i, const char *text);

/* Where option i is kept. */
void *train_options_at(struct train_options *options, int i);

#endif
