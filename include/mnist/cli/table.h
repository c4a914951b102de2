/* Tables on the terminal: every cell of a column ends where its title ends. */
#ifndef MNIST_TABLE_H
#define MNIST_TABLE_H

#include <stdio.h>

#include "mnist/base/format.h"

/* A column is as wide as its title or the widest cell that table_fit was given, but at least
 * `width` characters. */
struct table_column {
    const char *title;
    int width;
};

struct table {
    struct table_column *columns;
    int count;
    int indent, gap; /* spaces before the first column, and between two */
    unsigned hidden; /* a bit for each column: bit 0 is the first's, which always shows */
};

/* One cell; spaces at its end count, so "7 " ends where the 7 of "[7]" does. */
struct table_cell {
    struct text text;
    const char *style; /* an escape sequence that turns a colour on, or NULL */
};

/* Makes the columns wide enough for a row; called before any of the table is printed. */
void table_fit(struct table *table, const struct table_cell *cells);

/* The width of a line of the columns that show, if none of its cells is too wide. */
int table_width(const struct table *table);

/* Print the titles; a row of table->count cells. Lines do not end in spaces. */
void table_titles(FILE *out, const struct table *table);
void table_row(FILE *out, const struct table *table, const struct table_cell *cells);

/* Prints a whole table, cells (rows, count): if it is too wide, in blocks of columns that fit, of
 * which each repeats the first. Each has at least two columns. */
void table_print(FILE *out, struct table *table, const struct table_cell *cells, int rows,
                 int width);

#endif
