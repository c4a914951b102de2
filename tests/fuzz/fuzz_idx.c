/* An IDX file is refused with a message, or every value it says it has can be read, and it has
 * no byte more, nor more than its head allows. */
#include "fuzz.h"
#include "mnist/data/dataset.h"

static void try_as(const uint8_t *bytes, size_t size, enum dataset_kind kind)
{
    const uint8_t *values;
    int count;
    struct error err = {""};
    size_t limit = dataset_limit(bytes, size < FILE_HEAD ? size : FILE_HEAD);
    size_t each = kind == DATASET_IMAGES ? IMAGE_PIXELS : 1,
           header = kind == DATASET_IMAGES ? 16 : 8;
    if (dataset_parse(&values, &count, bytes, size, kind, "file", &err)) {
        require(err.text[0] != '\0', "refused without a word");
        return;
    }
    require(limit >= size, "more bytes than its header allows");
    require(count > 0 && header + (size_t)count * each == size, "more or fewer values than bytes");
    double sum = 0;
    for (size_t i = 0; i < (size_t)count * each; i++) {
        require(kind == DATASET_IMAGES || values[i] < IMAGE_CLASSES, "a label above 9");
        sum += values[i];
    }
    fuzz_sink = sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    try_as(bytes, size, DATASET_IMAGES);
    try_as(bytes, size, DATASET_LABELS);
    return 0;
}
