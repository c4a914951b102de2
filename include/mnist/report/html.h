/* Pieces of an HTML page: safe text, numbers, sections, and pictures inside the page itself. */
#ifndef MNIST_HTML_H
#define MNIST_HTML_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "mnist/base/format.h"
#include "mnist/codec/png.h"

/* The light theme's colours, as attributes. Where a page policy shuts out the style sheet, as
 * Jenkins' does, they are all there is; the sheet has its own. */
#define HTML_BLUE "#0069a5"
#define HTML_ORANGE "#be4b00"
#define HTML_SOFT "#57606a"
#define HTML_LINE "#d5dae1"

/* Opens a <font> for tables that would otherwise be too wide for a phone without the sheet. */
#define HTML_SMALL "<font size=2>"

/* Writes `size` bytes of text so that they are safe in an element or in a quoted attribute:
 * markup is escaped; what utf8_is_plain says no to becomes U+FFFD, newlines and tabs apart. */
void html_text(FILE *out, const char *text, size_t size);

/* Writes a number as `text` for people, with nine digits for programs (<data value=…>) unless it is
 * undefined. */
void html_number(FILE *out, double value, struct text text);

/* Opens a <section> with a title and a paragraph; both are markup already. */
void html_section(FILE *out, const char *id, const char *title, const char *text);

/* Writes a bar that shows a share in [0,1] of its full length: blue, or orange if it stands for
 * something wrong. */
void html_bar(FILE *out, double share, bool wrong);

/* Writes <img …> with a picture of 28×28 pixels (784 values) inside, as PNG: in the palette's
 * colours or, if that is NULL, from 0 white to 255 black. `alt` says what it shows. */
void html_picture(FILE *out, const uint8_t *pixels, const struct png_palette *palette,
                  const char *alt);

#endif
