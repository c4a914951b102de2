/* The options of a training run, as one table with a row per option. The command line, its help and
 * its announcements, the metadata of models and checkpoints, the log, the report and the check of a
 * resumed run all loop over it. */
#ifndef MNIST_TRAIN_OPTIONS_H
#define MNIST_TRAIN_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mnist/base/format.h"
#include "mnist/data/augment.h"
#include "mnist/net/schedule.h"

struct train_options {
    int epochs; /* the most to run */
    int batch;  /* samples per step, 1 … BATCH_MAX */
    float lr;   /* the schedule's peak */
    /* Adds l2/2 × the sum of squared weights to what is minimised, not to the reported loss. */
    float l2;
    float dropout;
    int patience; /* epochs without a better validation loss before stopping; 0: never stop early */
    /* Images set aside for validation. 0: none, and the last weights count as the best. VAL_AUTO:
     * train_options_settle will decide by the number of images. */
    int val;
    enum schedule schedule;
    int warmup;             /* epochs in which the learning rate rises to lr */
    float label_smoothing;  /* 0 <= s < 1: the targets' share that is spread over all classes */
    struct augment augment; /* of the training images; all strengths 0: none */
    /* The decay d per step of an exponential moving average a of the weights w, which is what is
     * validated and kept (Polyak and Juditsky 1992): a = d^16 a + (1-d^16) w every 16 steps. 0: no
     * average. */
    float ema;
    uint64_t seed;
};

/* VAL_AUTO sets aside VAL_DEFAULT images, or one in VAL_SHARE if that is fewer. */
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
    double usual;           /* the default; for a strength, the default with augmentation */
    const char *usual_text; /* the default in words if the number does not say it, else NULL */
    const char *absent; /* the value, as text, if a file of an earlier version lacks it; or NULL */
    const char *unit;   /* what a value is called: "N", "F", "DEG" */
    const char *help;   /* what it does, in half a line */
};

enum { TRAIN_OPTIONS = 17 };

extern const struct train_option train_options_table[TRAIN_OPTIONS];

/* The largest learning rate, in options and in histories. */
#define LR_MAX 1e12

/* All options at their defaults, without augmentation. */
struct train_options train_options_usual(void);

/* The default strengths of augmentation. */
struct augment train_options_usual_augment(void);

/* Sets what depends on the number of images: `val` if it is VAL_AUTO, and `batch` if it is larger
 * than what is left to train on. -1 with nothing changed if `val` leaves nothing to train on. */
int train_options_settle(struct train_options *options, int images);

/* Option i as text: equal values give equal texts, and different values different ones. */
struct text train_options_text(const struct train_options *options, int i);

/* The same as JSON: a number, or a string in its quotes. */
struct text train_options_json(const struct train_options *options, int i);

/* Sets option i from such a text, or from NULL if a file lacks it. False, with nothing changed, if
 * the text is invalid, the value is beyond the limits, or the option may not be missing. */
bool train_options_parse(struct train_options *options, int i, const char *text);

/* A pointer to option i. */
void *train_options_at(struct train_options *options, int i);

#endif
