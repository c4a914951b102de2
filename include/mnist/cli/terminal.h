/* What a terminal can do, and pictures for it. */
#ifndef MNIST_TERMINAL_H
#define MNIST_TERMINAL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* True where a line may be redrawn with \r: a terminal that is not "dumb". */
bool terminal_is_live(FILE *stream);

/* Whether to colour `stream`, by --color (COLOR_…), NO_COLOR and what the stream is. */
bool terminal_colors(FILE *stream, int choice);

/* Columns of stdout's terminal, of $COLUMNS, or 80. */
int terminal_width(void);

/* Whether characters beyond ASCII can be shown: $LC_ALL, $LC_CTYPE or $LANG names UTF-8, with the
 * language (de_DE.UTF-8) or alone. */
bool terminal_is_unicode(void);

/* The text of the two that can be shown. */
const char *terminal_text(const char *unicode, const char *ascii);

/* A picture of 28×28 pixels in a grid, under one or two lines of title. */
struct picture {
    const uint8_t *pixels; /* (784): 0 paper … 255 ink; of a map 1 … 128 … 255: less, zero, more */
    char title[2][96]; /* an empty second one in all pictures takes no line */
};

/* How all of them are drawn. */
struct picture_style {
    int width;   /* columns for a row of the grid; at least one picture stands in each */
    bool blocks; /* half blocks of grey, or of orange and blue; else characters */
    bool map;    /* the pixels have signs: weights */
};

/* The choices of --style. */
enum { STYLE_AUTO, STYLE_ASCII, STYLE_BLOCKS };

extern const char *const terminal_styles[];

/* The style for stdout, by --style and --color (COLOR_…): with STYLE_AUTO half blocks where it is a
 * terminal of 256 colours that shows Unicode, and colours are wanted. As wide as the terminal. */
struct picture_style terminal_style(int style, int color);

/* Prints the pictures side by side. Each character is a pixel wide and two high: from ' ' (paper)
 * to '@' (ink), or from '=' by '-', ' ' and '+' to '#'. */
void terminal_pictures(FILE *out, const struct picture *pictures, int count,
                       struct picture_style style);

#endif
