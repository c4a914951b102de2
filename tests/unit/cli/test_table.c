#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mnist/cli/table.h"

#include "../test.h"

TEST(table_fit, "table: as wide as its widest cells")
{
    struct table_column columns[] = {{"a", 0}, {"wide title", 0}, {"c", 5}, {"d ", 0}};
    struct table table = {columns, 4, .indent = 1, .gap = 2};
    const struct table_cell rows[3][4] = {
        {{{"123456789012"}, NULL}, {{"a cell too wide"}, NULL}, {{"1"}, NULL}, {{"2 "}, NULL}},
        {{{"1"}, NULL}, {{"22"}, NULL}, {{"333"}, NULL}, {{"4 "}, NULL}},
        {{{"12345678"}, "\033[1m"}, {{"\xc2\xb5s"}, NULL}, {{""}, NULL}, {{"[5]"}, NULL}}};
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!check(out != NULL, "no memory"))
        return;
    for (int r = 1; r < 3; r++)
        table_fit(&table, rows[r]);
    table_titles(out, &table);
    for (int r = 0; r < 3; r++)
        table_row(out, &table, rows[r]);
    fclose(out);
    check_string(text, "        a  wide title      c   d\n"
                       "123456789012 a cell too wide      1   2\n"
                       "        1          22    333   4\n"
                       " \033[1m12345678\033[0m          \xc2\xb5s         [5]\n");
    free(text);
}
