/* Tables on the terminal, read back by the position of their columns alone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mnist/base/format.h"
#include "mnist/cli/figures.h"
#include "mnist/net/metrics.h"
#include "mnist/net/params.h"

#include "../test.h"

enum { LINES = 64, WIDTH = 256 };

struct page {
    char lines[LINES][WIDTH];
    int count;
};

/* What was printed, line by line, without colours. */
static void read_page(struct page *page, const char *text)
{
    int used = 0;
    *page = (struct page){.count = 0};
    for (; *text; text++) {
        if (*text == '\033')
            text = strchr(text, 'm');
        else if (*text == '\n')
            page->count++, used = 0;
        else if (page->count < LINES && used + 1 < WIDTH)
            page->lines[page->count][used++] = *text;
    }
}

static const char *line_with(const struct page *page, const char *text)
{
    for (int i = 0; i < page->count; i++)
        if (strstr(page->lines[i], text))
            return page->lines[i];
    return NULL;
}

/* The word of a line that covers this place, without brackets and commas; "" if there is a
 * space. */
static void word_at(char word[32], const char *line, size_t place)
{
    size_t length = strlen(line), from = place, used = 0;
    word[0] = '\0';
    if (place >= length || line[place] == ' ')
        return;
    while (from > 0 && line[from - 1] != ' ')
        from--;
    for (; from < length && line[from] != ' ' && used < 31; from++)
        if (!strchr("[],", line[from]))
            word[used++] = line[from];
    word[used] = '\0';
}

static void print_figures(struct page *page, const struct metrics *metrics, bool color)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!check(out != NULL, "no memory"))
        return;
    figures_print(out, "test set", metrics, color);
    fclose(out);
    read_page(page, text);
    check(!strstr(text, " \n"), "a line ends in a space:\n%s", text);
    free(text);
}

/* Counts of up to `most`, some of them 0, and a class that never occurs. */
static void make_metrics(struct metrics *metrics, int most)
{
    *metrics = (struct metrics){.loss_sum = 1.0};
    for (int t = 0; t < CLASSES; t++) {
        for (int c = 0; c < CLASSES; c++) {
            int n = t == 4 || (t * c) % 3 == 1 ? 0 : (int)((long long)most * (t + 2 * c + 1) / 28);
            metrics->confusion[t][c] = t == c ? most - t : n;
            metrics->count += metrics->confusion[t][c];
        }
    }
}

static void check_confusion(const struct page *page, const struct metrics *metrics)
{
    const char *title = line_with(page, "confusion matrix");
    if (!check(title != NULL, "no confusion matrix"))
        return;
    const char *titles = title + WIDTH;
    for (int t = 0; t < CLASSES; t++) {
        const char *row = titles + (t + 1) * WIDTH;
        check_int(atoi(row), t);
        for (int c = 0; c < CLASSES; c++) {
            char digit[2] = {(char)('0' + c), '\0'}, word[32];
            const char *at = strstr(titles, digit);
            if (!check(at != NULL, "no column %d", c))
                return;
            word_at(word, row, (size_t)(at - titles));
            int n = metrics->confusion[t][c];
            bool right = n || t == c ? *word && atoi(word) == n : !strcmp(word, ".");
            check(right, "under %d in row %d stands \"%s\", wanted %d:\n%s\n%s", c, t, word, n,
                  titles, row);
            check((t == c) == (strchr(row, '[') && atoi(strchr(row, '[') + 1) == n && t == c),
                  "brackets of row %d", t);
        }
    }
}

static void check_classes(const struct page *page, const struct metrics *metrics)
{
    static const char *const names[] = {"digit", "precision", "recall", "F1", "images"};
    const char *titles = line_with(page, "precision");
    if (!check(titles != NULL, "no table of the digits"))
        return;
    for (int c = 0; c < CLASSES; c++) {
        struct class_metrics f = metrics_class(metrics, c);
        const double figures[] = {c, f.precision, f.recall, f.f1, f.support};
        const char *row = titles + (c + 1) * WIDTH;
        for (int i = 0; i < 5; i++) {
            char word[32];
            struct text percent = format_percent(figures[i]);
            word_at(word, row, (size_t)(strstr(titles, names[i]) - titles) + strlen(names[i]) - 1);
            check(i % 4 ? !strcmp(word, percent.text) : atoi(word) == (int)figures[i],
                  "%s of digit %d is \"%s\"", names[i], c, word);
        }
    }
}

TEST(table_figures, "figures: each number under its title")
{
    static const int most[] = {9, 100, 1135, 99999, 100000, 7000000};
    for (size_t i = 0; i < COUNT(most); i++) {
        static struct page page, colored;
        struct metrics metrics;
        make_metrics(&metrics, most[i]);
        print_figures(&page, &metrics, false);
        print_figures(&colored, &metrics, true);
        check(!memcmp(&page, &colored, sizeof page), "colours move a column");
        check_confusion(&page, &metrics);
        check_classes(&page, &metrics);
    }
}

TEST(figures_summary, "figures: the counts, the best digit and the worst")
{
    static struct page page;
    struct metrics metrics = {.count = 10, .correct = 8, .loss_sum = 5.0};
    metrics.confusion[3][3] = 6;
    metrics.confusion[5][5] = 2;
    metrics.confusion[5][3] = 2;
    print_figures(&page, &metrics, false);
    check_string(page.lines[0], "test set: 10 images");
    check_string(page.lines[1], "  loss      0.5000");
    check(strstr(page.lines[2], "  accuracy  80.00% (49.02") &&
              strstr(page.lines[2], "94.33%), 2 wrong"),
          "%s", page.lines[2]);
    const char *digits = line_with(&page, "best digit");
    check_string(digits, "  best digit 3 (F1 85.71%), worst digit 5 (F1 66.67%)");
}
