/* Progress of training on stderr: a moving line during an epoch, then a table row for it. */
#ifndef MNIST_PROGRESS_H
#define MNIST_PROGRESS_H

#include "mnist/net/train.h"

struct progress {
    int epochs;  /* the most that the run may have */
    bool headed; /* the column titles have been printed */
    bool quiet, live, color;
    double last; /* clock at the last drawing */
};

void progress_start(struct progress *progress, int epochs, bool quiet, int color);
void progress_batch(struct progress *progress, const struct train_progress *now);
void progress_epoch(struct progress *progress, const struct train_epoch *epoch, bool validated);

/* Removes the moving line, before anything else is printed. */
void progress_clear(struct progress *progress);

#endif
