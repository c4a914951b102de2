/* An IDX file is refused with a message, or every value it says it has can be read, and it has
 * no byte more. */
#include "fuzz.h"
#include "mnist/codec/idx.h"

static void try_as(const uint8_t *bytes, size_t size, enum idx_kind kind)
{
    struct idx idx;
    struct error err = {""};
    size_t each = kind == IDX_IMAGES ? IMAGE_PIXELS : 1, header = kind == IDX_IMAGES ? 16 : 8;
    if (idx_parse(&idx, bytes, size, kind, "file", &err)) {
        require(err.text[0] != '\0', "refused without a word");
        return;
    }
    require(idx.count > 0 && header + (size_t)idx.count * each == size,
            "more or fewer values than bytes");
    double sum = 0;
    for (size_t i = 0; i < (size_t)idx.count * each; i++) {
        require(kind == IDX_IMAGES || idx.values[i] < IMAGE_CLASSES, "a label above 9");
        sum += idx.values[i];
    }
    fuzz_sink = sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    try_as(bytes, size, IDX_IMAGES);
    try_as(bytes, size, IDX_LABELS);
    return 0;
}
