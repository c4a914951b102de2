/* PNG, the pictures of the web (W3C 2003, https://www.w3.org/TR/2003/REC-PNG-20031110/).
 *
 * Pixels are written as one byte each, uncompressed: the pictures of this program are so small that
 * there is little to gain. */
#ifndef MNIST_PNG_H
#define MNIST_PNG_H

#include <stddef.h>
#include <stdint.h>

/* The colours of the values 0 … count-1, each red, green, blue, alpha. */
struct png_palette {
    int count; /* 1 … 256 */
    uint8_t rgba[256][4];
};

/* The size in bytes of a picture's rows, each after one byte that names its filter. */
#define PNG_ROWS(width, height) (((size_t)(width) + 1) * (size_t)(height))

/* The most bytes that png_write writes: the rows, five for each block of 65,535 of them, and 1,111
 * around them if the palette is full. */
#define PNG_ROOM(width, height) \
    (PNG_ROWS(width, height) + 5 * (PNG_ROWS(width, height) / 65535 + 1) + 1111)

/* Writes a picture into png (PNG_ROOM(width, height)) and returns its size in bytes. pixels
 * (height,width) are indices into the palette, each below its count, or, if that is NULL, grey from
 * 0 black to 255 white. width and height are at least 1, and PNG_ROWS of them is at most 2^30.
 * Cannot fail. */
size_t png_write(uint8_t *png, const uint8_t *pixels, int width, int height,
                 const struct png_palette *palette);

#endif
