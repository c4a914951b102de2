/* Validation images: which of a data set's train, and which validate. */
#ifndef MNIST_SPLIT_H
#define MNIST_SPLIT_H

#include "mnist/data/dataset.h"

/* Which images train and which validate. */
struct split {
    int *train, train_count; /* ascending indices into the data set */
    int *val, val_count;     /* the same */
};

/* Sets `val_count` images aside, stratified: each class gives its share, to within one image
 * (largest remainders); which ones depends on the seed. 0 <= val_count < count. The caller gives it
 * to split_free. */
int split_create(struct split *split, const struct dataset *dataset, int val_count, uint64_t seed,
                 struct error *err);

void split_free(struct split *split);

#endif
