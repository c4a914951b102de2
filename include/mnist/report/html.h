/* Pieces of an HTML page: safe text, numbers, sections, and pictures inside the page itself. */
#ifndef MNIST_HTML_H
#define MNIST_HTML_H

#include <stdint.h>
#include <stdio.h>

#include "mnist/base/format.h"
#include "mnist/codec/png.h"

/* Writes `size` bytes of text so that they are safe in an element or in a quoted attribute:
 * markup is escaped; what utf8_is_plain says no to becomes U+FFFD, newlines and tabs apart. */
void html_text(FILE *out, const char *text, size_t size);

/* Writes a number as `text` for people, with nine digits for programs (<data value=…>) unless it is
 * undefined. */
void html_number(FILE *out, double value, struct text text);

/* Opens a <section> with a title and a paragraph; both are markup already. */
void html_section(FILE *out, const char *id, const char *title, const char *text);

/* Writes <img …> with a picture of 28×28 pixels (784 values) inside, as PNG: in the palette's
 * colours or, if that is NULL, from 0 white to 255 black. `alt` says what it shows. */
void html_picture(FILE *out, const uint8_t *pixels, const struct png_palette *palette,
                  const char *alt);

#endif
