#include "mnist/report/report.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "mnist/base/file_write.h"
#include "mnist/base/memory.h"
#include "mnist/net/evaluation.h"
#include "mnist/net/network.h"
#include "mnist/net/saliency.h"
#include "mnist/net/train.h"
#include "mnist/net/train_options.h"
#include "mnist/report/html.h"
#include "mnist/report/report_figures.h"
#include "mnist/report/report_pictures.h"

/* report.css, embedded by the Makefile. */
extern const char report_css[];

static void write_tile(FILE *out, const char *name, struct text value, const char *note)
{
    fprintf(out, "<div><dt>%s</dt><dd>%s <small>%s</small></dd></div>\n", name, value.text, note);
}

static void write_tiles(FILE *out, const struct report *r)
{
    const struct metrics *m = &r->evaluation->metrics;
    const struct interval likely = metrics_interval(m->correct, m->count);
    char note[96];
    fputs("<dl class=tiles>\n", out);
    snprintf(note, sizeof note, "%s, 95%% interval",
             format_interval(likely.low, likely.high, "–").text);
    write_tile(out, "accuracy", format_percent(metrics_accuracy(m)), note);
    snprintf(note, sizeof note, "of %s images", format_count(m->count).text);
    write_tile(out, "mistakes", format_count(m->count - m->correct), note);
    write_tile(out, "loss", format_loss(metrics_loss(m)), "mean cross-entropy, nats");
    snprintf(note, sizeof note, "expected, over %d bins", CALIBRATION_BINS);
    write_tile(out, "calibration error", format_percent(metrics_calibration_error(m)), note);
    snprintf(note, sizeof note, "the most confident answers, of which at most %s are wrong",
             format_share(COVERAGE_RISK).text);
    write_tile(out, "coverage", format_percent(r->evaluation->coverage), note);
    fputs("</dl>\n", out);
}

static void write_head(FILE *out, const struct report *r)
{
    const struct metrics *m = &r->evaluation->metrics;
    struct text accuracy = format_percent(metrics_accuracy(m));
    fputs("<!DOCTYPE html>\n<html lang=en>\n<head>\n<meta charset=utf-8>\n"
          "<meta name=viewport content=\"width=device-width, initial-scale=1\">\n",
          out);
    fprintf(out, "<title>mnist: %s, %s</title>\n<style>\n%s</style>\n", r->heading, accuracy.text,
            report_css);
    fprintf(out,
            "</head>\n<body>\n<header>\n<p class=bare>Shown without its style sheet, and "
            "perhaps without its pictures: a page policy keeps them away. Saved as a file, this "
            "page has both.</p>\n<p class=eyebrow>mnist &middot; %s</p>\n"
            "<h1><b>%s</b> of %s %s digits read right</h1>\n"
            "<p class=lead>By a dense network of %s parameters: 784 pixels, "
            "128 and 64 hidden units, 10 digits.",
            r->heading, accuracy.text, format_count(m->count).text, r->split,
            format_count(PARAM_COUNT).text);
    if (r->epochs > 0)
        fprintf(
            out,
            " Trained in <span class=nowrap>%s</span>; its weights are those of epoch %d of %d.",
            format_seconds(r->seconds).text, r->best_epoch, r->epochs);
    if (r->planned > 0)
        fprintf(out, " It was stopped: %d epochs were planned.", r->planned);
    fputs("</p>\n", out);
    write_tiles(out, r);
    fputs("<nav>", out);
    if (r->epochs > 0)
        fputs("<a href=\"#learning\">Learning</a>\n", out);
    fputs("<a href=\"#confusion\">Confusion</a>\n<a href=\"#digits\">Digit by digit</a>\n"
          "<a href=\"#mistakes\">Mistakes</a>\n<a href=\"#right\">Right ones</a>\n"
          "<a href=\"#calibration\">Calibration</a>\n<a href=\"#saliency\">What it looks "
          "for</a>\n<a href=\"#weights\">First layer</a>\n<a href=\"#run\">The run</a></nav>\n"
          "</header>\n<main>\n",
          out);
}

/* Writes it word by word, so that a line never breaks inside an option. */
static void write_command(FILE *out, const char *command)
{
    fputs("<pre wrap>", out);
    for (const char *word = command; *word;) {
        size_t length = strcspn(word, " ");
        fputs("<span>", out);
        html_text(out, word, length);
        fputs("</span>", out);
        word += length;
        for (; *word == ' '; word++)
            putc(' ', out);
    }
    fputs("</pre>\n", out);
}

static void write_run(FILE *out, const struct report *r)
{
    html_section(out, "run", "The run",
                 r->planned ? "It was stopped before its end. To train all of it, type"
                            : "To get the same again, to the last bit, type");
    write_command(out, r->command);
    fputs("<dl class=facts>\n", out);
    for (int i = 0; i < r->fact_count; i++) {
        fprintf(out, "<div><dt>%s</dt><dd>", r->facts[i].name);
        html_text(out, r->facts[i].value, strlen(r->facts[i].value));
        fputs("</dd></div>\n", out);
    }
    fputs("</dl>\n</section>\n<footer>Written by mnist. This file needs no network and no "
          "script.</footer>\n</main>\n</body>\n</html>\n",
          out);
}

void report_fact(struct report *report, const char *name, const char *format, ...)
{
    if (report->fact_count == REPORT_FACTS) {
        report->overfull = true;
        return;
    }
    struct report_fact *fact = &report->facts[report->fact_count++];
    va_list args;
    va_start(args, format);
    snprintf(fact->name, sizeof fact->name, "%s", name);
    vsnprintf(fact->value, sizeof fact->value, format, args);
    va_end(args);
}

void report_options(struct report *report, const struct train_options *options)
{
    report->l2 = options->l2;
    for (int i = 0; i < TRAIN_OPTIONS; i++)
        report_fact(report, train_options_table[i].name, "%s", train_options_text(options, i).text);
}

struct page {
    const struct report *report;
    float saliency[CLASSES * INPUTS];
};

static void write_page(FILE *out, const void *context)
{
    const struct page *page = context;
    const struct report *r = page->report;
    write_head(out, r);
    if (r->epochs > 0)
        report_figures_learning(out, r);
    report_figures_confusion(out, r);
    report_figures_digits(out, r);
    report_pictures_mistakes(out, r);
    report_pictures_right(out, r);
    report_figures_calibration(out, r);
    report_pictures_saliency(out, page->saliency, &r->evaluation->metrics);
    report_pictures_weights(out, r);
    write_run(out, r);
}

int report_write(const struct report *report, const char *path, struct error *err)
{
    struct page page = {.report = report};
    size_t size;
    if (report->overfull)
        return error_set(err, "%s: more facts than a report has room for", path);
    if (saliency_of_classes(report->network, report->dataset, page.saliency, err))
        return -1;
    char *text = mem_print(write_page, &page, &size, "the report", err);
    int failed = text ? file_write(path, text, size, err) : -1;
    free(text);
    return failed;
}
