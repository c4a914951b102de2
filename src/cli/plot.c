#include "mnist/cli/plot.h"

#include "mnist/base/format.h"
#include "mnist/base/rmath.h"
#include "mnist/cli/terminal.h"
#include "mnist/net/train.h"
#include "mnist/report/curve.h"

enum { ROWS = 8, LABEL = 8, GAP = 3, LEAST = 8, NARROW = 24, WIDE = 48 };

/* What is at a place; later ones cover earlier ones. */
enum mark { EMPTY, TRAIN, VAL, BEST, MARKS };

struct panel {
    const char *title;
    struct text (*format)(double);
    enum curve_figure train, val;
    bool log; /* the axis may be logarithmic */
    struct curve_axis axis;
    int columns;
    unsigned char at[ROWS][WIDE];
};

/* The column of epoch number `epoch`. */
static int column_of(const struct panel *panel, int epoch, int count)
{
    double place = (double)(epoch - 1) * (panel->columns - 1) / (count - 1);
    return (int)rmath_whole(place + 0.5, 0, panel->columns - 1);
}

static int row_of(const struct panel *panel, double value)
{
    double share = curve_place(&panel->axis, value);
    return (int)rmath_whole((1.0 - share) * (ROWS - 1) + 0.5, 0, ROWS - 1);
}

/* Draws a line through the epochs' values: straight between two of them, without gaps if steep. */
static void draw_line(struct panel *panel, const struct train_epoch *history, int count,
                      enum curve_figure figure, enum mark mark)
{
    int previous = row_of(panel, curve_value(&history[0], figure));
    for (int c = 0; c < panel->columns; c++) {
        double place = (double)c * (count - 1) / (panel->columns - 1);
        int before = (int)rmath_whole(place, 0, count - 2);
        double share = place - before;
        double a = curve_value(&history[before], figure);
        double b = curve_value(&history[before + 1], figure);
        int row = row_of(panel, a * (1.0 - share) + b * share);
        int step = row < previous ? -1 : 1;
        for (int r = previous; r != row; r += step)
            if (r != previous)
                panel->at[r][c] = (unsigned char)mark;
        panel->at[row][c] = (unsigned char)mark;
        previous = row;
    }
}

static void draw(struct panel *panel, const struct train_epoch *history, int count, bool validated,
                 int best)
{
    panel->axis =
        curve_axis(history, count, panel->train, validated ? panel->val : panel->train, panel->log);
    draw_line(panel, history, count, panel->train, TRAIN);
    if (validated)
        draw_line(panel, history, count, panel->val, VAL);
    if (validated && best > 0)
        panel->at[row_of(panel, curve_value(&history[best - 1], panel->val))]
                 [column_of(panel, best, count)] = BEST;
}

/* The characters for marks, then those for axis, tick, corner and floor. */
static const char *const ascii[] = {" ", ".", "o", "@", "|", "+", "+", "-"};
static const char *const unicode_marks[] = {" ", "·", "•", "◆", "│", "┤", "└", "─"};
enum { AXIS = MARKS, TICK, CORNER, FLOOR };

/* Line 0 is the title, then come the rows, the floor and the epochs. Returns the columns used. */
static int print_line(FILE *out, const struct panel *panel, int line, int count,
                      const char *const *signs)
{
    int row = line - 1, used = LABEL + 2;
    if (line == 0)
        return fprintf(out, "  %s%s", panel->title, panel->axis.log ? ", log scale" : "");
    if (row == ROWS) {
        fprintf(out, "%*s %s", LABEL, "", signs[CORNER]);
        for (int c = 0; c < panel->columns; c++)
            fputs(signs[FLOOR], out);
        return used + panel->columns;
    }
    if (row > ROWS)
        return fprintf(out, "%*s  1%*d", LABEL, "epoch", panel->columns - 1, count);
    bool ends = row == 0 || row == ROWS - 1;
    fprintf(out, "%*s %s", LABEL,
            ends ? panel->format(row ? panel->axis.from : panel->axis.to).text : "",
            signs[ends ? TICK : AXIS]);
    int inked = panel->columns;
    while (inked > 0 && panel->at[row][inked - 1] == EMPTY)
        inked--;
    for (int c = 0; c < inked; c++)
        fputs(signs[panel->at[row][c]], out);
    return used + inked;
}

void plot_history(FILE *out, const struct train_epoch *history, int count, bool validated, int best,
                  int width, bool unicode)
{
    struct panel panels[] = {
        {.title = "loss",
         .format = format_loss,
         .train = CURVE_TRAIN_LOSS,
         .val = CURVE_VAL_LOSS,
         .log = true},
        {.title = "accuracy",
         .format = format_percent,
         .train = CURVE_TRAIN_ACC,
         .val = CURVE_VAL_ACC},
    };
    const char *const *signs = unicode ? unicode_marks : ascii;
    int half = (width - GAP) / 2 - LABEL - 2;
    bool beside = half >= NARROW;
    int columns = beside ? half : width - LABEL - 3;
    for (int i = 0; i < 2; i++) {
        panels[i].columns = columns < LEAST ? LEAST : columns > WIDE ? WIDE : columns;
        draw(&panels[i], history, count, validated, best);
    }
    for (int i = 0; i < (beside ? 1 : 2); i++) {
        for (int line = 0; line < ROWS + 3; line++) {
            int used = print_line(out, &panels[i], line, count, signs);
            if (beside) {
                fprintf(out, "%*s", LABEL + 2 + panels[0].columns + GAP - used, "");
                print_line(out, &panels[1], line, count, signs);
            }
            putc('\n', out);
        }
    }
    char legend[96];
    int length = snprintf(legend, sizeof legend, "  %s\ttraining", signs[TRAIN]);
    if (validated)
        length += snprintf(legend + length, sizeof legend - (size_t)length, "  %s\tvalidation",
                           signs[VAL]);
    if (validated && best > 0)
        snprintf(legend + length, sizeof legend - (size_t)length, "  %s\tbest,\tepoch\t%d",
                 signs[BEST], best);
    terminal_wrap(out, legend, 0, 2, width);
}
