#include "mnist/report/report_figures.h"

#include <math.h>

#include "mnist/base/rmath.h"
#include "mnist/net/evaluation.h"
#include "mnist/net/train.h"
#include "mnist/report/chart.h"
#include "mnist/report/html.h"

/* --- learning curves --- */

/* Closed until it is asked for. On paper, few epochs are shown; of many, only what was opened. */
static void write_epochs(FILE *out, const struct report *r)
{
    enum { FEW = 12 };
    fprintf(
        out,
        "<details%s><summary>Every epoch in figures</summary><div class=scroll>" HTML_SMALL
        "<table class=\"epochs long\" cellpadding=2>\n<thead align=right><tr><th>epoch<th>train "
        "loss<th>train accuracy",
        r->epochs <= FEW ? " class=few" : "");
    if (r->validated)
        fputs("<th>validation loss<th>validation accuracy", out);
    fputs("<th>learning rate<th>time</tr></thead>\n<tbody align=right>\n", out);
    for (int e = 0; e < r->epochs; e++) {
        const struct train_epoch *epoch = &r->history[e];
        fprintf(out, "<tr%s><td>%d<td>", epoch->epoch == r->best_epoch ? " class=best" : "",
                epoch->epoch);
        html_number(out, epoch->train_loss, format_loss(epoch->train_loss));
        fputs("<td>", out);
        html_number(out, epoch->train_acc, format_percent(epoch->train_acc));
        if (r->validated) {
            fputs("<td>", out);
            html_number(out, epoch->val_loss, format_loss(epoch->val_loss));
            fputs("<td>", out);
            html_number(out, epoch->val_acc, format_percent(epoch->val_acc));
        }
        fprintf(out, "<td>%s<td>%s</tr>\n", format_rate((double)epoch->lr).text,
                format_seconds(epoch->seconds).text);
    }
    fputs("</tbody></table></font></div></details>\n</section>\n", out);
}

void report_figures_learning(FILE *out, const struct report *r)
{
    static const struct chart_line loss[] = {{"training", "train", CURVE_TRAIN_LOSS},
                                             {"validation", "val", CURVE_VAL_LOSS}};
    static const struct chart_line accuracy[] = {{"training", "train", CURVE_TRAIN_ACC},
                                                 {"validation", "val", CURVE_VAL_ACC}};
    static const struct chart_line rate[] = {{"at the first step", "rate", CURVE_RATE}};
    const struct train_epoch *h = r->history;
    int n = r->epochs, lines = r->validated ? 2 : 1, mark = r->validated ? r->best_epoch : 0;
    const struct chart charts[] = {
        {"Loss", h, n, loss, lines, true, HUGE_VAL, format_tick, format_loss, mark},
        {"Accuracy", h, n, accuracy, lines, false, 1.0, format_share, format_percent, mark},
        {"Learning rate", h, n, rate, 1, false, HUGE_VAL, format_tick, format_rate, 0},
    };
    char text[400];
    snprintf(text, sizeof text,
             "Training figures are of the batches as they were drawn, each before its own update "
             "and with dropout, augmentation and label smoothing where they are on.%s",
             r->validated ? " So they can be worse than those of the validation images, which the "
                            "network never trains on."
                          : "");
    html_section(out, "learning", "Learning", text);
    fputs("<div class=charts>\n", out);
    for (size_t i = 0; i < sizeof charts / sizeof charts[0]; i++)
        chart_write(out, &charts[i]);
    fputs("</div>\n", out);
    write_epochs(out, r);
}

/* --- confusion matrix --- */

/* A cell's colour, a share in [0,1] of the full one, in nine steps: s1 … s9 to the style sheet, and
 * mixed with white where there is none. */
static void write_shade(FILE *out, bool hit, double share)
{
    static const int blue[] = {0, 105, 165}, orange[] = {190, 75, 0};
    const int *full = hit ? blue : orange;
    int step = 1 + (int)rmath_whole(8.0 * share + 0.5, 0, 8);
    fprintf(out, "<td class=\"%s s%d\" bgcolor=\"#", hit ? "hit" : "miss", step);
    for (int k = 0; k < 3; k++)
        fprintf(out, "%02x", (unsigned)rmath_whole(255.5 - 0.057 * step * (255 - full[k]), 0, 255));
    putc('"', out);
}

/* A hit is coloured by its share of the true digit's images, a mistake by its share of the largest
 * number of mistakes. */
static void write_cell(FILE *out, int truth, int predicted, int count, int support, int most)
{
    bool hit = truth == predicted;
    if (count == 0) {
        fputs("<td class=none>0", out);
        return;
    }
    write_shade(out, hit, hit ? (double)count / support : sqrt((double)count / most));
    if (!hit)
        fprintf(out, " title=\"%d taken for %d\"", truth, predicted);
    fprintf(out, ">%d", count);
}

static void write_matrix(FILE *out, const struct metrics *m, int most)
{
    fputs("<div>" HTML_SMALL "<table class=heat cellpadding=0 cellspacing=1>\n<thead><tr><th "
          "rowspan=2 valign=bottom>true<th colspan=10 scope=colgroup>predicted</tr>\n<tr>",
          out);
    for (int c = 0; c < CLASSES; c++)
        fprintf(out, "<th scope=col>%d", c);
    fputs("</tr></thead>\n<tbody align=center>\n", out);
    for (int t = 0; t < CLASSES; t++) {
        fprintf(out, "<tr><th scope=row>%d", t);
        for (int c = 0; c < CLASSES; c++)
            write_cell(out, t, c, m->confusion[t][c], metrics_class(m, t).support, most);
        fputs("</tr>\n", out);
    }
    fputs("</tbody></table></font></div>\n", out);
}

/* How often one digit was taken for one other. */
struct mixup {
    int truth, predicted, count;
};

/* The most frequent mix-ups, the most frequent first; returns how many there are. */
static int find_mixups(struct mixup *mixups, int room, const struct metrics *m)
{
    int found = 0;
    for (int t = 0; t < CLASSES; t++) {
        for (int c = 0; c < CLASSES; c++) {
            int count = t == c ? 0 : m->confusion[t][c], at = found;
            while (at > 0 && mixups[at - 1].count < count) {
                if (at < room)
                    mixups[at] = mixups[at - 1];
                at--;
            }
            if (count > 0 && at < room)
                mixups[at] = (struct mixup){t, c, count};
            found += count > 0 && found < room;
        }
    }
    return found;
}

void report_figures_confusion(FILE *out, const struct report *r)
{
    enum { ROOM = 10 };
    struct mixup mixups[ROOM] = {{0}};
    int found = find_mixups(mixups, ROOM, &r->evaluation->metrics);
    int most = found ? mixups[0].count : 1;
    html_section(
        out, "confusion", "Confusion",
        "A row for each true digit, a column for each predicted one: blue where they agree, "
        "orange where they do not.");
    fputs("<div class=beside>\n", out);
    write_matrix(out, &r->evaluation->metrics, most);
    fprintf(out, "<div class=whole>\n<h3>Most frequent mix-ups</h3>\n%s",
            found ? "<table class=mixups cellpadding=2>\n" : "<p class=soft>There is none.</p>\n");
    for (int i = 0; i < found; i++) {
        fprintf(out, "<tr><td><b>%d</b> taken for <b>%d</b><td>", mixups[i].truth,
                mixups[i].predicted);
        html_bar(out, (double)mixups[i].count / most, true);
        fprintf(out, "<td align=right>%s</tr>\n", format_count(mixups[i].count).text);
    }
    fprintf(out, "%s</div>\n</div>\n</section>\n", found ? "</table>\n" : "");
}

/* --- digit by digit --- */

/* A figure; unless it is undefined, a dot on an axis from `from` to 1; and through it the interval
 * of part/whole, if the figure is one. */
static void write_dot(FILE *out, double value, double from, int part, int whole)
{
    const struct interval likely = metrics_interval(part, whole);
    const double scale = 100.0 / (1.0 - from);
    fputs("<td>", out);
    html_number(out, value, format_percent(value));
    if (!rmath_is_finite_double(value))
        return;
    fputs("<br><svg class=range width=90 height=12 overflow=visible fill=\"" HTML_BLUE
          "\" stroke=\"" HTML_BLUE "\"><line class=grid stroke=\"" HTML_LINE
          "\" y1=6 x2=\"100%\" y2=6 />",
          out);
    if (whole)
        fprintf(out,
                "<line stroke-width=2 x1=\"%.1f%%\" y1=6 x2=\"%.1f%%\" y2=6 /><title>%s</title>",
                scale * (likely.low - from), scale * (likely.high - from),
                format_interval(likely.low, likely.high, "–").text);
    fprintf(out, "<circle cx=\"%.1f%%\" cy=6 r=3 /></svg>", scale * (value - from));
}

/* The figures' names above the ends of their axes. */
static void write_axes(FILE *out, double from)
{
    static const char *const names[] = {"precision", "recall", "F1"};
    fputs("<thead><tr align=left><th>", out);
    for (int i = 0; i < 3; i++)
        fprintf(
            out,
            "<th scope=col>%s<br><svg class=ends width=90 height=15 font-size=11 font-weight=400 "
            "font-family=\"system-ui, sans-serif\" fill=\"" HTML_SOFT "\"><text y=12>%s</text>"
            "<text x=\"100%%\" y=12 text-anchor=end>100%%</text></svg>",
            names[i], format_share(from).text);
    fputs("<th scope=col align=right valign=top>images</tr></thead>\n<tbody>\n", out);
}

void report_figures_digits(FILE *out, const struct report *r)
{
    const struct metrics *m = &r->evaluation->metrics;
    double least = 1.0;
    bool dash = false;
    for (int c = 0; c < CLASSES; c++) { /* fmin ignores what is undefined */
        struct class_metrics f = metrics_class(m, c);
        least = fmin(least, fmin(f.f1, fmin(metrics_interval(f.hits, f.guesses).low,
                                            metrics_interval(f.hits, f.support).low)));
        dash = dash || f.guesses == 0 || f.support == 0;
    }
    double from = floor(least * 20.0) / 20.0; /* a multiple of 5% */
    char text[400];
    snprintf(text, sizeof text,
             "Precision: of those guessed to be the digit, the share that is. Recall: of those "
             "that are, the share found. The line through a dot is its 95%% interval (Wilson). "
             "F1: their harmonic mean; it has no interval.%s",
             dash ? " A dash: the digit was never guessed (precision), has no images (recall), or "
                    "both (F1)."
                  : "");
    html_section(out, "digits", "Digit by digit", text);
    fputs("<table class=digits cellpadding=2>\n", out);
    write_axes(out, from);
    for (int c = 0; c < CLASSES; c++) {
        struct class_metrics f = metrics_class(m, c);
        fprintf(out, "<tr><th scope=row>%d", c);
        write_dot(out, f.precision, from, f.hits, f.guesses);
        write_dot(out, f.recall, from, f.hits, f.support);
        write_dot(out, f.f1, from, 0, 0);
        fprintf(out, "<td align=right>%s</tr>\n", format_count(f.support).text);
    }
    fputs("</tbody></table>\n</section>\n", out);
}

/* --- calibration --- */

void report_figures_calibration(FILE *out, const struct report *r)
{
    const struct metrics *m = &r->evaluation->metrics;
    html_section(out, "calibration", "How far its word can be trusted",
                 "Images are grouped by how sure the network was. On the dashed line, of those it "
                 "calls 80% sure, 80% are right; below it, it is too sure of itself. The larger a "
                 "point, the more images; the line through it is the 95% interval (Wilson).");
    fputs("<div class=beside>\n<div class=panel>", out);
    chart_write_calibration(out, m);
    fputs("</div>\n<div class=scroll><table class=epochs cellpadding=2>\n"
          "<thead align=right><tr><th>images<th>sure on average<th>right</tr></thead>\n<tbody "
          "align=right>\n",
          out);
    for (int i = CALIBRATION_BINS - 1; i >= 0; i--) {
        const struct calibration_bin *bin = &m->bins[i];
        if (bin->count)
            fprintf(out, "<tr><td>%s<td>%s<td>%s</tr>\n", format_count(bin->count).text,
                    format_percent(bin->confidence / bin->count).text,
                    format_percent((double)bin->correct / bin->count).text);
    }
    fputs("</tbody></table></div>\n</div>\n</section>\n", out);
}
