#include "mnist/report/report_pictures.h"

#include <math.h>
#include <stdlib.h>

#include "mnist/base/rng.h"
#include "mnist/data/dataset.h"
#include "mnist/net/evaluation.h"
#include "mnist/net/network.h"
#include "mnist/net/params.h"
#include "mnist/report/html.h"
#include "mnist/report/weight_picture.h"

/* --- galleries --- */

static void write_probability(FILE *out, int digit, double p, bool wrong)
{
    fprintf(out, "<div class=p><span>%d</span> ", digit);
    html_bar(out, p, wrong);
    fputs(" <span>", out);
    html_number(out, p, format_probability(p));
    fputs("</span></div>", out);
}

static void write_answer(FILE *out, const struct report *r, const struct answer *a)
{
    char alt[96];
    const float *p = r->evaluation->p + (size_t)a->index * CLASSES;
    bool wrong = a->predicted != a->truth;
    int second = metrics_second(p);
    snprintf(alt, sizeof alt, "%s image %d, a %d", r->split, a->index, a->truth);
    fputs("<figure>", out);
    html_picture(out, r->dataset->pixels + (size_t)a->index * IMAGE_PIXELS, NULL, alt);
    fprintf(out, "<figcaption><b>%d</b>", a->truth);
    if (wrong)
        fprintf(out, " taken for <b>%d</b>", a->predicted);
    fprintf(out, "<br>%s[%d]", r->split, a->index);
    write_probability(out, a->predicted, (double)p[a->predicted], wrong);
    write_probability(out, second, (double)p[second], false);
    if (wrong && second != a->truth)
        write_probability(out, a->truth, (double)p[a->truth], false);
    fputs("</figcaption></figure>\n", out);
}

enum { GALLERY = 24 };

void report_pictures_mistakes(FILE *out, const struct report *r)
{
    char text[160];
    int all = r->evaluation->mistakes, count = all < GALLERY ? all : GALLERY;
    snprintf(text, sizeof text,
             all > GALLERY ? "The %d of %s mistakes that it was most sure of."
             : all > 1     ? "All %d mistakes, the surest first."
             : all         ? "Its only mistake."
                           : "There is none.",
             count, format_count(all).text);
    html_section(out, "mistakes", "Its most confident mistakes", text);
    fputs("<div class=gallery>\n", out);
    for (int i = 0; i < count; i++)
        write_answer(out, r, &r->evaluation->answers[i]);
    fputs("</div>\n</section>\n", out);
}

/* Each of the remaining answers is equally likely to be chosen: selection sampling (Knuth 1997,
 * section 3.4.2, algorithm S). */
void report_pictures_right(FILE *out, const struct report *r)
{
    const struct evaluation *e = r->evaluation;
    int left = e->metrics.correct, wanted = left < GALLERY ? left : GALLERY;
    struct rng rng;
    bool some = left > GALLERY;
    html_section(out, "right", some ? "Some that it got right" : "What it got right",
                 some         ? "Drawn at random."
                 : wanted > 1 ? "All of them."
                 : wanted     ? "A single one."
                              : "Nothing.");
    fputs("<div class=gallery>\n", out);
    rng_seed(&rng, 1, RNG_SHOW, 0);
    for (int i = e->mistakes; wanted > 0; i++, left--) {
        if (rng_below(&rng, (uint32_t)left) >= (uint32_t)wanted)
            continue;
        write_answer(out, r, &e->answers[i]);
        wanted--;
    }
    fputs("</div>\n</section>\n", out);
}

/* --- weights --- */

enum { LEVELS = 63 }; /* for each sign */

/* Vermilion above 0, blue below, stronger further away; transparent at 0, so that it works on light
 * and on dark. */
static void make_palette(struct png_palette *palette)
{
    static const uint8_t above[] = {213, 94, 0}, below[] = {0, 114, 178};
    palette->count = 2 * LEVELS + 1;
    for (int i = 0; i < palette->count; i++) {
        int level = i - LEVELS;
        for (int k = 0; k < 3; k++)
            palette->rgba[i][k] = level > 0 ? above[k] : below[k];
        palette->rgba[i][3] = (uint8_t)(abs(level) * 255 / LEVELS);
    }
}

static void write_map(FILE *out, const float *values, int stride, float scale, const char *alt)
{
    uint8_t pixels[IMAGE_PIXELS];
    struct png_palette palette;
    make_palette(&palette);
    weight_picture_draw(pixels, values, stride, scale);
    for (int p = 0; p < IMAGE_PIXELS; p++)
        pixels[p] = (uint8_t)(LEVELS + (pixels[p] - 128) / 2);
    html_picture(out, pixels, &palette, alt);
}

/* The largest of 784 values, `stride` apart, whatever its sign. */
static double largest(const float *values, int stride)
{
    double most = 0.0;
    for (int p = 0; p < INPUTS; p++) { /* with fmax, gcc 12 for 64-bit ARM fails at -O3 */
        double size = fabs((double)values[p * stride]);
        most = size > most ? size : most;
    }
    return most;
}

/* Opens a section of pictures that have this scale in common. */
static void open_maps(FILE *out, const char *id, const char *title, const char *text, float scale)
{
    char all[800];
    int length = snprintf(all, sizeof all, "%s", text);
    if (scale > 0.0f)
        snprintf(all + length, sizeof all - (size_t)length,
                 " All pictures have one scale, at full strength from %s on: what is much weaker "
                 "is pale, or too pale to see.",
                 format_rate((double)scale).text);
    html_section(out, id, title, all);
}

/* One digit's picture, or why there is none. */
static void write_saliency(FILE *out, int digit, const float *saliency, float scale, bool images)
{
    char alt[64];
    snprintf(alt, sizeof alt, "what speaks for and against %d", digit);
    bool some = images && largest(saliency, 1) > 0.0;
    fputs("<figure>", out);
    if (some)
        write_map(out, saliency, 1, scale, alt);
    fprintf(out, "<figcaption>%d%s</figcaption></figure>\n", digit,
            some     ? ""
            : images ? ": nothing"
                     : ": no images"); /* the mean is undefined */
}

void report_pictures_saliency(FILE *out, const float *saliency, const struct metrics *metrics)
{
    char text[400];
    float scale = weight_picture_scale(saliency, CLASSES * INPUTS);
    bool nothing = false;
    for (int c = 0; c < CLASSES; c++)
        nothing = nothing || (metrics_class(metrics, c).support > 0 &&
                              !(largest(saliency + c * INPUTS, 1) > 0.0));
    snprintf(text, sizeof text,
             "For each digit, what more ink at a pixel would do to the network's belief in it, on "
             "average over that digit's images: orange speaks for the digit, blue against it.%s",
             nothing ? " Nothing: on average, a little more ink makes no difference at any pixel."
                     : "");
    open_maps(out, "saliency", "What it looks for", text, scale);
    fputs("<div class=saliency>\n", out);
    for (int c = 0; c < CLASSES; c++)
        write_saliency(out, c, saliency + c * INPUTS, scale, metrics_class(metrics, c).support > 0);
    fputs("</div>\n</section>\n", out);
}

enum unit { ANSWERS, SILENT, WEIGHTLESS };

/* A unit is weightless if its weights are all but 0. Another one is silent if no ink, from none to
 * full, lifts it above 0. */
static enum unit unit_of(const float *params, int unit)
{
    const float *weights = params + FC1_WEIGHT + unit;
    double most = (double)params[FC1_BIAS + unit];
    if (largest(weights, HIDDEN1) < 1e-6)
        return WEIGHTLESS;
    for (int p = 0; p < INPUTS; p++)
        most += fmax(0.0, (double)weights[p * HIDDEN1]);
    return most > 0.0 ? ANSWERS : SILENT;
}

static void write_unit(FILE *out, const float *params, int unit, float scale)
{
    char text[64];
    enum unit is = unit_of(params, unit);
    snprintf(text, sizeof text, "unit %d%s", unit,
             is == WEIGHTLESS ? ": no weights"
             : is == SILENT   ? ": silent whatever the image"
                              : "");
    if (is == WEIGHTLESS) /* its picture would be empty */
        fprintf(out,
                "<svg class=map width=28 height=28 viewBox=\"0 0 28 28\" role=img "
                "aria-label=\"%s\"><title>%s</title><path class=mark stroke=\"" HTML_SOFT
                "\" stroke-width=.7 d=\"M9 19L19 9\"/></svg>",
                text, text);
    else if (is == SILENT)
        fprintf(out, "<span class=silent title=\"%s\">", text);
    if (is != WEIGHTLESS)
        write_map(out, params + FC1_WEIGHT + unit, HIDDEN1, scale, text);
    fputs(is == SILENT ? "</span>\n" : "\n", out);
}

void report_pictures_weights(FILE *out, const struct report *r)
{
    const float *params = r->network->params;
    char text[600];
    float scale = weight_picture_scale(params + FC1_WEIGHT, INPUTS * HIDDEN1);
    int count[WEIGHTLESS + 1] = {0};
    for (int h = 0; h < HIDDEN1; h++)
        count[unit_of(params, h)]++;
    int length =
        snprintf(text, sizeof text,
                 "The weights of its %d units, each a picture of what it answers to: ink on orange "
                 "excites it, ink on blue silences it.",
                 HIDDEN1);
    if (count[SILENT])
        length += snprintf(text + length, sizeof text - (size_t)length,
                           " In a dashed frame is a unit that no image can excite (%d of %d).",
                           count[SILENT], HIDDEN1);
    if (count[WEIGHTLESS])
        snprintf(text + length, sizeof text - (size_t)length,
                 " Struck out is a unit whose weights are all nearer to 0 than 0.000001 (%d of "
                 "%d)%s.",
                 count[WEIGHTLESS], HIDDEN1,
                 r->l2 > 0.0f ? ": L2 shrank them, and no gradient kept them" : "");
    open_maps(out, "weights", "The first layer", text, scale);
    fputs("<div class=units>\n", out);
    for (int h = 0; h < HIDDEN1; h++)
        write_unit(out, params, h, scale);
    fputs("</div>\n</section>\n", out);
}
