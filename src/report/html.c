#include "mnist/report/html.h"

#include <string.h>

#include "mnist/base/rmath.h"
#include "mnist/base/utf8.h"
#include "mnist/codec/base64.h"
#include "mnist/data/image.h"

void html_text(FILE *out, const char *text, size_t size)
{
    static const char markup[] = "&<>\"'";
    static const char *const escapes[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
    const uint8_t *s = (const uint8_t *)text;
    size_t length;
    for (; size > 0; s += length, size -= length) {
        uint32_t code;
        length = utf8_decode(&code, s, size);
        const char *found = *s ? strchr(markup, *s) : NULL;
        if (found)
            fputs(escapes[found - markup], out);
        else if (utf8_is_plain(code) || *s == '\n' || *s == '\t')
            fwrite(s, 1, length, out);
        else
            fputs("\ufffd", out);
    }
}

void html_number(FILE *out, double value, struct text text)
{
    if (rmath_is_finite_double(value))
        fprintf(out, "<data value=\"%s\">%s</data>", format_figure(value).text, text.text);
    else
        fputs(text.text, out);
}

void html_section(FILE *out, const char *id, const char *title, const char *text)
{
    fprintf(out, "<section id=%s>\n<h2>%s</h2>\n<p class=soft>%s</p>\n", id, title, text);
}

void html_bar(FILE *out, double share, bool wrong)
{
    fprintf(out,
            "<svg class=\"bar%s\" width=90 height=7 fill=\"%s\"><rect width=\"100%%\" "
            "height=7 opacity=.2 /><rect width=\"%.1f%%\" height=7 /></svg>",
            wrong ? " miss" : "", wrong ? HTML_ORANGE : HTML_BLUE, 100.0 * share);
}

void html_picture(FILE *out, const uint8_t *pixels, const struct png_palette *palette,
                  const char *alt)
{
    uint8_t negative[IMAGE_PIXELS], png[PNG_ROOM(IMAGE_SIDE, IMAGE_SIDE)];
    for (int i = 0; i < IMAGE_PIXELS; i++)
        negative[i] = 255 - pixels[i];
    size_t size = png_write(png, palette ? pixels : negative, IMAGE_SIDE, IMAGE_SIDE, palette);
    fprintf(out, "<img class=%s alt=\"", palette ? "map" : "digit");
    html_text(out, alt, strlen(alt));
    fputs("\" src=\"data:image/png;base64,", out);
    base64_write(out, png, size);
    fputs("\">", out);
}
