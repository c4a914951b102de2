#include "mnist/cli/progress.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "mnist/base/clock.h"
#include "mnist/base/format.h"
#include "mnist/cli/table.h"
#include "mnist/cli/terminal.h"

/* Seconds between drawings: the eye cannot follow more than ten a second. */
static const double INTERVAL = 0.1;

/* What shows of a moving line is chosen by what counts most; the bar gets what is left. */
enum { EPOCH, LOSS, ACC, ETA, PARTS };
static const int parts_in_order[PARTS] = {EPOCH, ETA, LOSS, ACC};
enum { BAR_LEAST = 4, BAR_MOST = 16 };

/* The same for the columns of the table, with and without validation. */
enum { NUMBER, TRAIN_LOSS, TRAIN_ACC, VAL_LOSS, VAL_ACC, RATE, SPEED, TIME, BEST, COLUMNS };
static const int columns_in_order[2][COLUMNS] = {
    {NUMBER, TRAIN_LOSS, TRAIN_ACC, TIME, RATE, SPEED, VAL_ACC, VAL_LOSS, BEST},
    {NUMBER, VAL_ACC, VAL_LOSS, TRAIN_LOSS, BEST, TRAIN_ACC, TIME, RATE, SPEED}};

void progress_start(struct progress *progress, int epochs, double limit, bool quiet, int color)
{
    *progress = (struct progress){
        .epochs = epochs,
        .limit = limit,
        .quiet = quiet,
        .live = !quiet && terminal_is_live(stderr),
        .color = terminal_colors(stderr, color),
    };
}

/* Writes " [====>     ] ", with `size` characters inside. */
static void write_bar(char *text, size_t room, int size, const struct train_progress *now)
{
    char bar[BAR_MOST + 1] = "";
    int filled = size * now->batch / now->batches;
    for (int i = 0; i < size; i++)
        bar[i] = i < filled ? '=' : i == filled ? '>' : ' ';
    snprintf(text, room, " [%s] ", bar);
}

/* Writes how long the run will still take, as soon as the batches so far say something about those
 * to come. */
static void write_eta(char *text, size_t size, const struct train_progress *now, double limit)
{
    static const double enough = 0.5; /* seconds */
    double done = now->epoch - 1 - now->resumed + (double)now->batch / now->batches;
    double left = now->seconds * (now->epochs - now->resumed - done) / done;
    if (limit > 0.0)
        left = fmin(left, fmax(0.0, limit - now->seconds));
    text[0] = '\0';
    if (now->seconds >= enough)
        snprintf(text, size, "ETA %s", format_time_left(left).text);
}

void progress_line(char line[PROGRESS_LINE], const struct train_progress *now, double limit,
                   int width)
{
    /* The last column stays free and, on all but the narrowest, two for the ^C of Ctrl-C. */
    int room = (width < PROGRESS_LINE ? width : PROGRESS_LINE) - (width < 24 ? 1 : 3), used = 0;
    char parts[PARTS][48], bar[BAR_MOST + 5] = "  ";
    bool fits[PARTS] = {false};
    snprintf(parts[EPOCH], sizeof parts[0], "epoch %d/%d", now->epoch, now->epochs);
    snprintf(parts[LOSS], sizeof parts[0], "loss %s", format_loss(now->loss).text);
    snprintf(parts[ACC], sizeof parts[0], "acc %s", format_percent(now->acc).text);
    write_eta(parts[ETA], sizeof parts[0], now, limit);
    for (int i = 0; i < PARTS; i++) {
        int part = parts_in_order[i], more = (int)strlen(parts[part]) + (used ? 2 : 0);
        fits[part] = parts[part][0] && used + more <= room;
        used += fits[part] ? more : 0;
    }
    int size = room - used - 2 < BAR_MOST ? room - used - 2 : BAR_MOST;
    if (size >= BAR_LEAST)
        write_bar(bar, sizeof bar, size, now);
    const char *gap = "";
    line[0] = '\0';
    for (int part = 0, length = 0; part < PARTS; part++) {
        if (!fits[part])
            continue;
        length +=
            snprintf(line + length, (size_t)(PROGRESS_LINE - length), "%s%s", gap, parts[part]);
        gap = part == EPOCH ? bar : "  ";
    }
}

void progress_batch(struct progress *progress, const struct train_progress *now)
{
    double clock = progress->live ? clock_seconds() : 0.0;
    if (!progress->live || clock - progress->last < INTERVAL)
        return;
    char line[PROGRESS_LINE];
    progress->last = clock;
    progress_line(line, now, progress->limit, terminal_width(stderr));
    terminal_line(line);
}

static struct text whole(int n)
{
    struct text text;
    snprintf(text.text, sizeof text.text, "%d", n);
    return text;
}

/* Hides the columns that have no room, and prints titles whenever others show than before. */
static void choose_columns(struct progress *progress, struct table *table,
                           const struct table_cell *cells, bool validated)
{
    int room = terminal_room(stderr);
    struct table_column columns[COLUMNS];
    struct table filled = *table; /* a cell may be wider than its column */
    filled.columns = memcpy(columns, table->columns, sizeof columns);
    filled.hidden = ~1u;
    table_fit(&filled, cells);
    for (int i = 1; i < COLUMNS; i++) {
        unsigned bit = 1u << columns_in_order[validated][i];
        filled.hidden &= ~bit;
        if (table_width(&filled) > room)
            filled.hidden |= bit;
    }
    table->hidden = filled.hidden;
    if (!progress->headed || progress->hidden != table->hidden)
        table_titles(terminal_stderr(), table);
    progress->headed = true;
    progress->hidden = table->hidden;
}

void progress_epoch(struct progress *progress, const struct train_epoch *epoch, bool validated)
{
    if (progress->quiet)
        return;
    struct table_column columns[COLUMNS] = {[NUMBER] = {"epoch", 5},
                                            [TRAIN_LOSS] = {"train loss", 11},
                                            [TRAIN_ACC] = {"train acc", 10},
                                            [VAL_LOSS] = {"val loss", 9},
                                            [VAL_ACC] = {"val acc", 8},
                                            [RATE] = {"lr", 9},
                                            [SPEED] = {"images/s", 9},
                                            [TIME] = {"time", 7},
                                            [BEST] = {"", 4}};
    struct table table = {columns, COLUMNS, .indent = 0, .gap = 1};
    struct text none = {"-"}, best = {"best"}, other = {""};
    struct table_cell cells[COLUMNS] = {
        [NUMBER].text = whole(epoch->epoch),
        [TRAIN_LOSS].text = format_loss(epoch->train_loss),
        [TRAIN_ACC].text = format_percent(epoch->train_acc),
        [VAL_LOSS].text = validated ? format_loss(epoch->val_loss) : none,
        [VAL_ACC].text = validated ? format_percent(epoch->val_acc) : none,
        [RATE].text = format_rate((double)epoch->lr),
        [SPEED].text = format_rounded(epoch->images_per_s),
        [TIME].text = format_seconds(epoch->seconds),
        [BEST].text = epoch->best && validated ? best : other,
    };
    struct table_cell widest[COLUMNS] = {{.text = whole(progress->epochs)}};
    table_fit(&table, widest);
    for (int c = 0; epoch->best && progress->color && c < COLUMNS; c++)
        cells[c].style = "\033[1m";
    choose_columns(progress, &table, cells, validated);
    table_row(terminal_stderr(), &table, cells);
}
