#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mnist/base/format.h"
#include "mnist/net/train.h"
#include "mnist/report/chart.h"

#include "../histories.h"
#include "../test.h"

/* Whatever the values, the chart's places are numbers inside it. */
TEST(chart_odd_values, "chart: odd values")
{
    static const double values[][3] = {{0, 0, 0},         {1, 1, 1},          {-1, 2, 1e-9},
                                       {1e-300, 1, 1e9},  {5e-5, 5e-4, 5e-3}, {1e9, 1e9, 1e9 + 1},
                                       {0.1, 0.1, 0.1001}};
    for (size_t v = 0; v < COUNT(values); v++) {
        for (int count = 1; count <= 3; count++) {
            struct train_epoch history[3] = {{0}};
            const struct chart_line line = {"training", "train", CURVE_TRAIN_LOSS};
            const struct chart chart = {"Loss", history,  count,       &line,       1,
                                        v % 2,  HUGE_VAL, format_tick, format_loss, count};
            for (int e = 0; e < count; e++)
                history[e].train_loss = values[v][e];
            FILE *out = page_open();
            chart_write(out, &chart);
            fclose(out);
            check(!strstr(page, "nan") && !strstr(page, "inf"), "values %zu, %d of them: %.200s", v,
                  count, page);
            float x, y;
            const char *at = strstr(page, "points=\"");
            for (int e = 0; e < count && check(at != NULL, "no points"); e++) {
                at = e ? strchr(at, ' ') : at + 7;
                if (!check(at && sscanf(at + 1, "%f,%f", &x, &y) == 2, "point %d", e))
                    return;
                check(x >= 0 && x <= 300 && y >= 0 && y <= 225, "point %d at %g,%g", e, (double)x,
                      (double)y);
                at++;
            }
        }
    }
}

static void charts(FILE *out, const struct train_epoch *history, int count)
{
    static const struct chart_line loss[] = {{"training", "train", CURVE_TRAIN_LOSS},
                                             {"validation", "val", CURVE_VAL_LOSS}};
    static const struct chart_line accuracy[] = {{"training", "train", CURVE_TRAIN_ACC},
                                                 {"validation", "val", CURVE_VAL_ACC}};
    static const struct chart_line rate[] = {{"rate", "rate", CURVE_RATE}};
    const struct chart all[] = {
        {"Loss", history, count, loss, 2, true, HUGE_VAL, format_tick, format_loss, count},
        {"Accuracy", history, count, accuracy, 2, false, 1.0, format_share, format_percent, 1},
        {"Rate", history, count, rate, 1, false, HUGE_VAL, format_tick, format_rate, 0},
    };
    for (size_t i = 0; i < COUNT(all); i++)
        chart_write(out, &all[i]);
}

/* Checks that every coordinate after this name is a number inside the picture of 300×225. */
static void check_coordinates(const char *text, const char *name, double most, int n, int count)
{
    for (const char *at = strstr(text, name); at; at = strstr(at + 1, name)) {
        char *end;
        double place = strtod(at + strlen(name), &end);
        check(end > at + strlen(name) && place >= 0.0 && place <= most,
              "history %d, %d epochs: %.40s", n, count, at);
    }
}

TEST(chart_histories, "chart: any history that can be")
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
            check_coordinates(text, "cx=", 300.0, n, count);
            check_coordinates(text, "cy=", 225.0, n, count);
            check_coordinates(text, " x=", 300.0, n, count);
            check_coordinates(text, " y=", 225.0, n, count);
            check_coordinates(text, "points=\"", 300.0, n, count);
            check(strlen(text) < 16384, "history %d, %d epochs: %zu bytes", n, count, strlen(text));
            free(text);
        }
    }
}

/* Values may be as near to each other as an axis can be to having no length. */
TEST(chart_labels, "chart: no label appears twice")
{
    static const double values[][2] = {{123.45, 123.46},   {900, 1100},        {1, 1e3},
                                       {1e6, 1e6 + 0.002}, {0.3, 0.3 + 4e-10}, {1e-5, 3e-5},
                                       {2.3025, 2.3026}};
    for (size_t v = 0; v < COUNT(values); v++) {
        const struct train_epoch history[] = {{.train_loss = values[v][0]},
                                              {.train_loss = values[v][1]}};
        const struct chart_line line = {"training", "train", CURVE_TRAIN_LOSS};
        const struct chart chart = {"Loss", history,  2,           &line,       1,
                                    true,   HUGE_VAL, format_tick, format_loss, 0};
        FILE *out = page_open();
        chart_write(out, &chart);
        fclose(out);
        char label[64], last[64] = "";
        int count = 0;
        const char *at = strstr(page, "class=\"axis y\"");
        for (; at && (at = strstr(at, "<text x=")) && sscanf(at, "%*[^>]>%63[^<]", label) == 1 &&
               strcmp(label, "epoch") != 0;
             at++, count++) {
            check(strcmp(label, last) != 0, "values %zu: %s and %s", v, last, label);
            snprintf(last, sizeof last, "%s", label);
        }
        check(count >= 2, "values %zu: %d labels", v, count);
    }
}
