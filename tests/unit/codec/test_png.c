#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mnist/base/bytes.h"
#include "mnist/codec/checksum.h"
#include "mnist/codec/png.h"

#include "../test.h"

/* What Python's zlib at level 0 makes of the same pixels. */
TEST(png_bytes, "png: the smallest pictures, byte for byte")
{
    static const char grey[] =
        "\x89PNG\r\n\x1a\n"
        "\0\0\0\x0dIHDR\0\0\0\1\0\0\0\1\x08\0\0\0\0\x3a\x7e\x9b\x55"
        "\0\0\0\x0dIDAT\x78\1\1\2\0\xfd\xff\0\x80\0\x82\0\x81\xc3\x6e\x25\xe0"
        "\0\0\0\0IEND\xae\x42\x60\x82";
    static const char colored[] =
        "\x89PNG\r\n\x1a\n"
        "\0\0\0\x0dIHDR\0\0\0\1\0\0\0\2\x08\3\0\0\0\xae\x5f\x46\x15"
        "\0\0\0\x06PLTE\1\2\3\4\5\6\x95\x53\x6f\x48\0\0\0\2tRNS\xff\0\xe5\xb7\x30\x4a"
        "\0\0\0\x0fIDAT\x78\1\1\4\0\xfb\xff\0\1\0\0\0\7\0\2\x58\x71\x27\x37"
        "\0\0\0\0IEND\xae\x42\x60\x82";
    static const struct png_palette palette = {2, {{1, 2, 3, 255}, {4, 5, 6, 0}}};
    uint8_t png[PNG_ROOM(1, 2)];
    size_t size = png_write(png, (const uint8_t *)"\x80", 1, 1, NULL);
    check_size(size, sizeof grey - 1);
    check_bytes(png, grey, sizeof grey - 1);
    size = png_write(png, (const uint8_t *)"\1", 1, 2, &palette);
    check_size(size, sizeof colored - 1);
    check_bytes(png, colored, sizeof colored - 1);
}

/* Checks the next chunk, with `size` bytes of data; returns the data, and moves *at past it. */
static const uint8_t *next_chunk(const uint8_t **at, const uint8_t *end, const char *name,
                                 size_t size)
{
    const uint8_t *chunk = *at;
    if (!check((size_t)(end - chunk) >= 12 + size, "%s is cut short", name) ||
        !check_size(bytes_get_be32(chunk), size) || !check_bytes(chunk + 4, name, 4))
        return NULL;
    check_hex(bytes_get_be32(chunk + 8 + size), checksum_crc32(chunk + 4, 4 + size));
    *at = chunk + 12 + size;
    return chunk + 8;
}

/* A zlib stream of stored blocks, all but the last of them full, must hold just these bytes. */
static void check_stream(const uint8_t *stream, const uint8_t *bytes, size_t size)
{
    uint64_t a = 1, b = 0; /* Adler-32, by its definition */
    check(stream[0] == 0x78 && bytes_get_be16(stream) % 31 == 0 && !(stream[1] & 0x20),
          "zlib's header is %02x %02x", stream[0], stream[1]);
    stream += 2;
    for (size_t at = 0, length; at < size; at += length, stream += 5 + length) {
        length = size - at < 65535 ? size - at : 65535;
        check_int(stream[0], at + length == size);
        check_hex(bytes_get_le16(stream + 1), length);
        check_hex(bytes_get_le16(stream + 3), 0xffff - length);
        check_bytes(stream + 5, bytes + at, length);
    }
    for (size_t i = 0; i < size; i++) {
        a = (a + bytes[i]) % 65521;
        b = (b + a) % 65521;
    }
    check_hex(bytes_get_be32(stream), b << 16 | a);
}

static void check_picture(uint32_t width, uint32_t height, const struct png_palette *palette)
{
    size_t room = PNG_ROOM(width, height), row = width + 1, size = row * height;
    uint8_t *png = malloc(room + 1), *pixels = malloc((size_t)width * height), *rows = malloc(size);
    if (!png || !pixels || !rows)
        abort();
    for (size_t i = 0; i < size; i++) {
        rows[i] = i % row ? (uint8_t)(i * 7 + i / 251) : 0;
        if (i % row)
            pixels[i / row * width + i % row - 1] = rows[i];
    }
    memset(png, 0xa5, room + 1);
    size_t written = png_write(png, pixels, (int)width, (int)height, palette);
    check(written <= room && png[written] == 0xa5 && png[room] == 0xa5, "%zu bytes", written);
    const uint8_t *at = png + 8, *end = png + written;
    const uint8_t *header = next_chunk(&at, end, "IHDR", 13);
    if (header) {
        check_int(bytes_get_be32(header), width);
        check_int(bytes_get_be32(header + 4), height);
    }
    const uint8_t *colors = palette ? next_chunk(&at, end, "PLTE", 768) : NULL;
    const uint8_t *alpha = palette ? next_chunk(&at, end, "tRNS", 256) : NULL;
    for (int i = 0; i < 256 && colors && alpha; i++) {
        check_bytes(colors + 3 * i, palette->rgba[i], 3);
        check_int(alpha[i], palette->rgba[i][3]);
    }
    const uint8_t *stream =
        next_chunk(&at, end, "IDAT", 2 + 5 * ((size + 65534) / 65535) + size + 4);
    if (stream)
        check_stream(stream, rows, size);
    next_chunk(&at, end, "IEND", 0);
    check(at == end, "%td bytes behind the end", end - at);
    free(png);
    free(pixels);
    free(rows);
}

/* One block, one that is exactly full, two, a last one of a single byte, many. */
TEST(png_sizes, "png: any size, unpacked again")
{
    static const uint32_t sizes[][2] = {{1, 1},     {28, 28},    {65534, 1}, {65534, 2},
                                        {65535, 1}, {1, 100000}, {300, 301}, {9, 1}};
    struct png_palette palette = {.count = 256};
    for (int i = 0; i < 256; i++)
        for (int k = 0; k < 4; k++)
            palette.rgba[i][k] = (uint8_t)(i * (k + 1));
    for (size_t i = 0; i < COUNT(sizes); i++) {
        test_case("%u×%u", (unsigned)sizes[i][0], (unsigned)sizes[i][1]);
        check_picture(sizes[i][0], sizes[i][1], NULL);
        check_picture(sizes[i][0], sizes[i][1], &palette);
    }
}
