/* Learning curves of any possible history, on the terminal. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mnist/cli/plot.h"
#include "mnist/net/train.h"

#include "../histories.h"
#include "../test.h"

static int plot_width;

static void plot(FILE *out, const struct train_epoch *history, int count)
{
    plot_history(out, history, count, true, count, plot_width, false);
}

/* Checks the lines between the axes and the best epoch; no line is wider than the terminal. */
static void check_plot(const char *text, int n, int count)
{
    int longest = 0, length = 0, best = 0, signs = 0;
    for (const char *c = text; *c; c++) {
        length = *c == '\n' ? 0 : length + 1;
        longest = length > longest ? length : longest;
        best += *c == '@';
        signs += *c == 'o' || *c == '.';
    }
    check(longest <= plot_width, "history %d, %d epochs: a line of %d of %d", n, count, longest,
          plot_width);
    /* In the words "epoch", "log scale", "of" and the legend there are no more than seven. */
    check(best == 3 && signs >= 37, "history %d, %d epochs: %d best, %d signs:\n%s", n, count, best,
          signs, text);
}

TEST(plot_histories, "plot: any history that can be")
{
    static const int widths[] = {48, 80};
    struct train_epoch history[EPOCHS];
    int all = (int)pow(VALUES, EPOCHS);
    for (int n = 0; n < all; n++) {
        make_history(history, n);
        for (int count = 2; count <= EPOCHS; count++) {
            plot_width = widths[(n + count) % 2];
            char *text = printed(plot, history, count);
            if (text)
                check_plot(text, n, count);
            free(text);
        }
    }
}

TEST(plot_beside, "plot: side by side where there is room for both")
{
    struct train_epoch history[EPOCHS];
    make_history(history, 123);
    for (int width = 70; width <= 71; width++) {
        FILE *out = page_open();
        plot_history(out, history, EPOCHS, true, 1, width, false);
        fclose(out);
        const char *end = strchr(page, '\n'), *accuracy = strstr(page, "accuracy");
        check(end && accuracy && (accuracy < end) == (width == 71), "%d columns:\n%s", width, page);
    }
}

/* The axes say what they are: "epoch" before the first one, "log scale" where the loss has one. */
TEST(plot_words, "plot: its axes in words")
{
    const struct train_epoch near[] = {{.train_loss = 0.5}, {.train_loss = 0.2}},
                             far[] = {{.train_loss = 0.5}, {.train_loss = 0.05}};
    for (int width = 40; width <= 80; width += 40) {
        FILE *out = page_open();
        plot_history(out, near, 2, false, 0, width, false);
        fclose(out);
        check(strstr(page, "  loss ") || strstr(page, "  loss\n"), "%d columns:\n%s", width, page);
        check(!strstr(page, "log scale"), "no logarithm, %d columns:\n%s", width, page);
        out = page_open();
        plot_history(out, far, 2, false, 0, width, false);
        fclose(out);
        check(strstr(page, "  loss, log scale") && !strstr(page, "accuracy, log"),
              "a logarithm, %d columns:\n%s", width, page);
        const char *epoch = strstr(page, "   epoch  1  ");
        check(epoch && strstr(epoch + 1, "   epoch  1  "), "%d columns:\n%s", width, page);
    }
}

TEST(plot_unvalidated, "plot: training alone without validation")
{
    struct train_epoch history[EPOCHS];
    make_history(history, 123);
    FILE *out = page_open();
    plot_history(out, history, EPOCHS, false, 0, 80, false);
    fclose(out);
    check(strstr(page, ". training\n") != NULL, "no legend:\n%s", page);
    check(!strstr(page, "validation") && !strchr(page, '@'), "validation is drawn:\n%s", page);
}
