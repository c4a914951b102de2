#include "mnist/cli/figures.h"

#include "mnist/base/format.h"
#include "mnist/cli/table.h"
#include "mnist/cli/terminal.h"

/* Prints the digits with the highest and the lowest F1, among those that have images. */
static void print_best_and_worst(FILE *out, const struct metrics *metrics)
{
    int best = -1, worst = -1;
    double f1[CLASSES];
    for (int c = 0; c < CLASSES; c++) {
        struct class_metrics figures = metrics_class(metrics, c);
        f1[c] = figures.f1;
        if (figures.support == 0)
            continue;
        best = best < 0 || f1[c] > f1[best] ? c : best;
        worst = worst < 0 || f1[c] < f1[worst] ? c : worst;
    }
    terminal_say(out, 0, 4, "  best digit\t%d\t(F1\t%s), worst digit\t%d\t(F1\t%s)", best,
                 format_percent(f1[best]).text, worst, format_percent(f1[worst]).text);
    putc('\n', out);
}

static void print_classes(FILE *out, const struct metrics *metrics)
{
    struct table_column columns[] = {
        {"digit", 0}, {"precision", 0}, {"recall", 7}, {"F1", 7}, {"images", 0}};
    enum { COLUMNS = sizeof columns / sizeof columns[0] };
    struct table table = {columns, COLUMNS, .indent = 2, .gap = 2};
    struct table_cell cells[CLASSES][COLUMNS] = {0};
    for (int c = 0; c < CLASSES; c++) {
        struct class_metrics figures = metrics_class(metrics, c);
        cells[c][0].text = format_count(c);
        cells[c][1].text = format_percent(figures.precision);
        cells[c][2].text = format_percent(figures.recall);
        cells[c][3].text = format_percent(figures.f1);
        cells[c][4].text = format_count(figures.support);
    }
    table_print(out, &table, cells[0], CLASSES, terminal_room(out));
    print_best_and_worst(out, metrics);
}

/* The diagonal is in brackets, so that it shows without colour, too; a dot is a zero. */
static void print_confusion(FILE *out, const struct metrics *metrics, bool color)
{
    enum { COLUMNS = 1 + CLASSES };
    static const char *const titles[COLUMNS] = {"",   "0 ", "1 ", "2 ", "3 ", "4 ",
                                                "5 ", "6 ", "7 ", "8 ", "9 "};
    struct table_column columns[COLUMNS];
    struct table table = {columns, COLUMNS, .indent = 2, .gap = 1};
    struct table_cell cells[CLASSES][COLUMNS] = {0};
    for (int c = 0; c < COLUMNS; c++)
        columns[c] = (struct table_column){titles[c], c ? 6 : 2};
    for (int truth = 0; truth < CLASSES; truth++) {
        cells[truth][0].text = format_count(truth);
        for (int c = 0; c < CLASSES; c++) {
            struct table_cell *cell = &cells[truth][1 + c];
            int n = metrics->confusion[truth][c];
            snprintf(cell->text.text, sizeof cell->text.text,
                     c == truth ? "[%d]"
                     : n        ? "%d "
                                : ". ",
                     n);
            cell->style = c == truth && color ? "\033[1;32m" : NULL;
        }
    }
    terminal_say(out, 0, 4,
                 "  confusion matrix: a row for each true digit, a column for each prediction");
    table_print(out, &table, cells[0], CLASSES, terminal_room(out));
}

void figures_print(FILE *out, const char *title, const struct metrics *metrics, bool color)
{
    const struct interval likely = metrics_interval(metrics->correct, metrics->count);
    terminal_say(out, 0, 2, "%s: %s images", title, format_count(metrics->count).text);
    fprintf(out, "  loss      %s\n", format_loss(metrics_loss(metrics)).text);
    terminal_say(out, 0, 12, "  accuracy  %s%s%s (%s), %s wrong", color ? "\033[1m" : "",
                 format_percent(metrics_accuracy(metrics)).text, color ? "\033[0m" : "",
                 format_interval(likely.low, likely.high, terminal_text("–", "-")).text,
                 format_count(metrics->count - metrics->correct).text);
    terminal_say(out, 0, 12, "  ECE       %s  (expected calibration error)",
                 format_percent(metrics_calibration_error(metrics)).text);
    putc('\n', out);
    print_classes(out, metrics);
    print_confusion(out, metrics, color);
}
