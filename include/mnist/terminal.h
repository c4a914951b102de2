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

/* A picture of 28×28 pixels in a grid, under one or two lines of title. */
struct picture {
    const uint8_t *pixels; /* (784) */
    char title[2][96];     /* an empty second one in all pictures takes no line */
};

/* Prints the pictures side by side, as many as `width` columns hold, at least one. Each character
 * is a pixel wide and two high, from ' ' (paper) to '@' (ink). */
void terminal_pictures(FILE *out, const struct picture *pictures, int count, int width);

#endif
