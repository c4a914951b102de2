#include "mnist/report/html.h"

#include <string.h>

#include "mnist/base/utf8.h"
#include "mnist/codec/checksum.h"
#include "mnist/data/image.h"

void html_text(FILE *out, const char *text, size_t size)
{
    static const char markup[] = "&<>\"'";
    static const char *const escapes[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
    const uint8_t *s = (const uint8_t *)text;
    size_t length;
    for (; size > 0; s += length, size -= length) {
        length = utf8_length(s, size);
        const char *found = *s ? strchr(markup, *s) : NULL;
        if (found) {
            fputs(escapes[found - markup], out);
        } else if (length == 0 || (*s < 0x20 && *s != '\n' && *s != '\t') || *s == 0x7f) {
            fputs("\xef\xbf\xbd", out);
            length = 1;
        } else {
            fwrite(s, 1, length, out);
        }
    }
}

void html_number(FILE *out, double value, struct text text)
{
    fprintf(out, "<data value=\"%s\">%s</data>", format_figure(value).text, text.text);
}

void html_section(FILE *out, const char *id, const char *title, const char *text)
{
    fprintf(out, "<section id=%s>\n<h2>%s</h2>\n<p class=soft>%s</p>\n", id, title, text);
}

/* --- PNG --- */

/* Signature, header, palette and its alpha, one block of pixels that are not compressed, end: the
 * pictures are too small to gain much. */
enum { ROW = IMAGE_SIDE + 1, ROWS = IMAGE_SIDE * ROW, PNG_MAX = ROWS + 1280 };

struct png {
    uint8_t bytes[PNG_MAX];
    size_t size;
};

static void put_bytes(struct png *png, const void *bytes, size_t size)
{
    memcpy(png->bytes + png->size, bytes, size);
    png->size += size;
}

static void put_32(struct png *png, uint32_t value)
{
    const uint8_t bytes[] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8),
                             (uint8_t)value};
    put_bytes(png, bytes, sizeof bytes);
}

/* A chunk is its length, four letters, its data, and the CRC of letters and data. */
static void put_chunk(struct png *png, const char *letters, const uint8_t *data, size_t size)
{
    put_32(png, (uint32_t)size);
    size_t start = png->size;
    put_bytes(png, letters, 4);
    put_bytes(png, data, size);
    put_32(png, checksum_crc32(png->bytes + start, size + 4));
}

static void put_palette(struct png *png, const struct html_palette *palette)
{
    uint8_t colors[3 * 256] = {0}, alpha[256] = {0};
    size_t count = (size_t)palette->count;
    for (size_t i = 0; i < count; i++) {
        memcpy(colors + 3 * i, palette->rgba[i], 3);
        alpha[i] = palette->rgba[i][3];
    }
    put_chunk(png, "PLTE", colors, 3 * count);
    put_chunk(png, "tRNS", alpha, count);
}

/* The rows, each behind a zero (no filter), as a zlib stream (RFC 1950) of one stored block (RFC 1951). */
static void put_pixels(struct png *png, const uint8_t *pixels, uint8_t flip)
{
    uint8_t stream[ROWS + 11] = {
        0x78, 0x01, 0x01, ROWS & 255, ROWS >> 8, ~ROWS & 255, (0xffff ^ ROWS) >> 8};
    uint8_t *at = stream + 7;
    uint32_t a = 1, b = 0; /* Adler-32 */
    for (int i = 0; i < ROWS; i++) {
        at[i] = i % ROW ? pixels[i / ROW * IMAGE_SIDE + i % ROW - 1] ^ flip : 0;
        a = (a + at[i]) % 65521;
        b = (b + a) % 65521;
    }
    const uint8_t sum[] = {(uint8_t)(b >> 8), (uint8_t)b, (uint8_t)(a >> 8), (uint8_t)a};
    memcpy(at + ROWS, sum, sizeof sum);
    put_chunk(png, "IDAT", stream, sizeof stream);
}

static void make_png(struct png *png, const uint8_t *pixels, const struct html_palette *palette)
{
    const uint8_t depth = 8, color_type = palette ? 3 : 0;
    const uint8_t header[] = {0, 0, 0, IMAGE_SIDE, 0, 0, 0, IMAGE_SIDE, depth, color_type, 0, 0, 0};
    png->size = 0;
    put_bytes(png, "\x89PNG\r\n\x1a\n", 8);
    put_chunk(png, "IHDR", header, sizeof header);
    if (palette)
        put_palette(png, palette);
    put_pixels(png, pixels, palette ? 0 : 255);
    put_chunk(png, "IEND", png->bytes, 0);
}

/* RFC 4648, section 4. */
static void write_base64(FILE *out, const uint8_t *bytes, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < size; i += 3) {
        uint32_t group = (uint32_t)bytes[i] << 16;
        group |= i + 1 < size ? (uint32_t)bytes[i + 1] << 8 : 0;
        group |= i + 2 < size ? bytes[i + 2] : 0;
        putc(digits[group >> 18], out);
        putc(digits[group >> 12 & 63], out);
        putc(i + 1 < size ? digits[group >> 6 & 63] : '=', out);
        putc(i + 2 < size ? digits[group & 63] : '=', out);
    }
}

void html_picture(FILE *out, const uint8_t *pixels, const struct html_palette *palette,
                  const char *alt)
{
    struct png png;
    make_png(&png, pixels, palette);
    fprintf(out, "<img class=%s width=28 height=28 alt=\"", palette ? "map" : "digit");
    html_text(out, alt, strlen(alt));
    fputs("\" src=\"data:image/png;base64,", out);
    write_base64(out, png.bytes, png.size);
    fputs("\">", out);
}
