/* What a training run can be told, as one table: how each option is called, written and read. The model
 * file, the checkpoint, the JSON log and the check of --resume all loop over it. */
#ifndef MNIST_TRAIN_OPTIONS_H
#define MNIST_TRAIN_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "mnist/base/format.h"
#include "mnist/data/augment.h"
#include "mnist/data/batch.h"
#include "mnist/net/schedule.h"

struct train_options {
    int epochs; /* at the most */
    int batch;  /* samples a step */
    float lr;   /* the schedule's peak */
    /* Adds l2/2 × the sum of squared weights to what is minimised, not to the loss that is told. */
    float l2;
    float dropout;
    int patience; /* epochs without a better validation loss before stopping; 0: never stop early */
    int val;      /* images set aside for validation; 0: none, and the last weights are the best */
    enum schedule schedule;
    int warmup;             /* epochs in which the learning rate rises to lr */
    float label_smoothing;  /* 0 <= s < 1: the targets' share that is spread over all classes */
    struct augment augment; /* augments the training images; of strength 0: does not */
    /* 0: none. Else the decay d a step of an exponential moving average of the weights, which is what
     * is validated and kept (Polyak and Juditsky 1992): a = d^16 a + (1-d^16) w every 16 steps. */
    float ema;
    uint64_t seed;
};

/* The largest of each, and the smallest learning rate; whole numbers start at 0, epochs and batch at 1. */
enum { EPOCHS_MAX = 1000000, VAL_MAX = 10000000 };
#define LR_MIN 1e-12
#define LR_MAX 1e12
#define L2_MAX 1e6
#define DROPOUT_MAX 0.99
#define LABEL_SMOOTHING_MAX 0.99
#define EMA_MAX 0.999999

enum { TRAIN_OPTIONS = 17 };

/* "epochs", "lr", … "seed": option i, as it is called in files and in JSON. */
extern const char *const train_option_names[TRAIN_OPTIONS];

/* Option i as text: the same text for the same value, and the other way round. */
struct text train_option_text(const struct train_options *options, int i);

/* The same as JSON: a number, or a string in its quotes. */
struct text train_option_json(const struct train_options *options, int i);

/* Sets option i from such a text; false, with nothing changed, if it is none or beyond those limits. */
bool train_option_parse(struct train_options *options, int i, const char *text);

#endif
