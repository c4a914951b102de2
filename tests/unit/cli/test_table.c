#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mnist/cli/table.h"

#include "../histories.h"
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

/* Blocks at 15 columns: the first has three columns, the second what is left. */
TEST(table_print, "table: one that is too wide is printed in blocks of columns")
{
    static const struct {
        int width;
        const char *wanted;
    } rows[] = {
        {80, "  id      one      two    three\n"
             "   7       11       22       33\n"
             "   8      111      222      333\n"},
        {31, "  id      one      two    three\n"
             "   7       11       22       33\n"
             "   8      111      222      333\n"},
        {30, "  id     one     two   three\n"
             "   7      11      22      33\n"
             "   8     111     222     333\n"},
        {27, "  id     one     two\n"
             "   7      11      22\n"
             "   8     111     222\n"
             "\n"
             "  id   three\n"
             "   7      33\n"
             "   8     333\n"},
        {1, "  id     one\n   7      11\n   8     111\n"
            "\n  id     two\n   7      22\n   8     222\n"
            "\n  id   three\n   7      33\n   8     333\n"},
    };
    static const struct table_cell cells[2][4] = {
        {{{"7"}, NULL}, {{"11"}, NULL}, {{"22"}, NULL}, {{"33"}, NULL}},
        {{{"8"}, NULL}, {{"111"}, NULL}, {{"222"}, NULL}, {{"333"}, NULL}}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct table_column columns[] = {{"id", 0}, {"one", 7}, {"two", 7}, {"three", 7}};
        struct table table = {columns, 4, .indent = 2, .gap = 2};
        FILE *out = page_open();
        table_print(out, &table, cells[0], 2, rows[i].width);
        fclose(out);
        test_case("%d columns", rows[i].width);
        check_string(page, rows[i].wanted);
    }
}
