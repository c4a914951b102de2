/* What is said about a terminal if there is none, and pictures character by character. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mnist/base/memory.h"
#include "mnist/cli/options.h"
#include "mnist/cli/terminal.h"
#include "mnist/data/image.h"

#include "../histories.h"
#include "../test.h"

static void set(const char *name, const char *value)
{
    if (value)
        setenv(name, value, 1);
    else
        unsetenv(name);
}

static void keep_environment(const char *const names[3], char *before[3])
{
    for (int n = 0; n < 3; n++)
        before[n] = getenv(names[n]) ? strdup(getenv(names[n])) : NULL;
}

static void restore_environment(const char *const names[3], char *before[3])
{
    for (int n = 0; n < 3; n++) {
        set(names[n], before[n]);
        free(before[n]);
    }
}

/* The first of the three that is set and not empty decides. */
TEST(is_unicode, "terminal: Unicode by the locale's name")
{
    static const struct {
        const char *all, *ctype, *lang;
        bool wanted;
    } rows[] = {
        {NULL, NULL, NULL, false},
        {"C.UTF-8", NULL, NULL, true},
        {"C", NULL, "en_GB.UTF-8", false},
        {"", "de_DE.utf8", "C", true},
        {"", "", "C.UTF-8", true},
        {NULL, "UTF-8", NULL, true},
        {NULL, "de_DE.ISO-8859-1", "UTF-8", false},
        {NULL, NULL, "de_DE", false},
    };
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    char *before[3];
    keep_environment(names, before);
    for (size_t i = 0; i < COUNT(rows); i++) {
        set("LC_ALL", rows[i].all);
        set("LC_CTYPE", rows[i].ctype);
        set("LANG", rows[i].lang);
        test_case("row %zu", i);
        check_int(terminal_is_unicode(), rows[i].wanted);
        check_string(terminal_text("\u00b1", "+-"), rows[i].wanted ? "\u00b1" : "+-");
    }
    restore_environment(names, before);
}

static const char *wrapped;
static int wrapped_column, wrapped_indent, wrapped_width;

static void print_wrapped(FILE *out, const void *context)
{
    (void)context;
    terminal_wrap(out, wrapped, wrapped_column, wrapped_indent, wrapped_width);
}

/* Characters count, not bytes; a word that no line has room for stands alone. */
TEST(wraps, "terminal: text is broken at spaces, into lines of a width")
{
    static const struct {
        const char *text;
        int column, indent, width;
        const char *wanted;
    } rows[] = {
        {"", 0, 2, 10, "\n"},
        {"one two three", 0, 2, 80, "one two three\n"},
        {"one two three", 0, 2, 13, "one two three\n"},
        {"one two three", 0, 2, 12, "one two\n  three\n"},
        {"one two three", 6, 2, 13, "one two\n  three\n"},
        {"one two three", 9, 2, 10, "one\n  two\n  three\n"},
        {"a fartoolongword b", 0, 1, 6, "a\n fartoolongword\n b\n"},
        {"\u00fc\u00fc\u00fc \u00fc\u00fc", 0, 0, 6, "\u00fc\u00fc\u00fc \u00fc\u00fc\n"},
        {"one\t1, two\t2, three\t3", 0, 2, 13, "one 1, two 2,\n  three 3\n"},
        {"  one  two  ", 0, 4, 80, "  one  two\n"},
        {"  one  two", 0, 4, 9, "  one\n    two\n"},
        {"\033[1mone\033[0m two", 0, 2, 7, "\033[1mone\033[0m two\n"},
        {"\033[1;32mone\033[0m two", 0, 2, 6, "\033[1;32mone\033[0m\n  two\n"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct error err = {""};
        size_t size;
        wrapped = rows[i].text;
        wrapped_column = rows[i].column;
        wrapped_indent = rows[i].indent;
        wrapped_width = rows[i].width;
        char *text = mem_print(print_wrapped, NULL, &size, "a test", &err);
        test_case("row %zu", i);
        check_string(text ? text : err.text, rows[i].wanted);
        free(text);
    }
}

TEST(says, "terminal: what is said in a file is not broken")
{
    FILE *out = page_open();
    terminal_say(out, 0, 2, "%-100s%s", "one", "two\tthree");
    fclose(out);
    check_size(strlen(page), 110);
    check_string(page + 100, "two three\n");
}

TEST(colors, "terminal: a file has no colours unless they are asked for")
{
    static const struct {
        const char *no, *force, *clicolor;
        bool wanted;
    } rows[] = {
        {NULL, NULL, NULL, false}, {NULL, "1", NULL, true},  {NULL, NULL, "1", true},
        {NULL, "0", NULL, false},  {NULL, "0", "yes", true}, {NULL, "", "", false},
        {"1", "1", "1", false},    {"", "1", NULL, true},    {"0", "1", NULL, false},
    };
    static const char *const names[] = {"NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE"};
    char *before[3];
    FILE *file = fopen("/dev/null", "w");
    if (!check(file != NULL, "no /dev/null"))
        return;
    check(!terminal_is_live(file), "a file is taken for a terminal");
    keep_environment(names, before);
    for (size_t i = 0; i < COUNT(rows); i++) {
        set("NO_COLOR", rows[i].no);
        set("FORCE_COLOR", rows[i].force);
        set("CLICOLOR_FORCE", rows[i].clicolor);
        test_case("row %zu", i);
        check_int(terminal_colors(file, COLOR_AUTO), rows[i].wanted);
        check_int(terminal_colors(file, COLOR_NEVER), false);
        check_int(terminal_colors(file, COLOR_ALWAYS), true);
    }
    restore_environment(names, before);
    fclose(file);
}

static const char *drawn(const struct picture *pictures, int count, struct picture_style style)
{
    FILE *out = page_open();
    terminal_pictures(out, pictures, count, style);
    fclose(out);
    return page;
}

/* A character is two pixels high: both, one or none may have ink; in a map they have signs. */
TEST(picture_characters, "terminal: a picture in characters")
{
    static const struct {
        uint8_t upper, lower;
        bool map;
        char wanted;
    } rows[] = {
        {230, 230, false, '@'}, {229, 230, false, '%'}, {0, 0, false, ' '},
        {255, 255, false, '@'}, {255, 0, false, '='},   {0, 255, false, '='},
        {30, 30, false, '.'},   {128, 128, true, ' '},  {140, 140, true, ' '},
        {141, 140, true, '+'},  {255, 255, true, '#'},  {116, 115, true, '-'},
        {1, 1, true, '='},      {1, 255, true, ' '},
    };
    uint8_t pixels[IMAGE_PIXELS];
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct picture picture = {pixels, {"", ""}};
        for (int p = 0; p < IMAGE_PIXELS; p++)
            pixels[p] = p / IMAGE_SIDE % 2 ? rows[i].lower : rows[i].upper;
        const char *text = drawn(&picture, 1, (struct picture_style){80, false, rows[i].map});
        int there = 0;
        for (const char *c = text; *c; c++)
            there += *c == rows[i].wanted;
        test_case("row %zu", i);
        check_int(there, rows[i].wanted == ' ' ? 0 : IMAGE_PIXELS / 2);
        check_size(strlen(text), (size_t)there + 15);
    }
}

/* Each has one pixel in a corner: all lines but one are empty, and titles show where they are. */
TEST(picture_grid, "terminal: as many pictures beside each other as there is room for")
{
    static uint8_t pixels[IMAGE_PIXELS] = {255};
    static const char row_of_two[] = "one                           two\n"
                                     "                              second line\n"
                                     "=                             =\n"
                                     "\n\n\n\n\n\n\n\n\n\n\n\n\n";
    static const char row_of_one[] = "three\n\n=\n\n\n\n\n\n\n\n\n\n\n\n\n\n";
    static const struct picture pictures[] = {
        {pixels, {"one", ""}}, {pixels, {"two", "second line"}}, {pixels, {"three", ""}}};
    char wanted[512];
    snprintf(wanted, sizeof wanted, "%s%s", row_of_two, row_of_one);
    check_string(drawn(pictures, 3, (struct picture_style){.width = 58}), wanted);
    check_string(drawn(pictures, 3, (struct picture_style){.width = 87}), wanted);
    check(strstr(drawn(pictures, 3, (struct picture_style){.width = 88}), "second line\n="),
          "three pictures are 88 wide:\n%s", page);
    check(!strncmp(drawn(pictures, 3, (struct picture_style){.width = 57}), "one\n", 4),
          "two pictures are more than 57 wide:\n%s", page);
    check(!strncmp(drawn(pictures, 3, (struct picture_style){.width = 1}), "one\n", 4),
          "one picture a row where there is no room:\n%s", page);
}

TEST(picture_blocks, "terminal: a picture in half blocks")
{
    uint8_t pixels[IMAGE_PIXELS] = {255};
    const struct picture picture = {pixels, {"", ""}};
    const char *text = drawn(&picture, 1, (struct picture_style){80, .blocks = true});
    static const char start[] = "\n\033[38;5;231;48;5;16m\u2580\033[38;5;16;48;5;16m\u2580\u2580";
    int blocks = 0;
    check(!strncmp(text, start, sizeof start - 1), "it begins %.60s", text);
    for (const char *c = text; (c = strstr(c, "\u2580")); c++)
        blocks++;
    check_int(blocks, IMAGE_PIXELS / 2);
    check(!strcmp(text + strlen(text) - 5, "\033[0m\n"), "colours are left on");
}

TEST(put, "terminal: a text from outside, of any length, plain")
{
    char text[1600] = "", wanted[1600] = "";
    for (int i = 0; i < 80; i++) {
        strcat(text, "a\u20ac\xc2\x9b\U0001f600\033[m\xff");
        strcat(wanted, "a\u20ac?\U0001f600?[m?");
    }
    FILE *out = page_open();
    check_int(terminal_put(out, text), 80 * 8);
    check_int(terminal_put(out, ""), 0);
    fclose(out);
    check_string(page, wanted);
}
