#include "mnist/cli/events.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mnist/base/file_read.h"
#include "mnist/base/format.h"
#include "mnist/base/memory.h"
#include "mnist/cli/command.h"
#include "mnist/cli/figures.h"
#include "mnist/codec/json.h"

void events_start(FILE *out, const struct event_start *start)
{
    fprintf(out,
            "{\"event\":\"start\",\"version\":\"%s\",\"parameters\":%d,\"data\":", MNIST_VERSION,
            PARAM_COUNT);
    json_write_string(out, start->data);
    fprintf(out, ",\"train_images\":%d,\"val_images\":%d,\"test_images\":%d", start->train_images,
            start->val_images, start->test_images);
    for (int i = 0; i < TRAIN_OPTIONS; i++)
        fprintf(out, ",\"%s\":%s", train_options_table[i].name,
                train_options_json(start->options, i).text);
    fprintf(out, ",\"threads\":%d,\"kernels\":\"%s\"}\n", start->threads, start->kernels);
}

void events_epoch(FILE *out, const struct train_epoch *e, bool validated)
{
    fprintf(out, "{\"event\":\"epoch\",\"epoch\":%d,\"train_loss\":%s,\"train_acc\":%s,", e->epoch,
            format_figure(e->train_loss).text, format_figure(e->train_acc).text);
    if (validated)
        fprintf(out, "\"val_loss\":%s,\"val_acc\":%s,", format_figure(e->val_loss).text,
                format_figure(e->val_acc).text);
    fprintf(out, "\"lr\":%s,\"seconds\":%s,\"val_seconds\":%s,\"images_per_s\":%s}\n",
            format_float(e->lr).text, format_figure(e->seconds).text,
            format_figure(e->val_seconds).text, format_figure(e->images_per_s).text);
}

void events_end(FILE *out, const struct event_end *end)
{
    const struct train_result *r = end->result;
    fprintf(out, "{\"event\":\"end\",\"best_epoch\":%d,\"epochs_run\":%d,\"stopped\":\"%s\"",
            r->best.epoch, r->epochs_run, end->stopped);
    if (end->test) {
        fprintf(out, ",\"test_loss\":%s,\"test_acc\":%s,\"confusion\":",
                format_figure(metrics_loss(end->test)).text,
                format_figure(metrics_accuracy(end->test)).text);
        figures_json_confusion(out, end->test);
    }
    fprintf(out, ",\"seconds\":%s,\"images_per_s\":%s,\"peak_bytes\":%s",
            format_figure(r->seconds).text, format_figure(r->images_per_s).text,
            format_integer(end->peak_bytes).text);
    if (end->model) {
        fputs(",\"model\":", out);
        json_write_string(out, end->model);
        fprintf(out, ",\"weights_crc32\":\"%08" PRIx32 "\"", end->weights_crc32);
    }
    fputs("}\n", out);
}

/* --- the log --- */

static const size_t LARGEST_LOG = (size_t)1 << 30;

static const char *find(const char *text, size_t size, const char *word)
{
    size_t length = strlen(word);
    for (size_t i = 0; i + length <= size; i++)
        if (!memcmp(text + i, word, length))
            return text + i;
    return NULL;
}

/* Of a first line, the part that two halves of one run have in common: all options but the first, the
 * number of epochs, which may grow. *length is 0 where it is no such line. */
static const char *recipe_of(const char *line, size_t size, size_t *length)
{
    static const char from[] = ",\"lr\":", to[] = ",\"threads\":";
    const char *begin = find(line, size, from);
    const char *end = begin ? find(begin, size - (size_t)(begin - line), to) : NULL;
    *length = end ? (size_t)(end - begin) : 0;
    return begin;
}

/* How much of an earlier log stays: whole lines; of a run that goes on, those before its last start. */
static size_t kept_bytes(const char *log, size_t size, const char *start, size_t start_size,
                         bool goes_on)
{
    static const char mark[] = "{\"event\":\"start\"";
    while (size > 0 && log[size - 1] != '\n')
        size--;
    size_t last = size;
    for (size_t at = 0; goes_on && at < size;) {
        const char *newline = memchr(log + at, '\n', size - at);
        size_t length = (size_t)(newline - (log + at)) + 1;
        if (length > strlen(mark) && !memcmp(log + at, mark, strlen(mark)))
            last = at;
        at += length;
    }
    size_t old_length, new_length;
    const char *old = recipe_of(log + last, size - last, &old_length);
    const char *new = recipe_of(start, start_size, &new_length);
    bool same = old_length && old_length == new_length && !memcmp(old, new, old_length);
    return same ? last : size;
}

struct first_lines {
    const struct event_start *start;
    const struct train_state *from;
};

/* The first lines of the run: its start, and the epochs that it has behind it. */
static void print_first_lines(FILE *out, const void *context)
{
    const struct first_lines *lines = context;
    events_start(out, lines->start);
    for (int e = 0; lines->from && e < lines->from->epochs_run; e++)
        events_epoch(out, &lines->from->history[e], lines->start->val_images > 0);
}

/* Drops what must not stay of an earlier log: its end, so whoever reads it at the same time is not
 * disturbed. */
static int trim_log(const char *path, const char *start, size_t start_size, bool goes_on,
                    struct error *err)
{
    struct stat info;
    struct file file;
    if (stat(path, &info) || !S_ISREG(info.st_mode))
        return 0;
    if (file_read(&file, path, LARGEST_LOG, err))
        return -1;
    size_t size = file.size;
    bool is_log = size == 0 || file.bytes[0] == '{';
    size_t kept =
        is_log ? kept_bytes((const char *)file.bytes, size, start, start_size, goes_on) : 0;
    file_read_free(&file);
    if (!is_log)
        return error_set(err, "%s: not a log: name another file with --log", path);
    if (kept < size && truncate(path, (off_t)kept))
        return error_set(err, "%s: cannot be cut to its whole lines (%s)", path, strerror(errno));
    return 0;
}

FILE *events_open_log(const char *path, const struct event_start *start,
                      const struct train_state *from, struct error *err)
{
    size_t size;
    const struct first_lines first = {start, from};
    char *lines = mem_print(print_first_lines, &first, &size, "the first lines of the log", err);
    if (!lines)
        return NULL;
    FILE *log = NULL;
    if (!trim_log(path, lines, size, from != NULL, err)) {
        log = fopen(path, "a");
        if (!log)
            error_set(err, "%s: cannot be opened for the log (%s)", path, strerror(errno));
    }
    if (log)
        fputs(lines, log); /* whether it arrived shows when it is flushed */
    free(lines);
    if (log && events_flush_log(log, path, err)) {
        fclose(log);
        return NULL;
    }
    return log;
}

int events_flush_log(FILE *log, const char *path, struct error *err)
{
    if (fflush(log) || ferror(log))
        return error_set(err, "%s: the log cannot be written (%s)", path, strerror(errno));
    return 0;
}
