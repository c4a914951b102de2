/* Progress of training on stderr: a moving line inside an epoch, a table row for each whole one. */
#ifndef MNIST_PROGRESS_H
#define MNIST_PROGRESS_H

#include "mnist/net/train.h"

struct progress {
    int epochs;  /* of the run, at the most */
    bool headed; /* the names of the columns are printed */
    bool quiet, live, color;
    double last; /* clock of the last drawing */
};

void progress_start(struct progress *progress, int epochs, bool quiet, int color);
void progress_batch(struct progress *progress, const struct train_progress *now);
void progress_epoch(struct progress *progress, const struct train_epoch *epoch, bool validated);

/* Takes the moving line away, before anything else is printed. */
void progress_clear(struct progress *progress);

#endif
