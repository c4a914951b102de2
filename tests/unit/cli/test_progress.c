/* What is said about training on a stderr that is not a terminal, caught in a file; and the moving
 * line. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mnist/cli/options.h"
#include "mnist/cli/progress.h"

#include "../test.h"

static const struct train_epoch epochs[] = {{.epoch = 1,
                                             .train_loss = 0.51234,
                                             .train_acc = 0.85,
                                             .val_loss = 0.25,
                                             .val_acc = 0.925,
                                             .lr = 1e-3f,
                                             .seconds = 0.26,
                                             .images_per_s = 212345.6,
                                             .best = true},
                                            {.epoch = 2,
                                             .train_loss = 0.2,
                                             .train_acc = 0.94,
                                             .val_loss = 0.26,
                                             .val_acc = 0.921,
                                             .lr = 5e-4f,
                                             .seconds = 61.0,
                                             .images_per_s = 1e6}};

/* What a run of two epochs says on stderr. */
static const char *said(bool quiet, int color, bool validated)
{
    static char text[1024];
    const struct train_progress now = {.epoch = 1, .epochs = 2, .batch = 1, .batches = 9};
    struct progress progress;
    int kept = dup(STDERR_FILENO), file = open(test_path("said"), O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (!check(kept >= 0 && file >= 0, "no file for stderr"))
        return "";
    fflush(stderr);
    dup2(file, STDERR_FILENO);
    progress_start(&progress, 2, 0.0, quiet, color);
    for (size_t e = 0; e < COUNT(epochs); e++) {
        progress_batch(&progress, &now);
        progress_epoch(&progress, &epochs[e], validated);
    }
    fflush(stderr);
    dup2(kept, STDERR_FILENO);
    close(kept);
    ssize_t size = pread(file, text, sizeof text - 1, 0);
    close(file);
    text[size < 0 ? 0 : size] = '\0';
    return text;
}

TEST(progress_lines, "progress: a line an epoch where nothing can be redrawn")
{
    static const char wanted[] =
        "epoch  train loss  train acc  val loss  val acc        lr  images/s    time\n"
        "    1      0.5123     85.00%    0.2500   92.50%     0.001   212,346  0.26 s best\n"
        "    2      0.2000     94.00%    0.2600   92.10%    0.0005 1,000,000    1:01\n";
    check_string(said(false, COLOR_NEVER, true), wanted);
    check_string(said(true, COLOR_NEVER, true), "");
}

TEST(progress_unvalidated, "progress: nothing is the best without validation")
{
    static const char wanted[] =
        "epoch  train loss  train acc  val loss  val acc        lr  images/s    time\n"
        "    1      0.5123     85.00%         -        -     0.001   212,346  0.26 s\n"
        "    2      0.2000     94.00%         -        -    0.0005 1,000,000    1:01\n";
    check_string(said(false, COLOR_NEVER, false), wanted);
}

TEST(progress_color, "progress: the best epoch is bold in colours, and no other")
{
    const char *text = said(false, COLOR_ALWAYS, true), *second = strstr(text, "\n    2");
    const char *bold = strstr(text, "\033[1m1\033[0m");
    check(bold && second && bold < second, "the best epoch is not bold:\n%s", text);
    check(second && !strchr(second, '\033'), "another epoch is bold:\n%s", text);
}

static const struct train_progress early = {
    .epoch = 1, .epochs = 3, .batch = 1, .batches = 4, .loss = 0.5, .acc = 0.85, .seconds = 0.5};
static const struct train_progress vast = {.epoch = 999999,
                                           .epochs = 1000000,
                                           .batch = 500000,
                                           .batches = 1000000,
                                           .loss = 1.18e12,
                                           .acc = 1.0,
                                           .seconds = 1e12};

TEST(progress_moving, "progress: the moving line shows what counts most")
{
    static const struct {
        const struct train_progress *now;
        int width;
        const char *wanted;
    } rows[] = {
        {&early, 200, "epoch 1/3 [====>           ] loss 0.5000  acc 85.00%  ETA 6 s"},
        {&early, 80, "epoch 1/3 [====>           ] loss 0.5000  acc 85.00%  ETA 6 s"},
        {&early, 58, "epoch 1/3 [==>       ] loss 0.5000  acc 85.00%  ETA 6 s"},
        {&early, 40, "epoch 1/3 [=>  ] loss 0.5000  ETA 6 s"},
        {&early, 33, "epoch 1/3  acc 85.00%  ETA 6 s"},
        {&early, 32, "epoch 1/3 [==>      ] ETA 6 s"},
        {&early, 10, "epoch 1/3"},
        {&early, 9, "ETA 6 s"},
        {&early, 1, ""},
        {&vast, 200,
         "epoch 999999/1000000 [========>       ] loss 1.18e+12  acc 100.00%  ETA 416:40:02"},
        {&vast, 80,
         "epoch 999999/1000000 [======>     ] loss 1.18e+12  acc 100.00%  ETA 416:40:02"},
        {&vast, 40, "epoch 999999/1000000  ETA 416:40:02"},
        {&vast, 24, "epoch 999999/1000000"},
        {&vast, 21, "epoch 999999/1000000"},
        {&vast, 20, "ETA 416:40:02"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char line[PROGRESS_LINE];
        progress_line(line, rows[i].now, 0.0, rows[i].width);
        test_case("row %zu", i);
        check_string(line, rows[i].wanted);
    }
}

/* A limit on the time ends the run before, and the first batches say nothing yet. */
TEST(progress_eta, "progress: the time left is that of the limit, and not told too soon")
{
    static const struct {
        double seconds, limit;
        const char *wanted;
    } rows[] = {
        {0.5, 0.0, "epoch 1/3  ETA 6 s"}, {0.5, 9.0, "epoch 1/3  ETA 6 s"},
        {0.5, 2.6, "epoch 1/3  ETA 2 s"}, {0.5, 0.1, "epoch 1/3  ETA 0 s"},
        {0.4, 0.0, "epoch 1/3  acc 85.00%"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct train_progress now = early;
        char line[PROGRESS_LINE];
        now.seconds = rows[i].seconds;
        progress_line(line, &now, rows[i].limit, 22);
        test_case("row %zu", i);
        check_string(line, rows[i].wanted);
    }
}

TEST(progress_widths, "progress: the moving line is narrower than the terminal, whatever it shows")
{
    static const double values[] = {0.0, 0.999, 12.5, 1e300};
    for (int width = 0; width < 300; width++) {
        for (size_t v = 0; v < COUNT(values); v++) {
            const struct train_progress now = {.epoch = 1 + (int)v * 333333,
                                               .epochs = 1000000,
                                               .batch = 1 + width % 7,
                                               .batches = 7,
                                               .loss = values[v],
                                               .acc = 0.5,
                                               .seconds = values[v]};
            char line[PROGRESS_LINE];
            progress_line(line, &now, 0.0, width);
            check(strlen(line) < (size_t)(width ? width : 1), "%d columns: '%s'", width, line);
        }
    }
}
