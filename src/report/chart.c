#include "mnist/report/chart.h"

#include <math.h>
#include <string.h>

#include "mnist/base/rmath.h"
#include "mnist/net/metrics.h"
#include "mnist/net/train.h"
#include "mnist/report/html.h"

/* In units of the viewBox, about one pixel each. A letter has the room that wide fonts need. */
enum { WIDTH = 300, HEIGHT = 225, RIGHT = 8, TOP = 26, BOTTOM = 28 };
static const double FONT = 12, LETTER = 7.7;

static double width_of(const char *text)
{
    return LETTER * (double)strlen(text);
}

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

/* Sizes and colours are attributes, so that they hold without the style sheet, too. */
static void open_svg(FILE *out, const char *style, int width, int height)
{
    fprintf(out,
            "<svg class=%s width=%d height=%d viewBox=\"0 0 %d %d\" font-size=%g "
            "font-family=\"system-ui, sans-serif\" role=img aria-label=\"",
            style, width, height, width, height, FONT);
}

static void open_grid(FILE *out)
{
    fputs("<path class=grid fill=none stroke=\"" HTML_LINE "\" d=\"", out);
}

/* Opens a group of labels, all of which end, start or have their middle at their places. */
static void open_labels(FILE *out, const char *axis, const char *anchor)
{
    fprintf(out, "<g class=\"axis %s\" fill=\"" HTML_SOFT "\" text-anchor=%s>", axis, anchor);
}

/* What a chart is drawn with. */
struct frame {
    struct scale x, y;
    double ticks[CURVE_TICKS_MAX];
    int tick_count;
};

/* The labels of the values, and the word "epoch", have their room on the left; half of the last
 * epoch's number has it on the right. */
static struct frame frame_of(const struct chart *chart)
{
    struct frame f = {.y = value_scale(chart)};
    double labels = width_of("epoch");
    f.tick_count = curve_ticks(f.ticks, &f.y.axis);
    for (int i = 0; i < f.tick_count; i++)
        labels = fmax(labels, width_of(chart->axis(f.ticks[i]).text));
    double left = 10 + labels;
    double right =
        (double)WIDTH - fmax(RIGHT, width_of(format_integer((uint64_t)chart->count).text) / 2 - 8);
    f.x = (struct scale){{1, chart->count, false}, left + 8, right - 8};
    if (chart->count == 1) /* one point is in the middle */
        f.x.axis = (struct curve_axis){0, 2, false};
    return f;
}

static void write_values(FILE *out, const struct chart *chart, const struct frame *f)
{
    double left = f->x.begin - 8;
    open_grid(out);
    for (int i = 0; i < f->tick_count; i++)
        fprintf(out, "M%.1f %.1fH%d", left, place(&f->y, f->ticks[i]), WIDTH - RIGHT);
    fputs("\"/>", out);
    open_labels(out, "y", "end");
    for (int i = 0; i < f->tick_count; i++)
        fprintf(out, "<text x=%.1f y=%.1f>%s</text>", left - 6, place(&f->y, f->ticks[i]) + 4,
                chart->axis(f->ticks[i]).text);
    fprintf(out,
            "</g><text class=axis fill=\"" HTML_SOFT "\" x=%.1f y=%d text-anchor=end>epoch"
            "</text>",
            left - 6, HEIGHT - 7);
}

/* Long numbers have room at half as many places. */
static void write_epochs(FILE *out, const struct scale *x, int count)
{
    double length = (count - 1) * (count > 99999 ? 2.0 : 1.0);
    int step = count > 1 ? (int)rmath_whole(curve_step(length), 1, count) : 1;
    open_labels(out, "x", "middle");
    for (int e = 1; e <= count; e += e == 1 && step > 1 ? step - 1 : step)
        fprintf(out, "<text x=%.1f y=%d>%d</text>", place(x, e), HEIGHT - 7, e);
    fputs("</g>", out);
}

static const char *color_of(const struct chart_line *line)
{
    return strcmp(line->style, "train") ? HTML_BLUE : HTML_ORANGE;
}

static void write_legend(FILE *out, const struct chart *chart, double x)
{
    for (int l = 0; l < chart->line_count; l++) {
        const struct chart_line *line = &chart->lines[l];
        fprintf(out,
                "<path class=\"line %s\" stroke=\"%s\" stroke-width=3 d=\"M%.1f 8h16\"/>"
                "<text class=\"key %s\" fill=\"" HTML_SOFT "\" x=%.1f y=12>%s</text>",
                line->style, color_of(line), x, line->style, x + 21, line->name);
        x += 21 + width_of(line->name) + 12;
    }
}

/* The points can be hovered over if there are few enough to tell apart. */
static void write_line(FILE *out, const struct chart *chart, int line, const struct frame *f)
{
    enum { FEW = 100 };
    const struct chart_line *l = &chart->lines[line];
    fprintf(out, "<polyline class=\"line %s\" fill=none stroke=\"%s\" stroke-width=2 points=\"",
            l->style, color_of(l));
    for (int e = 1; e <= chart->count; e++)
        fprintf(out, "%s%.2f,%.2f", e > 1 ? " " : "", place(&f->x, e),
                place(&f->y, value_at(chart, line, e)));
    fprintf(out, "\"/><g class=\"dot %s\" fill=\"%s\">", l->style, color_of(l));
    for (int e = 1; e <= chart->count && chart->count <= FEW; e++)
        fprintf(out, "<circle cx=%.2f cy=%.2f r=%s><title>epoch %d, %s: %s</title></circle>",
                place(&f->x, e), place(&f->y, value_at(chart, line, e)),
                chart->count > 1 ? "2" : "4", e, l->name,
                chart->format(value_at(chart, line, e)).text);
    fputs("</g>", out);
}

/* The best epoch is low among losses and high among accuracies: its text goes on the other side, to
 * the right of it if there is room, else to the left, else over it. */
static void write_mark(FILE *out, const struct chart *chart, const struct frame *f)
{
    const struct chart_line *line = &chart->lines[chart->line_count - 1];
    double at = place(&f->x, chart->mark);
    double value = value_at(chart, chart->line_count - 1, chart->mark);
    double height = place(&f->y, value);
    bool above = height > (double)HEIGHT / 2;
    char text[64];
    snprintf(text, sizeof text, "epoch %d: %s", chart->mark, chart->format(value).text);
    double length = 7 + width_of(text);
    bool right = at + length < (double)WIDTH;
    bool left = at - length >= f->x.begin - 8;
    fprintf(out,
            "<path class=mark fill=none stroke=\"" HTML_SOFT
            "\" stroke-dasharray=\"4 4\" d=\"M%.1f %dV%d\"/>",
            at, TOP, HEIGHT - BOTTOM);
    fprintf(out,
            "<circle class=\"best %s\" fill=white stroke=\"%s\" stroke-width=2.5 cx=%.1f cy=%.1f "
            "r=5 />",
            line->style, color_of(line), at, height);
    fprintf(out, "<text class=best x=%.1f y=%d text-anchor=%s>%s</text>",
            right  ? at + 7
            : left ? at - 7
                   : WIDTH - RIGHT,
            above ? TOP + 12 : HEIGHT - BOTTOM - 8, right ? "start" : "end", text);
}

void chart_write(FILE *out, const struct chart *chart)
{
    struct frame f = frame_of(chart);
    const char *scale = f.y.axis.log ? ", log scale" : "";
    fprintf(out, "<figure class=chart><figcaption><b>%s</b>%s</figcaption>", chart->title, scale);
    open_svg(out, "curves", WIDTH, HEIGHT);
    fprintf(out, "%s%s, epochs 1 to %d\">", chart->title, scale, chart->count);
    write_legend(out, chart, f.x.begin - 8);
    write_values(out, chart, &f);
    write_epochs(out, &f.x, chart->count);
    for (int l = 0; l < chart->line_count; l++)
        write_line(out, chart, l, &f);
    if (chart->mark)
        write_mark(out, chart, &f);
    fputs("</svg></figure>\n", out);
}

/* --- calibration --- */

enum { SIDE = 340, EDGE = 46, AXIS_LEFT = 66 };

/* Lines and labels at every fifth of both axes, which have their 0% in common. */
static void write_square(FILE *out, const struct scale *x, const struct scale *y)
{
    open_grid(out);
    for (int i = 0; i <= 5; i++)
        fprintf(out, "M%.1f %.1fH%.1fM%.1f %.1fV%.1f", x->begin, place(y, i / 5.0), x->end,
                place(x, i / 5.0), y->begin, y->end);
    fputs("\"/>", out);
    open_labels(out, "y", "end");
    for (int i = 1; i <= 5; i++)
        fprintf(out, "<text x=%.1f y=%.1f>%s</text>", x->begin - 6, place(y, i / 5.0) + 4,
                format_share(i / 5.0).text);
    fprintf(out,
            "</g><text class=axis fill=\"" HTML_SOFT "\" x=%.1f y=%.1f text-anchor=end>0%%"
            "</text>",
            x->begin - 6, y->begin + 12);
    open_labels(out, "x", "middle");
    for (int i = 1; i <= 5; i++)
        fprintf(out, "<text x=%.1f y=%.1f>%s</text>", place(x, i / 5.0), y->begin + 17,
                format_share(i / 5.0).text);
    fputs("</g>", out);
    open_labels(out, "name", "middle");
    fprintf(out,
            "<text x=%.1f y=%d>how sure it was</text>"
            "<text transform=\"translate(14 %.1f) rotate(-90)\">how often it was right</text></g>",
            (x->begin + x->end) / 2, SIDE - 6, (y->begin + y->end) / 2);
    fprintf(out,
            "<path class=mark fill=none stroke=\"" HTML_SOFT
            "\" stroke-dasharray=\"4 4\" d=\"M%.1f %.1fL%.1f %.1f\"/>",
            x->begin, y->begin, x->end, y->end);
}

static void write_bin(FILE *out, const struct calibration_bin *bin, const struct scale *x,
                      const struct scale *y)
{
    const struct interval likely = metrics_interval(bin->correct, bin->count);
    double confidence = bin->confidence / bin->count, right = (double)bin->correct / bin->count;
    fprintf(out,
            "<path d=\"M%.1f %.1fV%.1f\"/><circle cx=%.1f cy=%.1f r=%.1f><title>%s images: %s "
            "sure, %s right (%s)</title></circle>",
            place(x, confidence), place(y, likely.low), place(y, likely.high), place(x, confidence),
            place(y, right), 2.5 + 1.2 * log10(bin->count), format_count(bin->count).text,
            format_percent(confidence).text, format_percent(right).text,
            format_interval(likely.low, likely.high, "–").text);
}

void chart_write_calibration(FILE *out, const struct metrics *metrics)
{
    const struct curve_axis share = {0, 1, false};
    struct scale x = {share, AXIS_LEFT, SIDE - 24}, y = {share, SIDE - EDGE, 12};
    open_svg(out, "square", SIDE, SIDE);
    fputs("how often it was right over how sure it was\">", out);
    write_square(out, &x, &y);
    fputs("<g class=\"line dot val\" fill=\"" HTML_BLUE "\" stroke=\"" HTML_BLUE
          "\" stroke-width=2>",
          out);
    for (int i = 0; i < CALIBRATION_BINS; i++)
        if (metrics->bins[i].count)
            write_bin(out, &metrics->bins[i], &x, &y);
    fputs("</g></svg>\n", out);
}
