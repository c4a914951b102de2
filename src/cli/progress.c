#include "mnist/cli/progress.h"

#include <stdio.h>

#include "mnist/base/clock.h"
#include "mnist/base/format.h"
#include "mnist/cli/table.h"
#include "mnist/cli/terminal.h"

/* Seconds between drawings: the eye cannot follow more than ten a second. */
static const double INTERVAL = 0.1;

/* All lines fit 80 columns: a moving line that wraps could not be redrawn. */
enum { BAR = 16 };

void progress_start(struct progress *progress, int epochs, bool quiet, int color)
{
    *progress = (struct progress){
        .epochs = epochs,
        .quiet = quiet,
        .live = !quiet && terminal_is_live(stderr),
        .color = terminal_colors(stderr, color),
    };
}

void progress_clear(struct progress *progress)
{
    if (progress->live)
        fputs("\r\033[K", stderr);
}

void progress_batch(struct progress *progress, const struct train_progress *now)
{
    double clock = progress->live ? clock_seconds() : 0.0;
    if (!progress->live || clock - progress->last < INTERVAL)
        return;
    progress->last = clock;
    double done = now->epoch - 1 - now->resumed + (double)now->batch / now->batches;
    double left = now->epochs - now->resumed - done;
    int filled = BAR * now->batch / now->batches;
    char bar[BAR + 1];
    for (int i = 0; i < BAR; i++)
        bar[i] = i < filled ? '=' : i == filled ? '>' : ' ';
    bar[BAR] = '\0';
    fprintf(stderr, "\r\033[Kepoch %d/%d [%s] loss %s  acc %s  ETA %s", now->epoch, now->epochs,
            bar, format_loss(now->loss).text, format_percent(now->acc).text,
            format_seconds(now->seconds * left / done).text);
    fflush(stderr);
}

static struct text whole(int n)
{
    struct text text;
    snprintf(text.text, sizeof text.text, "%d", n);
    return text;
}

void progress_epoch(struct progress *progress, const struct train_epoch *epoch, bool validated)
{
    if (progress->quiet)
        return;
    struct table_column columns[] = {{"epoch", 5},    {"train loss", 11}, {"train acc", 10},
                                     {"val loss", 9}, {"val acc", 8},     {"lr", 9},
                                     {"images/s", 9}, {"time", 7},        {"", 4}};
    enum { COLUMNS = sizeof columns / sizeof columns[0] };
    struct table table = {columns, COLUMNS, .indent = 0, .gap = 1};
    struct text none = {"-"}, best = {"best"}, other = {""};
    struct table_cell cells[COLUMNS] = {
        {.text = whole(epoch->epoch)},
        {.text = format_loss(epoch->train_loss)},
        {.text = format_percent(epoch->train_acc)},
        {.text = validated ? format_loss(epoch->val_loss) : none},
        {.text = validated ? format_percent(epoch->val_acc) : none},
        {.text = format_rate((double)epoch->lr)},
        {.text = format_rounded(epoch->images_per_s)},
        {.text = format_seconds(epoch->seconds)},
        {.text = epoch->best && validated ? best : other},
    };
    struct table_cell widest[COLUMNS] = {{.text = whole(progress->epochs)}};
    table_fit(&table, widest);
    for (int c = 0; epoch->best && progress->color && c < COLUMNS; c++)
        cells[c].style = "\033[1m";
    progress_clear(progress);
    if (!progress->headed)
        table_titles(stderr, &table);
    progress->headed = true;
    table_row(stderr, &table, cells);
}
