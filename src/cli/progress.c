#include "mnist/progress.h"

#include <stdio.h>

#include "mnist/clock.h"
#include "mnist/format.h"
#include "mnist/terminal.h"

/* Ten drawings a second are as many as an eye can use. */
static const double INTERVAL = 0.1;

/* All lines fit 80 columns: a moving line that wraps could not be redrawn. */
enum { BAR = 16 };

void progress_start(struct progress *progress, bool quiet, int color)
{
    *progress = (struct progress){
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

void progress_epoch(struct progress *progress, const struct train_epoch *epoch, bool validated)
{
    if (progress->quiet)
        return;
    progress_clear(progress);
    if (!progress->headed)
        fputs("epoch  train loss  train acc  val loss  val acc        lr  images/s    time\n",
              stderr);
    progress->headed = true;
    bool bold = epoch->best && progress->color;
    fprintf(
        stderr, "%s%5d  %10s  %9s  %8s  %7s  %8s %9s %7s%s%s\n", bold ? "\033[1m" : "",
        epoch->epoch, format_loss(epoch->train_loss).text, format_percent(epoch->train_acc).text,
        validated ? format_loss(epoch->val_loss).text : "-",
        validated ? format_percent(epoch->val_acc).text : "-", format_rate((double)epoch->lr).text,
        format_count((long long)epoch->images_per_s).text, format_seconds(epoch->seconds).text,
        epoch->best && validated ? " best" : "", bold ? "\033[0m" : "");
}
