#include <inttypes.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "mnist/base/rng.h"
#include "mnist/data/batch.h"
#include "mnist/data/dataset.h"
#include "mnist/data/image.h"

#include "../files.h"
#include "../test.h"

TEST(batch_values, "batch: values")
{
    check_float(batch_value[0], 0.0f);
    check_float(batch_value[255], 1.0f);
    for (int i = 0; i < 256; i++) {
        test_case("value %d", i);
        check_float(batch_value[i], (float)(i / 255.0));
    }
}

enum { MADE = 300 };

/* Every image, label and mask says which one it is. */
static struct dataset made_dataset(void)
{
    static uint8_t pixels[MADE * IMAGE_PIXELS], labels[MADE];
    static uint64_t masks[MADE * IMAGE_WORDS];
    for (int i = 0; i < MADE; i++) {
        labels[i] = (uint8_t)(i * 7 % 10);
        pixels[i * IMAGE_PIXELS] = (uint8_t)(i % 256);
        pixels[i * IMAGE_PIXELS + 1] = (uint8_t)(i / 256);
        masks[i * IMAGE_WORDS] = (uint64_t)i;
    }
    return (struct dataset){.count = MADE, .pixels = pixels, .labels = labels, .masks = masks};
}

static void check_batch(const struct batch *batch, const int *indices, int size)
{
    check(batch->size == size, "size %d, wanted %d", batch->size, size);
    for (int b = 0; b < size; b++) {
        int i = indices[b], found = batch->pixels[b][0] + 256 * batch->pixels[b][1];
        test_case("sample %d", b);
        check_int(found, i);
        check(batch->masks[b][0] == (uint64_t)i, "mask %d is that of %" PRIu64 ", wanted %d", b,
              batch->masks[b][0], i);
        for (int c = 0; c < IMAGE_CLASSES; c++) {
            float wanted = c == i * 7 % 10 ? 1.0f : 0.0f, target = batch->targets[b * 10 + c];
            check(target == wanted, "target (%d,%d) is %g, wanted %g", b, c, (double)target,
                  (double)wanted);
        }
    }
}

TEST(batch_fill, "batch: every sample in its place")
{
    static const int sizes[] = {128, 1, 7, 0, 127, 128};
    struct dataset dataset = made_dataset();
    struct batch batch;
    struct error err = {""};
    struct rng rng;
    rng_seed(&rng, 2, RNG_SHOW, 0);
    if (!check(!batch_create(&batch, 128, &err), "%s", err.text))
        return;
    check(batch.size == 0 && batch.capacity == 128, "%d of %d", batch.size, batch.capacity);
    for (size_t s = 0; s < COUNT(sizes); s++) {
        int indices[128];
        for (int b = 0; b < sizes[s]; b++)
            indices[b] = b < 2 ? b * (MADE - 1) : (int)rng_below(&rng, MADE);
        batch_fill(&batch, &dataset, indices, sizes[s]);
        check_batch(&batch, indices, sizes[s]);
    }
    batch_destroy(&batch);
    check(!batch.pixels && !batch.masks && !batch.targets, "batch_destroy leaves pointers");
}

/* Images without labels: the same masks, and targets that favour no class. */
TEST(unlabelled, "batch: of images without labels")
{
    uint8_t bytes[IMAGE_FILE];
    static const int indices[IMAGES] = {2, 0, 1};
    struct dataset dataset;
    struct batch batch = {0};
    struct error err = {""};
    make_images(bytes, 3);
    if (check(!dataset_unlabelled(&dataset, bytes + 16, IMAGES, &err), "%s", err.text) &&
        check(!batch_create(&batch, IMAGES, &err), "%s", err.text)) {
        check(dataset.count == IMAGES && dataset.pixels == bytes + 16 && !dataset.labels, "%d",
              dataset.count);
        batch_fill(&batch, &dataset, indices, IMAGES);
        for (int b = 0; b < IMAGES; b++) {
            uint64_t mask[IMAGE_WORDS];
            const uint8_t *pixels = bytes + 16 + indices[b] * IMAGE_PIXELS;
            image_mask(mask, pixels);
            check(batch.pixels[b] == pixels, "sample %d: other pixels", b);
            check(!memcmp(batch.masks[b], mask, sizeof mask), "sample %d: another mask", b);
            for (int c = 0; c < IMAGE_CLASSES; c++)
                check(fabsf(batch.targets[b * IMAGE_CLASSES + c]) <= 0.0f, "sample %d: a target",
                      b);
        }
    }
    batch_destroy(&batch);
    dataset_free(&dataset);
}

TEST(batch_smoothing, "batch: smoothed targets")
{
    struct dataset dataset = made_dataset();
    struct batch batch;
    struct error err = {""};
    int index = 5; /* a 5: made_dataset's labels are i * 7 % 10 */
    if (!check(!batch_create(&batch, 1, &err), "%s", err.text))
        return;
    batch.smoothing = 0.2f;
    batch_fill(&batch, &dataset, &index, 1);
    float sum = 0.0f;
    for (int c = 0; c < IMAGE_CLASSES; c++) {
        float wanted = c == 5 ? 0.82f : 0.02f;
        sum += batch.targets[c];
        check(fabsf(batch.targets[c] - wanted) <= 1e-7f, "class %d: %g", c,
              (double)batch.targets[c]);
    }
    check(fabsf(sum - 1.0f) <= 1e-6f, "the targets sum to %g", (double)sum);
    batch_destroy(&batch);
}
