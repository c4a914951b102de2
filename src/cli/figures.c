#include "mnist/figures.h"

#include "mnist/format.h"
#include "mnist/terminal.h"

static void print_classes(FILE *out, const struct metrics *metrics)
{
    int best = -1, worst = -1;
    double f1[CLASSES];
    fputs("  digit  precision   recall       F1   images\n", out);
    for (int c = 0; c < CLASSES; c++) {
        struct class_metrics figures = metrics_class(metrics, c);
        f1[c] = figures.f1;
        if (figures.support == 0) { /* of digits that are not there nothing can be said */
            fprintf(out, "  %5d  %9s %8s %8s %8d\n", c, "-", "-", "-", 0);
            continue;
        }
        best = best < 0 || f1[c] > f1[best] ? c : best;
        worst = worst < 0 || f1[c] < f1[worst] ? c : worst;
        fprintf(out, "  %5d  %9s %8s %8s %8s\n", c, format_percent(figures.precision).text,
                format_percent(figures.recall).text, format_percent(f1[c]).text,
                format_count(figures.support).text);
    }
    fprintf(out, "  best digit %d (F1 %s), worst digit %d (F1 %s)\n\n", best,
            format_percent(f1[best]).text, worst, format_percent(f1[worst]).text);
}

/* The diagonal stands in brackets, so that it is seen without colour too; a dot is a zero. */
static void print_confusion(FILE *out, const struct metrics *metrics, bool color)
{
    fputs("  confusion matrix: a row for each true digit, a column for each prediction\n     ",
          out);
    for (int c = 0; c < CLASSES; c++)
        fprintf(out, "%6d", c);
    putc('\n', out);
    for (int truth = 0; truth < CLASSES; truth++) {
        fprintf(out, "  %2d ", truth);
        for (int c = 0; c < CLASSES; c++) {
            int n = metrics->confusion[truth][c];
            char count[16];
            snprintf(count, sizeof count, c == truth ? "[%d]" : n ? "%d" : ".", n);
            fprintf(out, "%s%*s%s%s", c == truth && color ? "\033[1;32m" : "", c == truth ? 7 : 6,
                    count, c == truth && color ? "\033[0m" : "",
                    c == truth || c == CLASSES - 1 ? "" : " ");
        }
        putc('\n', out);
    }
}

void figures_print(FILE *out, const char *title, const struct metrics *metrics, bool color)
{
    fprintf(out, "%s: %s images\n", title, format_count(metrics->count).text);
    fprintf(out, "  loss      %s\n", format_loss(metrics_loss(metrics)).text);
    fprintf(out, "  accuracy  %s%s%s %s %s  (%s wrong)\n", color ? "\033[1m" : "",
            format_percent(metrics_accuracy(metrics)).text, color ? "\033[0m" : "",
            terminal_text("±", "+-"), format_percent(metrics_standard_error(metrics)).text,
            format_count(metrics->count - metrics->correct).text);
    fprintf(out, "  ECE       %s  (expected calibration error)\n\n",
            format_percent(metrics_calibration_error(metrics)).text);
    print_classes(out, metrics);
    print_confusion(out, metrics, color);
}

void figures_json_confusion(FILE *out, const struct metrics *metrics)
{
    for (int truth = 0; truth < CLASSES; truth++) {
        fputs(truth ? ",[" : "[[", out);
        for (int c = 0; c < CLASSES; c++)
            fprintf(out, "%s%d", c ? "," : "", metrics->confusion[truth][c]);
        putc(']', out);
    }
    putc(']', out);
}

void figures_json_classes(FILE *out, const struct metrics *metrics)
{
    for (int c = 0; c < CLASSES; c++) {
        struct class_metrics figures = metrics_class(metrics, c);
        fprintf(out, "%s{\"digit\":%d,\"precision\":%s,\"recall\":%s,\"f1\":%s,\"support\":%d}",
                c ? "," : "[", c, format_figure(figures.precision).text,
                format_figure(figures.recall).text, format_figure(figures.f1).text,
                figures.support);
    }
    putc(']', out);
}
