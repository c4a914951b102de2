#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mnist/base/rng.h"
#include "mnist/codec/checksum.h"
#include "mnist/data/dataset.h"
#include "mnist/data/digit.h"
#include "mnist/data/image.h"

#include "../test.h"

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
    return check(!dataset_load(dataset, "data/sample", split, NULL, &err), "%s", err.text);
}

TEST(digit_as_it_is, "digit: MNIST's images as they are")
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
TEST(digit_is_prepared, "digit: what MNIST's form is")
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
        test_case("row %zu", i);
        check_int(digit_is_prepared(picture), rows[i].wanted);
    }
    paper(IMAGE_SIDE, IMAGE_SIDE, 0);
    check(!digit_is_prepared(picture), "no ink");
}

/* Shapes whose image is known beforehand: fitted into 20×20, centre of mass in the middle. */
TEST(digit_exact, "digit: exact shapes")
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

/* What must not matter: the place on the paper, dark on light or light on dark, how light and how
 * dark, the size, specks. The result is in MNIST's form, so preparing it again changes nothing. */
TEST(digit_same, "digit: what must not matter")
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
    check_int(in_form, 100);
    dataset_free(&d);
}

/* Lines that end up a tenth of a pixel wide are as strong as others. */
TEST(digit_thin_pen, "digit: a thin pen")
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

/* An enlarged image comes back as it was, the right way up, and the same on every machine. */
TEST(digit_enlarged, "digit: enlarged images come back")
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
    uint32_t crc = checksum_crc32(all, sizeof all);
    check_hex(crc, 0xa181fc50);
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

TEST(digit_nothing, "digit: nothing there")
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

/* The largest possible sides, and ink all over. */
TEST(digit_sizes, "digit: every size")
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

TEST(digit_cut, "digit: cut off at the edge")
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
