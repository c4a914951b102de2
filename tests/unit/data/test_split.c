#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "mnist/data/dataset.h"
#include "mnist/data/image.h"
#include "mnist/data/split.h"

#include "../test.h"

/* Disjoint, complete and ascending at once: the two lists merge into 0 … n-1. */
static void check_partition(const struct split *split, int n, const char *what)
{
    int t = 0, v = 0;
    check(split->train_count + split->val_count == n, "%s: %d + %d images, wanted %d", what,
          split->train_count, split->val_count, n);
    for (int i = 0; i < n; i++) {
        if (t < split->train_count && split->train[t] == i)
            t++;
        else if (v < split->val_count && split->val[v] == i)
            v++;
        else if (!check(false, "%s: image %d is in neither list, or out of order", what, i))
            return;
    }
    check(t == split->train_count && v == split->val_count, "%s: an image is in both lists", what);
}

static void check_stratified(const struct split *split, const struct dataset *dataset,
                             const char *what)
{
    int size[IMAGE_CLASSES] = {0}, taken[IMAGE_CLASSES] = {0};
    for (int i = 0; i < dataset->count; i++)
        size[dataset->labels[i]]++;
    for (int i = 0; i < split->val_count; i++)
        taken[dataset->labels[split->val[i]]]++;
    for (int c = 0; c < IMAGE_CLASSES; c++) {
        double share = (double)size[c] * split->val_count / dataset->count;
        check(taken[c] > share - 1.0 && taken[c] < share + 1.0,
              "%s: %d of class %d validate, wanted about %.2f", what, taken[c], c, share);
    }
}

static void check_split(const struct dataset *dataset, int val_count, uint64_t seed,
                        const char *name)
{
    char what[64];
    struct split split, again;
    struct error err = {""};
    snprintf(what, sizeof what, "%s: %d of %d", name, val_count, dataset->count);
    if (!check(!split_create(&split, dataset, val_count, seed, &err), "%s: %s", what, err.text))
        return;
    check(split.val_count == val_count, "%s: %d validate", what, split.val_count);
    check_partition(&split, dataset->count, what);
    check_stratified(&split, dataset, what);
    if (check(!split_create(&again, dataset, val_count, seed, &err), "%s: %s", what, err.text)) {
        check(again.val_count == val_count &&
                  !memcmp(again.val, split.val, (size_t)val_count * sizeof *split.val),
              "%s: the same seed gave another split", what);
        split_free(&again);
    }
    split_free(&split);
    check(!split.train && !split.val && split.val_count == 0, "split_free leaves something");
}

TEST(split_sample, "split: data/sample")
{
    static const int counts[] = {0, 1, 9, 10, 11, 500, 4999};
    struct dataset dataset;
    struct error err = {""};
    if (!check(!dataset_load(&dataset, "data/sample", DATASET_TRAIN, NULL, &err), "%s", err.text))
        return;
    for (size_t i = 0; i < COUNT(counts); i++)
        check_split(&dataset, counts[i], 1, "data/sample");
    dataset_free(&dataset);
}

/* Classes of very different sizes, one of them empty, in order of class: the split must not just
 * take the first images. */
static struct dataset skewed_dataset(void)
{
    static const int sizes[IMAGE_CLASSES] = {1, 2, 3, 0, 500, 7, 10, 25, 1, 1};
    static uint8_t labels[550];
    int n = 0;
    for (int c = 0; c < IMAGE_CLASSES; c++)
        for (int i = 0; i < sizes[c]; i++)
            labels[n++] = (uint8_t)c;
    return (struct dataset){.count = n, .labels = labels};
}

TEST(split_skewed, "split: classes of uneven size")
{
    struct dataset dataset = skewed_dataset(), single = dataset;
    check_int(dataset.count, 550);
    for (int val_count = 0; val_count < dataset.count; val_count++)
        check_split(&dataset, val_count, (uint64_t)val_count, "skewed");
    single.count = 1;
    check_split(&single, 0, 1, "one image");
}

/* Over many seeds each image of the large class is set aside about equally often. */
TEST(split_random, "split: another seed, other images")
{
    enum { SEEDS = 400, VAL = 55 };
    int times[550] = {0}, changed = 0, last[VAL] = {0};
    struct dataset dataset = skewed_dataset();
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct split split;
        struct error err = {""};
        if (!check(!split_create(&split, &dataset, VAL, seed, &err), "%s", err.text))
            return;
        for (int i = 0; i < VAL && i < split.val_count; i++)
            times[split.val[i]]++;
        changed += memcmp(last, split.val, sizeof last) != 0;
        memcpy(last, split.val, sizeof last);
        split_free(&split);
    }
    check_int(changed, SEEDS);
    /* A tenth of 400 draws: 40, standard deviation 6. */
    for (int i = 6; i < 506; i++)
        check(times[i] >= 10 && times[i] <= 70, "image %d validates %d times of %d", i, times[i],
              SEEDS);
}

/* The split is part of every result. Indices from an independent implementation. */
TEST(split_golden, "split: the same indices everywhere")
{
    static const int wanted[] = {127, 291, 340, 350, 429, 462};
    struct split split;
    struct error err = {""};
    struct dataset dataset = skewed_dataset();
    if (!check(!split_create(&split, &dataset, 6, 1, &err), "%s", err.text))
        return;
    for (size_t i = 0; i < COUNT(wanted); i++) {
        test_case("place %zu", i);
        check_int(split.val[i], wanted[i]);
    }
    split_free(&split);
    /* Three classes with equal remainders could get the last place: 0, 8 and 9, one image each.
     * The lowest gets it. */
    if (check(!split_create(&split, &dataset, 300, 1, &err), "%s", err.text))
        check(split.val[0] == 0 && split.val[299] < 548, "from %d to %d validate", split.val[0],
              split.val[299]);
    split_free(&split);
}
