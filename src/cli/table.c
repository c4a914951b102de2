#include "mnist/cli/table.h"

#include <stdbool.h>
#include <string.h>

#include "mnist/base/utf8.h"

static int width_of(const char *text)
{
    return utf8_length(text, strlen(text));
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

static bool is_hidden(const struct table *table, int c)
{
    return table->hidden >> c & 1;
}

int table_width(const struct table *table)
{
    int width = table->indent - table->gap;
    for (int c = 0; c < table->count; c++)
        if (!is_hidden(table, c))
            width += table->gap + column_width(&table->columns[c]);
    return width;
}

/* A line is composed first and then written in one go: stderr has no buffer. */
struct line {
    char text[1024];
    int used, owed; /* bytes in text; spaces to add before the next text */
};

static void put(struct line *line, const char *text, int length)
{
    int room = (int)sizeof line->text - 1 - line->used;
    length = length < room ? length : room;
    memcpy(line->text + line->used, text, (size_t)length);
    line->used += length;
    line->text[line->used] = '\0';
}

static void put_spaces(struct line *line, int count)
{
    for (int i = 0; i < count; i++)
        put(line, " ", 1);
}

/* Adds text that ends where column c does. If it is too wide, it is still kept apart. */
static void put_cell(struct line *line, const struct table *table, int c, const char *text,
                     const char *style)
{
    int length = (int)strlen(text), end = length;
    while (end > 0 && text[end - 1] == ' ')
        end--;
    line->owed +=
        (c ? table->gap : table->indent) + column_width(&table->columns[c]) - width_of(text);
    if (end > 0) {
        put_spaces(line, line->owed < 1 && line->used ? 1 : line->owed);
        put(line, style ? style : "", style ? (int)strlen(style) : 0);
        put(line, text, end);
        put(line, "\033[0m", style ? 4 : 0);
        line->owed = 0;
    }
    line->owed += length - end;
}

void table_titles(FILE *out, const struct table *table)
{
    struct line line = {.used = 0};
    for (int c = 0; c < table->count; c++)
        if (!is_hidden(table, c))
            put_cell(&line, table, c, table->columns[c].title, NULL);
    put(&line, "\n", 1);
    fputs(line.text, out);
}

void table_row(FILE *out, const struct table *table, const struct table_cell *cells)
{
    struct line line = {.used = 0};
    for (int c = 0; c < table->count; c++)
        if (!is_hidden(table, c))
            put_cell(&line, table, c, cells[c].text.text, cells[c].style);
    put(&line, "\n", 1);
    fputs(line.text, out);
}

void table_print(FILE *out, struct table *table, const struct table_cell *cells, int rows,
                 int width)
{
    for (int r = 0; r < rows; r++)
        table_fit(table, cells + r * table->count);
    if (table_width(table) > width)
        table->gap = 1;
    for (int from = 1, to = 1; from < table->count; from = to) {
        table->hidden = ~1u;
        do
            table->hidden &= ~(1u << to++);
        while (to < table->count &&
               table_width(table) + table->gap + column_width(&table->columns[to]) <= width);
        if (from > 1)
            putc('\n', out);
        table_titles(out, table);
        for (int r = 0; r < rows; r++)
            table_row(out, table, cells + r * table->count);
    }
}
