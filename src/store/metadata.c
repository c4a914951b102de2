#include "mnist/store/metadata.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mnist/net/params.h"
#include "mnist/net/proof.h"

enum { FORMS = 2 };

/* The two kinds of file, and the version of each in each form of the metadata. */
static const struct {
    const char *what, *key, *versions[FORMS];
} files[] = {
    [METADATA_MODEL] = {"model", "mnist_format_version", {"1", "2"}},
    [METADATA_CHECKPOINT] = {"checkpoint", "mnist_checkpoint_version", {"2", "3"}},
};

enum kind {
    TEXT,    /* the same in all files */
    WHOLE,   /* int, 0 or more */
    CRC32,   /* uint32_t */
    INPUT,   /* bool: framed */
    FIGURE,  /* double, where there was validation */
    OPTIONS, /* a string for each, with its own name */
};

#define AT(field) offsetof(struct metadata, field)

/* The strings after the version, in the order of the file. */
static const struct row {
    const char *key;
    enum kind kind;
    size_t offset;     /* of the value in struct metadata */
    int since[2];      /* the first form that has it, of a model and of a checkpoint; 0: none has */
    const char *text;  /* of TEXT */
    const char *first; /* another key, in form 1 */
} rows[] = {
    {"format", TEXT, 0, .since = {1, 2}, .text = "pt"},
    {"architecture", TEXT, 0, .since = {1, 2}, .text = PARAMS_ARCHITECTURE " dense, ReLU, softmax"},
    {"input_scaling", TEXT, 0, .since = {1, 2}, .text = "pixel / 255"},
    {"origin", TEXT, 0, .since = {2, 2}, .text = "trained"},
    {"numbers", WHOLE, AT(numbers), .since = {2, 2}},
    {NULL, OPTIONS, AT(options), .since = {1, 1}},
    {"train_count", WHOLE, AT(data.train.count), .since = {0, 1}},
    {"train_images_crc32", CRC32, AT(data.train.images_crc32), .since = {2, 1},
     .first = "images_crc32"},
    {"train_labels_crc32", CRC32, AT(data.train.labels_crc32), .since = {2, 1},
     .first = "labels_crc32"},
    {"test_images_crc32", CRC32, AT(data.test.images_crc32), .since = {0, 2}},
    {"test_labels_crc32", CRC32, AT(data.test.labels_crc32), .since = {0, 2}},
    {"input", INPUT, AT(data.framed), .since = {2, 2}},
    {"best_epoch", WHOLE, AT(best.epoch), .since = {1, 1}},
    {"val_loss", FIGURE, AT(best.val_loss), .since = {1, 2}},
    {"val_acc", FIGURE, AT(best.val_acc), .since = {1, 2}},
};

enum { ROWS = sizeof rows / sizeof rows[0] };

struct run_data metadata_run_data(const struct dataset *train, const struct dataset *test)
{
    return (struct run_data){
        .train = train->sums, .test = test->sums, .framed = train->framed, .tells_test = true};
}

/* --- writing --- */

static struct text text_of(const struct row *row, const struct metadata *metadata)
{
    const void *at = (const char *)metadata + row->offset;
    struct text result = {""};
    switch (row->kind) {
    case WHOLE:
        snprintf(result.text, sizeof result.text, "%d", *(const int *)at);
        break;
    case CRC32:
        return format_crc32(*(const uint32_t *)at);
    case INPUT:
        snprintf(result.text, sizeof result.text, *(const bool *)at ? "digits" : "as-is");
        break;
    case FIGURE:
        return format_figure(*(const double *)at);
    case TEXT:
    case OPTIONS:
        break;
    }
    return result;
}

void metadata_put(struct safetensors *st, enum metadata_file file, const struct metadata *metadata)
{
    bool validated = metadata->options.val > 0 && metadata->best.epoch > 0;
    safetensors_set(st, files[file].key, "%s", files[file].versions[FORMS - 1]);
    for (int r = 0; r < ROWS; r++) {
        const struct row *row = &rows[r];
        if (!row->since[file] || (row->kind == FIGURE && !validated))
            continue;
        if (row->kind != OPTIONS)
            safetensors_set(st, row->key, "%s",
                            row->text ? row->text : text_of(row, metadata).text);
        for (int i = 0; i < TRAIN_OPTIONS && row->kind == OPTIONS; i++)
            safetensors_set(st, train_options_table[i].name, "%s",
                            train_options_text(&metadata->options, i).text);
    }
}

/* --- reading --- */

bool metadata_is(enum metadata_file file, const struct safetensors *st)
{
    return safetensors_get(st, files[file].key) != NULL;
}

int metadata_form(enum metadata_file file, const struct safetensors *st, const char *name,
                  struct error *err)
{
    enum metadata_file other = file == METADATA_MODEL ? METADATA_CHECKPOINT : METADATA_MODEL;
    const char *version = safetensors_get(st, files[file].key);
    for (int form = 1; form <= FORMS && version; form++)
        if (!strcmp(version, files[file].versions[form - 1]))
            return form;
    if (!version && metadata_is(other, st))
        error_set(err, "%s: a %s, not a %s", name, files[other].what, files[file].what);
    else
        error_set(err, "%s: %s format %s, wanted %s or %s: it needs another version of mnist", name,
                  files[file].what, version ? version : "unknown", files[file].versions[0],
                  files[file].versions[1]);
    return 0;
}

static int take_options(struct train_options *options, const struct safetensors *st,
                        const char *name, struct error *err)
{
    for (int i = 0; i < TRAIN_OPTIONS; i++) {
        const char *key = train_options_table[i].name, *text = safetensors_get(st, key);
        if (!train_options_parse(options, i, text))
            return error_set(err, "%s: its option %s is %s", name, key, text ? text : "missing");
    }
    return 0;
}

/* Whatever strtol makes of it, the text must be the one that the value is written as. */
static bool parse(struct metadata *metadata, const struct row *row, const char *text)
{
    void *at = (char *)metadata + row->offset;
    if (row->kind == TEXT)
        return !strcmp(text, row->text);
    if (row->kind == WHOLE)
        *(int *)at = (int)strtol(text, NULL, 10);
    else if (row->kind == FIGURE)
        *(double *)at = strtod(text, NULL);
    else if (row->kind == CRC32)
        *(uint32_t *)at = (uint32_t)strtoul(text, NULL, 16);
    else
        *(bool *)at = !strcmp(text, "digits");
    return !strcmp(text_of(row, metadata).text, text) && *text != '-';
}

static const char *wanted_by(const struct row *row)
{
    switch (row->kind) {
    case WHOLE:
        return "a whole number";
    case CRC32:
        return "eight hexadecimal digits";
    case INPUT:
        return "digits or as-is";
    case FIGURE:
        return "a number";
    default:
        return row->text;
    }
}

static int take_row(struct metadata *metadata, const struct row *row, int form,
                    const struct safetensors *st, const char *name, struct error *err)
{
    const char *key = form == 1 && row->first ? row->first : row->key;
    const char *text = safetensors_get(st, key);
    if (!text && row->kind == FIGURE)
        return 0;
    if (!text || !parse(metadata, row, text))
        return error_set(err, "%s: its %s is %s, wanted %s", name, key, text ? text : "missing",
                         wanted_by(row));
    return 0;
}

int metadata_take(struct metadata *metadata, enum metadata_file file, int form,
                  const struct safetensors *st, const char *name, struct error *err)
{
    *metadata = (struct metadata){.numbers = 1};
    for (int r = 0; r < ROWS; r++) {
        const struct row *row = &rows[r];
        if (!row->since[file] || row->since[file] > form)
            continue;
        if (row->kind == OPTIONS ? take_options(&metadata->options, st, name, err)
                                 : take_row(metadata, row, form, st, name, err))
            return -1;
    }
    metadata->data.tells_test = file == METADATA_CHECKPOINT && form > 1;
    return 0;
}
