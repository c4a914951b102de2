#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "mnist/net/proof.h"
#include "mnist/store/metadata.h"

#include "../test.h"

static struct metadata made_metadata(void)
{
    struct metadata told = {
        .numbers = PROOF_NUMBERS,
        .options = train_options_usual(),
        .data = {{60000, 0x12345678, 0x9abcdef0}, {10000, 0xfedcba98, 0x76543210}, true, true},
        .best = {.epoch = 17, .val_loss = 0.0625, .val_acc = 0.984}};
    told.options.val = 5000;
    return told;
}

/* The keys of what is put, a space after each. */
static const char *keys_of(enum metadata_file file, const struct metadata *told)
{
    static char text[2048];
    struct safetensors st = {0};
    size_t used = 0;
    metadata_put(&st, file, told);
    check(!st.overfull, "more than there is room for");
    for (int i = 0; i < st.metadata_count; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s ", st.metadata[i].key);
    return text;
}

#define OPTIONS                                                                           \
    "epochs lr batch l2 dropout patience val schedule warmup label_smoothing ema rotate " \
    "scale shear shift elastic seed "

TEST(metadata_keys, "metadata: what files tell")
{
    struct metadata told = made_metadata();
    check_string(keys_of(METADATA_MODEL, &told),
                 "mnist_format_version format architecture input_scaling origin numbers " OPTIONS
                 "train_images_crc32 train_labels_crc32 input best_epoch val_loss val_acc ");
    check_string(
        keys_of(METADATA_CHECKPOINT, &told),
        "mnist_checkpoint_version format architecture input_scaling origin numbers " OPTIONS
        "train_count train_images_crc32 train_labels_crc32 test_images_crc32 test_labels_crc32 "
        "input best_epoch val_loss val_acc ");
    told.options.val = 0;
    check(!strstr(keys_of(METADATA_MODEL, &told), "val_"), "figures of no validation");
    told = made_metadata();
    told.best.epoch = 0;
    check(!strstr(keys_of(METADATA_MODEL, &told), "val_"), "figures of no epoch");
}

TEST(metadata_round_trip, "metadata: what is put is taken")
{
    for (int file = METADATA_MODEL; file <= METADATA_CHECKPOINT; file++) {
        bool all = file == METADATA_CHECKPOINT;
        struct safetensors st = {0};
        struct metadata told = made_metadata(), back;
        struct error err = {""};
        told.data.framed = !all;
        metadata_put(&st, (enum metadata_file)file, &told);
        test_case(all ? "a checkpoint" : "a model");
        if (!check_int(metadata_form((enum metadata_file)file, &st, "m", &err), 2) ||
            !check(!metadata_take(&back, (enum metadata_file)file, 2, &st, "m", &err), "%s",
                   err.text))
            return;
        check_int(back.numbers, PROOF_NUMBERS);
        for (int i = 0; i < TRAIN_OPTIONS; i++)
            check_string(train_options_text(&back.options, i).text,
                         train_options_text(&told.options, i).text);
        check_int(back.data.train.count, all ? 60000 : 0);
        check_hex(back.data.train.images_crc32, 0x12345678);
        check_hex(back.data.train.labels_crc32, 0x9abcdef0);
        check_hex(back.data.test.images_crc32, all ? 0xfedcba98 : 0);
        check_hex(back.data.test.labels_crc32, all ? 0x76543210 : 0);
        check(back.data.tells_test == all && back.data.framed == !all, "test or frame");
        check_int(back.best.epoch, 17);
    }
}

/* What was put, with one string changed: `key` is called `name`, or has this value, or is gone. */
static struct safetensors changed(enum metadata_file file, const char *key, const char *name,
                                  const char *value)
{
    struct safetensors whole = {0}, st = {0};
    struct metadata told = made_metadata();
    metadata_put(&whole, file, &told);
    for (int i = 0; i < whole.metadata_count; i++) {
        const struct safetensors_entry *entry = &whole.metadata[i];
        bool hit = !strcmp(entry->key, key);
        if (!hit)
            safetensors_set(&st, entry->key, "%s", entry->value);
        else if (name)
            safetensors_set(&st, name, "%s", value);
    }
    return st;
}

TEST(metadata_bad, "metadata: what is missing or cannot be")
{
    static const struct {
        const char *key, *value, *wanted;
    } rows[] = {
        {"format", "tf", "m: its format is tf, wanted pt"},
        {"architecture", "10-10", "its architecture is 10-10, wanted 784-128-64-10 dense, ReLU"},
        {"input_scaling", NULL, "its input_scaling is missing, wanted pixel / 255"},
        {"origin", "imported", "its origin is imported, wanted trained"},
        {"numbers", NULL, "its numbers is missing, wanted a whole number"},
        {"numbers", "-1", "its numbers is -1, wanted a whole number"},
        {"numbers", "01", "its numbers is 01, wanted a whole number"},
        {"numbers", "4294967297", "its numbers is 4294967297, wanted a whole number"},
        {"lr", NULL, "its option lr is missing"},
        {"lr", "2e12", "its option lr is 2e12"},
        {"seed", "one", "its option seed is one"},
        {"train_count", "60000 ", "its train_count is 60000 , wanted a whole number"},
        {"train_images_crc32", "1234567", "its train_images_crc32 is 1234567, wanted eight"},
        {"train_labels_crc32", "1234567G", "its train_labels_crc32 is 1234567G, wanted eight"},
        {"test_images_crc32", "123456789", "its test_images_crc32 is 123456789, wanted eight"},
        {"test_labels_crc32", NULL, "its test_labels_crc32 is missing, wanted eight"},
        {"input", "digit", "its input is digit, wanted digits or as-is"},
        {"input", NULL, "its input is missing, wanted digits or as-is"},
        {"best_epoch", "", "its best_epoch is , wanted a whole number"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct safetensors st = changed(METADATA_CHECKPOINT, rows[i].key,
                                        rows[i].value ? rows[i].key : NULL, rows[i].value);
        struct metadata back;
        struct error err = {""};
        check_refused(metadata_take(&back, METADATA_CHECKPOINT, 2, &st, "m", &err), &err,
                      rows[i].wanted, rows[i].key);
    }
}

TEST(metadata_form, "metadata: versions, and the other kind of file")
{
    static const struct {
        enum metadata_file file;
        const char *key, *value;
        int form;
        const char *wanted;
    } rows[] = {
        {METADATA_MODEL, "mnist_format_version", "1", 1, NULL},
        {METADATA_MODEL, "mnist_format_version", "2", 2, NULL},
        {METADATA_MODEL, "mnist_format_version", "3", 0,
         "m: model format 3, wanted 1 or 2: it needs another version of mnist"},
        {METADATA_MODEL, "mnist_checkpoint_version", "2", 0, "m: a checkpoint, not a model"},
        {METADATA_MODEL, "format", "pt", 0, "m: model format unknown, wanted 1 or 2"},
        {METADATA_CHECKPOINT, "mnist_checkpoint_version", "1", 0,
         "m: checkpoint format 1, wanted 2 or 3: it needs another version of mnist"},
        {METADATA_CHECKPOINT, "mnist_checkpoint_version", "2", 1, NULL},
        {METADATA_CHECKPOINT, "mnist_checkpoint_version", "3", 2, NULL},
        {METADATA_CHECKPOINT, "mnist_format_version", "2", 0, "m: a model, not a checkpoint"},
        {METADATA_CHECKPOINT, "format", "pt", 0, "m: checkpoint format unknown, wanted 2 or 3"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct safetensors st = {0};
        struct error err = {""};
        safetensors_set(&st, rows[i].key, "%s", rows[i].value);
        test_case("row %zu", i);
        check_int(metadata_form(rows[i].file, &st, "m", &err), rows[i].form);
        if (rows[i].wanted)
            check_refused(-1, &err, rows[i].wanted, "a form");
    }
}

/* Version 1.0 called the sums of the training images otherwise, and told neither `numbers`, which
 * were 1, nor the test images. */
TEST(metadata_first_form, "metadata: checkpoints of version 1.0")
{
    static const char *const told[][2] = {{"train_count", "5000"},
                                          {"images_crc32", "136fc56a"},
                                          {"labels_crc32", "b62c2bbd"},
                                          {"best_epoch", "6"}};
    struct metadata usual = made_metadata(), back;
    for (size_t without = 0; without <= COUNT(told); without++) {
        struct safetensors st = {0};
        struct error err = {""};
        for (int i = 0; i < TRAIN_OPTIONS; i++)
            safetensors_set(&st, train_options_table[i].name, "%s",
                            train_options_text(&usual.options, i).text);
        for (size_t i = 0; i < COUNT(told); i++)
            if (i != without)
                safetensors_set(&st, told[i][0], "%s", told[i][1]);
        int failed = metadata_take(&back, METADATA_CHECKPOINT, 1, &st, "m", &err);
        if (without < COUNT(told)) {
            check_refused(failed, &err, told[without][0], "without");
            continue;
        }
        check(!failed, "%s", err.text);
        check_int(back.numbers, 1);
        check_int(back.data.train.count, 5000);
        check_hex(back.data.train.images_crc32, 0x136fc56a);
        check_hex(back.data.train.labels_crc32, 0xb62c2bbd);
        check_int(back.best.epoch, 6);
        check(!back.data.tells_test, "it tells of the test images");
        struct metadata model;
        check_refused(metadata_take(&model, METADATA_MODEL, 1, &st, "m", &err), &err,
                      "its format is missing", "as a model");
    }
}
