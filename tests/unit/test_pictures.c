/* src/data/pnm.c and digit.c: reading pictures, and making them into images as MNIST's are. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mnist/base/crc32.h"
#include "mnist/base/rng.h"
#include "mnist/codec/pnm.h"
#include "mnist/data/dataset.h"
#include "mnist/data/digit.h"

#include "test.h"

/* --- pnm --- */

#define BYTES(text) text, sizeof(text) - 1

static const struct {
    const char *bytes;
    size_t size;
    size_t least; /* so many of the bytes are a whole picture */
    int width, height;
    uint8_t grey[16];
} good[] = {
    {BYTES("P1 3 2 0 1 0 1 1 1"), 18, 3, 2, {255, 0, 255, 0, 0, 0}},
    {BYTES("P1\n3 2\n010111\n"), 13, 3, 2, {255, 0, 255, 0, 0, 0}},
    {BYTES("P2 3 1 255 0 7 255"), 16, 3, 1, {0, 7, 255}},
    {BYTES("P2 3 1 100 0 50 100 \r\n"), 17, 3, 1, {0, 128, 255}},
    {BYTES("P2 2 1 65535 32768 65535"), 20, 2, 1, {128, 255}},
    {BYTES("P2 2 2 1 0 1 1 0"), 16, 2, 2, {0, 255, 255, 0}},
    {BYTES("P3 2 2 255 255 0 0 0 255 0 0 0 255 10 20 30"), 42, 2, 2, {76, 150, 29, 18}},
    {BYTES("P3 1 1 9 9 9 9"), 14, 1, 1, {255}},
    {BYTES("P4 9 2 \x80\x80\x7f\x00"), 11, 9, 2, {0, 255, 255, 255, 255, 255, 255, 255, 0, 255, 0}},
    {BYTES("P5 4 1 255 \x00\x01\x80\xff"), 15, 4, 1, {0, 1, 128, 255}},
    {BYTES("P5 2 2 15 \x00\x05\x0a\x0f"), 14, 2, 2, {0, 85, 170, 255}},
    {BYTES("P5 3 1 65535 \x00\x00\x80\x00\xff\xff"), 19, 3, 1, {0, 128, 255}},
    {BYTES("P5 2 1 256 \x00\x80\x01\x00"), 15, 2, 1, {128, 255}},
    {BYTES("P6 2 1 255 \xff\xff\xff\x0a\x14\x1e"), 17, 2, 1, {255, 18}},
    {BYTES("P6 3 1 255 \xe9\0\0\0\xad\0\0\0\xfa"), 20, 3, 1, {70, 102, 29}},
    {BYTES("P4 12 3 \xf0\x0f\0\0\0\0"), 14, 12, 3, {0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255}},
    {BYTES("P6 1 1 65535 \xff\xff\x00\x00\x00\x00"), 19, 1, 1, {76}},
    /* Comments, odd white space, and what looks like either among the pixels. */
    {BYTES("P5#c\n# 9 9\r2#c\n\t1 # c #\n\v255\n# "), 31, 2, 1, {35, 32}},
    {BYTES("P5 1 2 255\n\n \n\n"), 13, 1, 2, {10, 32}},
    {BYTES("P1 # two\n2 1 # by one\n1#\n0 \n"), 26, 2, 1, {0, 255}},
    {BYTES("P2\n1 1\n255\n#c\n42\n"), 15, 1, 1, {42}},
};

static void test_pnm_good(void)
{
    for (size_t i = 0; i < COUNT(good); i++) {
        struct pnm pnm;
        struct error err = {""};
        if (!check(!pnm_parse(&pnm, (const uint8_t *)good[i].bytes, good[i].size, "p", &err),
                   "row %zu: %s", i, err.text))
            continue;
        check(pnm.width == good[i].width && pnm.height == good[i].height, "row %zu: %d×%d", i,
              pnm.width, pnm.height);
        for (int k = 0; k < good[i].width * good[i].height && k < 11; k++)
            check(pnm.grey[k] == good[i].grey[k], "row %zu: pixel %d is %d, wanted %d", i, k,
                  pnm.grey[k], good[i].grey[k]);
        pnm_free(&pnm);
    }
}

/* From a block of exactly the size, so that a sanitizer sees a byte read beyond it. */
static void test_pnm_truncated(void)
{
    for (size_t i = 0; i < COUNT(good); i++) {
        for (size_t size = 0; size <= good[i].size; size++) {
            struct pnm pnm;
            struct error err = {""};
            uint8_t *cut = malloc(size ? size : 1);
            if (!check(cut != NULL, "no memory"))
                return;
            memcpy(cut, good[i].bytes, size);
            int result = pnm_parse(&pnm, cut, size, "cut", &err);
            check(result == (size < good[i].least ? -1 : 0), "row %zu, %zu bytes: %d %s", i, size,
                  result, err.text);
            check(!result || (err.text[0] && !pnm.grey), "row %zu, %zu bytes: no message", i, size);
            pnm_free(&pnm);
            free(cut);
        }
    }
}

static const struct {
    const char *bytes;
    size_t size;
    const char *wanted;
} bad[] = {
    {BYTES(""), "wanted PGM, PBM or PPM, or an IDX file of images: it looks like an empty file"},
    {BYTES("P"), "wanted PGM, PBM or PPM, or an IDX file of images"},
    {BYTES("P7\nWIDTH 1"), "wanted PGM, PBM or PPM"},
    {BYTES("P0 1 1 1 0"), "wanted PGM, PBM or PPM"},
    {BYTES("\x89PNG\r\n"), "it looks like a PNG image"},
    {BYTES("\xff\xd8\xff\xe0"), "it looks like a JPEG image"},
    {BYTES("GIF89a"), "it looks like a GIF image"},
    {BYTES("P5"), "it ends before the width"},
    {BYTES("P5 # 2 2 255"), "it ends before the width"},
    {BYTES("P5 2"), "it ends before the height"},
    {BYTES("P5 2 2 "), "it ends before the largest value"},
    {BYTES("P5 x"), "byte 3 is 0x78, wanted the width, a number"},
    {BYTES("P5 2 -2 255 "), "byte 5 is 0x2d, wanted the height, a number"},
    {BYTES("P5 2 2 2.5 "), "byte 8: wanted white space after the header"},
    {BYTES("P5 2 2 255"), "byte 10: wanted white space after the header"},
    {BYTES("P5 0 2 255 "), "the width is 0, wanted 1 to 16384"},
    {BYTES("P5 2 0 255 "), "the height is 0, wanted 1 to 16384"},
    {BYTES("P5 16385 1 255 "), "the width is 16385, wanted 1 to 16384"},
    {BYTES("P5 1 4294967297 255 "), "the height is 4294967297, wanted 1 to 16384"},
    {BYTES("P5 99999999999999999999 1 255 "), "the width is 999999999999, wanted"},
    {BYTES("P5 16384 4097 255 "), "16384×4097 pixels, wanted 67108864 at the most"},
    {BYTES("P5 1 1 0 \0"), "the largest value is 0, wanted 1 to 65535"},
    {BYTES("P5 1 1 65536 \0\0"), "the largest value is 65536, wanted 1 to 65535"},
    {BYTES("P5 2 2 255 abc"), "3 bytes after the header, wanted 4 for 2×2"},
    {BYTES("P5 16384 4096 255 abc"), "3 bytes after the header, wanted 67108864"},
    {BYTES("P6 16384 4096 65535 abc"), "wanted 402653184 for"},
    {BYTES("P6 2 1 255 abcde"), "5 bytes after the header, wanted 6"},
    {BYTES("P5 2 1 256 abc"), "3 bytes after the header, wanted 4"},
    {BYTES("P4 9 2 abc"), "3 bytes after the header, wanted 4"},
    {BYTES("P1 2 2 101"), "3 bytes after the header, wanted 4"},
    {BYTES("P2 2 2 9 1 1 1 "), "6 bytes after the header, wanted 7"},
    {BYTES("P2 2 2 9 10  1 1"), "a value is 10, wanted 0 to 9"},
    {BYTES("P3 1 1 9 1 1 a"), "byte 13 is 0x61, wanted a value, a number"},
    {BYTES("P2 2 2 9 1   1 1"), "it ends before a value"},
    {BYTES("P1 2 1 12"), "byte 8 is 0x32, wanted a pixel, 0 or 1"},
    {BYTES("P1 2 2 1   "), "it ends after 1 of 4 pixels"},
    {BYTES("P5 1 2 9 \x09\x0a"), "byte 10: a value of 10, wanted at most 9"},
    {BYTES("P5 1 2 300 \x01\x2c\x01\x2d"), "byte 13: a value of 301, wanted at most 300"},
    {BYTES("P5 1 1 255 a  \nP5"), "too long: 5 bytes after the picture"},
    {BYTES("P4 8 1 ab"), "too long: 1 bytes after the picture"},
    {BYTES("P1 1 1 1 1"), "too long: 2 bytes after the picture"},
    {BYTES("P2 1 1 9 1 x"), "too long: 2 bytes after the picture"},
};

static void test_pnm_bad(void)
{
    for (size_t i = 0; i < COUNT(bad); i++) {
        char what[32];
        struct pnm pnm;
        struct error err = {""};
        snprintf(what, sizeof what, "row %zu", i);
        int result = pnm_parse(&pnm, (const uint8_t *)bad[i].bytes, bad[i].size, "p", &err);
        check_refused(result, &err, bad[i].wanted, what);
        check(!strncmp(err.text, "p: ", 3), "%s: \"%s\" does not name the file", what, err.text);
        check(!pnm.grey, "%s: memory was left", what);
        pnm_free(&pnm);
    }
}

/* --- digit --- */

enum { SIDE_MAX = 640 };

/* A picture to prepare: paper, and things on it. */
static uint8_t picture[SIDE_MAX * SIDE_MAX];
static int picture_width, picture_height;

static void paper(int width, int height, int level)
{
    picture_width = width;
    picture_height = height;
    memset(picture, level, (size_t)(width * height));
}

static void rectangle(int left, int top, int width, int height, int level)
{
    for (int y = top; y < top + height; y++)
        memset(picture + y * picture_width + left, level, (size_t)width);
}

/* Puts an image on the paper with each pixel `factor` pixels large: grey = from + ink × by /
 * 255. */
static void put_image(const uint8_t *image, int left, int top, int factor, int from, int by)
{
    for (int y = 0; y < IMAGE_SIDE * factor; y++)
        for (int x = 0; x < IMAGE_SIDE * factor; x++)
            picture[(top + y) * picture_width + left + x] =
                (uint8_t)(from + image[y / factor * IMAGE_SIDE + x / factor] * by / 255);
}

static struct digit prepared(void)
{
    struct digit digit;
    struct error err = {""};
    check(!digit_prepare(&digit, picture, picture_width, picture_height, &err), "%s", err.text);
    return digit;
}

static bool same(const struct digit *a, const struct digit *b)
{
    return !memcmp(a->pixels, b->pixels, IMAGE_PIXELS) && !strcmp(a->nothing, b->nothing) &&
           a->cut == b->cut;
}

static bool load_sample(struct dataset *dataset, enum dataset_split split)
{
    struct error err = {""};
    return check(!dataset_load(dataset, "data/sample", split, &err), "%s", err.text);
}

static void test_digit_as_it_is(void)
{
    for (int part = DATASET_TRAIN; part <= DATASET_TEST; part++) {
        struct dataset d;
        if (!load_sample(&d, part ? DATASET_TEST : DATASET_TRAIN))
            return;
        for (int i = 0; i < d.count; i++) {
            const uint8_t *image = d.pixels + (size_t)i * IMAGE_PIXELS;
            for (int negative = 0; negative < 2; negative++) {
                paper(IMAGE_SIDE, IMAGE_SIDE, 0);
                put_image(image, 0, 0, 1, negative ? 255 : 0, negative ? -255 : 255);
                struct digit digit = prepared();
                check(!memcmp(digit.pixels, image, IMAGE_PIXELS) && !digit.nothing[0] && !digit.cut,
                      "image %d was changed: negative %d", i, negative);
            }
        }
        dataset_free(&d);
    }
}

/* One pixel off, a pixel larger, and other sizes are not MNIST's form. */
static void test_digit_is_prepared(void)
{
    static const struct {
        int left, top, width, height;
        bool wanted;
    } rows[] = {
        {4, 4, 20, 20, true},  {4, 9, 20, 10, true},  {5, 4, 19, 20, true},  {5, 5, 19, 19, true},
        {5, 5, 18, 18, false}, {4, 4, 21, 20, false}, {4, 4, 20, 21, false}, {3, 4, 20, 20, false},
        {4, 6, 20, 20, false}, {0, 0, 28, 28, false}, {14, 4, 1, 20, true},  {15, 4, 1, 20, false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        paper(IMAGE_SIDE, IMAGE_SIDE, 0);
        rectangle(rows[i].left, rows[i].top, rows[i].width, rows[i].height, 200);
        check(digit_is_prepared(picture) == rows[i].wanted, "row %zu", i);
    }
    paper(IMAGE_SIDE, IMAGE_SIDE, 0);
    check(!digit_is_prepared(picture), "no ink");
}

/* Shapes whose image can be told beforehand: fitted into 20×20, centre of mass in the middle. */
static void test_digit_exact(void)
{
    static const struct {
        int left, top, width, height;             /* on 100×100 */
        int to_left, to_top, to_width, to_height; /* in 28×28 */
    } rows[] = {
        {30, 20, 40, 20, 4, 9, 20, 10}, {20, 20, 60, 16, 4, 11, 20, 6},
        {10, 15, 20, 40, 9, 4, 10, 20}, {50, 50, 10, 10, 4, 4, 20, 20},
        {5, 90, 5, 5, 4, 4, 20, 20},    {1, 50, 98, 1, 4, 14, 20, 1},
        {50, 50, 1, 1, 4, 4, 20, 20},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        for (int light = 0; light < 2; light++) {
            uint8_t wanted[IMAGE_PIXELS] = {0};
            for (int y = 0; y < rows[i].to_height; y++)
                memset(wanted + (rows[i].to_top + y) * IMAGE_SIDE + rows[i].to_left, 255,
                       (size_t)rows[i].to_width);
            paper(100, 100, light ? 230 : 10);
            rectangle(rows[i].left, rows[i].top, rows[i].width, rows[i].height, light ? 60 : 130);
            struct digit digit = prepared();
            check(!memcmp(digit.pixels, wanted, IMAGE_PIXELS) && !digit.nothing[0] && !digit.cut,
                  "row %zu, light %d: %s", i, light, digit.nothing);
        }
    }
}

/* What must not matter: where on the paper, dark on light or light on dark, how light and how dark,
 * how large, specks. And the result is in MNIST's form, so that preparing it again changes
 * nothing. */
static void test_digit_same(void)
{
    struct dataset d;
    int in_form = 0;
    if (!load_sample(&d, DATASET_TEST))
        return;
    for (int i = 0; i < 100; i++) {
        const uint8_t *image = d.pixels + (size_t)i * IMAGE_PIXELS;
        paper(240, 240, 230);
        put_image(image, 40, 40, 5, 230, -200);
        struct digit digit = prepared(), other;
        check(!digit.nothing[0] && !digit.cut, "image %d: %s", i, digit.nothing);
        paper(240, 240, 230);
        put_image(image, 90, 70, 5, 230, -200);
        check((other = prepared(), same(&digit, &other)), "image %d: moved", i);
        paper(240, 240, 25);
        put_image(image, 40, 40, 5, 25, 200);
        check((other = prepared(), same(&digit, &other)), "image %d: negative", i);
        paper(240, 240, 210);
        put_image(image, 40, 40, 5, 210, -200);
        check((other = prepared(), same(&digit, &other)), "image %d: darker", i);
        paper(96, 96, 230);
        put_image(image, 16, 16, 2, 230, -200);
        check((other = prepared(), same(&digit, &other)), "image %d: smaller", i);
        paper(480, 480, 230);
        put_image(image, 80, 80, 10, 230, -200);
        check((other = prepared(), same(&digit, &other)), "image %d: reduced", i);
        paper(240, 240, 230);
        put_image(image, 40, 40, 5, 230, -200);
        rectangle(10, 10, 2, 2, 30);
        rectangle(225, 120, 3, 1, 30);
        rectangle(0, 239, 1, 1, 30);
        other = prepared();
        int worst = 0;
        for (int p = 0; p < IMAGE_PIXELS; p++)
            worst = abs(digit.pixels[p] - other.pixels[p]) > worst
                        ? abs(digit.pixels[p] - other.pixels[p])
                        : worst;
        check(worst <= 12 && !other.cut, "image %d: specks, %d", i, worst);
        paper(IMAGE_SIDE, IMAGE_SIDE, 0);
        memcpy(picture, digit.pixels, IMAGE_PIXELS);
        check((other = prepared(), same(&digit, &other)), "image %d: prepared twice", i);
        in_form += digit_is_prepared(digit.pixels);
    }
    check(in_form == 100, "%d of 100 are in MNIST's form", in_form);
    dataset_free(&d);
}

/* Lines a tenth of a pixel wide in the end are as strong as others. */
static void test_digit_thin_pen(void)
{
    int most = 0;
    paper(220, 220, 255);
    rectangle(20, 100, 180, 1, 0);
    rectangle(110, 20, 1, 180, 0);
    struct digit digit = prepared();
    for (int p = 0; p < IMAGE_PIXELS; p++)
        most = digit.pixels[p] > most ? digit.pixels[p] : most;
    check(most == 255, "the strongest pixel is %d: %s", most, digit.nothing);
}

/* The image comes back from an enlargement of it, the right way up; the same on every machine. */
static void test_digit_enlarged(void)
{
    struct dataset d;
    static uint8_t all[1000 * IMAGE_PIXELS];
    if (!load_sample(&d, DATASET_TEST))
        return;
    long difference = 0;
    for (int i = 0; i < d.count; i++) {
        const uint8_t *image = d.pixels + (size_t)i * IMAGE_PIXELS;
        paper(300, 280, 220);
        put_image(image, 23, 11, 9, 220, -190);
        struct digit digit = prepared();
        memcpy(all + (size_t)i * IMAGE_PIXELS, digit.pixels, IMAGE_PIXELS);
        for (int p = 0; p < IMAGE_PIXELS; p++)
            difference += abs(digit.pixels[p] - image[p]);
    }
    long mean = difference / ((long)d.count * IMAGE_PIXELS);
    check(mean <= 8, "pixels differ by %ld on average", mean);
    uint32_t crc = crc32(all, sizeof all);
    check(crc == 0xa181fc50, "checksum %08x", crc);
    dataset_free(&d);
}

static void check_nothing(const char *wanted, const char *what)
{
    static const uint8_t none[IMAGE_PIXELS];
    struct digit digit = prepared();
    check(strstr(digit.nothing, wanted) != NULL, "%s: \"%s\" does not say \"%s\"", what,
          digit.nothing, wanted);
    check(!memcmp(digit.pixels, none, IMAGE_PIXELS) && !digit.cut, "%s: not all is 0", what);
}

static void test_digit_nothing(void)
{
    static const int sizes[][2] = {{1, 1},   {1, 300}, {300, 1},  {2, 2},
                                   {28, 28}, {257, 3}, {640, 640}};
    for (size_t i = 0; i < COUNT(sizes); i++) {
        for (int level = 0; level < 256; level += 51) {
            paper(sizes[i][0], sizes[i][1], level);
            check_nothing("the picture is empty: a contrast of 0 of 255, less than 20", "blank");
        }
    }
    paper(100, 100, 200);
    rectangle(40, 40, 10, 30, 181);
    check_nothing("a contrast of 19 of 255, less than 20", "faint");
    rectangle(40, 40, 10, 30, 180);
    struct digit digit = prepared();
    check(!digit.nothing[0], "contrast of 20: %s", digit.nothing);

    struct rng rng;
    rng_seed(&rng, 4, RNG_SHOW, 0);
    paper(200, 300, 200);
    for (int i = 0; i < 200 * 300; i++)
        picture[i] = (uint8_t)(50 + (rng_next(&rng) & 127));
    check_nothing("nothing but specks: the largest is ", "noise");
}

/* The largest sides there are, and ink all over. */
static void test_digit_sizes(void)
{
    static uint8_t strip[16384];
    struct digit digit;
    struct error err = {""};
    memset(strip + 5000, 255, 3000);
    check(!digit_prepare(&digit, strip, 16384, 1, &err) && !digit.nothing[0], "%s%s", err.text,
          digit.nothing);
    check(!digit_prepare(&digit, strip, 1, 16384, &err) && !digit.nothing[0], "%s%s", err.text,
          digit.nothing);
    for (int side = 1; side <= 40; side++) {
        for (int k = 0; k < side * side; k++)
            picture[k] = (uint8_t)(k % 3 == 0 ? 255 : 0);
        check(!digit_prepare(&digit, picture, side, side, &err), "%d: %s", side, err.text);
    }
}

static void test_digit_cut(void)
{
    static const struct {
        int left, top, width, height; /* on 100×60 */
        bool wanted;
    } rows[] = {
        {30, 10, 40, 40, false}, {0, 10, 40, 40, true},  {60, 10, 40, 40, true},
        {30, 0, 40, 40, true},   {30, 20, 40, 40, true}, {0, 10, 100, 40, false},
        {30, 0, 20, 60, false},  {30, 0, 20, 55, false}, {30, 0, 20, 54, true},
        {30, 1, 20, 30, false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        paper(100, 60, 255);
        rectangle(rows[i].left, rows[i].top, rows[i].width, rows[i].height, 0);
        struct digit digit = prepared();
        check(digit.cut == rows[i].wanted, "row %zu: %s", i, digit.nothing);
    }
}

TEST_LIST(tests_pictures, {"pnm: every kind", test_pnm_good},
          {"pnm: cut at every byte", test_pnm_truncated},
          {"pnm: bad files, each with its own message", test_pnm_bad},
          {"digit: MNIST's images as they are", test_digit_as_it_is},
          {"digit: what MNIST's form is", test_digit_is_prepared},
          {"digit: exact shapes", test_digit_exact},
          {"digit: what must not matter", test_digit_same},
          {"digit: a thin pen", test_digit_thin_pen},
          {"digit: enlarged images come back", test_digit_enlarged},
          {"digit: nothing there", test_digit_nothing}, {"digit: every size", test_digit_sizes},
          {"digit: cut off at the edge", test_digit_cut});
