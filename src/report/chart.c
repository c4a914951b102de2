#include "mnist/report/chart.h"

#include <float.h>
#include <math.h>

#include "mnist/base/rmath.h"

/* In the units of the viewBox; about a pixel each. */
enum { WIDTH = 360, HEIGHT = 230, LEFT = 54, RIGHT = 8, TOP = 12, BOTTOM = 30 };

enum { MOST_TICKS = 5 };

/* Values from … to, placed along begin … end. */
struct scale {
    double from, to, begin, end;
    bool log;
};

static double place(const struct scale *s, double value)
{
    double share = s->log ? (log(value) - log(s->from)) / (log(s->to) - log(s->from))
                          : (value - s->from) / (s->to - s->from);
    return s->begin + share * (s->end - s->begin);
}

/* Lengths below these are none: the steps could not be told from 0, or from each other. */
static const double SHORTEST = DBL_MIN * 1e6, SHORTEST_SHARE = 1e-9;

/* 1, 2 or 5 times a power of ten: the smallest step with which `length`, at least SHORTEST, is at
 * most `most` of them. */
static double step_of(double length, int most)
{
    double step = pow(10.0, floor(log10(length / most)));
    for (int i = 0; length / step > most; i++)
        step *= i % 3 == 1 ? 2.5 : 2.0;
    return step;
}

static double value_at(const struct chart *chart, int line, int epoch)
{
    return train_epoch_figure(&chart->history[epoch - 1], chart->lines[line].figure);
}

static struct scale value_scale(const struct chart *chart)
{
    const struct chart_line *first = chart->lines, *last = first + chart->line_count - 1;
    const struct train_range range =
        train_history_range(chart->history, chart->count, first->figure, last->figure);
    double low = range.low, high = range.high;
    struct scale s = {.begin = HEIGHT - BOTTOM, .end = TOP, .log = chart->log && range.wide};
    if (s.log) {
        s.from = low / 1.1;
        s.to = high * 1.1;
        return s;
    }
    /* Values that are all alike go to the middle of some steps. */
    bool alone = !(high - low >= fmax(SHORTEST, SHORTEST_SHARE * fabs(high)));
    double step = step_of(alone ? 1e-9 + fabs(high) / 4.0 : high - low, MOST_TICKS);
    s.from = step * (floor(low / step) - (alone ? 1.0 : 0.0));
    s.to = fmin(chart->most, step * (ceil(high / step) + (alone ? 1.0 : 0.0)));
    return s;
}

static void write_tick(FILE *out, double y, const char *label)
{
    fprintf(out,
            "<path class=grid d=\"M%d %.1fH%d\"/><text class=axis x=%d y=%.1f "
            "text-anchor=end>%s</text>",
            LEFT, y, WIDTH - RIGHT, LEFT - 6, y + 4, label);
}

/* A logarithm's whole part: the doubles lie between 10^-324 and 10^309. */
static int power_of(double logarithm)
{
    return (int)rmath_whole(logarithm, -400, 400);
}

/* Multiples of each power of ten: more of them, the fewer powers there are; of many, not each. */
static void write_log_ticks(FILE *out, const struct scale *s, struct text (*format)(double))
{
    static const struct {
        double decades;
        int count;
        double of[6];
    } multiples[] = {{1.2, 6, {1, 1.5, 2, 3, 5, 7}}, {2.5, 3, {1, 2, 5}}, {HUGE_VAL, 1, {1}}};
    double decades = log10(s->to) - log10(s->from);
    int m = 0, step = 1 + power_of(decades / MOST_TICKS);
    while (decades > multiples[m].decades)
        m++;
    for (int power = power_of(log10(s->from)); power <= power_of(log10(s->to)); power += step) {
        for (int i = 0; i < multiples[m].count; i++) {
            double value = multiples[m].of[i] * pow(10.0, power);
            if (value >= s->from && value <= s->to)
                write_tick(out, place(s, value), format(value).text);
        }
    }
}

static void write_ticks(FILE *out, const struct scale *s, struct text (*format)(double))
{
    if (s->log) {
        write_log_ticks(out, s, format);
        return;
    }
    double step = step_of(s->to - s->from, MOST_TICKS);
    int count = (int)rmath_whole((s->to - s->from) / step + 0.5, 0, 4 * MOST_TICKS);
    for (int i = 0; i <= count; i++) {
        double value = s->from + i * step;
        write_tick(out, place(s, value), format(fabs(value) < step / 2 ? 0.0 : value).text);
    }
}

static void write_epochs(FILE *out, const struct scale *x, int count)
{
    int step = count > 1 ? (int)rmath_whole(step_of(count - 1, MOST_TICKS), 1, count) : 1;
    fprintf(out, "<text class=axis x=%.1f y=%d text-anchor=middle>1</text>", place(x, 1),
            HEIGHT - 10);
    for (int e = step > 1 ? step : 2; e <= count; e += step)
        fprintf(out, "<text class=axis x=%.1f y=%d text-anchor=middle>%d</text>", place(x, e),
                HEIGHT - 10, e);
}

/* The points can be pointed at where there are few enough to be told apart. */
static void write_line(FILE *out, const struct chart *chart, int line, const struct scale *x,
                       const struct scale *y)
{
    enum { FEW = 100 };
    const struct chart_line *l = &chart->lines[line];
    fprintf(out, "<polyline class=\"line %s\" points=\"", l->style);
    for (int e = 1; e <= chart->count; e++)
        fprintf(out, "%s%.2f,%.2f", e > 1 ? " " : "", place(x, e),
                place(y, value_at(chart, line, e)));
    fputs("\"/>", out);
    for (int e = 1; e <= chart->count && chart->count <= FEW; e++)
        fprintf(out,
                "<circle class=\"dot %s\" cx=%.2f cy=%.2f r=%s><title>epoch %d, %s: "
                "%s</title></circle>",
                l->style, place(x, e), place(y, value_at(chart, line, e)),
                chart->count > 1 ? "2.2" : "4", e, l->name,
                chart->format(value_at(chart, line, e)).text);
}

/* The best is low among losses, high among accuracies: its text goes where the line is not. */
static void write_mark(FILE *out, const struct chart *chart, const struct scale *x,
                       const struct scale *y)
{
    int line = chart->line_count - 1;
    double at = place(x, chart->mark), value = value_at(chart, line, chart->mark);
    double height = place(y, value);
    bool left = at > WIDTH * 0.55, above = height > HEIGHT / 2.0;
    fprintf(out, "<path class=mark d=\"M%.1f %dV%d\"/>", at, TOP, HEIGHT - BOTTOM);
    fprintf(out, "<circle class=\"best %s\" cx=%.1f cy=%.1f r=5 />", chart->lines[line].style, at,
            height);
    fprintf(out, "<text class=best x=%.1f y=%d text-anchor=%s>epoch %d: %s</text>",
            at + (left ? -7 : 7), above ? TOP + 12 : HEIGHT - BOTTOM - 10, left ? "end" : "start",
            chart->mark, chart->format(value).text);
}

void chart_write(FILE *out, const struct chart *chart)
{
    struct scale x = {1, chart->count, LEFT + 8, WIDTH - RIGHT - 8, false};
    if (chart->count == 1) /* one point stands in the middle */
        x = (struct scale){0, 2, LEFT + 8, WIDTH - RIGHT - 8, false};
    struct scale y = value_scale(chart);
    fprintf(out, "<figure class=chart><figcaption><b>%s</b>", chart->title);
    for (int l = 0; l < chart->line_count; l++)
        fprintf(out, " <span class=\"key %s\">%s</span>", chart->lines[l].style,
                chart->lines[l].name);
    fprintf(out,
            "</figcaption><svg viewBox=\"0 0 %d %d\" role=img aria-label=\"%s, epochs 1 to %d\">",
            WIDTH, HEIGHT, chart->title, chart->count);
    write_ticks(out, &y, chart->axis);
    write_epochs(out, &x, chart->count);
    for (int l = 0; l < chart->line_count; l++)
        write_line(out, chart, l, &x, &y);
    if (chart->mark)
        write_mark(out, chart, &x, &y);
    fputs("</svg></figure>\n", out);
}

/* --- calibration --- */

enum { SIDE = 340, EDGE = 46 };

/* Lines and labels at every fifth of both axes. */
static void write_square(FILE *out, const struct scale *x, const struct scale *y)
{
    for (int i = 0; i <= 5; i++) {
        double at = i / 5.0;
        struct text label = format_share(at);
        fprintf(out, "<path class=grid d=\"M%.1f %.1fH%.1fM%.1f %.1fV%.1f\"/>", x->begin,
                place(y, at), x->end, place(x, at), y->begin, y->end);
        fprintf(out, "<text class=axis x=%.1f y=%.1f text-anchor=end>%s</text>", x->begin - 5,
                place(y, at) + 4, label.text);
        fprintf(out, "<text class=axis x=%.1f y=%.1f text-anchor=middle>%s</text>", place(x, at),
                y->begin + 17, label.text);
    }
    fprintf(out, "<path class=mark d=\"M%.1f %.1fL%.1f %.1f\"/>", x->begin, y->begin, x->end,
            y->end);
    fprintf(out, "<text class=axis x=%d y=%d text-anchor=middle>how sure it was</text>",
            (SIDE + EDGE) / 2, SIDE - 4);
    fprintf(out,
            "<text class=axis transform=\"translate(10 %d) rotate(-90)\" text-anchor=middle>"
            "how often it was right</text>",
            (SIDE - EDGE) / 2);
}

void chart_write_calibration(FILE *out, const struct metrics *metrics)
{
    struct scale x = {0, 1, EDGE + 6, SIDE - 18, false}, y = {0, 1, SIDE - EDGE, 12, false};
    fprintf(out,
            "<svg class=square viewBox=\"0 0 %d %d\" role=img "
            "aria-label=\"how often it was right over how sure it was\">",
            SIDE, SIDE);
    write_square(out, &x, &y);
    for (int i = 0; i < CALIBRATION_BINS; i++) {
        const struct calibration_bin *bin = &metrics->bins[i];
        if (!bin->count)
            continue;
        double confidence = bin->confidence / bin->count, right = (double)bin->correct / bin->count;
        double error = sqrt(right * (1.0 - right) / bin->count);
        fprintf(out, "<path class=\"line val\" d=\"M%.1f %.1fV%.1f\"/>", place(&x, confidence),
                place(&y, fmax(0.0, right - error)), place(&y, fmin(1.0, right + error)));
        fprintf(out,
                "<circle class=\"dot val\" cx=%.1f cy=%.1f r=%.1f><title>%s images: %s sure, %s "
                "right</title></circle>",
                place(&x, confidence), place(&y, right), 2.5 + 1.2 * log10(bin->count),
                format_count(bin->count).text, format_percent(confidence).text,
                format_percent(right).text);
    }
    fputs("</svg>\n", out);
}
