/* What a terminal can do, and pictures for it. */
#ifndef MNIST_TERMINAL_H
#define MNIST_TERMINAL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* True if a line can be redrawn with \r: the stream is a terminal that is not "dumb". */
bool terminal_is_live(FILE *stream);

/* Whether to colour `stream`. What decides, if it says anything, is --color (COLOR_…), then
 * $NO_COLOR (not empty), then $FORCE_COLOR or $CLICOLOR_FORCE (neither empty nor 0), and in the end
 * whether it is live. */
bool terminal_colors(FILE *stream, int choice);

/* The number of columns: that of the stream's terminal, or $COLUMNS, or 80. */
int terminal_width(FILE *stream);

/* The number of columns that a line may have: without end where the stream is no terminal. */
int terminal_room(FILE *stream);

/* Prints text and a newline, in lines of at most `width` columns, broken at spaces. The first line
 * goes on in column `column` (from 0); the others begin with `indent` spaces. A word that is wider
 * than a line is not broken; a tab is a space within a word. Colours take no room. */
void terminal_wrap(FILE *out, const char *text, int column, int indent, int width);

/* Prints less than 512 bytes as printf would, and a newline, wrapped where `out` is a terminal. */
__attribute__((format(printf, 4, 5))) void terminal_say(FILE *out, int column, int indent,
                                                        const char *format, ...);

/* Draws the moving line of stderr, which is live, over the one that is there. */
void terminal_line(const char *text);

/* Removes the moving line, and the ^C that a terminal shows for Ctrl-C: what comes next, on either
 * stream, begins a line. */
void terminal_margin(void);

/* stderr, at the margin. Nothing in cli prints on stderr but through this. */
FILE *terminal_stderr(void);

/* Whether characters beyond ASCII can be shown: $LC_ALL, $LC_CTYPE or $LANG names UTF-8, with a
 * language (de_DE.UTF-8) or alone. */
bool terminal_is_unicode(void);

/* Whichever of the two texts can be shown. */
const char *terminal_text(const char *unicode, const char *ascii);

/* Writes text from outside (a path, a value of the environment or of the command line) for people,
 * as utf8_plain makes it. Returns the number of columns. Nothing else of cli writes such text, but
 * for errors, which error_set made plain, and JSON, which escapes. */
int terminal_put(FILE *out, const char *text);

/* A picture of 28×28 pixels in a grid, under one or two lines of title. */
struct picture {
    const uint8_t *pixels; /* (784) 0 paper … 255 ink; in a map 1 least … 128 zero … 255 most */
    char title[2][96];     /* if the second is empty in all pictures, it takes no line */
};

/* How all pictures of a grid are drawn. */
struct picture_style {
    int width;   /* columns for a row of the grid, which has at least one picture */
    bool blocks; /* draw half blocks of grey, or of orange and blue; else characters */
    bool map;    /* the pixels are signed values, such as weights */
};

/* The choices of --style. */
enum { STYLE_AUTO, STYLE_ASCII, STYLE_BLOCKS };

extern const char *const terminal_styles[];

/* The style for stdout, by --style and --color (COLOR_…): with STYLE_AUTO half blocks if it is a
 * terminal of 256 colours that shows Unicode and colours are wanted. As wide as the terminal. */
struct picture_style terminal_style(int style, int color);

/* Prints the pictures side by side. Each character is one pixel wide and two high: from ' ' (paper)
 * to '@' (ink), or in a map from '=' through '-', ' ' and '+' to '#'. */
void terminal_pictures(FILE *out, const struct picture *pictures, int count,
                       struct picture_style style);

#endif
