/* PNM, the pictures of Netpbm: PBM (black and white), PGM (grey) and PPM (colour).
 *
 * First text: the kind (P1 … P6), width, height and, except in PBM, the largest value 1 … 65535,
 * with white space between and comments from # to the end of the line. Then the values, row by row:
 * in P1, P2 and P3 as numbers in text; in P4 one bit per pixel, rows padded to bytes; in P5 and P6
 * one byte per value, or two, the higher first, if the largest is above 255. In PBM 1 is black, in
 * the others the largest value is white. https://netpbm.sourceforge.net/doc/pnm.html */
#ifndef MNIST_PNM_H
#define MNIST_PNM_H

#include <stddef.h>
#include <stdint.h>

#include "mnist/base/error.h"

enum { PNM_SIDE_MAX = 16384, PNM_PIXELS_MAX = 1 << 26 };

struct pnm {
    int width, height; /* each 1 … PNM_SIDE_MAX; their product is at most PNM_PIXELS_MAX */
    uint8_t *grey;     /* (height,width) 0 black … 255 white */
};

/* Reads one picture from bytes in memory. Colours become grey by Rec. 601: 0.299 R + 0.587 G +
 * 0.114 B. -1 with err filled for another kind of file, sizes beyond the limits, values above the
 * largest, too few bytes (before anything is allocated), too many (except white space), or when
 * memory is short. `name` is for the messages. The caller gives the picture to pnm_free. */
int pnm_parse(struct pnm *pnm, const uint8_t *bytes, size_t size, const char *name,
              struct error *err);

/* A file_limit: what a picture needs that begins with this head, in plain text PNM_VALUE_MAX bytes
 * a value, and a little more for white space and comments. A header has at most PNM_HEADER_MAX. */
enum { PNM_VALUE_MAX = 16, PNM_HEADER_MAX = 1 << 20 };

size_t pnm_limit(const uint8_t *head, size_t size);

void pnm_free(struct pnm *pnm);

#endif
