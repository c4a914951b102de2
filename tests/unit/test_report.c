/* What reports are made of: evaluations, pulls, maps of weights, HTML. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mnist/base/crc32.h"
#include "mnist/base/rng.h"
#include "mnist/net/evaluation.h"
#include "mnist/report/chart.h"
#include "mnist/report/html.h"
#include "mnist/report/report.h"
#include "mnist/report/weight_map.h"

#include "test.h"

/* --- a network and images --- */

enum { IMAGES = 45 };

struct scene {
    uint8_t pixels[IMAGES * IMAGE_PIXELS], labels[IMAGES];
    uint64_t masks[IMAGES * IMAGE_WORDS];
    float params[PARAM_COUNT];
    struct dataset dataset;
    struct team *team;
    struct network network;
};

/* Random weights and images; the digits are 0 to 8, so that one class is empty. */
static struct scene *scene_new(void)
{
    struct error err;
    struct rng rng;
    struct scene *s = calloc(1, sizeof *s);
    if (!s)
        abort();
    rng_seed(&rng, 5, RNG_INIT, 1);
    for (int i = 0; i < IMAGES * IMAGE_PIXELS; i++)
        s->pixels[i] = rng_below(&rng, 4) ? 0 : (uint8_t)rng_below(&rng, 256);
    for (int i = 0; i < IMAGES; i++) {
        s->labels[i] = (uint8_t)(i % 9);
        image_mask(s->masks + (size_t)i * IMAGE_WORDS, s->pixels + (size_t)i * IMAGE_PIXELS);
    }
    s->dataset = (struct dataset){
        .count = IMAGES, .pixels = s->pixels, .labels = s->labels, .masks = s->masks};
    params_init(s->params, 3);
    for (int i = 0; i < HIDDEN1; i++)
        s->params[FC1_BIAS + i] = rng_normal(&rng) * 0.1f;
    s->team = team_create(2, &err);
    if (!s->team || network_create(&s->network, 0, s->team, &err))
        abort();
    network_set_params(&s->network, s->params);
    return s;
}

static void scene_free(struct scene *s)
{
    network_destroy(&s->network);
    team_destroy(s->team);
    free(s);
}

/* --- evaluation --- */

/* Mistakes first, the surest in front; then the right ones in order; nobody twice. */
static void check_order(const struct evaluation *e)
{
    bool seen[IMAGES] = {false};
    for (int i = 0; i < IMAGES; i++) {
        const struct answer *a = &e->answers[i], *before = i ? a - 1 : a;
        bool wrong = a->truth != a->predicted;
        check(a->index >= 0 && a->index < IMAGES && !seen[a->index], "answer %d: image %d", i,
              a->index);
        seen[a->index] = true;
        check(wrong == (i < e->mistakes), "answer %d of %d mistakes", i, e->mistakes);
        if (i > 0 && i != e->mistakes)
            check(wrong ? before->probability >= a->probability : before->index < a->index,
                  "answers %d and %d are out of order", i - 1, i);
    }
}

static void test_evaluation(void)
{
    struct scene *s = scene_new();
    struct evaluation e;
    struct error err;
    struct metrics metrics;
    float p[IMAGES * CLASSES];
    check(!evaluation_run(&e, &s->network, &s->dataset, &err), "%s", err.text);
    check(!network_evaluate(&s->network, &s->dataset, NULL, IMAGES, &metrics, &err), "%s",
          err.text);
    network_predict(&s->network, &s->dataset, NULL, IMAGES, p, NULL);
    check(!memcmp(&metrics, &e.metrics, sizeof metrics), "the figures are others");
    check(!memcmp(p, e.p, sizeof p), "the probabilities are others");
    check(e.mistakes == metrics.count - metrics.correct, "%d mistakes", e.mistakes);
    check(e.coverage >= 0.0 && e.coverage <= 1.0, "coverage %g", e.coverage);
    for (int i = 0; i < IMAGES; i++) {
        const struct answer *a = &e.answers[i];
        const float *of = p + a->index * CLASSES;
        check(a->truth == s->labels[a->index] && a->predicted == metrics_argmax(of) &&
                  a->probability >= of[a->predicted] && a->probability <= of[a->predicted],
              "answer %d", i);
    }
    check_order(&e);
    evaluation_free(&e);
    check(!e.p && !e.answers, "freed");
    scene_free(s);
}

/* --- pull --- */

/* to[k] = sum_n W[k][n] dy[n] where x[k] > 0, W (K,N). */
static void back(double *to, const float *W, const double *dy, const double *x, int K, int N)
{
    for (int k = 0; k < K; k++) {
        to[k] = 0.0;
        for (int n = 0; n < N && (!x || x[k] > 0.0); n++)
            to[k] += (double)W[k * N + n] * dy[n];
    }
}

/* y[n] = max(0, sum_k x[k] W[k][n] + b[n]). */
static void ahead(double *y, const float *W, const float *b, const double *x, int K, int N)
{
    for (int n = 0; n < N; n++) {
        y[n] = (double)b[n];
        for (int k = 0; k < K; k++)
            y[n] += x[k] * (double)W[k * N + n];
        y[n] = y[n] > 0.0 ? y[n] : 0.0;
    }
}

/* Adds one image's gradient of its own logit against the mean of all, by the chain rule in double. */
static void add_pull(double *pull, const struct scene *s, int image)
{
    double x[INPUTS], a1[HIDDEN1], a2[HIDDEN2], d3[CLASSES], d2[HIDDEN2], d1[HIDDEN1], d0[INPUTS];
    for (int p = 0; p < INPUTS; p++)
        x[p] = s->pixels[image * INPUTS + p] / 255.0;
    ahead(a1, s->params + FC1_WEIGHT, s->params + FC1_BIAS, x, INPUTS, HIDDEN1);
    ahead(a2, s->params + FC2_WEIGHT, s->params + FC2_BIAS, a1, HIDDEN1, HIDDEN2);
    for (int c = 0; c < CLASSES; c++)
        d3[c] = (c == s->labels[image]) - 0.1;
    back(d2, s->params + FC3_WEIGHT, d3, a2, HIDDEN2, CLASSES);
    back(d1, s->params + FC2_WEIGHT, d2, a1, HIDDEN1, HIDDEN2);
    back(d0, s->params + FC1_WEIGHT, d1, NULL, INPUTS, HIDDEN1);
    for (int p = 0; p < INPUTS; p++)
        pull[p] += d0[p];
}

static void test_pull(void)
{
    struct scene *s = scene_new();
    struct error err;
    static float pull[CLASSES * INPUTS];
    memset(pull, 0xff, sizeof pull);
    check(!network_pull(&s->network, &s->dataset, pull, &err), "%s", err.text);
    for (int c = 0; c < CLASSES; c++) {
        double wanted[INPUTS] = {0}, off = 0.0, largest = 0.0;
        for (int i = 0; i < IMAGES; i++)
            if (s->labels[i] == c)
                add_pull(wanted, s, i);
        for (int p = 0; p < INPUTS; p++) {
            double w = wanted[p] / (IMAGES / 9);
            off = fmax(off, fabs((double)pull[c * INPUTS + p] - w));
            largest = fmax(largest, fabs(w));
        }
        check(off <= 1e-6, "digit %d: %g off", c, off);
        check(c == 9 ? largest <= 0.0 : largest > 0.05, "digit %d: %g at the most", c, largest);
    }
    scene_free(s);
}

/* --- maps --- */

static void test_weight_map(void)
{
    float values[INPUTS * 2];
    uint8_t pixels[INPUTS];
    for (int i = 0; i < INPUTS * 2; i++)
        values[i] = i % 2 ? 1000.0f : (float)(i / 2 - 392) / 100.0f;
    weight_map(pixels, values, 2, 2.0f);
    check(pixels[392] == 128, "zero is %d", pixels[392]);
    check(pixels[392 + 100] == 128 + 64 && pixels[392 - 100] == 128 - 64, "halves are %d and %d",
          pixels[492], pixels[292]);
    check(pixels[392 + 200] == 255 && pixels[392 - 200] == 1, "ends are %d and %d", pixels[592],
          pixels[192]);
    check(pixels[0] == 1 && pixels[783] == 255, "beyond: %d and %d", pixels[0], pixels[783]);
    const float four[] = {1.0f, -1.0f, 3.0f, -3.0f}, none[] = {0.0f, 0.0f};
    check(fabs((double)weight_map_scale(four, 4) - 4.0 * sqrt(5.0)) < 1e-5, "scale %g",
          (double)weight_map_scale(four, 4));
    memset(values, 0, sizeof values);
    weight_map(pixels, values, 1, weight_map_scale(none, 2));
    check(pixels[0] == 128 && pixels[783] == 128, "nothing is %d", pixels[0]);
}

/* --- HTML --- */

static char page[1 << 16];

static FILE *page_open(void)
{
    memset(page, 0, sizeof page);
    FILE *out = fmemopen(page, sizeof page - 1, "w");
    if (!out)
        abort();
    return out;
}

static void test_html_text(void)
{
    static const struct {
        const char *text, *wanted;
    } cases[] = {
        {"plain", "plain"},
        {"", ""},
        {"<a href=\"x\">'&amp;'", "&lt;a href=&quot;x&quot;&gt;&#39;&amp;amp;&#39;"},
        {"größer 7→9", "größer 7→9"},
        {"line\nbreak\ttab\x7f\r", "line\nbreak\ttab\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xff\xfe\xc3", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        FILE *out = page_open();
        html_text(out, cases[i].text, strlen(cases[i].text));
        fclose(out);
        check(!strcmp(page, cases[i].wanted), "\"%s\" became \"%s\"", cases[i].text, page);
    }
    FILE *out = page_open();
    html_text(out, "a<b", 2);
    fclose(out);
    check(!strcmp(page, "a&lt;"), "two bytes became \"%s\"", page);
}

/* The bytes behind a data URI; returns their number. */
static size_t decode(uint8_t *bytes, const char *text)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t size = 0;
    uint32_t group = 0;
    int count = 0;
    for (; *text && *text != '"' && *text != '='; text++) {
        const char *digit = strchr(digits, *text);
        if (!check(digit != NULL, "'%c' is not base64", *text))
            return 0;
        group = group << 6 | (uint32_t)(digit - digits);
        count += 6;
        if (count >= 8) {
            count -= 8;
            bytes[size++] = (uint8_t)(group >> count);
        }
    }
    return size;
}

static uint32_t big_endian(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Each chunk's CRC is right; returns the data of the one named, or NULL. */
static const uint8_t *find_chunk(const uint8_t *png, size_t size, const char *name)
{
    const uint8_t *found = NULL;
    for (size_t at = 8; at + 12 <= size;) {
        size_t length = big_endian(png + at);
        if (!check(length <= size - at - 12, "a chunk of %zu bytes", length))
            return NULL;
        check(crc32(png + at + 4, length + 4) == big_endian(png + at + 8 + length), "CRC of %.4s",
              (const char *)png + at + 4);
        if (!memcmp(png + at + 4, name, 4))
            found = png + at + 8;
        at += 12 + length;
    }
    return found;
}

/* What is in IDAT: a zlib stream (RFC 1950) of one stored block (RFC 1951) with the 28 rows, none of them filtered. */
static void check_stream(const uint8_t *stream)
{
    enum { ROW = IMAGE_SIDE + 1, SIZE = IMAGE_SIDE * ROW };
    const uint8_t *rows = stream + 7, *sum = rows + SIZE;
    uint64_t a = 1, b = 0; /* Adler-32: the remainder only at the end */
    check(big_endian(stream - 8) == 7 + SIZE + 4, "IDAT has %u bytes",
          (unsigned)big_endian(stream - 8));
    check(stream[0] == 0x78 && (stream[0] * 256 + stream[1]) % 31 == 0 && !(stream[1] & 0x20),
          "zlib's header is %02x %02x", stream[0], stream[1]);
    check(stream[2] == 1, "the block begins with %02x: final and stored is 01", stream[2]);
    check(stream[3] + 256 * stream[4] == SIZE, "the block's length is %d",
          stream[3] + 256 * stream[4]);
    check((stream[3] ^ stream[5]) == 255 && (stream[4] ^ stream[6]) == 255,
          "%02x %02x is not the complement of the length", stream[5], stream[6]);
    for (int y = 0; y < IMAGE_SIDE; y++)
        check(rows[y * ROW] == 0, "row %d is filtered by %d", y, rows[y * ROW]);
    for (int i = 0; i < SIZE; i++) {
        a += rows[i];
        b += a;
    }
    check(big_endian(sum) == (b % 65521 << 16 | a % 65521), "Adler-32 is %08x",
          (unsigned)big_endian(sum));
}

static void test_html_picture(void)
{
    uint8_t pixels[IMAGE_PIXELS], png[4096];
    struct html_palette palette = {.count = 256};
    for (int i = 0; i < IMAGE_PIXELS; i++)
        pixels[i] = (uint8_t)(i * 7);
    for (int i = 0; i < 256; i++)
        for (int k = 0; k < 4; k++)
            palette.rgba[i][k] = (uint8_t)(i * (k + 1));
    for (int colored = 0; colored < 2; colored++) {
        FILE *out = page_open();
        html_picture(out, pixels, colored ? &palette : NULL, "a \"7\"");
        fclose(out);
        const char *data = strstr(page, "src=\"data:image/png;base64,");
        if (!check(data && strstr(page, "alt=\"a &quot;7&quot;\""), "%.80s", page))
            return;
        size_t size = decode(png, data + strlen("src=\"data:image/png;base64,"));
        const uint8_t *header = find_chunk(png, size, "IHDR"),
                      *rows = find_chunk(png, size, "IDAT");
        const uint8_t *colors = find_chunk(png, size, "PLTE"),
                      *alpha = find_chunk(png, size, "tRNS");
        if (!check(header && rows && find_chunk(png, size, "IEND"), "chunks"))
            return;
        check(big_endian(header) == 28 && big_endian(header + 4) == 28 && header[8] == 8 &&
                  header[9] == (colored ? 3 : 0),
              "header");
        check_stream(rows);
        for (int i = 0; i < IMAGE_PIXELS; i++) /* behind zlib's two bytes and the block's five */
            check(rows[7 + i / 28 * 29 + 1 + i % 28] == (colored ? pixels[i] : 255 - pixels[i]),
                  "pixel %d", i);
        check(!colored == !colors && !colored == !alpha, "palette");
        for (int i = 0; i < 256 && colors && alpha; i++)
            check(!memcmp(colors + 3 * i, palette.rgba[i], 3) && alpha[i] == palette.rgba[i][3],
                  "color %d", i);
    }
}

/* Whatever the values, the chart's places are numbers inside it. */
static void test_chart_odd_values(void)
{
    static const double values[][3] = {{0, 0, 0},         {1, 1, 1},          {-1, 2, 1e-9},
                                       {1e-300, 1, 1e9},  {5e-5, 5e-4, 5e-3}, {1e9, 1e9, 1e9 + 1},
                                       {0.1, 0.1, 0.1001}};
    for (size_t v = 0; v < COUNT(values); v++) {
        for (int count = 1; count <= 3; count++) {
            struct train_epoch history[3] = {{0}};
            const struct chart_line line = {"training", "train", TRAIN_LOSS};
            const struct chart chart = {"Loss", history,  count,       &line,       1,
                                        v % 2,  HUGE_VAL, format_rate, format_loss, count};
            for (int e = 0; e < count; e++)
                history[e].train_loss = values[v][e];
            FILE *out = page_open();
            chart_write(out, &chart);
            fclose(out);
            check(!strstr(page, "nan") && !strstr(page, "inf"), "values %zu, %d of them: %.200s", v,
                  count, page);
            float x, y;
            const char *at = strstr(page, "points=\"");
            for (int e = 0; e < count && check(at != NULL, "no points"); e++) {
                at = e ? strchr(at, ' ') : at + 7;
                if (!check(at && sscanf(at + 1, "%f,%f", &x, &y) == 2, "point %d", e))
                    return;
                check(x >= 0 && x <= 360 && y >= 0 && y <= 230, "point %d at %g,%g", e, (double)x,
                      (double)y);
                at++;
            }
        }
    }
}

/* Of a network that is always right, always wrong, or without answers of some class: whole all the same. */
static void test_report_extremes(void)
{
    struct scene *s = scene_new();
    for (int guess = 0; guess < 3; guess++) {
        struct error err;
        struct evaluation e;
        float params[PARAM_COUNT] = {0};
        struct file file;
        params[FC3_BIAS + (guess ? 9 : 0)] = 50.0f;
        for (int i = 0; i < IMAGES; i++)
            s->labels[i] = guess == 2 ? 9 : (uint8_t)(i % 9);
        network_set_params(&s->network, params);
        check(!evaluation_run(&e, &s->network, &s->dataset, &err), "%s", err.text);
        check(e.metrics.correct == (guess == 2   ? IMAGES
                                    : guess == 1 ? 0
                                                 : IMAGES / 9),
              "%d right", e.metrics.correct);
        const struct report report = {.heading = "test report",
                                      .split = "test",
                                      .command = "mnist-eval",
                                      .dataset = &s->dataset,
                                      .evaluation = &e,
                                      .network = &s->network};
        const char *path = test_path("report.html");
        if (check(!report_write(&report, path, &err) && !file_read(&file, path, 1 << 24, &err),
                  "%s", err.text)) {
            check(file.size > 100000 && !memcmp(file.bytes + file.size - 8, "</html>\n", 8),
                  "%zu bytes", file.size);
            file_free(&file);
        }
        evaluation_free(&e);
    }
    scene_free(s);
}

TEST_LIST(tests_report, {"evaluation: figures, answers and their order", test_evaluation},
          {"pull: the chain rule by hand", test_pull},
          {"weight_map: scale and ends", test_weight_map}, {"html: text", test_html_text},
          {"html: pictures are PNG", test_html_picture},
          {"chart: odd values", test_chart_odd_values},
          {"report: networks that know all, nothing, one digit", test_report_extremes});
