#include "mnist/data/split.h"

#include <string.h>

#include "mnist/base/memory.h"
#include "mnist/base/rng.h"

/* quota[c] = how many of class c are for validation: the whole part of its share, plus one each for
 * the classes with the largest remainders until the sum is right. */
static void stratify(int quota[IMAGE_CLASSES], const struct dataset *dataset, int val_count)
{
    int64_t size[IMAGE_CLASSES] = {0}, remainder[IMAGE_CLASSES];
    int left = val_count;
    for (int i = 0; i < dataset->count; i++)
        size[dataset->labels[i]]++;
    for (int c = 0; c < IMAGE_CLASSES; c++) {
        quota[c] = (int)(size[c] * val_count / dataset->count);
        remainder[c] = size[c] * val_count % dataset->count;
        left -= quota[c];
    }
    for (; left > 0; left--) {
        int most = 0;
        for (int c = 1; c < IMAGE_CLASSES; c++)
            if (remainder[c] > remainder[most])
                most = c;
        quota[most]++;
        remainder[most] = -1;
    }
}

int split_create(struct split *split, const struct dataset *dataset, int val_count, uint64_t seed,
                 struct error *err)
{
    int n = dataset->count, quota[IMAGE_CLASSES];
    *split = (struct split){0};
    int *order = mem_alloc((size_t)n, sizeof *order, err);
    bool *validates = mem_calloc((size_t)n, sizeof *validates, err);
    split->train = mem_alloc((size_t)(n - val_count), sizeof *split->train, err);
    split->val = mem_alloc((size_t)val_count, sizeof *split->val, err);
    int failed = !order || !validates || !split->train || !split->val;
    if (!failed) {
        struct rng rng;
        rng_seed(&rng, seed, RNG_SPLIT, 0);
        for (int i = 0; i < n; i++)
            order[i] = i;
        rng_shuffle(&rng, order, n);
        stratify(quota, dataset, val_count);
        for (int i = 0; i < n; i++)
            if (quota[dataset->labels[order[i]]]-- > 0)
                validates[order[i]] = true;
        for (int i = 0; i < n; i++) {
            if (validates[i])
                split->val[split->val_count++] = i;
            else
                split->train[split->train_count++] = i;
        }
    }
    mem_free(order);
    mem_free(validates);
    if (failed)
        split_free(split);
    return failed ? -1 : 0;
}

void split_free(struct split *split)
{
    mem_free(split->train);
    mem_free(split->val);
    *split = (struct split){0};
}
