/* Learning curves of any history that can be, on the terminal and in the report. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mnist/cli/plot.h"
#include "mnist/report/chart.h"
#include "test.h"

static const double values[] = {0.0, 5e-324,        1e-320, 1.0 - 0x1p-53,
                                1.0, 1.0 + 0x1p-52, 1e20,   (double)FLT_MAX};

enum { VALUES = sizeof values / sizeof values[0], EPOCHS = 3 };

/* History number `n` of VALUES^EPOCHS: its losses are the digits of n to the base VALUES. */
static void make_history(struct train_epoch history[EPOCHS], int n)
{
    for (int e = 0; e < EPOCHS; e++, n /= VALUES) {
        double loss = values[n % VALUES];
        history[e] = (struct train_epoch){.epoch = e + 1,
                                          .train_loss = loss,
                                          .val_loss = values[(n + e) % VALUES],
                                          .train_acc = fmin(loss, 1.0 - 0x1p-53 * (n % 2)),
                                          .val_acc = e % 2 ? 1e-320 : 1.0,
                                          .lr = (float)fmin(loss, 1e12),
                                          .seconds = 1e-9,
                                          .images_per_s = 1.0};
    }
}

static char *printed(void (*print)(FILE *out, const struct train_epoch *history, int count),
                     const struct train_epoch *history, int count)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!check(out != NULL, "no memory"))
        return NULL;
    print(out, history, count);
    fclose(out);
    return text;
}

static int plot_width;

static void plot(FILE *out, const struct train_epoch *history, int count)
{
    plot_history(out, history, count, true, count, plot_width, false);
}

/* Lines between the axes and their best epoch; none is longer than the terminal is wide. */
static void check_plot(const char *text, int n, int count)
{
    int longest = 0, length = 0, best = 0, signs = 0;
    for (const char *c = text; *c; c++) {
        length = *c == '\n' ? 0 : length + 1;
        longest = length > longest ? length : longest;
        best += *c == '@';
        signs += *c == 'o' || *c == '.';
    }
    check(longest <= plot_width, "history %d, %d epochs: a line of %d of %d", n, count, longest,
          plot_width);
    check(best == 3 && signs >= 30, "history %d, %d epochs: %d best, %d signs:\n%s", n, count, best,
          signs, text);
}

static void test_plot_histories(void)
{
    static const int widths[] = {48, 80};
    struct train_epoch history[EPOCHS];
    int all = (int)pow(VALUES, EPOCHS);
    for (int n = 0; n < all; n++) {
        make_history(history, n);
        for (int count = 2; count <= EPOCHS; count++) {
            plot_width = widths[(n + count) % 2];
            char *text = printed(plot, history, count);
            if (text)
                check_plot(text, n, count);
            free(text);
        }
    }
}

static void charts(FILE *out, const struct train_epoch *history, int count)
{
    static const struct chart_line loss[] = {{"training", "train", TRAIN_LOSS},
                                             {"validation", "val", VAL_LOSS}};
    static const struct chart_line accuracy[] = {{"training", "train", TRAIN_ACC},
                                                 {"validation", "val", VAL_ACC}};
    static const struct chart_line rate[] = {{"rate", "rate", TRAIN_RATE}};
    const struct chart all[] = {
        {"Loss", history, count, loss, 2, true, HUGE_VAL, format_rate, format_loss, count},
        {"Accuracy", history, count, accuracy, 2, false, 1.0, format_share, format_percent, 1},
        {"Rate", history, count, rate, 1, false, HUGE_VAL, format_rate, format_rate, 0},
    };
    for (size_t i = 0; i < COUNT(all); i++)
        chart_write(out, &all[i]);
}

/* Every coordinate behind this name is a number inside the picture of 360×230. */
static void check_coordinates(const char *text, const char *name, double most, int n, int count)
{
    for (const char *at = strstr(text, name); at; at = strstr(at + 1, name)) {
        char *end;
        double place = strtod(at + strlen(name), &end);
        check(end > at + strlen(name) && place >= 0.0 && place <= most,
              "history %d, %d epochs: %.40s", n, count, at);
    }
}

static void test_chart_histories(void)
{
    struct train_epoch history[EPOCHS];
    int all = (int)pow(VALUES, EPOCHS);
    for (int n = 0; n < all; n++) {
        make_history(history, n);
        for (int count = 1; count <= EPOCHS; count++) {
            char *text = printed(charts, history, count);
            if (!text)
                continue;
            check(!strstr(text, "nan") && !strstr(text, "inf"), "history %d, %d epochs", n, count);
            check_coordinates(text, "cx=", 360.0, n, count);
            check_coordinates(text, "cy=", 230.0, n, count);
            check_coordinates(text, " x=", 360.0, n, count);
            check_coordinates(text, " y=", 230.0, n, count);
            check_coordinates(text, "points=\"", 360.0, n, count);
            check(strlen(text) < 16384, "history %d, %d epochs: %zu bytes", n, count, strlen(text));
            free(text);
        }
    }
}

TEST_LIST(tests_curves, {"plot: any history that can be", test_plot_histories},
          {"chart: any history that can be", test_chart_histories});
