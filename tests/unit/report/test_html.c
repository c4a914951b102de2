#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "mnist/codec/checksum.h"
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
        check(checksum_crc32(png + at + 4, length + 4) == big_endian(png + at + 8 + length),
              "CRC of %.4s", (const char *)png + at + 4);
        if (!memcmp(png + at + 4, name, 4))
            found = png + at + 8;
        at += 12 + length;
    }
    return found;
}

/* What is in IDAT: a zlib stream (RFC 1950) of one stored block (RFC 1951) with the 28 rows, none
 * of them filtered. */
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

TEST(html_picture, "html: pictures are PNG")
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
