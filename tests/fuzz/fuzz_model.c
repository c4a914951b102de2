/* A model file is refused with a message, or has 109,386 finite weights. */
#include <math.h>

#include "fuzz.h"
#include "mnist/model.h"

static void try_bytes(const uint8_t *bytes, size_t size)
{
    struct model model;
    struct error err = {""};
    if (model_parse(&model, bytes, size, "file", &err)) {
        require(err.text[0] != '\0' && !model.params, "refused without a word, or with memory left");
        return;
    }
    for (int i = 0; i < PARAM_COUNT; i++)
        require(isfinite(model.params[i]), "a weight that is not finite");
    model_free(&model);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    return with_and_without_checksums(bytes, size, try_bytes);
}
