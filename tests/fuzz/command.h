/* What the targets share that run `mnist train` as a whole: a folder of their own with a tiny
 * data set, command lines that write nowhere else, and what must hold afterwards, whatever the
 * exit code: each file that is there is whole. */
#ifndef FUZZ_COMMAND_H
#define FUZZ_COMMAND_H

#include <ctype.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <unistd.h>

#include "lines.h"
#include "mnist/base/file_read.h"
#include "mnist/cli/command.h"
#include "mnist/codec/json.h"
#include "mnist/data/dataset.h"
#include "mnist/store/checkpoint.h"
#include "mnist/store/model.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);

/* --- the folder --- */

/* What a run writes, and what it reads. */
enum {
    MODEL,
    CHECKPOINT,
    LOG,
    REPORT,
    SAID,
    WRITTEN,
    TRAIN_IMAGES = WRITTEN,
    TRAIN_LABELS,
    TEST_IMAGES,
    TEST_LABELS,
    FILES
};

static const char *const file_names[FILES] = {"model",
                                              "checkpoint",
                                              "log",
                                              "report",
                                              "said",
                                              "train-images-idx3-ubyte",
                                              "train-labels-idx1-ubyte",
                                              "t10k-images-idx3-ubyte",
                                              "t10k-labels-idx1-ubyte"};

static char folder[256], paths[FILES][320];

/* Nothing here has to outlast a power cut, and waiting for the disk would take most of the time. */
int fsync(int fd)
{
    (void)fd;
    return 0;
}

static void remove_files(int from, int to)
{
    for (int i = from; i < to; i++)
        unlink(paths[i]);
}

static void remove_folder(void)
{
    remove_files(0, FILES);
    rmdir(folder);
}

static void write_file(int file, const void *bytes, size_t size)
{
    FILE *out = fopen(paths[file], "wb");
    require(out && fwrite(bytes, 1, size, out) == size, "no room for a file");
    require(!fclose(out), "no room for a file");
}

/* An IDX file of `count` items; the kind's last byte is its rank. */
static void write_idx(int file, enum dataset_kind kind, const uint8_t *values, int count)
{
    enum { HEADER = 16, ROOM = HEADER + 32 * IMAGE_PIXELS };
    uint8_t bytes[ROOM] = {0, 0, 8, kind & 255, 0, 0, 0, (uint8_t)count,
                           0, 0, 0, IMAGE_SIDE, 0, 0, 0, IMAGE_SIDE};
    size_t header = kind == DATASET_IMAGES ? 16 : 8,
           size = (size_t)count * (kind == DATASET_IMAGES ? IMAGE_PIXELS : 1);
    memcpy(bytes + header, values, size);
    write_file(file, bytes, header + size);
}

/* 24 images to train on and 8 to test, no two alike: stripes whose slant is the label's, in an
 * ink of the image's own. All ten labels are trained, two are not tested. */
static void write_data(void)
{
    enum { TRAIN = 24, ALL = 32 };
    static uint8_t pixels[ALL][IMAGE_PIXELS], labels[ALL];
    for (int i = 0; i < ALL; i++) {
        labels[i] = (uint8_t)(i % IMAGE_CLASSES);
        for (int p = 0; p < IMAGE_PIXELS; p++)
            if ((p % IMAGE_SIDE * (labels[i] + 1) + p / IMAGE_SIDE) % IMAGE_CLASSES < 3)
                pixels[i][p] = (uint8_t)(255 - i);
    }
    write_idx(TRAIN_IMAGES, DATASET_IMAGES, pixels[0], TRAIN);
    write_idx(TRAIN_LABELS, DATASET_LABELS, labels, TRAIN);
    write_idx(TEST_IMAGES, DATASET_IMAGES, pixels[TRAIN], ALL - TRAIN);
    write_idx(TEST_LABELS, DATASET_LABELS, labels + TRAIN, ALL - TRAIN);
}

static void make_folder(void)
{
    const char *parent = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%.200s/fuzz-XXXXXX", parent && *parent ? parent : "/tmp");
    require(mkdtemp(folder) != NULL, "no room for a folder");
    for (int i = 0; i < FILES; i++)
        snprintf(paths[i], sizeof paths[i], "%s/%s", folder, file_names[i]);
    atexit(remove_folder);
    write_data();
}

/* --- the command line --- */

enum { WORDS = 64 };

struct words {
    int count;
    char *at[WORDS + 1];
    char text[WORDS][400];
};

/* What there is no room for is left out. */
static void add_word(struct words *words, const char *word)
{
    if (words->count == WORDS)
        return;
    char *to = words->text[words->count];
    snprintf(to, sizeof words->text[0], "%s", word);
    words->at[words->count++] = to;
    words->at[words->count] = NULL;
}

static void add_file(struct words *words, const char *option, const char *path)
{
    char word[400];
    snprintf(word, sizeof word, "--%s=%s", option, path);
    add_word(words, word);
}

/* Lines that are options but name no file: those of a run, and those of how it is told, with the
 * variables that the program looks at. */
static const struct term run_terms[] = {
    {"--lr=", NULL},
    {"--batch=", NULL},
    {"--l2=", NULL},
    {"--dropout=", NULL},
    {"--patience=", NULL},
    {"--val=", NULL},
    {"--schedule=", "cosine constant step"},
    {"--warmup=", NULL},
    {"--label-smoothing=", NULL},
    {"--ema=", NULL},
    {"--augment", ""},
    {"--rotate=", NULL},
    {"--scale=", NULL},
    {"--shear=", NULL},
    {"--shift=", NULL},
    {"--elastic=", NULL},
    {"--preset=", "best none"},
    {"--seed=", NULL},
};
static const struct term telling_terms[] = {
    {"--epochs=", NULL},
    {"--simd=", "auto reference baseline avx2 avx512"},
    {"--json", ""},
    {"--quiet", ""},
    {"--color=", "auto always never"},
    {"COLUMNS=", NULL},
    {"LC_ALL=", "C C.UTF-8"},
    {"TERM=", "dumb xterm"},
    {"NO_COLOR=", "1"},
};

enum {
    RUN_TERMS = sizeof run_terms / sizeof run_terms[0],
    TELLING_TERMS = sizeof telling_terms / sizeof telling_terms[0]
};

/* Whether the line is "name" or "name=value" of a term "name" or "name=". */
static bool is_of(const char *line, const struct term *term)
{
    size_t length = strcspn(term->name, "=");
    return !strncmp(line, term->name, length) && (line[length] == '=' || !line[length]);
}

static bool is_of_any(const char *line, const struct term *terms, int count)
{
    for (int i = 0; i < count; i++)
        if (is_of(line, &terms[i]))
            return true;
    return false;
}

/* Takes a line that is an option, as a word, or a variable, which is set; else returns false. An
 * option that wants a value, and has none, takes the next word for it and refuses it, as no value
 * starts with two dashes. */
static bool take_option(struct words *words, char *line)
{
    char *equals = strchr(line, '=');
    if (!is_of_any(line, run_terms, RUN_TERMS) && !is_of_any(line, telling_terms, TELLING_TERMS))
        return false;
    if (*line == '-' && words->count < WORDS - 16) /* the files need room */
        add_word(words, line);
    if (*line != '-' && equals) {
        *equals = '\0';
        setenv(line, equals + 1, 1);
    }
    return true;
}

static void reset_variables(void)
{
    unsetenv("COLUMNS");
    unsetenv("NO_COLOR");
    setenv("LC_ALL", "C", 1);
    setenv("TERM", "dumb", 1);
}

/* Runs the command, its stdout going to a file, and returns its exit code: 0, 1 or 2. A signal
 * stops the fuzzing and not one run after the other. */
static int run_train(struct words *words)
{
    struct sigaction on_interrupt, on_terminate;
    sigaction(SIGINT, NULL, &on_interrupt);
    sigaction(SIGTERM, NULL, &on_terminate);
    int said = open(paths[SAID], O_WRONLY | O_CREAT | O_TRUNC, 0666);
    require(said >= 0 && dup2(said, STDOUT_FILENO) >= 0, "no room for a file");
    close(said);
    int code = command_train(words->count, words->at);
    fflush(stdout);
    sigaction(SIGINT, &on_interrupt, NULL);
    sigaction(SIGTERM, &on_terminate, NULL);
    if (code > EXIT_SIGNAL)
        raise(code - EXIT_SIGNAL);
    require(code == EXIT_DONE || code == EXIT_FAILED || code == EXIT_USAGE, "another exit code");
    return code;
}

/* --- what it wrote --- */

/* 0 … most: the program writes no number below 0. */
static bool take_number(struct json_reader *reader, double most)
{
    char text[64] = "", *end;
    size_t length = 0;
    for (; reader->at < reader->size && length + 1 < sizeof text; reader->at++, length++) {
        char c = reader->text[reader->at];
        if (!c || !strchr("0123456789+-.eE", c))
            break;
        text[length] = c;
    }
    double number = strtod(text, &end);
    return *end == '\0' && *text >= '0' && *text <= '9' && number >= 0 && number <= most;
}

static double most_of(const char *key)
{
    const char *end = strrchr(key, '_');
    return end && !strcmp(end, "_acc") ? 1 : HUGE_VAL;
}

/* One JSON value of those that the program writes: no false, no true. */
static bool take_value(struct json_reader *reader, double most)
{
    char key[64], text[1024];
    bool object = json_next_is(reader, '{');
    if (json_next_is(reader, '"'))
        return json_string(reader, text, sizeof text);
    if (json_next_is(reader, 'n') && reader->size - reader->at >= 4 &&
        !memcmp(reader->text + reader->at, "null", 4)) {
        reader->at += 4;
        return true;
    }
    if (!object && !json_next_is(reader, '['))
        return take_number(reader, most);
    do {
        reader->at++;
        if (object && !(json_string(reader, key, sizeof key) && json_expect(reader, ':')))
            return false;
        if (!take_value(reader, object ? most_of(key) : most))
            return false;
    } while (json_next_is(reader, ','));
    return json_expect(reader, object ? '}' : ']');
}

/* Lines that each are one JSON object; returns how many there are. */
static int check_lines(const uint8_t *bytes, size_t size, const char *what)
{
    const char *text = (const char *)bytes, *end = text + size;
    int lines = 0;
    while (text < end) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        require(newline && *text == '{', what);
        struct json_reader reader = {text, (size_t)(newline - text), 0};
        require(take_value(&reader, HUGE_VAL) && json_at_end(&reader), what);
        text = newline + 1;
        lines++;
    }
    return lines;
}

/* The digits of base64, among which any three letters may come to stand. */
static bool is_letter(uint8_t c)
{
    return isalnum(c) || c == '+' || c == '/';
}

/* No number that is none: neither among the figures nor among the coordinates. */
static void check_numbers(const struct file *file, const char *what)
{
    const uint8_t *b = file->bytes;
    for (size_t i = 1; i + 3 < file->size; i++)
        if (b[i] == 'n' || b[i] == 'i')
            require((memcmp(b + i, "nan", 3) && memcmp(b + i, "inf", 3)) || is_letter(b[i - 1]) ||
                        is_letter(b[i + 3]),
                    what);
}

static bool ends_with(const struct file *file, const char *end)
{
    size_t length = strlen(end);
    return file->size >= length && !memcmp(file->bytes + file->size - length, end, length);
}

static bool is_there(int file)
{
    return !access(paths[file], F_OK);
}

static struct file read_file(int which)
{
    struct file file;
    struct error err = {""};
    require(!file_read(&file, paths[which], (size_t)1 << 26, NULL, &err),
            "a file that cannot be read");
    return file;
}

static void check_model(void)
{
    struct model model;
    struct error err = {""};
    require(!model_load(&model, paths[MODEL], &err), "a model that cannot be loaded");
    require(model.described, "a model that does not tell its options");
    model_free(&model);
}

/* Returns the epochs it holds. */
static int check_checkpoint(void)
{
    struct checkpoint checkpoint;
    struct error err = {""};
    require(!checkpoint_load(&checkpoint, paths[CHECKPOINT], &err),
            "a checkpoint that cannot be loaded");
    int epochs = checkpoint.state.epochs_run;
    checkpoint_free(&checkpoint);
    return epochs;
}

/* From the last start on: what is before it, another run may have written. Returns the lines. */
static int check_log(void)
{
    static const char start[] = "{\"event\":\"start\"";
    struct file file = read_file(LOG);
    size_t length = sizeof start - 1, at = file.size;
    do {
        require(at > 0, "a log without a start");
        at--;
    } while (file.size - at < length || memcmp(file.bytes + at, start, length) ||
             (at && file.bytes[at - 1] != '\n'));
    int lines = check_lines(file.bytes + at, file.size - at,
                            "a log with a line that is not JSON, or a figure that cannot be");
    file_read_free(&file);
    return lines;
}

static void check_report(void)
{
    struct file file = read_file(REPORT);
    require(ends_with(&file, "</html>\n"), "a report without an end");
    check_numbers(&file, "a report with a number that is none");
    file_read_free(&file);
}

/* Of a run with --json its stdout is lines of JSON. */
static void check_said(bool json)
{
    struct file file = read_file(SAID);
    check_numbers(&file, "a figure on stdout that is none");
    if (json)
        check_lines(file.bytes, file.size,
                    "a line on stdout that is not JSON, or a figure that cannot be");
    file_read_free(&file);
}

/* What a run has left that was to write all its files but perhaps a checkpoint, one of `before`
 * epochs being there. Of a run that is done the log has the start, the end and each epoch. */
static void check_files(int code, bool json, int before)
{
    for (int i = 0; i < SAID; i++) {
        char left[sizeof paths[0] + 16];
        snprintf(left, sizeof left, "%s/.%s.mnist-tmp", folder, file_names[i]);
        require(access(left, F_OK) != 0, "a temporary file that stays");
        snprintf(left, sizeof left, "%s/.%s.mnist-lock", folder, file_names[i]);
        require(access(left, F_OK) != 0, "a claim that stays");
        require(code != EXIT_DONE || i == CHECKPOINT || is_there(i), "done, but a file is missing");
    }
    if (is_there(MODEL))
        check_model();
    if (is_there(REPORT))
        check_report();
    check_said(json);
    if (code != EXIT_DONE)
        return;
    int logged = check_log() - 2;
    require(!is_there(CHECKPOINT) || logged == before || logged == check_checkpoint(),
            "a log of other epochs than the checkpoint");
}

#endif
