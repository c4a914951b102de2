/* Progress of training on stderr: a moving line during an epoch, then a table row for it. */
#ifndef MNIST_PROGRESS_H
#define MNIST_PROGRESS_H

#include "mnist/net/train.h"

struct progress {
    int epochs;      /* the most that the run may have */
    bool headed;     /* the column titles have been printed */
    unsigned hidden; /* of the table's columns, when they were */
    bool quiet, live, color;
    double limit; /* seconds that training may take; 0: no limit */
    double last;  /* clock at the last drawing */
};

/* Room for the moving line, NUL included. */
enum { PROGRESS_LINE = 128 };

/* Writes what fits a terminal of `width` columns: from 10 on, at least the epoch as a rule. */
void progress_line(char line[PROGRESS_LINE], const struct train_progress *now, double limit,
                   int width);

void progress_start(struct progress *progress, int epochs, double limit, bool quiet, int color);
void progress_batch(struct progress *progress, const struct train_progress *now);
void progress_epoch(struct progress *progress, const struct train_epoch *epoch, bool validated);

#endif
