#include "mnist/store/checkpoint.h"

#include <string.h>

#include "mnist/base/file_write.h"
#include "mnist/base/memory.h"
#include "mnist/net/proof.h"
#include "mnist/store/model.h"
#include "mnist/store/seal.h"

/* A checkpoint of a million epochs, the most there can be, has 75 MB. */
static const size_t LARGEST_FILE = (size_t)128 << 20;

enum { PARTS = 5 };

/* The blocks of weights, and what their tensors' names begin with. The last is there if an average
 * is kept. */
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

int checkpoint_save(const struct train_state *state, const struct train_options *options,
                    const struct run_data *data, const char *path, struct error *err)
{
    for (int e = 0; e < state->epochs_run; e++)
        if (!train_epoch_is_possible(&state->history[e]))
            return refuse_epoch(e, path, err);
    if (check_moments(state, path, err))
        return -1;
    const struct metadata told = {PROOF_NUMBERS, *options, *data, state->best};
    struct train_state copy = *state;
    int parts = part_count(options);
    size_t size, rows = (size_t)state->epochs_run, count = (size_t)parts * PARAM_COUNT;
    size_t room =
        SAFETENSORS_HEADER + count * sizeof(float) + rows * TRAIN_COLUMNS * sizeof(double);
    struct safetensors *st = mem_calloc(1, sizeof *st, err);
    float *floats = mem_alloc(count, sizeof *floats, err);
    double(*history)[TRAIN_COLUMNS] = mem_alloc(rows, sizeof *history, err);
    uint8_t *bytes = mem_alloc(room, 1, err);
    int failed = !st || !floats || !history || !bytes;
    if (!failed) {
        metadata_put(st, METADATA_CHECKPOINT, &told);
        for (int i = 0; i < parts; i++)
            model_add_tensors(st, part_names[i], floats + (size_t)i * PARAM_COUNT, *part(&copy, i));
        for (int e = 0; e < state->epochs_run; e++)
            for (int i = 0; i < TRAIN_COLUMNS; i++)
                history[e][i] = train_column_get(&state->history[e], i);
        safetensors_add(st, "history", SAFETENSORS_F64, 2, rows, TRAIN_COLUMNS, history);
        failed = seal_pack(st, bytes, room, &size, path, err) || file_write(path, bytes, size, err);
    }
    mem_free(st);
    mem_free(floats);
    mem_free(history);
    mem_free(bytes);
    return failed ? -1 : 0;
}

/* --- reading --- */

static int take_metadata(struct checkpoint *checkpoint, const struct safetensors *st,
                         const char *name, struct error *err)
{
    struct metadata told;
    int form = metadata_form(METADATA_CHECKPOINT, st, name, err);
    if (!form || metadata_take(&told, METADATA_CHECKPOINT, form, st, name, err))
        return -1;
    if (told.numbers != PROOF_NUMBERS)
        return error_set(err,
                         "%s: its run began with version %d of the arithmetic, wanted %d: it would "
                         "end with another model: it needs another version of mnist",
                         name, told.numbers, PROOF_NUMBERS);
    checkpoint->options = told.options;
    checkpoint->data = told.data;
    checkpoint->state.best = told.best;
    return 0;
}

static int take_history(struct train_state *state, const struct safetensors *st,
                        const struct train_options *options, const char *name, struct error *err)
{
    const struct safetensors_tensor *tensor = safetensors_find(st, "history");
    int best = state->best.epoch;
    if (!tensor || tensor->type != SAFETENSORS_F64 || tensor->rank != 2 ||
        tensor->shape[1] != TRAIN_COLUMNS || tensor->shape[0] > (uint64_t)options->epochs)
        return error_set(err, "%s: its history is not that of 1 to %d epochs", name,
                         options->epochs);
    state->epochs_run = (int)tensor->shape[0];
    if (best < 1 || best > state->epochs_run)
        return error_set(err, "%s: its best_epoch is %d, wanted 1 to %d", name, best,
                         state->epochs_run);
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
    if (take_metadata(checkpoint, st, name, err) ||
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
static int take(void *into, const struct safetensors *st, bool sealed, const char *name,
                struct error *err)
{
    struct checkpoint *checkpoint = into;
    if (!sealed)
        return model_refuse_unsealed(st, name, err);
    if (!take_checkpoint(checkpoint, st, name, err))
        return 0;
    checkpoint_free(checkpoint);
    checkpoint->is_model = metadata_is(METADATA_MODEL, st);
    return -1;
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

/* 0: the same; 1: other images; 2: other labels. */
static int difference(const struct dataset_sums *a, const struct dataset_sums *b)
{
    if (a->images_crc32 != b->images_crc32)
        return 1;
    return a->labels_crc32 != b->labels_crc32 ? 2 : 0;
}

int checkpoint_check_data(const struct checkpoint *checkpoint, const char *path,
                          const struct run_data *data, const char *folder, struct error *err)
{
    static const char *const of_train[] = {"", "began on other images",
                                           "began on images with other labels"},
                             *const of_test[] = {"", "is judged by other test images",
                                                 "is judged by test images with other labels"};
    const struct run_data *wanted = &checkpoint->data;
    const char *other = of_train[difference(&wanted->train, &data->train)];
    if (!*other && wanted->tells_test)
        other = of_test[difference(&wanted->test, &data->test)];
    if (*other)
        return error_set(err, "%s: its run %s than those in %s", path, other, folder);
    return 0;
}
