#include "mnist/report/chart.h"

#include <math.h>

#include "mnist/base/rmath.h"
#include "mnist/net/metrics.h"
#include "mnist/net/train.h"

/* In units of the viewBox, about one pixel each. */
enum { WIDTH = 360, HEIGHT = 230, LEFT = 54, RIGHT = 8, TOP = 12, BOTTOM = 30 };

/* An axis that runs from begin to end on the page. */
struct scale {
    struct curve_axis axis;
    double begin, end;
};

static double place(const struct scale *s, double value)
{
    return s->begin + curve_place(&s->axis, value) * (s->end - s->begin);
}

static double value_at(const struct chart *chart, int line, int epoch)
{
    return curve_value(&chart->history[epoch - 1], chart->lines[line].figure);
}

static struct scale value_scale(const struct chart *chart)
{
    const struct chart_line *first = chart->lines, *last = first + chart->line_count - 1;
    const struct curve_axis axis =
        curve_axis(chart->history, chart->count, first->figure, last->figure, chart->log);
    return (struct scale){curve_axis_rounded(axis, chart->most), HEIGHT - BOTTOM, TOP};
}

static void write_tick(FILE *out, double y, const char *label)
{
    fprintf(out,
            "<path class=grid d=\"M%d %.1fH%d\"/><text class=axis x=%d y=%.1f "
            "text-anchor=end>%s</text>",
            LEFT, y, WIDTH - RIGHT, LEFT - 6, y + 4, label);
}

static void write_ticks(FILE *out, const struct scale *s, struct text (*format)(double))
{
    double ticks[CURVE_TICKS_MAX];
    int count = curve_ticks(ticks, &s->axis);
    for (int i = 0; i < count; i++)
        write_tick(out, place(s, ticks[i]), format(ticks[i]).text);
}

static void write_epochs(FILE *out, const struct scale *x, int count)
{
    int step = count > 1 ? (int)rmath_whole(curve_step(count - 1), 1, count) : 1;
    fprintf(out, "<text class=axis x=%.1f y=%d text-anchor=middle>1</text>", place(x, 1),
            HEIGHT - 10);
    for (int e = step > 1 ? step : 2; e <= count; e += step)
        fprintf(out, "<text class=axis x=%.1f y=%d text-anchor=middle>%d</text>", place(x, e),
                HEIGHT - 10, e);
}

/* The points can be hovered over if there are few enough to tell apart. */
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

/* The best epoch is low among losses and high among accuracies: its text goes on the other side. */
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
    struct scale x = {{1, chart->count, false}, LEFT + 8, WIDTH - RIGHT - 8};
    if (chart->count == 1) /* one point is in the middle */
        x.axis = (struct curve_axis){0, 2, false};
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
    const struct curve_axis share = {0, 1, false};
    struct scale x = {share, EDGE + 6, SIDE - 18}, y = {share, SIDE - EDGE, 12};
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
