/* Histories of training to draw, and the drawing, caught in memory. */
#ifndef HISTORIES_H
#define HISTORIES_H

#include <stdio.h>

#include "mnist/net/train.h"

#include "test.h"

enum { PAGE_ROOM = 1 << 16 };

/* What was written to page_open's file, once it is closed. */
extern char page[PAGE_ROOM];

FILE *page_open(void);

enum { VALUES = 8, EPOCHS = 3 };

/* History number `n` of VALUES^EPOCHS: its losses are the digits of n to the base VALUES, where
 * each digit means a value. */
void make_history(struct train_epoch history[EPOCHS], int n);

char *printed(void (*print)(FILE *out, const struct train_epoch *history, int count),
              const struct train_epoch *history, int count);

#endif
