/* What model files and checkpoints tell of the run that their weights come from: the metadata of
 * both, in one table for all versions of them. */
#ifndef MNIST_METADATA_H
#define MNIST_METADATA_H

#include "mnist/codec/safetensors.h"
#include "mnist/data/dataset.h"
#include "mnist/net/train.h"

/* The data of a run. */
struct run_data {
    struct dataset_sums train, test;
    bool framed; /* as the training images are */
    /* Whether `test` is told: not by a model, nor by a checkpoint of version 1.0. */
    bool tells_test;
};

/* What is told. Of `best` that is its number and, where there was validation, val_loss and val_acc.
 * Version 1.0 told no `numbers`, which were 1, and no data but a checkpoint's training files. */
struct metadata {
    int numbers; /* version of the arithmetic, PROOF_NUMBERS today */
    struct train_options options;
    struct run_data data;
    struct train_epoch best;
};

enum metadata_file { METADATA_MODEL, METADATA_CHECKPOINT };

/* Of the data of a run that begins, after dataset_digest of both. */
struct run_data metadata_run_data(const struct dataset *train, const struct dataset *test);

/* Adds the strings of such a file, as this program writes it. */
void metadata_put(struct safetensors *st, enum metadata_file file, const struct metadata *metadata);

/* Whether it says to be such a file, of any version. */
bool metadata_is(enum metadata_file file, const struct safetensors *st);

/* The form of its metadata: 1 as version 1.0 wrote it, 2 as metadata_put does. 0 with err filled
 * for another kind of file, or a version that is not known. `name` is for the messages, here and
 * below. */
int metadata_form(enum metadata_file file, const struct safetensors *st, const char *name,
                  struct error *err);

/* Reads all that a file of this form tells. What it lacks is as it was in version 1.0, or 0. -1
 * with err filled where something is missing, or cannot be. */
int metadata_take(struct metadata *metadata, enum metadata_file file, int form,
                  const struct safetensors *st, const char *name, struct error *err);

#endif
