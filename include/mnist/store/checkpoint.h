/* A run that can go on: everything from one epoch to the next, as a safetensors file.
 *
 * Tensors: the six of a model, "m." and "v." Adam's moments of each, "best." the best weights,
 * "average." where one is kept, all as model files hold them, and "history" (epochs run, 9:
 * train_columns) in float64. Metadata: mnist/store/metadata.h. */
#ifndef MNIST_CHECKPOINT_H
#define MNIST_CHECKPOINT_H

#include "mnist/store/metadata.h"

struct checkpoint {
    struct train_options options;
    struct train_state state; /* its blocks are owned here */
    struct run_data data;
    bool is_model; /* the file that checkpoint_load refused is a model */
};

/* Writes the state of a run with these options on this data, atomically. */
int checkpoint_save(const struct train_state *state, const struct train_options *options,
                    const struct run_data *data, const char *path, struct error *err);

/* Reads one and believes nothing. Refuses one that began under other arithmetic than this
 * program's. The caller gives it to checkpoint_free. */
int checkpoint_load(struct checkpoint *checkpoint, const char *path, struct error *err);

/* The same from bytes in memory; `name` is for the messages. */
int checkpoint_parse(struct checkpoint *checkpoint, const uint8_t *bytes, size_t size,
                     const char *name, struct error *err);

void checkpoint_free(struct checkpoint *checkpoint);

/* Refuses data, that of `folder`, with another image or label than those the run began with. */
int checkpoint_check_data(const struct checkpoint *checkpoint, const char *path,
                          const struct run_data *data, const char *folder, struct error *err);

#endif
