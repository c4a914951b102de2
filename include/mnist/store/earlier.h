/* What a file holds that a run is about to replace. */
#ifndef MNIST_EARLIER_H
#define MNIST_EARLIER_H

#include <stdbool.h>

#include "mnist/data/dataset.h"
#include "mnist/net/train.h"

enum earlier_kind {
    EARLIER_NOTHING, /* no such file, an empty one, or a device or pipe */
    EARLIER_MODEL,
    EARLIER_CHECKPOINT,
    EARLIER_LOG,
    EARLIER_OTHER /* something else */
};

struct earlier {
    enum earlier_kind kind;
    bool described; /* options and best are known */
    struct train_options options;
    struct train_epoch best;
    /* Of a checkpoint: */
    int epochs_run;
    struct dataset_sums train_data;
};

/* Looks at the file that writing to `path` replaces. -1 with err filled when it must not be
 * replaced, or cannot be opened to be looked at, or when memory is short. */
int earlier_look(struct earlier *earlier, const char *path, struct error *err);

/* Whether it is a run that has epochs left, or may have some: a checkpoint that is whole, but not
 * for this version of the program, is not described. */
bool earlier_goes_on(const struct earlier *earlier);

/* What it is, of the kinds that something else must not replace: "a model", "a log", "a checkpoint
 * with epochs left". NULL for any other. */
const char *earlier_missed(const struct earlier *earlier);

#endif
