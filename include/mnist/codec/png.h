/* PNG, the pictures of the web (W3C 2003, https://www.w3.org/TR/2003/REC-PNG-20031110/).
 *
 * Written are pixels of one byte, uncompressed: the pictures of this program are so small that
 * there is little to gain. */
#ifndef MNIST_PNG_H
#define MNIST_PNG_H

#include <stddef.h>
#include <stdint.h>

/* Colours of the values 0 … count-1, each red, green, blue, alpha. */
struct png_palette {
    int count; /* 1 … 256 */
    uint8_t rgba[256][4];
};

/* Bytes of a picture's rows, each behind one that names its filter. */
#define PNG_ROWS(width, height) (((size_t)(width) + 1) * (size_t)(height))

/* Bytes that png_write writes at the most: the rows, five for each block of 65,535 of them, and
 * 1,111 around them where the palette is full. */
#define PNG_ROOM(width, height) \
    (PNG_ROWS(width, height) + 5 * (PNG_ROWS(width, height) / 65535 + 1) + 1111)

/* Writes a picture into png (PNG_ROOM(width, height)) and returns its size in bytes. pixels
 * (height,width) are indices into the palette, each below its count, or, where that is NULL, grey
 * from 0 black to 255 white. width and height are at least 1, PNG_ROWS of them at most 2^30.
 * Cannot fail. */
size_t png_write(uint8_t *png, const uint8_t *pixels, int width, int height,
                 const struct png_palette *palette);

#endif
