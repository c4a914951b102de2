#include "mnist/store/checkpoint.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mnist/base/memory.h"
#include "mnist/codec/checksum.h"
#include "mnist/store/model.h"
#include "mnist/store/seal.h"

/* The format of checkpoints this program writes and reads. */
static const char VERSION[] = "2";
static const char VERSION_KEY[] = "mnist_checkpoint_version";

/* A checkpoint of a million epochs, the most there can be, has 75 MB. */
static const size_t LARGEST_FILE = (size_t)128 << 20;

enum { PARTS = 5 };

/* The blocks of weights, and what their tensors' names begin with. The last is there with --ema. */
static const char *const part_names[PARTS] = {"", "m.", "v.", "best.", "average."};

static float **part(struct train_state *state, int i)
{
    float **const parts[PARTS] = {&state->params, &state->m, &state->v, &state->best_params,
                                  &state->average};
    return parts[i];
}

static int part_count(const struct train_options *options)
{
    return options->ema > 0.0f ? PARTS : PARTS - 1;
}

/* What is demanded when a state is read, and so kept to when it is written. Numbers that are not
 * finite never get here: a sealed file has none. */
static int check_moments(const struct train_state *state, const char *name, struct error *err)
{
    for (int i = 0; i < PARAM_COUNT; i++)
        if (!(state->v[i] >= 0.0f))
            return error_set(err, "%s: its mean of squared gradients %d is %g, wanted 0 or more",
                             name, i, (double)state->v[i]);
    return 0;
}

static int refuse_epoch(int e, const char *name, struct error *err)
{
    return error_set(err, "%s: epoch %d of its history cannot be", name, e + 1);
}

/* --- writing --- */

struct checkpoint_data checkpoint_data_of(const struct dataset *dataset)
{
    size_t count = (size_t)dataset->count;
    return (struct checkpoint_data){.train_count = dataset->count,
                                    .images_crc32 =
                                        checksum_crc32(dataset->pixels, count * IMAGE_PIXELS),
                                    .labels_crc32 = checksum_crc32(dataset->labels, count)};
}

int checkpoint_save(const struct train_state *state, const struct train_options *options,
                    const struct checkpoint_data *data, const char *path, struct error *err)
{
    for (int e = 0; e < state->epochs_run; e++)
        if (!train_epoch_is_possible(&state->history[e]))
            return refuse_epoch(e, path, err);
    if (check_moments(state, path, err))
        return -1;
    struct train_state copy = *state;
    int parts = part_count(options);
    struct safetensors *st = mem_calloc(1, sizeof *st, err);
    float *floats = mem_alloc((size_t)parts * PARAM_COUNT, sizeof *floats, err);
    double(*history)[TRAIN_COLUMNS] = mem_alloc((size_t)state->epochs_run, sizeof *history, err);
    int failed = !st || !floats || !history;
    if (!failed) {
        safetensors_set(st, VERSION_KEY, "%s", VERSION);
        for (int i = 0; i < TRAIN_OPTIONS; i++)
            safetensors_set(st, train_options_table[i].name, "%s",
                            train_options_text(options, i).text);
        safetensors_set(st, "train_count", "%d", data->train_count);
        safetensors_set(st, "images_crc32", "%08" PRIx32, data->images_crc32);
        safetensors_set(st, "labels_crc32", "%08" PRIx32, data->labels_crc32);
        safetensors_set(st, "best_epoch", "%d", state->best.epoch);
        for (int i = 0; i < parts; i++)
            model_add_tensors(st, part_names[i], floats + (size_t)i * PARAM_COUNT, *part(&copy, i));
        for (int e = 0; e < state->epochs_run; e++)
            for (int i = 0; i < TRAIN_COLUMNS; i++)
                history[e][i] = train_column_get(&state->history[e], i);
        safetensors_add(st, "history", SAFETENSORS_F64, 2, (uint64_t)state->epochs_run,
                        TRAIN_COLUMNS, history);
        failed = seal_save(st, path, err);
    }
    mem_free(st);
    mem_free(floats);
    mem_free(history);
    return failed ? -1 : 0;
}

/* --- reading --- */

static int take_options(struct checkpoint *checkpoint, const struct safetensors *st,
                        const char *name, struct error *err)
{
    const char *version = safetensors_get(st, VERSION_KEY);
    if (!version)
        return error_set(
            err, "%s: a model, not a checkpoint: --resume wants what --checkpoint wrote", name);
    if (strcmp(version, VERSION))
        return error_set(err,
                         "%s: checkpoint format %s, wanted %s: it needs another version of mnist",
                         name, version, VERSION);
    for (int i = 0; i < TRAIN_OPTIONS; i++) {
        const char *text = safetensors_get(st, train_options_table[i].name);
        if (!text || !train_options_parse(&checkpoint->options, i, text))
            return error_set(err, "%s: its option %s is %s", name, train_options_table[i].name,
                             text ? text : "missing");
    }
    return 0;
}

/* A whole number of metadata in min … max. */
static int take_number(int *value, const struct safetensors *st, const char *key, int min, int max,
                       const char *name, struct error *err)
{
    const char *text = safetensors_get(st, key);
    char again[32];
    *value = text ? (int)strtol(text, NULL, 10) : 0;
    snprintf(again, sizeof again, "%d", *value);
    if (!text || strcmp(text, again) || *value < min || *value > max)
        return error_set(err, "%s: its %s is %s, wanted %d to %d", name, key,
                         text ? text : "missing", min, max);
    return 0;
}

static int take_crc32(uint32_t *crc, const struct safetensors *st, const char *key,
                      const char *name, struct error *err)
{
    const char *text = safetensors_get(st, key);
    char again[32];
    *crc = text ? (uint32_t)strtoul(text, NULL, 16) : 0;
    snprintf(again, sizeof again, "%08" PRIx32, *crc);
    if (!text || strcmp(text, again))
        return error_set(err, "%s: its %s is %s, wanted eight hexadecimal digits", name, key,
                         text ? text : "missing");
    return 0;
}

static int take_data(struct checkpoint_data *data, const struct safetensors *st, const char *name,
                     struct error *err)
{
    if (take_number(&data->train_count, st, "train_count", 1, INT32_MAX, name, err) ||
        take_crc32(&data->images_crc32, st, "images_crc32", name, err) ||
        take_crc32(&data->labels_crc32, st, "labels_crc32", name, err))
        return -1;
    return 0;
}

static int take_history(struct train_state *state, const struct safetensors *st,
                        const struct train_options *options, const char *name, struct error *err)
{
    const struct safetensors_tensor *tensor = safetensors_find(st, "history");
    if (!tensor || tensor->type != SAFETENSORS_F64 || tensor->rank != 2 ||
        tensor->shape[1] != TRAIN_COLUMNS || tensor->shape[0] > (uint64_t)options->epochs)
        return error_set(err, "%s: its history is not that of 1 to %d epochs", name,
                         options->epochs);
    int best;
    state->epochs_run = (int)tensor->shape[0];
    if (take_number(&best, st, "best_epoch", 1, state->epochs_run, name, err))
        return -1;
    state->history = mem_alloc((size_t)state->epochs_run, sizeof *state->history, err);
    if (!state->history)
        return -1;
    for (int e = 0; e < state->epochs_run; e++) {
        state->history[e] = (struct train_epoch){.epoch = e + 1};
        for (int i = 0; i < TRAIN_COLUMNS; i++) {
            size_t at = (size_t)e * TRAIN_COLUMNS + (size_t)i;
            if (!train_column_set(&state->history[e], i, safetensors_number(st, tensor, at)))
                return refuse_epoch(e, name, err);
        }
    }
    state->best = state->history[best - 1];
    return 0;
}

static int take_checkpoint(struct checkpoint *checkpoint, const struct safetensors *st,
                           const char *name, struct error *err)
{
    if (take_options(checkpoint, st, name, err) || take_data(&checkpoint->data, st, name, err) ||
        take_history(&checkpoint->state, st, &checkpoint->options, name, err))
        return -1;
    int parts = part_count(&checkpoint->options);
    if (st->tensor_count != parts * PARAM_TENSORS + 1)
        return error_set(err, "%s: has %d tensors, wanted %d", name, st->tensor_count,
                         parts * PARAM_TENSORS + 1);
    for (int i = 0; i < parts; i++) {
        float **block = part(&checkpoint->state, i);
        *block = mem_alloc(PARAM_COUNT, sizeof **block, err);
        if (!*block || model_take_tensors(*block, st, part_names[i], name, err))
            return -1;
    }
    return check_moments(&checkpoint->state, name, err);
}

/* Called with a checkpoint of zeros, and leaves one when it fails. */
static int take(void *checkpoint, const struct safetensors *st, const char *name, struct error *err)
{
    int failed = take_checkpoint(checkpoint, st, name, err);
    if (failed)
        checkpoint_free(checkpoint);
    return failed;
}

int checkpoint_parse(struct checkpoint *checkpoint, const uint8_t *bytes, size_t size,
                     const char *name, struct error *err)
{
    *checkpoint = (struct checkpoint){0};
    return seal_parse(take, checkpoint, bytes, size, name, err);
}

int checkpoint_load(struct checkpoint *checkpoint, const char *path, struct error *err)
{
    *checkpoint = (struct checkpoint){0};
    return seal_load(take, checkpoint, path, LARGEST_FILE, err);
}

void checkpoint_free(struct checkpoint *checkpoint)
{
    for (int i = 0; i < PARTS; i++)
        mem_free(*part(&checkpoint->state, i));
    mem_free(checkpoint->state.history);
    *checkpoint = (struct checkpoint){0};
}

int checkpoint_check_data(const struct checkpoint *checkpoint, const char *path,
                          const struct checkpoint_data *data, const char *folder, struct error *err)
{
    const struct checkpoint_data *wanted = &checkpoint->data;
    const char *other = NULL;
    if (data->train_count != wanted->train_count || data->images_crc32 != wanted->images_crc32)
        other = "other images";
    else if (data->labels_crc32 != wanted->labels_crc32)
        other = "images with other labels";
    if (other)
        return error_set(err,
                         "%s: its run began on %s than those in %s: name their folder with --data",
                         path, other, folder);
    return 0;
}
