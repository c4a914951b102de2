#include "mnist/codec/png.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "mnist/base/bytes.h"
#include "mnist/codec/checksum.h"

/* A chunk is its length, four letters, its data, and the CRC of letters and data. Writes all but
 * the data, which are there already, and returns where the next chunk begins. */
static uint8_t *close_chunk(uint8_t *chunk, const char *letters, size_t size)
{
    bytes_put_be32(chunk, (uint32_t)size);
    memcpy(chunk + 4, letters, 4);
    bytes_put_be32(chunk + 8 + size, checksum_crc32(chunk + 4, 4 + size));
    return chunk + 12 + size;
}

static uint8_t *write_header(uint8_t *chunk, int width, int height, bool colored)
{
    uint8_t *data = chunk + 8;
    bytes_put_be32(data, (uint32_t)width);
    bytes_put_be32(data + 4, (uint32_t)height);
    data[8] = 8;               /* bits per pixel */
    data[9] = colored ? 3 : 0; /* palette, grey */
    memset(data + 10, 0, 3);   /* the only compression, the only filters, no interlacing */
    return close_chunk(chunk, "IHDR", 13);
}

static uint8_t *write_palette(uint8_t *chunk, const struct png_palette *palette)
{
    size_t count = (size_t)palette->count;
    for (size_t i = 0; i < count; i++)
        memcpy(chunk + 8 + 3 * i, palette->rgba[i], 3);
    chunk = close_chunk(chunk, "PLTE", 3 * count);
    for (size_t i = 0; i < count; i++)
        chunk[8 + i] = palette->rgba[i][3];
    return close_chunk(chunk, "tRNS", count);
}

/* Writes the rows, each after a zero (no filter), as a zlib stream (RFC 1950) of stored blocks (RFC
 * 1951). They are first laid down in one piece, for the checksum, after the room that the blocks'
 * headers take, and then moved forward block by block; the last block stays where it is. */
static uint8_t *write_pixels(uint8_t *chunk, const uint8_t *pixels, size_t width, size_t height)
{
    enum { BLOCK = 65535, HEADER = 5 };
    size_t size = PNG_ROWS(width, height), blocks = (size + BLOCK - 1) / BLOCK;
    uint8_t *at = chunk + 8, *rows = at + 2 + HEADER * blocks, *end = rows + size;
    for (size_t y = 0; y < height; y++) {
        rows[y * (width + 1)] = 0;
        memcpy(rows + y * (width + 1) + 1, pixels + y * width, width);
    }
    bytes_put_be32(end, checksum_adler32(rows, size));
    bytes_put_be16(at, 0x7801); /* deflate with a window of 32 kB, the fastest */
    at += 2;
    while (rows < end) {
        size_t length = end - rows < BLOCK ? (size_t)(end - rows) : BLOCK;
        at[0] = rows + length == end; /* the last block? */
        bytes_put_le16(at + 1, (uint16_t)length);
        bytes_put_le16(at + 3, (uint16_t)~length);
        memmove(at + HEADER, rows, length);
        at += HEADER + length;
        rows += length;
    }
    return close_chunk(chunk, "IDAT", (size_t)(end + 4 - (chunk + 8)));
}

size_t png_write(uint8_t *png, const uint8_t *pixels, int width, int height,
                 const struct png_palette *palette)
{
    assert(width >= 1 && height >= 1 && PNG_ROWS(width, height) <= (size_t)1 << 30);
    static const uint8_t signature[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    memcpy(png, signature, sizeof signature);
    uint8_t *at = write_header(png + sizeof signature, width, height, palette != NULL);
    if (palette)
        at = write_palette(at, palette);
    at = write_pixels(at, pixels, (size_t)width, (size_t)height);
    return (size_t)(close_chunk(at, "IEND", 0) - png);
}
