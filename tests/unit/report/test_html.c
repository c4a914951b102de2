#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "mnist/codec/base64.h"
#include "mnist/codec/png.h"
#include "mnist/data/image.h"
#include "mnist/report/html.h"

#include "../histories.h"
#include "../test.h"

TEST(html_text, "html: text")
{
    static const struct {
        const char *text, *wanted;
    } cases[] = {
        {"plain", "plain"},
        {"", ""},
        {"<a href=\"x\">'&amp;'", "&lt;a href=&quot;x&quot;&gt;&#39;&amp;amp;&#39;"},
        {"größer 7→9", "größer 7→9"},
        {"line\nbreak\ttab\x7f\r", "line\nbreak\ttab\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xc2\x85|\xc2\x9b|\u202e|\u2066|\u2028", "\ufffd|\ufffd|\ufffd|\ufffd|\ufffd"},
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

TEST(html_number, "html: numbers, and those that are undefined")
{
    static const struct {
        double value;
        const char *wanted;
    } cases[] = {
        {0.98765, "<data value=\"0.98765\">98.77%</data>"},
        {0.0, "<data value=\"0\">0.00%</data>"},
        {(double)NAN, "-"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        FILE *out = page_open();
        html_number(out, cases[i].value, format_percent(cases[i].value));
        fclose(out);
        check_string(page, cases[i].wanted);
    }
}

/* The picture's text, from <img to >, around a PNG image of the pixels in base64. */
static void check_picture(const uint8_t *pixels, const uint8_t *in_png,
                          const struct png_palette *palette, const char *tag)
{
    uint8_t png[PNG_ROOM(IMAGE_SIDE, IMAGE_SIDE)];
    char wanted[PAGE_ROOM];
    FILE *out = page_open();
    fprintf(out, "%s src=\"data:image/png;base64,", tag);
    base64_write(out, png, png_write(png, in_png, IMAGE_SIDE, IMAGE_SIDE, palette));
    fputs("\">", out);
    fclose(out);
    memcpy(wanted, page, sizeof wanted);
    out = page_open();
    html_picture(out, pixels, palette, "a \"7\"");
    fclose(out);
    check_string(page, wanted);
}

TEST(html_picture, "html: pictures are PNG, in grey the darker the higher")
{
    uint8_t pixels[IMAGE_PIXELS], negative[IMAGE_PIXELS];
    struct png_palette palette = {.count = 256};
    for (int i = 0; i < IMAGE_PIXELS; i++) {
        pixels[i] = (uint8_t)(i * 7);
        negative[i] = 255 - pixels[i];
    }
    for (int i = 0; i < 256; i++)
        for (int k = 0; k < 4; k++)
            palette.rgba[i][k] = (uint8_t)(i * (k + 1));
    check_picture(pixels, negative, NULL, "<img class=digit alt=\"a &quot;7&quot;\"");
    check_picture(pixels, pixels, &palette, "<img class=map alt=\"a &quot;7&quot;\"");
}
