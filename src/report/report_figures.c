#include "mnist/report/report_figures.h"

#include <math.h>

#include "mnist/base/rmath.h"
#include "mnist/net/evaluation.h"
#include "mnist/net/train.h"
#include "mnist/report/chart.h"
#include "mnist/report/html.h"

/* --- learning curves --- */

static void write_epochs(FILE *out, const struct report *r)
{
    fputs(
        "<details><summary>Every epoch in figures</summary><div class=scroll><table class=epochs>\n"
        "<tr><th>epoch<th>train loss<th>train accuracy",
        out);
    if (r->validated)
        fputs("<th>validation loss<th>validation accuracy", out);
    fputs("<th>learning rate<th>time</tr>\n", out);
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
    fputs("</table></div></details>\n</section>\n", out);
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
        {"Loss", h, n, loss, lines, true, HUGE_VAL, format_rate, format_loss, mark},
        {"Accuracy", h, n, accuracy, lines, false, 1.0, format_share, format_percent, mark},
        {"Learning rate", h, n, rate, 1, false, HUGE_VAL, format_rate, format_rate, 0},
    };
    html_section(
        out, "learning", "Learning",
        "Training figures are of the batches as they were drawn, each before its own update and "
        "with dropout, augmentation and label smoothing where they are on. So they can be worse "
        "than those of the validation images, which the network never trains on.");
    fputs("<div class=charts>\n", out);
    for (size_t i = 0; i < sizeof charts / sizeof charts[0]; i++)
        chart_write(out, &charts[i]);
    fputs("</div>\n", out);
    write_epochs(out, r);
}

/* --- confusion matrix --- */

/* A hit is coloured by its share of the true digit's images, a mistake by its share of the largest
 * number of mistakes. */
static void write_cell(FILE *out, int truth, int predicted, int count, int support, int most)
{
    if (count == 0)
        fputs("<td class=none>0", out);
    else if (truth == predicted)
        fprintf(out, "<td class=hit style=\"--h:%.2f\">%d", 0.12 + 0.4 * count / support, count);
    else
        fprintf(out, "<td class=miss style=\"--h:%.2f\" title=\"%d taken for %d\">%d",
                0.06 + 0.44 * sqrt((double)count / most), truth, predicted, count);
}

static void write_matrix(FILE *out, const struct metrics *m, int most)
{
    fputs("<table class=heat>\n<tr><th>", out);
    for (int c = 0; c < CLASSES; c++)
        fprintf(out, "<th scope=col>%d", c);
    fputs("</tr>\n", out);
    for (int t = 0; t < CLASSES; t++) {
        fprintf(out, "<tr><th scope=row>%d", t);
        for (int c = 0; c < CLASSES; c++)
            write_cell(out, t, c, m->confusion[t][c], metrics_class(m, t).support, most);
        fputs("</tr>\n", out);
    }
    fputs("</table>\n", out);
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
    html_section(out, "confusion", "Confusion",
                 "A row for each true digit, a column for each guess: blue where they agree, "
                 "orange where they do not.");
    fputs("<div class=beside>\n", out);
    write_matrix(out, &r->evaluation->metrics, most);
    fputs("<div>\n<h3>Most frequent mix-ups</h3>\n<table class=mixups>\n", out);
    for (int i = 0; i < found; i++)
        fprintf(out,
                "<tr><td><b>%d</b> taken for <b>%d</b><td><span class=bar><i class=miss "
                "style=\"--w:%.1f%%\"></i></span><td>%s</tr>\n",
                mixups[i].truth, mixups[i].predicted, 100.0 * mixups[i].count / most,
                format_count(mixups[i].count).text);
    fputs("</table>\n</div>\n</div>\n</section>\n", out);
}

/* --- digit by digit --- */

/* Writes no bar for an undefined figure. */
static void write_bar(FILE *out, double value, double from)
{
    fputs("<td>", out);
    html_number(out, value, format_percent(value));
    if (rmath_is_finite_double(value))
        fprintf(out, "<span class=bar><i style=\"--w:%.1f%%\"></i></span>",
                100.0 * (value - from) / (1.0 - from));
}

void report_figures_digits(FILE *out, const struct report *r)
{
    const struct metrics *m = &r->evaluation->metrics;
    double least = 1.0;
    char text[256];
    for (int c = 0; c < CLASSES; c++) {
        struct class_metrics f = metrics_class(m, c);
        least = fmin(least, fmin(f.precision, f.recall)); /* fmin ignores undefined ones */
    }
    double from = fmax(0.0, floor(least * 20.0 - 0.2) / 20.0); /* a multiple of 5% */
    snprintf(text, sizeof text,
             "Precision: of those guessed to be the digit, the share that is. Recall: of those "
             "that are, the share found. F1: of both together, the share that is and was found. "
             "The bars begin at %s.",
             format_share(from).text);
    html_section(out, "digits", "Digit by digit", text);
    fputs("<table class=digits>\n<tr><th><th>precision<th>recall<th>F1<th>images</tr>\n", out);
    for (int c = 0; c < CLASSES; c++) {
        struct class_metrics f = metrics_class(m, c);
        fprintf(out, "<tr><th scope=row>%d", c);
        write_bar(out, f.precision, from);
        write_bar(out, f.recall, from);
        write_bar(out, f.f1, from);
        fprintf(out, "<td>%s</tr>\n", format_count(f.support).text);
    }
    fputs("</table>\n</section>\n", out);
}

/* --- calibration --- */

void report_figures_calibration(FILE *out, const struct report *r)
{
    const struct metrics *m = &r->evaluation->metrics;
    html_section(out, "calibration", "How far its word can be trusted",
                 "Images are grouped by how sure the network was. On the dashed line, of those it "
                 "calls 80% sure, 80% are right; below it, it is too sure of itself. The larger a "
                 "point, the more images; the line through it is one standard error either way.");
    fputs("<div class=beside>\n<div class=panel>", out);
    chart_write_calibration(out, m);
    fputs("</div>\n<div class=scroll><table class=epochs>\n"
          "<tr><th>images<th>sure on average<th>right</tr>\n",
          out);
    for (int i = CALIBRATION_BINS - 1; i >= 0; i--) {
        const struct calibration_bin *bin = &m->bins[i];
        if (bin->count)
            fprintf(out, "<tr><td>%s<td>%s<td>%s</tr>\n", format_count(bin->count).text,
                    format_percent(bin->confidence / bin->count).text,
                    format_percent((double)bin->correct / bin->count).text);
    }
    fputs("</table></div>\n</div>\n</section>\n", out);
}
