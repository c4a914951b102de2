#include "mnist/cli/train_announce.h"

#include <stdlib.h>
#include <string.h>

#include "mnist/base/format.h"
#include "mnist/base/memory.h"
#include "mnist/base/team.h"
#include "mnist/base/utf8.h"
#include "mnist/cli/terminal.h"
#include "mnist/net/kernels.h"
#include "mnist/net/network.h"

/* Whether the run looks at an option. */
static bool matters(const struct train_options *options, int i)
{
    return options->val > 0 ||
           train_options_table[i].offset != offsetof(struct train_options, patience);
}

/* Writes "epochs 40, lr 0.003, …": the options of a group, in the order of the table. A line is not
 * broken within one. */
static void write_group(FILE *out, const struct train_options *options, enum train_group group)
{
    const char *between = "";
    for (int i = 0; i < TRAIN_OPTIONS; i++) {
        if (train_options_table[i].group != group || !matters(options, i))
            continue;
        fputs(between, out);
        for (const char *c = train_options_table[i].name; *c; c++)
            putc(*c == '_' ? '\t' : *c, out);
        bool degrees = !strcmp(train_options_table[i].unit, "DEG");
        fprintf(out, "\t%s%s", train_options_text(options, i).text,
                degrees ? terminal_text("°", "\tdeg") : "");
        between = ", ";
    }
}

/* A line is not broken within a path. */
static void write_path(FILE *out, const char *path)
{
    char piece[256];
    while (*path) {
        path = utf8_plain(piece, sizeof piece, path);
        for (const char *c = piece; *c; c++)
            putc(*c == ' ' ? '\t' : *c, out);
    }
}

/* What will be lost when the run ends well. */
static void write_replaced(FILE *out, const char *path, const struct earlier *earlier)
{
    const struct train_epoch *best = &earlier->best;
    if (earlier->kind == EARLIER_NOTHING)
        return;
    fputs("replaces ", out);
    write_path(out, path);
    if (earlier->kind == EARLIER_OTHER)
        fputs(", which is neither a model nor a checkpoint that can be read", out);
    else if (!earlier->described)
        fputs(", a model of another version", out);
    else if (best->epoch == 0)
        fputs(": weights from inside the first epoch", out);
    else if (earlier->options.val > 0)
        fprintf(out, ": %s validation, epoch %d of %d", format_percent(best->val_acc).text,
                best->epoch, earlier->options.epochs);
    else
        fprintf(out, ": epoch %d of %d", best->epoch, earlier->options.epochs);
    putc('\n', out);
}

static void write_all(FILE *out, const void *context)
{
    const struct train_output *output = context;
    const struct train_request *request = output->request;
    const struct train_options *options = &request->line.options;
    const struct split *split = output->split;
    int threads = team_threads(output->network->team);
    fprintf(out, "%s: " PARAMS_ARCHITECTURE ", %s\tparameters; %s\timages\tto\ttrain\ton",
            request->common.program, format_count(PARAM_COUNT).text,
            format_count(split->train_count).text);
    fprintf(out, ", %s\tto\tvalidate, %s\tto\ttest, from ", format_count(split->val_count).text,
            format_count(output->test_set->count).text);
    write_path(out, request->common.data);
    putc('\n', out);
    write_group(out, options, TRAIN_LEARNING);
    fprintf(out, "; %d\tthread%s, %s\tkernels\n", threads, threads == 1 ? "" : "s",
            output->network->kernels->name);
    if (augment_any(&options->augment)) {
        fputs("images augmented: ", out);
        write_group(out, options, TRAIN_AUGMENTATION);
        putc('\n', out);
    }
    if (request->preset) {
        fprintf(out, "preset %s:", request->preset->name);
        train_line_write(out, &request->preset->options, presets_sets);
        putc('\n', out);
    }
    if (output->from) {
        fprintf(out, "%s after epoch\t%d of ",
                output->from->epochs_run < options->epochs ? "going on" : "nothing left to train",
                output->from->epochs_run);
        write_path(out, request->files[FILE_RESUME]);
        putc('\n', out);
    }
    write_replaced(out, request->files[FILE_OUT], &output->files->out);
    if (request->files[FILE_CHECKPOINT])
        write_replaced(out, request->files[FILE_CHECKPOINT], &output->files->checkpoint);
    if (split->val_count == 0)
        fputs("no validation images: no early stop, and the last weights are kept\n", out);
}

/* Keeps each option of a command line (--x) and its value in one line. */
static void join_values(char *line)
{
    while ((line = strstr(line, " --"))) {
        line += strcspn(line + 1, " ") + 1;
        if (*line && strncmp(line, " --", 3) != 0)
            *line = '\t';
    }
}

int train_announce(const struct train_output *output, struct error *err)
{
    int width = terminal_width(stderr);
    size_t size;
    char *text = mem_print(write_all, output, &size, "what is said about the run", err);
    if (!text)
        return -1;
    join_values(text);
    for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
        *end = '\0';
        terminal_wrap(terminal_stderr(), line, 0, 2, width < 100 ? width : 100);
    }
    free(text);
    return 0;
}
