#include "mnist/store/model.h"

#include <inttypes.h>
#include <stdio.h>

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

/* The tensor must have the shape and type of this network's. */
static int check_tensor(const struct safetensors_tensor *tensor, const struct param *param,
                        const char *name, struct error *err)
{
    if (tensor->rank != (PARAM_IS_WEIGHT(param) ? 2 : 1) ||
        tensor->shape[0] != (uint64_t)param->cols || tensor->shape[1] != (uint64_t)param->rows)
        return error_set(err, "%s: tensor %s has shape (%" PRIu64 ",%" PRIu64 "), wanted (%d,%d)",
                         name, tensor->name, tensor->shape[0], tensor->shape[1], param->cols,
                         param->rows);
    if (tensor->type != SAFETENSORS_F32)
        return error_set(err, "%s: tensor %s has dtype F64, wanted F32", name, tensor->name);
    return 0;
}

int model_take_tensors(float *params, const struct safetensors *st, const char *prefix,
                       const char *name, struct error *err)
{
    float *floats = mem_alloc(PARAM_COUNT, sizeof *floats, err);
    int failed = !floats;
    for (int t = 0; t < PARAM_TENSORS && !failed; t++) {
        const struct param *param = &param_table[t];
        char full[SAFETENSORS_NAME];
        snprintf(full, sizeof full, "%s%s", prefix, param->name);
        const struct safetensors_tensor *tensor = safetensors_find(st, full);
        failed = tensor ? check_tensor(tensor, param, name, err)
                        : error_set(err, "%s: has no tensor %s", name, full);
        for (int i = 0; i < param->rows * param->cols && !failed; i++)
            floats[param->offset + i] = (float)safetensors_number(st, tensor, (size_t)i);
    }
    if (!failed)
        params_from_file(params, floats);
    mem_free(floats);
    return failed;
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
static int take(void *into, const struct safetensors *st, const char *name, struct error *err)
{
    struct model *model = into;
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
