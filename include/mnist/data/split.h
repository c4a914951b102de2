/* Sets images of a data set aside for validation. */
#ifndef MNIST_SPLIT_H
#define MNIST_SPLIT_H

#include "mnist/data/dataset.h"

/* Which images are for training and which for validation. */
struct split {
    int *train, train_count; /* ascending indices into the data set */
    int *val, val_count;     /* ascending indices, all the others */
};

/* Sets `val_count` images aside, stratified: each class gives its share, to within one image
 * (largest remainders); the seed decides which ones. 0 <= val_count < count. The caller gives the
 * split to split_free. -1 with err filled when memory is short. */
int split_create(struct split *split, const struct dataset *dataset, int val_count, uint64_t seed,
                 struct error *err);

void split_free(struct split *split);

#endif
