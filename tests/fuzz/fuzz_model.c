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
    size_t all = 0;
    if (safetensors_parse(&st, bytes, size, "file", &err)) {
        require(err.text[0] != '\0', "refused without a word");
        return;
    }
    require(st.tensor_count <= SAFETENSORS_TENSORS && st.metadata_count <= SAFETENSORS_METADATA,
            "more than there is room for");
    for (int i = 0; i < st.tensor_count; i++) {
        const struct safetensors_tensor *t = &st.tensors[i];
        require(t->begin <= t->end && t->end <= st.data_size, "an end outside");
        require(t->type > SAFETENSORS_F64 ||
                    t->count * (t->type == SAFETENSORS_F64 ? 8 : 4) == t->end - t->begin,
                "a shape of other bytes");
        for (int j = 0; j < i; j++)
            require(st.overfull || t->begin >= st.tensors[j].end || st.tensors[j].begin >= t->end,
                    "an overlap");
        require(safetensors_shape(t).text[0] == '(' && *safetensors_type(t),
                "no shape, or no type");
        all += t->end - t->begin;
    }
    require(st.data + st.data_size == bytes + size, "the data ends elsewhere");
    require(st.overfull || all == st.data_size, "bytes that belong to no tensor");
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
