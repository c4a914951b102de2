#include "mnist/report/report_pictures.h"

#include <math.h>
#include <stdlib.h>

#include "mnist/base/rng.h"
#include "mnist/data/dataset.h"
#include "mnist/net/evaluation.h"
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
    int count = r->evaluation->mistakes < GALLERY ? r->evaluation->mistakes : GALLERY;
    snprintf(text, sizeof text,
             count ? "The %d of %s mistakes that it was most sure of." : "There is none.", count,
             format_count(r->evaluation->mistakes).text);
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
    html_section(out, "right", "Some that it got right",
                 wanted ? "Drawn at random." : "There is none.");
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

void report_pictures_saliency(FILE *out, const float *saliency, const struct metrics *metrics)
{
    float scale = weight_picture_scale(saliency, CLASSES * INPUTS);
    html_section(
        out, "saliency", "What it looks for",
        "For each digit, what more ink at a pixel would do to the network's belief in it, on "
        "average over that digit's images: orange speaks for the digit, blue against it.");
    fputs("<div class=saliency>\n", out);
    for (int c = 0; c < CLASSES; c++) {
        char alt[64];
        snprintf(alt, sizeof alt, "what speaks for and against %d", c);
        fputs("<figure>", out);
        if (!metrics_class(metrics, c).support) { /* the mean is undefined */
            fprintf(out, "<figcaption>%d: no images</figcaption></figure>\n", c);
            continue;
        }
        write_map(out, saliency + c * INPUTS, 1, scale, alt);
        fprintf(out, "<figcaption>%d</figcaption></figure>\n", c);
    }
    fputs("</div>\n</section>\n", out);
}

/* What a unit says to every image: "silent" if no ink, from none to full, lifts it above 0; "the
 * same" if it has no weights; NULL if that depends on the image. */
static const char *constant_answer(const float *params, int unit)
{
    const float *weights = params + FC1_WEIGHT + unit;
    double most = (double)params[FC1_BIAS + unit], all = 0.0;
    for (int p = 0; p < INPUTS; p++) {
        most += fmax(0.0, (double)weights[p * HIDDEN1]);
        all += fabs((double)weights[p * HIDDEN1]);
    }
    return most <= 0.0 ? "silent" : all < 1e-6 ? "the same" : NULL;
}

/* Stands in for a picture that would be empty, and says why. */
static void write_constant(FILE *out, int unit, const char *answer)
{
    char text[64];
    snprintf(text, sizeof text, "unit %d: %s whatever the image", unit, answer);
    fprintf(out,
            "<svg class=map width=28 height=28 viewBox=\"0 0 28 28\" role=img aria-label=\"%s\">"
            "<title>%s</title><path class=mark stroke=\"" HTML_SOFT
            "\" stroke-width=.7 d=\"M9 19L19 9\"/></svg>",
            text, text);
}

void report_pictures_weights(FILE *out, const float *params)
{
    const float *weights = params + FC1_WEIGHT;
    char text[400];
    float scale = weight_picture_scale(weights, INPUTS * HIDDEN1);
    int constant = 0;
    for (int h = 0; h < HIDDEN1; h++)
        constant += constant_answer(params, h) != NULL;
    int length =
        snprintf(text, sizeof text,
                 "The weights of its %d units, each a picture of what it answers to: ink on orange "
                 "excites it, ink on blue silences it.",
                 HIDDEN1);
    if (constant)
        snprintf(text + length, sizeof text - (size_t)length,
                 " %d of them, struck out, have the same answer to every image, mostly none: no "
                 "gradient reaches a silent unit, and L2 shrinks its weights to nothing.",
                 constant);
    html_section(out, "weights", "The first layer", text);
    fputs("<div class=units>\n", out);
    for (int h = 0; h < HIDDEN1; h++) {
        const char *answer = constant_answer(params, h);
        char alt[32];
        snprintf(alt, sizeof alt, "unit %d", h);
        if (answer)
            write_constant(out, h, answer);
        else
            write_map(out, weights + h, HIDDEN1, scale, alt);
        putc('\n', out);
    }
    fputs("</div>\n</section>\n", out);
}
