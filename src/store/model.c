#include "mnist/store/model.h"

#include <stdio.h>
#include <string.h>

#include "mnist/base/file_write.h"
#include "mnist/base/memory.h"
#include "mnist/net/proof.h"
#include "mnist/store/seal.h"

/* No model has so much, but a wrong file of this size is still read, to say what it looks like. */
static const size_t LARGEST_FILE = (size_t)64 << 20;

void model_add_tensors(struct safetensors *st, const char *prefix, float *to, const float *params)
{
    params_to_file(to, params);
    for (int t = 0; t < PARAM_TENSORS; t++) {
        const struct param *param = &param_table[t];
        char name[SAFETENSORS_NAME];
        snprintf(name, sizeof name, "%s%s", prefix, param->name);
        safetensors_add(st, name, SAFETENSORS_F32, PARAM_IS_WEIGHT(param) ? 2 : 1,
                        (uint64_t)param->cols, (uint64_t)param->rows, to + param->offset);
    }
}

/* What a model is packed in. */
struct model_sheet {
    struct safetensors st;
    float floats[PARAM_COUNT]; /* as files hold them */
    uint8_t bytes[SAFETENSORS_HEADER + PARAM_COUNT * sizeof(float)];
    size_t size;
};

int model_reserve(struct model *model, struct error *err)
{
    if (!model->sheet)
        model->sheet = mem_alloc(1, sizeof *model->sheet, err);
    return model->sheet ? 0 : -1;
}

int model_save(struct model *model, const char *path, struct error *err)
{
    const struct metadata told = {PROOF_NUMBERS, model->options, model->data, model->best};
    if (model_reserve(model, err))
        return -1;
    struct model_sheet *sheet = model->sheet;
    sheet->st = (struct safetensors){0};
    sheet->size = 0;
    metadata_put(&sheet->st, METADATA_MODEL, &told);
    model_add_tensors(&sheet->st, "", sheet->floats, model->params);
    if (seal_pack(&sheet->st, sheet->bytes, sizeof sheet->bytes, &sheet->size, path, err))
        return -1;
    model->crc32 = seal_crc32(&sheet->st);
    return file_write(path, sheet->bytes, sheet->size, err);
}

int model_save_beside(char saved[PATH_MAX], const struct model *model, const char *path,
                      struct error *err)
{
    const struct model_sheet *sheet = model->sheet;
    if (!sheet || !sheet->size)
        return -1;
    return file_write_beside(saved, path, sheet->bytes, sheet->size, err);
}

/* A parameter's tensor as a file should have it. */
static struct safetensors_tensor wanted_tensor(const struct param *param)
{
    return (struct safetensors_tensor){.rank = PARAM_IS_WEIGHT(param) ? 2 : 1,
                                       .shape = {(uint64_t)param->cols, (uint64_t)param->rows}};
}

/* The tensor of a parameter, which must be there and have the shape and type of this network's;
 * NULL with err filled if it does not. */
static const struct safetensors_tensor *find_tensor(const struct safetensors *st,
                                                    const char *prefix, const struct param *param,
                                                    const char *name, struct error *err)
{
    char full[SAFETENSORS_NAME];
    snprintf(full, sizeof full, "%s%s", prefix, param->name);
    const struct safetensors_tensor *tensor = safetensors_find(st, full);
    const struct safetensors_tensor wanted = wanted_tensor(param);
    bool is_float = tensor && strchr(safetensors_type(tensor), 'F');
    if (!tensor)
        error_set(err, "%s: another network's: has no tensor %s", name, full);
    else if (tensor->rank != wanted.rank || tensor->shape[0] != wanted.shape[0] ||
             tensor->shape[1] != wanted.shape[1])
        error_set(err, "%s: another network's: tensor %s has shape %s, wanted %s", name, full,
                  safetensors_shape(tensor).text, safetensors_shape(&wanted).text);
    else if (tensor->type != SAFETENSORS_F32)
        error_set(err, "%s: %stensor %s has dtype %s, wanted F32%s", name,
                  is_float ? "" : "another network's: ", full, safetensors_type(tensor),
                  is_float ? ": this network's, in another precision" : "");
    else
        return tensor;
    return NULL;
}

int model_take_tensors(float *params, const struct safetensors *st, const char *prefix,
                       const char *name, struct error *err)
{
    float *floats = mem_alloc(PARAM_COUNT, sizeof *floats, err);
    int failed = !floats;
    for (int t = 0; t < PARAM_TENSORS && !failed; t++) {
        const struct param *param = &param_table[t];
        const struct safetensors_tensor *tensor = find_tensor(st, prefix, param, name, err);
        failed = tensor ? 0 : -1;
        for (int i = 0; i < param->rows * param->cols && !failed; i++)
            floats[param->offset + i] = (float)safetensors_number(st, tensor, (size_t)i);
    }
    if (!failed)
        params_from_file(params, floats);
    mem_free(floats);
    return failed;
}

static bool is_parameter(const char *name)
{
    for (int t = 0; t < PARAM_TENSORS; t++)
        if (!strcmp(param_table[t].name, name))
            return true;
    return false;
}

/* Another network's file is known by the first tensor that this one has not, or else by the first
 * that it lacks. */
static int refuse_tensors(const struct safetensors *st, const char *name, struct error *err)
{
    const struct param *first = &param_table[0], *last = &param_table[PARAM_TENSORS - 1];
    const struct safetensors_tensor from = wanted_tensor(first), to = wanted_tensor(last);
    for (int t = 0; t < st->tensor_count; t++)
        if (!is_parameter(st->tensors[t].name))
            return error_set(
                err,
                "%s: another network's: has tensor %s %s, wanted the %d of " PARAMS_ARCHITECTURE
                ", %s %s to %s %s",
                name, st->tensors[t].name, safetensors_shape(&st->tensors[t]).text, PARAM_TENSORS,
                first->name, safetensors_shape(&from).text, last->name,
                safetensors_shape(&to).text);
    for (int t = 0; t < PARAM_TENSORS; t++)
        if (!find_tensor(st, "", &param_table[t], name, err))
            return -1;
    return 0;
}

int model_refuse_unsealed(const struct safetensors *st, const char *name, struct error *err)
{
    bool ours = metadata_is(METADATA_MODEL, st) || metadata_is(METADATA_CHECKPOINT, st);
    if (!ours && refuse_tensors(st, name, err))
        return -1;
    return error_set(err, "%s: %sno header_crc32 in its metadata: not a file that mnist wrote",
                     name, ours ? "" : "has this network's tensors, but ");
}

/* Takes what the metadata tells of the training. A model whose metadata lacks something, or tells
 * what this program does not know, is not described, and is a model all the same. */
static void take_description(struct model *model, int form, const struct safetensors *st)
{
    struct metadata told;
    struct error ignored;
    model->described = !metadata_take(&told, METADATA_MODEL, form, st, "", &ignored);
    if (!model->described)
        return;
    model->options = told.options;
    model->data = told.data;
    model->best = told.best;
}

/* A model has the tensors of param_table, no other and no fewer. */
static int take_model(struct model *model, const struct safetensors *st, const char *name,
                      struct error *err)
{
    int form = metadata_form(METADATA_MODEL, st, name, err);
    if (!form)
        return -1;
    model->params = mem_alloc(PARAM_COUNT, sizeof(float), err);
    model->crc32 = seal_crc32(st);
    if (!model->params || model_take_tensors(model->params, st, "", name, err))
        return -1;
    if (st->tensor_count != PARAM_TENSORS)
        return error_set(err, "%s: has %d tensors, wanted the %d of this network", name,
                         st->tensor_count, PARAM_TENSORS);
    take_description(model, form, st);
    return 0;
}

/* Called with a model of zeros, and leaves one when it fails. */
static int take(void *into, const struct safetensors *st, bool sealed, const char *name,
                struct error *err)
{
    struct model *model = into;
    if (!sealed)
        return model_refuse_unsealed(st, name, err);
    if (!take_model(model, st, name, err))
        return 0;
    model_free(model);
    model->is_checkpoint = metadata_is(METADATA_CHECKPOINT, st);
    return -1;
}

int model_parse(struct model *model, const uint8_t *bytes, size_t size, const char *name,
                struct error *err)
{
    *model = (struct model){0};
    return seal_parse(take, model, bytes, size, name, err);
}

int model_load(struct model *model, const char *path, struct error *err)
{
    *model = (struct model){0};
    return seal_load(take, model, path, LARGEST_FILE, err);
}

void model_free(struct model *model)
{
    mem_free(model->params);
    mem_free(model->sheet);
    *model = (struct model){0};
}
