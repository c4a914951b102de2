/* A run that can go on: everything from one epoch to the next, as a safetensors file.
 *
 * Tensors: the six of a model, "m." and "v." Adam's moments of each, "best." the best weights,
 * "average." with --ema, all as model files hold them, and "history" (epochs run, 9: train_columns)
 * in float64. Metadata: every option, and what tells the training data from other data. */
#ifndef MNIST_CHECKPOINT_H
#define MNIST_CHECKPOINT_H

#include "mnist/data/dataset.h"
#include "mnist/net/train.h"

/* What tells one data set from another, validation images among it. */
struct checkpoint_data {
    int train_count;
    uint32_t images_crc32, labels_crc32;
};

struct checkpoint {
    struct train_options options;
    struct train_state state; /* its blocks are owned here */
    struct checkpoint_data data;
};

/* Of this data set. Reads all of it: once a run is enough. */
struct checkpoint_data checkpoint_data_of(const struct dataset *dataset);

/* Writes the state of a run with these options on this data, atomically. */
int checkpoint_save(const struct train_state *state, const struct train_options *options,
                    const struct checkpoint_data *data, const char *path, struct error *err);

/* Reads one and believes nothing. The caller gives it to checkpoint_free. */
int checkpoint_load(struct checkpoint *checkpoint, const char *path, struct error *err);

/* The same from bytes in memory; `name` is for the messages. */
int checkpoint_parse(struct checkpoint *checkpoint, const uint8_t *bytes, size_t size,
                     const char *name, struct error *err);

void checkpoint_free(struct checkpoint *checkpoint);

/* Refuses data, that of `folder`, with another image or label than those the run began on. */
int checkpoint_check_data(const struct checkpoint *checkpoint, const char *path,
                          const struct checkpoint_data *data, const char *folder,
                          struct error *err);

#endif
