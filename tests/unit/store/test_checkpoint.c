#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mnist/base/file_read.h"
#include "mnist/codec/checksum.h"
#include "mnist/data/dataset.h"
#include "mnist/data/image.h"
#include "mnist/net/params.h"
#include "mnist/net/schedule.h"
#include "mnist/net/train.h"
#include "mnist/net/train_options.h"
#include "mnist/store/checkpoint.h"
#include "mnist/store/model.h"
#include "mnist/store/seal.h"

#include "../test.h"

enum { MADE_EPOCHS = 3, MADE_IMAGES = 7 };

static float *counted(float first)
{
    float *block = malloc(PARAM_COUNT * sizeof *block);
    for (int i = 0; block && i < PARAM_COUNT; i++)
        block[i] = first + (float)i / 8.0f;
    return block;
}

static struct dataset made_dataset(void)
{
    static const uint8_t labels[MADE_IMAGES] = {3, 1, 4, 1, 5, 9, 2};
    static const uint8_t pixels[MADE_IMAGES * IMAGE_PIXELS] = {1, 2, 3};
    return (struct dataset){.count = MADE_IMAGES, .pixels = pixels, .labels = labels};
}

static struct dataset_sums sums_of(const struct dataset *dataset)
{
    size_t count = (size_t)dataset->count;
    return (struct dataset_sums){.count = dataset->count,
                                 .images_crc32 =
                                     checksum_crc32(dataset->pixels, count * IMAGE_PIXELS),
                                 .labels_crc32 = checksum_crc32(dataset->labels, count)};
}

static struct run_data made_data(void)
{
    static const uint8_t label = 7, pixels[IMAGE_PIXELS] = {4};
    struct dataset train = made_dataset(), test = {.count = 1, .pixels = pixels, .labels = &label};
    return (struct run_data){
        .train = sums_of(&train), .test = sums_of(&test), .framed = true, .tells_test = true};
}

/* A state in which every number is another; state_release gives it back. */
static struct train_state made_state(bool averages)
{
    static struct train_epoch history[MADE_EPOCHS];
    for (int e = 0; e < MADE_EPOCHS; e++)
        history[e] = (struct train_epoch){.epoch = e + 1,
                                          .train_loss = 0.1 / (e + 1),
                                          .train_acc = 0.9 + 0.01 * e,
                                          .val_loss = 0.3 / (e + 3),
                                          .val_acc = 0.91 + 0.01 * e,
                                          .lr = 1e-3f / (float)(e + 1),
                                          .seconds = 0.1 * (e + 1),
                                          .val_seconds = 0.01 * (e + 1),
                                          .images_per_s = 1e6 / (e + 7),
                                          .best = e < 2};
    return (struct train_state){.epochs_run = MADE_EPOCHS,
                                .history = history,
                                .best = history[1],
                                .params = counted(1),
                                .m = counted(2),
                                .v = counted(3),
                                .best_params = counted(4),
                                .average = averages ? counted(5) : NULL};
}

static void state_release(struct train_state *state)
{
    free(state->params);
    free(state->m);
    free(state->v);
    free(state->best_params);
    free(state->average);
}

static struct train_options made_options(bool averages)
{
    return (struct train_options){.epochs = 50,
                                  .batch = 77,
                                  .lr = 3e-3f,
                                  .l2 = 1e-4f,
                                  .dropout = 0.1f,
                                  .patience = 9,
                                  .val = 2,
                                  .schedule = SCHEDULE_STEP,
                                  .warmup = 1,
                                  .label_smoothing = 0.05f,
                                  .augment = {10, 0.1f, 0.2f, 1.5f, 0.8f},
                                  .ema = averages ? 0.999f : 0.0f,
                                  .seed = UINT64_MAX};
}

static bool same_block(const float *a, const float *b)
{
    return a && b && !memcmp(a, b, PARAM_COUNT * sizeof *a);
}

static void check_epoch(const struct train_epoch *a, const struct train_epoch *b)
{
    bool same = a->epoch == b->epoch && a->train_loss == b->train_loss &&
                a->train_acc == b->train_acc && a->val_loss == b->val_loss &&
                a->val_acc == b->val_acc && a->lr == b->lr && a->seconds == b->seconds &&
                a->val_seconds == b->val_seconds && a->images_per_s == b->images_per_s &&
                a->best == b->best;
    check(same, "epoch %d differs", b->epoch);
}

/* Each pixel and each label counts, of the test images only where they are told. */
static void check_data(struct checkpoint *checkpoint, const struct run_data *data)
{
    static uint8_t pixels[MADE_IMAGES * IMAGE_PIXELS], labels[MADE_IMAGES];
    struct dataset same = made_dataset(), other;
    struct error err = {""};
    check(!checkpoint_check_data(checkpoint, "c", data, "here", &err), "%s", err.text);
    memcpy(pixels, same.pixels, sizeof pixels);
    memcpy(labels, same.labels, sizeof labels);
    const struct {
        uint8_t *changed;
        int count;
        const char *wanted;
    } others[] = {
        {&pixels[0], MADE_IMAGES, "began on other images than those in there"},
        {&pixels[sizeof pixels - 1], MADE_IMAGES, "began on other images than those in there"},
        {&labels[0], MADE_IMAGES, "began on images with other labels than those in there"},
        {&labels[0], MADE_IMAGES - 1, "began on other images than those in there"},
    };
    for (size_t i = 0; i < COUNT(others); i++) {
        *others[i].changed ^= 1;
        other = (struct dataset){.count = others[i].count, .pixels = pixels, .labels = labels};
        struct run_data found = *data;
        found.train = sums_of(&other);
        check_refused(checkpoint_check_data(checkpoint, "c", &found, "there", &err), &err,
                      others[i].wanted, "other data");
        *others[i].changed ^= 1;
    }
    struct run_data images = *data, labelled = *data;
    images.test.images_crc32 ^= 1;
    labelled.test.labels_crc32 ^= 1;
    check_refused(checkpoint_check_data(checkpoint, "c", &images, "there", &err), &err,
                  "c: its run is judged by other test images than those in there", "test images");
    check_refused(checkpoint_check_data(checkpoint, "c", &labelled, "there", &err), &err,
                  "is judged by test images with other labels than those in there", "test labels");
    checkpoint->data.tells_test = false;
    check(!checkpoint_check_data(checkpoint, "c", &images, "there", &err), "%s", err.text);
}

TEST(checkpoint_round_trip, "checkpoint: saved and loaded")
{
    for (int averages = 0; averages < 2; averages++) {
        struct train_state state = made_state(averages);
        struct train_options options = made_options(averages);
        struct run_data data = made_data();
        struct checkpoint back;
        struct error err = {""};
        const char *path = test_path("trip.checkpoint");
        if (check(!checkpoint_save(&state, &options, &data, path, &err) &&
                      !checkpoint_load(&back, path, &err),
                  "%s", err.text)) {
            for (int i = 0; i < TRAIN_OPTIONS; i++)
                check(!strcmp(train_options_text(&options, i).text,
                              train_options_text(&back.options, i).text),
                      "%s is %s", train_options_table[i].name,
                      train_options_text(&back.options, i).text);
            check(same_block(state.params, back.state.params), "the weights differ");
            check(same_block(state.m, back.state.m) && same_block(state.v, back.state.v),
                  "the moments differ");
            check(same_block(state.best_params, back.state.best_params), "the best weights differ");
            check(averages ? same_block(state.average, back.state.average) : !back.state.average,
                  "the average differs");
            check(back.state.epochs_run == MADE_EPOCHS && back.state.best.epoch == 2, "%d, best %d",
                  back.state.epochs_run, back.state.best.epoch);
            for (int e = 0; e < MADE_EPOCHS; e++)
                check_epoch(&back.state.history[e], &state.history[e]);
            check_data(&back, &data);
            checkpoint_free(&back);
        }
        state_release(&state);
    }
}

/* One checkpoint, and what is done to it before it is written again. */
struct tamper {
    const char *key, *value; /* metadata that changes; NULL value: it goes */
    const char *tensor;      /* one that gets another name */
    const char *wanted;      /* in the message */
};

/* Writes the checkpoint of `bytes` anew, with right checksums but something else wrong: with the
 * row (9) as epoch 2 of its history, with the moments (10) as those of the last biases, unless they
 * are NULL. */
static void tampered(const struct file *file, const struct tamper *tamper, const double *row,
                     const float *moments)
{
    static struct safetensors st, copy;
    static double history[MADE_EPOCHS][9];
    struct error err = {""};
    struct checkpoint checkpoint;
    const char *path = test_path("tampered.checkpoint");
    if (!check(!safetensors_parse(&st, file->bytes, file->size, "good", &err), "%s", err.text))
        return;
    copy = (struct safetensors){0};
    for (int i = 0; i < st.metadata_count; i++) {
        const struct safetensors_entry *entry = &st.metadata[i];
        bool hit = tamper->key && !strcmp(entry->key, tamper->key);
        if (strstr(entry->key, "crc32") == entry->key || !strcmp(entry->key, "header_crc32") ||
            (hit && !tamper->value))
            continue;
        safetensors_set(&copy, entry->key, "%s", hit ? tamper->value : entry->value);
    }
    for (int i = 0; i < st.tensor_count; i++) {
        const struct safetensors_tensor *t = &st.tensors[i];
        bool hit = tamper->tensor && !strcmp(t->name, tamper->tensor);
        const void *values = st.data + t->begin; /* this machine is little-endian, or skips */
        if (row && !strcmp(t->name, "history")) {
            memcpy(history, values, sizeof history);
            memcpy(history[1], row, sizeof history[1]);
            values = history;
        }
        if (moments && !strcmp(t->name, "v.fc3.bias"))
            values = moments;
        safetensors_add(&copy, hit ? "another" : t->name, t->type, t->rank, t->shape[0],
                        t->shape[1], values);
    }
    size_t size, room = SAFETENSORS_HEADER + st.data_size;
    uint8_t *bytes = malloc(room);
    if (!check(bytes && !seal_pack(&copy, bytes, room, &size, path, &err), "%s", err.text))
        return;
    test_write(path, bytes, size);
    free(bytes);
    int result = checkpoint_load(&checkpoint, path, &err);
    check_refused(result, &err, tamper->wanted, tamper->key ? tamper->key : tamper->tensor);
    if (!result)
        checkpoint_free(&checkpoint);
}

/* Epochs that no run can have behind it are neither written nor believed when they are read. */
TEST(checkpoint_impossible, "checkpoint: histories that cannot be")
{
    const uint16_t one = 1;
    if (!*(const uint8_t *)&one)
        skip("this machine is big-endian");
    static const struct {
        const char *what;
        double row[9]; /* as the history has them */
    } epochs[] = {
        {"train_loss", {-1e-9, .5, 1, .5, 1e-3, 1, 1, 1, 0}},
        {"train_loss", {1e39, .5, 1, .5, 1e-3, 1, 1, 1, 0}},
        {"val_loss", {1, .5, -1.7e308, .5, 1e-3, 1, 1, 1, 0}},
        {"val_loss", {1, .5, 1e308, .5, 1e-3, 1, 1, 1, 0}},
        {"train_acc", {1, 1.001, 1, .5, 1e-3, 1, 1, 1, 0}},
        {"val_acc", {1, .5, 1, -.001, 1e-3, 1, 1, 1, 0}},
        {"val_acc", {1, .5, 1, 1e308, 1e-3, 1, 1, 1, 0}},
        {"lr", {1, .5, 1, .5, -1e-3, 1, 1, 1, 0}},
        {"lr", {1, .5, 1, .5, 1e13, 1, 1, 1, 0}},
        {"seconds", {1, .5, 1, .5, 1e-3, 0, 1, 1, 0}},
        {"seconds", {1, .5, 1, .5, 1e-3, 1e15, 1, 1, 0}},
        {"val_seconds", {1, .5, 1, .5, 1e-3, 1, 1e15, 1, 0}},
        {"val_seconds", {1, .5, 1, .5, 1e-3, 1, -1, 1, 0}},
        {"images_per_s", {1, .5, 1, .5, 1e-3, 1, 1, 1e300, 0}},
    };
    static const char wanted[] = "epoch 2 of its history cannot be";
    struct train_state state = made_state(false);
    struct train_options options = made_options(false);
    struct run_data data = made_data();
    struct error err = {""};
    struct file good;
    const char *path = test_path("impossible.checkpoint");
    if (check(!checkpoint_save(&state, &options, &data, path, &err) &&
                  !file_read(&good, path, SIZE_MAX, NULL, &err),
              "%s", err.text)) {
        for (size_t i = 0; i < COUNT(epochs); i++) {
            const double *row = epochs[i].row;
            struct tamper tamper = {.key = "an epoch", .wanted = wanted};
            tampered(&good, &tamper, row, NULL);
            state.history[1] = (struct train_epoch){
                2, row[0], row[1], row[2], row[3], (float)row[4], row[5], row[6], row[7], false};
            check_refused(checkpoint_save(&state, &options, &data, path, &err), &err, wanted,
                          epochs[i].what);
        }
        struct tamper best = {.key = "best", .wanted = wanted};
        tampered(&good, &best, (const double[]){1, .5, 1, .5, 1e-3, 1, 1, 1, 1.5}, NULL);
        struct tamper tamper = {.key = "moments", .wanted = "squared gradients 109379 is -1e-30"};
        tampered(&good, &tamper, NULL, (const float[CLASSES]){[3] = -1e-30f});
        file_read_free(&good);
    }
    state_release(&state);
}

/* The mean of squares is no negative number, and no number of a file is infinite. */
TEST(checkpoint_unwritten, "checkpoint: what is not written")
{
    static const struct {
        bool moment;
        float value;
        const char *wanted;
    } rows[] = {{true, -0.5f, "squared gradients 100452 is -0.5"},
                {false, INFINITY, "value 100 of tensor best.fc1.bias is not finite"},
                {false, NAN, "value 100 of tensor best.fc1.bias is not finite"}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct train_state state = made_state(false);
        struct train_options options = made_options(false);
        struct run_data data = made_data();
        struct error err = {""};
        const char *path = test_path("unwritten.checkpoint");
        (rows[i].moment ? state.v : state.best_params)[FC1_BIAS + 100] = rows[i].value;
        check_refused(checkpoint_save(&state, &options, &data, path, &err), &err, rows[i].wanted,
                      "numbers that are none");
        check(access(path, F_OK) != 0, "it was written");
        state_release(&state);
    }
}

TEST(checkpoint_bad, "checkpoint: bad ones")
{
    static const struct tamper tampers[] = {
        {"mnist_checkpoint_version", "1", NULL, "checkpoint format 1, wanted 2 or 3"},
        {"mnist_checkpoint_version", NULL, NULL, "checkpoint format unknown, wanted 2 or 3"},
        {"numbers", "2", NULL, "began with version 2 of the arithmetic, wanted 1"},
        {"numbers", NULL, NULL, "numbers is missing, wanted a whole number"},
        {"lr", "1e-3x", NULL, "option lr is 1e-3x"},
        {"lr", "nan", NULL, "option lr is nan"},
        {"lr", NULL, NULL, "option lr is missing"},
        {"epochs", "2", NULL, "not that of 1 to 2 epochs"},
        {"epochs", " 50", NULL, "option epochs is  50"},
        {"batch", "0", NULL, "option batch is 0"},
        {"batch", "-7", NULL, "option batch is -7"},
        {"dropout", "1", NULL, "option dropout is 1"},
        {"rotate", "1e9", NULL, "option rotate is 1e9"},
        {"schedule", "linear", NULL, "option schedule is linear"},
        {"seed", "-1", NULL, "option seed is -1"},
        {"ema", "0", NULL, "31 tensors, wanted 25"},
        {"best_epoch", "0", NULL, "best_epoch is 0, wanted 1 to 3"},
        {"best_epoch", "4", NULL, "best_epoch is 4, wanted 1 to 3"},
        {"train_count", "", NULL, "train_count is , wanted"},
        {"train_images_crc32", NULL, NULL, "train_images_crc32 is missing, wanted eight"},
        {"train_images_crc32", "0123456g", NULL, "train_images_crc32 is 0123456g, wanted eight"},
        {"train_labels_crc32", NULL, NULL, "train_labels_crc32 is missing, wanted eight"},
        {"train_labels_crc32", "0x123456", NULL, "train_labels_crc32 is 0x123456, wanted eight"},
        {NULL, NULL, "history", "its history is not that of"},
        {NULL, NULL, "m.fc2.bias", "has no tensor m.fc2.bias"},
        {NULL, NULL, "average.fc1.weight", "has no tensor average.fc1.weight"},
    };
    const uint16_t one = 1;
    if (!*(const uint8_t *)&one)
        skip("this machine is big-endian");
    struct train_state state = made_state(true);
    struct train_options options = made_options(true);
    struct run_data data = made_data();
    struct error err = {""};
    struct file file;
    struct model model;
    struct checkpoint checkpoint;
    const char *path = test_path("good.checkpoint");
    if (check(!checkpoint_save(&state, &options, &data, path, &err) &&
                  !file_read(&file, path, 1 << 24, NULL, &err),
              "%s", err.text)) {
        for (size_t i = 0; i < COUNT(tampers); i++)
            tampered(&file, &tampers[i], NULL, NULL);
        check_refused(model_parse(&model, file.bytes, file.size, "x", &err), &err,
                      "x: a checkpoint, not a model", "as a model");
        check(model.is_checkpoint, "it is not known for a checkpoint");
        for (size_t at = 0; at < file.size; at += at < 4096 ? 53 : 50021) {
            file.bytes[at] ^= 1;
            check(checkpoint_parse(&checkpoint, file.bytes, file.size, "x", &err) == -1,
                  "a wrong bit at byte %zu is not seen", at);
            file.bytes[at] ^= 1;
        }
        file_read_free(&file);
    }
    state_release(&state);
}
