#include "mnist/store/run_log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mnist/base/claim.h"
#include "mnist/base/file_read.h"
#include "mnist/base/format.h"
#include "mnist/base/path.h"
#include "mnist/base/version.h"

/* --- lines --- */

static struct json_writer begin_line(FILE *out, const char *event)
{
    struct json_writer json = {.out = out};
    json_put_object(&json, NULL);
    json_put_string(&json, "event", event);
    return json;
}

static void end_line(struct json_writer *json)
{
    json_put_end(json);
    putc('\n', json->out);
}

void run_log_write_start(FILE *out, const struct run_log_start *start)
{
    struct json_writer json = begin_line(out, "start");
    json_put_string(&json, "version", MNIST_VERSION);
    json_put_integer(&json, "parameters", PARAM_COUNT);
    json_put_string(&json, "data", start->data);
    json_put_integer(&json, "train_images", start->train_images);
    json_put_integer(&json, "val_images", start->val_images);
    json_put_integer(&json, "test_images", start->test_images);
    for (int i = 0; i < TRAIN_OPTIONS; i++)
        json_put_raw(&json, train_options_table[i].name,
                     train_options_json(start->options, i).text);
    json_put_integer(&json, "threads", start->threads);
    json_put_string(&json, "kernels", start->kernels);
    end_line(&json);
}

void run_log_write_epoch(FILE *out, const struct train_epoch *e, bool validated)
{
    struct json_writer json = begin_line(out, "epoch");
    json_put_integer(&json, "epoch", e->epoch);
    for (int i = 0; i < TRAIN_COLUMNS; i++) {
        const struct train_column *column = &train_columns[i];
        double value = train_column_get(e, i);
        if (column->kind == COLUMN_FLAG || (column->validation && !validated))
            continue;
        if (column->kind == COLUMN_FLOAT)
            json_put_float(&json, column->name, (float)value);
        else
            json_put_number(&json, column->name, value);
    }
    end_line(&json);
}

void run_log_write_end(FILE *out, const struct run_log_end *end)
{
    const struct train_result *r = end->result;
    struct json_writer json = begin_line(out, "end");
    json_put_integer(&json, "best_epoch", r->best.epoch);
    json_put_integer(&json, "epochs_run", r->epochs_run);
    json_put_string(&json, "stopped", end->stopped);
    if (end->test) {
        json_put_number(&json, "test_loss", metrics_loss(end->test));
        json_put_number(&json, "test_acc", metrics_accuracy(end->test));
        run_log_put_confusion(&json, "confusion", end->test);
    }
    json_put_number(&json, "seconds", r->seconds);
    json_put_number(&json, "images_per_s", r->images_per_s);
    json_put_raw(&json, "peak_bytes", format_integer(end->peak_bytes).text);
    if (end->model) {
        json_put_string(&json, "model", end->model);
        json_put_string(&json, "weights_crc32", format_crc32(end->weights_crc32).text);
    }
    end_line(&json);
}

void run_log_put_confusion(struct json_writer *json, const char *key, const struct metrics *metrics)
{
    json_put_array(json, key);
    for (int truth = 0; truth < CLASSES; truth++) {
        json_put_array(json, NULL);
        for (int c = 0; c < CLASSES; c++)
            json_put_integer(json, NULL, metrics->confusion[truth][c]);
        json_put_end(json);
    }
    json_put_end(json);
}

void run_log_put_classes(struct json_writer *json, const char *key, const struct metrics *metrics)
{
    json_put_array(json, key);
    for (int c = 0; c < CLASSES; c++) {
        struct class_metrics figures = metrics_class(metrics, c);
        json_put_object(json, NULL);
        json_put_integer(json, "digit", c);
        json_put_number(json, "precision", figures.precision);
        json_put_number(json, "recall", figures.recall);
        json_put_number(json, "f1", figures.f1);
        json_put_integer(json, "support", figures.support);
        json_put_end(json);
    }
    json_put_end(json);
}

/* --- the log --- */

static const size_t LARGEST_LOG = (size_t)1 << 30;

/* A line of a log, as far as it is asked whether it is the start of this run, or the first epoch of
 * another one. */
struct line {
    bool is_start, has_event;
    bool is_first, has_other_loss; /* than the first epoch of this run */
    struct train_options options;
    bool has[TRAIN_OPTIONS], good; /* the options it tells; each is one that can be */
};

static void take_member(struct line *line, const char *key, const char *value,
                        const char *first_loss)
{
    if (!strcmp(key, "event")) {
        line->has_event = true;
        line->is_start = !strcmp(value, "start");
    }
    if (!strcmp(key, "epoch"))
        line->is_first = !strcmp(value, "1");
    if (!strcmp(key, "train_loss"))
        line->has_other_loss = strcmp(value, first_loss) != 0;
    for (int i = 0; i < TRAIN_OPTIONS; i++)
        if (!strcmp(key, train_options_table[i].name)) {
            line->has[i] = true;
            line->good = train_options_parse(&line->options, i, value) && line->good;
        }
}

/* Reads the members by their names, in any order, up to one that is nested. A line that does not
 * tell its event before that could be any, and is taken for the start of another run: nothing is
 * cut. */
static void read_line(struct line *line, const char *text, size_t size, const char *first_loss)
{
    struct json_reader json = {.text = text, .size = size};
    *line = (struct line){.good = true};
    bool more = json_expect(&json, '{');
    while (more) {
        char key[32], value[PATH_MAX];
        if (!json_string(&json, key, sizeof key) || !json_expect(&json, ':'))
            break;
        if (!json_scalar(&json, value, sizeof value)) {
            line->is_start = line->is_start || !line->has_event;
            break;
        }
        take_member(line, key, value, first_loss);
        more = json_expect(&json, ',');
    }
    line->good = line->good && json_expect(&json, '}') && json_at_end(&json);
    for (int i = 0; i < TRAIN_OPTIONS; i++)
        line->good = line->good && (line->has[i] || train_options_parse(&line->options, i, NULL));
}

/* Whether two runs can be halves of one: all options are the same but the number of epochs, which
 * may grow. */
static bool same_recipe(const struct train_options *a, const struct train_options *b)
{
    for (int i = 0; i < TRAIN_OPTIONS; i++)
        if (train_options_table[i].offset != offsetof(struct train_options, epochs) &&
            strcmp(train_options_text(a, i).text, train_options_text(b, i).text) != 0)
            return false;
    return true;
}

/* How much of an earlier log stays: whole lines, of which the last may lack its newline; of a run
 * that goes on, those before its start. The same recipe with another loss in its first epoch is
 * another run: it had other data. */
static size_t kept_bytes(const char *log, size_t size, const struct train_options *options,
                         const struct train_state *from)
{
    bool whole = size > 0 && log[size - 1] == '}', other = false;
    while (!whole && size > 0 && log[size - 1] != '\n')
        size--;
    if (!from)
        return size;
    struct text first_loss = format_figure(from->history[0].train_loss);
    for (size_t end = size, begin; end > 0; end = begin) {
        struct line line;
        for (begin = end - 1; begin > 0 && log[begin - 1] != '\n';)
            begin--;
        read_line(&line, log + begin, end - begin, first_loss.text);
        other = other || (line.is_first && line.has_other_loss);
        if (line.is_start)
            return line.good && !other && same_recipe(&line.options, options) ? begin : size;
    }
    return size;
}

bool run_log_is(const char *head, size_t size)
{
    static const char begin[RUN_LOG_HEAD + 1] = "{\"event\":\"start\"";
    return !memcmp(head, begin, size < RUN_LOG_HEAD ? size : RUN_LOG_HEAD);
}

/* Drops what must not stay of an earlier log, its end, so that a reader of it is not disturbed. */
static int trim(int fd, const char *path, const struct train_options *options,
                const struct train_state *from, struct error *err)
{
    struct file file;
    if (file_read_open(&file, fd, path, LARGEST_LOG, NULL, err))
        return -1;
    size_t size = file.size, kept = 0;
    bool good = run_log_is((const char *)file.bytes, size);
    if (good)
        kept = kept_bytes((const char *)file.bytes, size, options, from);
    bool ended = kept == 0 || file.bytes[kept - 1] == '\n';
    file_read_free(&file);
    if (!good)
        return error_set(err, "%s: not a log: name another file", path);
    if (kept < size && ftruncate(fd, (off_t)kept))
        return error_set(err, "%s: cannot be cut to its whole lines (%s)", path, strerror(errno));
    if (!ended && write(fd, "\n", 1) != 1)
        return error_set(err, "%s: the log cannot be written (%s)", path, strerror(errno));
    return 0;
}

/* One descriptor judges, cuts and appends. A pipe has nothing to judge, nor has our own stdout,
 * which others write to, too. */
static int open_log(const char *path, bool *is_file, struct error *err)
{
    struct path_target target;
    int flags = O_APPEND | O_NOCTTY | O_CLOEXEC;
    if (path_resolve(&target, path, err))
        return -1;
    *is_file = !target.stream;
    if (!target.exists)
        flags |= O_CREAT;
    int fd = target.descriptor >= 0
                 ? fcntl(target.descriptor, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)
                 : open(target.path, flags | (*is_file ? O_RDWR : O_WRONLY), 0666);
    if (fd < 0)
        return error_set(err, "%s: cannot be opened for the log (%s)", path, strerror(errno));
    return fd;
}

/* Locks an earlier log until it is closed, and makes it ready for more. */
static int take_over(int fd, const char *path, const struct train_options *options,
                     const struct train_state *from, struct error *err)
{
    int holder;
    if (claim_lock(fd, &holder) == CLAIM_HELD)
        return claim_refuse(path, holder, err);
    return trim(fd, path, options, from, err);
}

FILE *run_log_open(const char *path, const struct run_log_start *start,
                   const struct train_state *from, struct error *err)
{
    bool is_file = false;
    int fd = open_log(path, &is_file, err);
    if (fd < 0)
        return NULL;
    if (is_file && take_over(fd, path, start->options, from, err)) {
        close(fd);
        return NULL;
    }
    FILE *log = fdopen(fd, "a");
    if (!log) {
        error_set(err, "%s: cannot be opened for the log (%s)", path, strerror(errno));
        close(fd);
        return NULL;
    }
    run_log_write_start(log, start);
    for (int e = 0; from && e < from->epochs_run; e++)
        run_log_write_epoch(log, &from->history[e], start->val_images > 0);
    if (run_log_flush(log, path, err)) {
        fclose(log);
        return NULL;
    }
    return log;
}

int run_log_flush(FILE *log, const char *path, struct error *err)
{
    if (fflush(log) || ferror(log))
        return error_set(err, "%s: the log cannot be written (%s)", path, strerror(errno));
    return 0;
}
