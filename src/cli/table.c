#include "mnist/table.h"

#include <string.h>

/* Characters of UTF-8 text: each has one byte that does not continue another. */
static int width_of(const char *text)
{
    int width = 0;
    for (; *text; text++)
        width += (*text & 0xc0) != 0x80;
    return width;
}

static int column_width(const struct table_column *column)
{
    int title = width_of(column->title);
    return title > column->width ? title : column->width;
}

void table_fit(struct table *table, const struct table_cell *cells)
{
    for (int c = 0; c < table->count; c++) {
        int width = width_of(cells[c].text.text);
        if (width > table->columns[c].width)
            table->columns[c].width = width;
    }
}

/* A line is composed first and written at once: stderr has no buffer of its own. */
struct line {
    char text[1024];
    size_t used;
    int owed; /* spaces, until something follows them */
};

static void put(struct line *line, const char *text)
{
    size_t room = sizeof line->text - line->used, length = strlen(text);
    length = length < room ? length : room - 1;
    memcpy(line->text + line->used, text, length);
    line->used += length;
    line->text[line->used] = '\0';
}

/* Text that ends where column c does. */
static void put_cell(struct line *line, const struct table *table, int c, const char *text,
                     const char *style)
{
    char inked[sizeof(struct text)], spaces[64];
    int end = snprintf(inked, sizeof inked, "%s", text), length = end;
    while (end > 0 && inked[end - 1] == ' ')
        inked[--end] = '\0';
    line->owed +=
        (c ? table->gap : table->indent) + column_width(&table->columns[c]) - width_of(text);
    if (end > 0) {
        snprintf(spaces, sizeof spaces, "%*s", line->owed, "");
        put(line, spaces);
        put(line, style ? style : "");
        put(line, inked);
        put(line, style ? "\033[0m" : "");
        line->owed = 0;
    }
    line->owed += length - end;
}

void table_titles(FILE *out, const struct table *table)
{
    struct line line = {.used = 0};
    for (int c = 0; c < table->count; c++)
        put_cell(&line, table, c, table->columns[c].title, NULL);
    put(&line, "\n");
    fputs(line.text, out);
}

void table_row(FILE *out, const struct table *table, const struct table_cell *cells)
{
    struct line line = {.used = 0};
    for (int c = 0; c < table->count; c++)
        put_cell(&line, table, c, cells[c].text.text, cells[c].style);
    put(&line, "\n");
    fputs(line.text, out);
}
