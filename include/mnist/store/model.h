/* The model file: what training leaves behind. */
#ifndef MNIST_MODEL_H
#define MNIST_MODEL_H

#include <limits.h>
#include <stdbool.h>

#include "mnist/base/error.h"
#include "mnist/net/params.h"
#include "mnist/store/metadata.h"

struct model {
    float *params;  /* (PARAM_COUNT) in the program's order; owned */
    bool described; /* whether the file tells options, data and best */
    struct train_options options;
    struct run_data data; /* sums of the training files, framed; all 0 from a file of version 1.0 */
    /* The epoch that the weights are of, number 0 if none was whole. Of its figures val_loss and
     * val_acc are read back. */
    struct train_epoch best;
    uint32_t crc32;            /* of the tensor bytes; set by model_save and model_load */
    bool is_checkpoint;        /* the file that model_load refused is a checkpoint */
    struct model_sheet *sheet; /* of model_reserve; owned */
};

/* Allocates what model_save needs, so that it cannot fail for lack of memory after long work; else
 * it does so itself. */
int model_reserve(struct model *model, struct error *err);

/* Writes a safetensors file with PyTorch's names and shapes (weights as (outputs, inputs))
 * atomically. The bytes depend on the model alone: no time, host, thread count or path is in them.
 */
int model_save(struct model *model, const char *path, struct error *err);

/* Writes what model_save could not to NAME.saved beside it: see file_write_beside. -1 when it
 * cannot either, with err as it was if there is nothing to write: no such weights may be saved. */
int model_save_beside(char saved[PATH_MAX], const struct model *model, const char *path,
                      struct error *err);

/* Reads the weights and checks that tensors and shapes are exactly this network's. The caller gives
 * it to model_free. */
int model_load(struct model *model, const char *path, struct error *err);

/* The same from bytes in memory; `name` is for the messages. */
int model_parse(struct model *model, const uint8_t *bytes, size_t size, const char *name,
                struct error *err);

void model_free(struct model *model);

/* The six tensors of a network, as files hold them: PyTorch's shapes, weights (outputs, inputs),
 * names with a prefix in front. Adds them to `st`, with their values transposed into `to`
 * (PARAM_COUNT); and takes them out again into params, refusing missing ones and other shapes. */
void model_add_tensors(struct safetensors *st, const char *prefix, float *to, const float *params);
int model_take_tensors(float *params, const struct safetensors *st, const char *prefix,
                       const char *name, struct error *err);

/* Says whose a file is that has no seal, and so is no model or checkpoint of ours: fills err and
 * returns -1. */
int model_refuse_unsealed(const struct safetensors *st, const char *name, struct error *err);

#endif
