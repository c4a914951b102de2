#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mnist/base/file_read.h"
#include "mnist/codec/checksum.h"
#include "mnist/codec/safetensors.h"
#include "mnist/net/params.h"
#include "mnist/net/schedule.h"
#include "mnist/store/model.h"

#include "../files.h"
#include "../test.h"

/* Parameter i is i: any wrong order shows, and all are exact in float. */
static struct model counting_model(void)
{
    static float params[PARAM_COUNT];
    for (int i = 0; i < PARAM_COUNT; i++)
        params[i] = (float)i;
    return (struct model){
        .params = params,
        .options = {.epochs = 50,
                    .batch = 128,
                    .lr = 1e-3f,
                    .l2 = 1e-4f,
                    .patience = 10,
                    .val = 5000,
                    .schedule = SCHEDULE_COSINE,
                    .seed = UINT64_MAX},
        .data = {.train = {60000, 0x12345678, 0x9abcdef0}, .framed = true},
        .best = {.epoch = 17, .val_loss = 0.0625, .val_acc = 0.984},
    };
}

/* Its weights are not its own. */
static void counting_free(struct model *model)
{
    model->params = NULL;
    model_free(model);
}

/* The counting model's file, read once. */
static const struct file *model_file(void)
{
    static struct file file;
    struct error err = {""};
    struct model model = counting_model();
    const char *path = test_path("counting.bin");
    if (!file.bytes) {
        check(!model_save(&model, path, &err), "%s", err.text);
        check(!file_read(&file, path, 1 << 20, NULL, &err), "%s", err.text);
    }
    counting_free(&model);
    return file.bytes ? &file : NULL;
}

static size_t header_length(const struct file *file)
{
    size_t length = 0;
    for (int b = 7; b >= 0; b--)
        length = length << 8 | file->bytes[b];
    return length;
}

TEST(model_round_trip, "model: round trip")
{
    struct model model = counting_model(), back = {0};
    struct error err = {""};
    int wrong = 0;
    const char *path = test_path("trip.bin");
    if (!check(!model_save(&model, path, &err), "%s", err.text) ||
        !check(!model_load(&back, path, &err), "%s", err.text))
        return;
    for (int i = 0; i < PARAM_COUNT; i++)
        wrong += !(back.params[i] == (float)i);
    check(wrong == 0, "%d of %d parameters changed", wrong, PARAM_COUNT);
    check(back.crc32 == model.crc32 && model.crc32 != 0, "crc32 %08" PRIx32 " and %08" PRIx32,
          model.crc32, back.crc32);
    check(back.described, "it is not described");
    for (int i = 0; i < TRAIN_OPTIONS; i++)
        check_string(train_options_text(&back.options, i).text,
                     train_options_text(&model.options, i).text);
    check_hex(back.data.train.images_crc32, model.data.train.images_crc32);
    check_hex(back.data.train.labels_crc32, model.data.train.labels_crc32);
    check(back.data.framed && !back.data.tells_test, "framed, and of the test images nothing");
    check_int(back.best.epoch, model.best.epoch);
    model_free(&back);
    check(!back.params, "model_free leaves a pointer");
    counting_free(&model);
}

TEST(model_same_bytes, "model: the same bytes each time")
{
    struct model model = counting_model();
    struct file again = {0};
    struct error err = {""};
    const struct file *file = model_file();
    const char *path = test_path("another-name.bin");
    if (!file || !check(!model_save(&model, path, &err), "%s", err.text) ||
        !check(!file_read(&again, path, 1 << 20, NULL, &err), "%s", err.text))
        return;
    check(file->size == again.size && !memcmp(file->bytes, again.bytes, file->size),
          "two saves of one model differ");
    file_read_free(&again);
    model.best.epoch++;
    if (check(!model_save(&model, path, &err), "%s", err.text) &&
        check(!file_read(&again, path, 1 << 20, NULL, &err), "%s", err.text))
        check(file->size != again.size || memcmp(file->bytes, again.bytes, file->size),
              "another model gave the same bytes");
    file_read_free(&again);
    counting_free(&model);
}

/* Straight from the bytes, as PyTorch would: tensor[row][column] of (outputs, inputs), float32,
 * little-endian. */
TEST(model_layout, "model: bytes as PyTorch wants them")
{
    const struct file *file = model_file();
    size_t at = file ? 8 + header_length(file) : 0, wrong = 0;
    if (!file)
        return;
    check(at % 8 == 0, "the data starts at byte %zu", at);
    check(file->size == at + 4 * (size_t)PARAM_COUNT, "%zu bytes", file->size);
    if (file->size != at + 4 * (size_t)PARAM_COUNT)
        return;
    for (int t = 0; t < PARAM_TENSORS; t++) {
        const struct param *param = &param_table[t];
        for (int out = 0; out < param->cols; out++)
            for (int in = 0; in < param->rows; in++, at += 4) {
                const uint8_t *p = file->bytes + at;
                uint32_t bits = (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 |
                                (uint32_t)p[0];
                float value;
                memcpy(&value, &bits, sizeof value);
                wrong += !(value == (float)(param->offset + in * param->cols + out));
            }
    }
    check(wrong == 0, "%zu floats are not where they belong", wrong);
}

static const char *const model_metadata[][2] = {
    {"format", "pt"},
    {"mnist_format_version", "2"},
    {"architecture", "784-128-64-10 dense, ReLU, softmax"},
    {"input_scaling", "pixel / 255"},
    {"origin", "trained"},
    {"numbers", "1"},
    {"epochs", "50"},
    {"batch", "128"},
    {"lr", "0.001"},
    {"dropout", "0"},
    {"patience", "10"},
    {"val", "5000"},
    {"schedule", "cosine"},
    {"seed", "18446744073709551615"},
    {"train_images_crc32", "12345678"},
    {"train_labels_crc32", "9abcdef0"},
    {"input", "digits"},
    {"best_epoch", "17"},
    {"val_loss", "0.0625"},
    {"val_acc", "0.984"},
};

TEST(model_header, "model: header")
{
    struct safetensors st;
    struct error err = {""};
    char crc[16];
    const struct file *file = model_file();
    if (!file ||
        !check(!safetensors_parse(&st, file->bytes, file->size, "m", &err), "%s", err.text))
        return;
    for (size_t i = 0; i < COUNT(model_metadata); i++) {
        const char *value = safetensors_get(&st, model_metadata[i][0]);
        check(value && !strcmp(value, model_metadata[i][1]), "%s is %s, wanted %s",
              model_metadata[i][0], value ? value : "missing", model_metadata[i][1]);
    }
    size_t start = 8 + header_length(file);
    snprintf(crc, sizeof crc, "%08" PRIx32,
             checksum_crc32(file->bytes + start, file->size - start));
    check(!strcmp(safetensors_get(&st, "crc32"), crc), "crc32 is %s, wanted %s",
          safetensors_get(&st, "crc32"), crc);
    check(st.tensor_count == PARAM_TENSORS, "%d tensors", st.tensor_count);
    const struct safetensors_tensor *first = safetensors_find(&st, "fc1.weight");
    check(first && first->rank == 2 && first->shape[0] == 128 && first->shape[1] == 784,
          "fc1.weight is not (128,784)");
    const struct safetensors_tensor *bias = safetensors_find(&st, "fc3.bias");
    check(bias && bias->rank == 1 && bias->shape[0] == 10, "fc3.bias is not (10)");
}

TEST(model_files, "model: files that cannot be written or read")
{
    struct model model = counting_model(), back;
    struct error err = {""};
    const char *path = test_path("text.bin");
    check_refused(model_save(&model, test_path("no/model.bin"), &err), &err, "cannot write",
                  "no such folder");
    check_refused(model_load(&back, test_path("missing.bin"), &err), &err, "cannot open",
                  "a missing file");
    check(!back.params, "memory is left after a failure");
    check_refused(model_load(&back, test_path(""), &err), &err, "is a folder", "a folder");
    test_write(path, "<html>", 6);
    check_refused(model_load(&back, path, &err), &err, "an HTML or XML page", "an HTML page");
    check(!strncmp(err.text, path, strlen(path)), "\"%s\" does not name the file", err.text);
    check_refused(model_load(&back, "/dev/zero", &err), &err, "nothing but zeros",
                  "a file without end");
    counting_free(&model);
}

/* One change to a header that is otherwise the model's own. */
struct change {
    const char *tensor;  /* which one */
    const char *name;    /* its name then, "" leaves it out */
    const char *shape;   /* its shape then */
    const char *extra;   /* put before the tensors */
    const char *version; /* mnist_format_version, NULL leaves it out */
    size_t extra_bytes;  /* what the extra tensor takes, at the start */
    const char *wanted;
};

static const struct change changes[] = {
    {"fc1.bias", "fc1.bia", NULL, "", "1", 0, "has no tensor fc1.bias"},
    {"fc1.weight", "FC1.weight", NULL, "", "1", 0, "has no tensor fc1.weight"},
    {"fc3.bias", "", NULL, "", "1", 0, "has no tensor fc3.bias"},
    {"", NULL, NULL, TENSOR("fc4.bias", "[10]", "[0,40]") ",", "1", 40, "has 7 tensors, wanted"},
    {"fc1.weight", NULL, "[784,128]", "", "1", 0,
     "fc1.weight has shape (784,128), wanted (128,784)"},
    {"fc1.weight", NULL, "[100352]", "", "1", 0, "fc1.weight has shape (100352), wanted (128,784)"},
    {"fc2.weight", NULL, "[128,64]", "", "1", 0, "fc2.weight has shape (128,64), wanted (64,128)"},
    {"fc2.bias", NULL, "[64,1]", "", "1", 0, "fc2.bias has shape (64,1), wanted"},
    {"fc2.bias", NULL, "[1,64]", "", "1", 0, "fc2.bias has shape (1,64), wanted"},
    {"fc3.bias", NULL, "[2,5]", "", "1", 0, "fc3.bias has shape (2,5), wanted"},
    {"", NULL, NULL, "", "3", 0, "model format 3, wanted 1 or 2: it needs another"},
    {"", NULL, NULL, "", "", 0, "model format , wanted 1 or 2"},
    {"", NULL, NULL, "", "10", 0, "model format 10, wanted 1 or 2"},
    {"", NULL, NULL, "", NULL, 0, "model format unknown, wanted 1 or 2"},
};

/* The header of a model file with a change made to it; returns how many data bytes belong to it. */
static size_t changed_header(char *header, const struct change *change)
{
    size_t begin = change->extra_bytes;
    char *p = header;
    p += sprintf(p, "{\"__metadata__\":{" SUMS);
    if (change->version)
        p += sprintf(p, ",\"mnist_format_version\":\"%s\"", change->version);
    p += sprintf(p, "},%s", change->extra);
    for (int t = 0; t < PARAM_TENSORS; t++) {
        const struct param *param = &param_table[t];
        bool here = !strcmp(param->name, change->tensor);
        const char *name = here && change->name ? change->name : param->name;
        char shape[32];
        size_t end = begin + 4 * (size_t)param->rows * (size_t)param->cols;
        if (!*name)
            continue;
        if (PARAM_IS_WEIGHT(param))
            snprintf(shape, sizeof shape, "[%d,%d]", param->cols, param->rows);
        else
            snprintf(shape, sizeof shape, "[%d]", param->cols);
        p += sprintf(p, "%s" TENSOR("%s", "%s", "[%zu,%zu]"), t ? "," : "", name,
                     here && change->shape ? change->shape : shape, begin, end);
        begin = end;
    }
    sprintf(p, "}");
    return begin;
}

TEST(model_wrong_network, "model: another network")
{
    static uint8_t file[ROOM];
    static const struct change none[] = {{"", NULL, NULL, "", "1", 0, ""},
                                         {"", NULL, NULL, "", "2", 0, ""}};
    char header[4096];
    struct model model;
    struct error err = {""};
    size_t data_size, size;
    for (size_t i = 0; i < COUNT(none); i++) {
        data_size = changed_header(header, &none[i]);
        size = build(file, header, NULL, data_size);
        check(!model_parse(&model, file, size, "unchanged", &err), "%s", err.text);
        check(!model.described, "it is described, by nothing");
        model_free(&model);
    }
    for (size_t i = 0; i < COUNT(changes); i++) {
        char what[32];
        data_size = changed_header(header, &changes[i]);
        size = build(file, header, NULL, data_size);
        snprintf(what, sizeof what, "row %zu", i);
        check_refused(model_parse(&model, file, size, "changed", &err), &err, changes[i].wanted,
                      what);
        check(!model.params, "row %zu: memory is left after a failure", i);
    }
}

/* The same without the seal, and so by somebody else. */
static const struct change others[] = {
    {"fc1.bias", "fc1.bia", NULL, "", NULL, 0,
     "x: another network's: has tensor fc1.bia (128), wanted the 6 of 784-128-64-10, fc1.weight "
     "(128,784) to fc3.bias (10)"},
    {"", NULL, NULL, TENSOR("conv", "[2,1,5]", "[0,40]") ",", NULL, 40,
     "x: another network's: has tensor conv (2,1,5), wanted the 6"},
    {"", NULL, NULL, TENSOR("step", "[]", "[0,4]") ",", NULL, 4,
     "x: another network's: has tensor step (), wanted the 6"},
    {"fc3.bias", "", NULL, "", NULL, 0, "x: another network's: has no tensor fc3.bias"},
    {"fc1.weight", NULL, "[784,128]", "", NULL, 0,
     "x: another network's: tensor fc1.weight has shape (784,128), wanted (128,784)"},
    {"fc2.bias", NULL, "[1,64]", "", NULL, 0,
     "x: another network's: tensor fc2.bias has shape (1,64), wanted (64)"},
    {"", NULL, NULL, "", NULL, 0,
     "x: has this network's tensors, but no header_crc32 in its metadata: not a file that mnist "},
    {"fc3.bias", "", NULL, "", "2", 0, "x: no header_crc32 in its metadata: not a file that mnist"},
};

TEST(model_unsealed, "model: files of other networks and programs")
{
    static uint8_t file[ROOM];
    char header[4096];
    for (size_t i = 0; i < COUNT(others); i++) {
        struct model model;
        struct error err = {""};
        size_t data_size = changed_header(header, &others[i]);
        memcpy(strstr(header, "header_crc32"), "HEADER", 6);
        test_case("row %zu", i);
        check_refused(model_parse(&model, file, build(file, header, NULL, data_size), "x", &err),
                      &err, others[i].wanted, "");
        check(!model.params, "memory is left after a failure");
    }
    struct model model;
    struct error err = {""};
    size_t data_size = changed_header(header, &others[6]);
    memcpy(strstr(header, "header_crc32"), "HEADER", 6);
    for (char *at = header; (at = strstr(at, "F32")); at++)
        memcpy(at, "U32", 3);
    check_refused(model_parse(&model, file, build(file, header, NULL, data_size), "x", &err), &err,
                  "x: another network's: tensor fc1.weight has dtype U32, wanted F32", "integers");
}

static int parse_model(const uint8_t *bytes, size_t size)
{
    struct model model;
    struct error err = {""};
    int result = model_parse(&model, bytes, size, "bytes", &err);
    if (!result)
        model_free(&model);
    else
        check(!strncmp(err.text, "bytes: ", 7), "no message: \"%s\"", err.text);
    return result;
}

TEST(model_truncated, "model: cut short")
{
    const struct file *file = model_file();
    if (!file)
        return;
    size_t start = 8 + header_length(file);
    check(!parse_model(file->bytes, file->size), "the whole file is refused");
    for (size_t size = 0; size < file->size; size += size < start + 8 ? 1 : 499) {
        uint8_t *cut = malloc(size ? size : 1);
        if (!check(cut != NULL, "no memory"))
            return;
        memcpy(cut, file->bytes, size);
        check(parse_model(cut, size) == -1, "%zu of %zu bytes are accepted", size, file->size);
        free(cut);
    }
    check(parse_model(file->bytes, file->size - 1) == -1, "all but one byte are accepted");
}

/* Every byte of the header, three ways. A CRC-32 differs after any change of 32 neighbouring bits
 * or fewer, so of the data a sample of the places is enough: it shows that the sum is looked at. */
TEST(model_flipped, "model: a changed byte")
{
    static const uint8_t flips[] = {0x01, 0x80, 0xff};
    const struct file *file = model_file();
    uint8_t *bytes = file ? malloc(file->size) : NULL;
    if (!check(bytes != NULL, "no file to flip"))
        return;
    size_t start = 8 + header_length(file), last = file->size - 1;
    memcpy(bytes, file->bytes, file->size);
    for (size_t i = 0; i < start; i++)
        for (size_t f = 0; f < COUNT(flips); f++) {
            bytes[i] ^= flips[f];
            check(parse_model(bytes, file->size) == -1, "header byte %zu ^ 0x%02x is accepted", i,
                  flips[f]);
            bytes[i] ^= flips[f];
        }
    for (size_t i = start; i <= last; i = i < last && i + 997 > last ? last : i + 997) {
        bytes[i] ^= 0x01;
        check(parse_model(bytes, file->size) == -1, "data byte %zu ^ 0x01 is accepted", i);
        bytes[i] ^= 0x01;
    }
    check(!parse_model(bytes, file->size), "unchanged, yet refused");
    free(bytes);
}
