/* A safetensors file is refused with a message, or its tensors tile its data, each of the bytes
 * that its shape needs; a model file is refused with a message, or has 109,386 finite weights in
 * tensors of this network's shapes. */
#include <math.h>

#include "fuzz.h"
#include "mnist/store/model.h"

static struct safetensors st;

static void try_tensors(const uint8_t *bytes, size_t size)
{
    struct error err = {""};
    size_t at = 0;
    if (safetensors_parse(&st, bytes, size, "file", &err)) {
        require(err.text[0] != '\0', "refused without a word");
        return;
    }
    require(st.tensor_count <= SAFETENSORS_TENSORS && st.metadata_count <= SAFETENSORS_METADATA,
            "more than there is room for");
    for (int i = 0; i < st.tensor_count; i++) {
        const struct safetensors_tensor *t = &st.tensors[i];
        uint64_t rows = t->shape[0], columns = t->shape[1],
                 number = t->type == SAFETENSORS_F64 ? 8 : 4;
        require(t->begin == at && t->end > at && t->end <= size,
                "a hole, an overlap or an end outside");
        require(rows && rows <= size && columns <= size && rows * columns * number == t->end - at,
                "a shape of other bytes");
        at = t->end;
    }
    require(st.data + at == bytes + size, "bytes that belong to no tensor");
}

static void try_bytes(const uint8_t *bytes, size_t size)
{
    struct model model;
    struct error err = {""};
    try_tensors(bytes, size);
    if (model_parse(&model, bytes, size, "file", &err)) {
        require(err.text[0] != '\0' && !model.params,
                "refused without a word, or with memory left");
        return;
    }
    for (int i = 0; i < PARAM_COUNT; i++)
        require(isfinite(model.params[i]), "a weight that is not finite");
    for (int i = 0; i < PARAM_TENSORS; i++) {
        const struct param *param = &param_table[i];
        const struct safetensors_tensor *t = safetensors_find(&st, param->name);
        require(t && t->shape[0] == (uint64_t)param->cols && t->shape[1] == (uint64_t)param->rows,
                "another network");
    }
    model_free(&model);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    return as_is_and_put_right(bytes, size, try_bytes);
}
