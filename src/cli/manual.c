#include "mnist/cli/manual.h"

#include <ctype.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "mnist/base/format.h"
#include "mnist/cli/help.h"
#include "mnist/cli/value.h"

int manual_form(const char *program, const char *text, enum manual_form *form)
{
    static const char *const forms[] = {"text", "man", "bash", "zsh", "fish", NULL};
    int index = MANUAL_NONE;
    const struct option_spec spec = {
        .name = "help", .kind = OPTION_CHOICE, .value = &index, .choices = forms};
    int code = text ? value_set(program, &spec, text) : 0;
    *form = (enum manual_form)index;
    return code;
}

/* What a backslash must precede between double quotes, in any of the shells. */
#define SPECIAL "\"$`\\"

/* Prints text with a backslash before each of some characters. */
static void put_escaped(const char *text, const char *special)
{
    for (; *text; text++) {
        if (strchr(special, *text))
            putchar('\\');
        putchar(*text);
    }
}

/* --- the page, in man's macros --- */

/* A dash is a minus, as options are typed; no line begins a macro. */
static void put_roff(const char *text)
{
    if (*text == '.' || *text == '\'')
        fputs("\\&", stdout);
    for (; *text; text++) {
        if (*text == '-' || *text == '\\')
            fputs(*text == '-' ? "\\-" : "\\e", stdout);
        else
            putchar(*text);
    }
}

/* Prints operands: what stands for something else, in capitals, is in italics. */
static void put_operands(const char *text)
{
    for (bool italic = false; *text; text++) {
        bool wanted = isupper((unsigned char)*text);
        if (wanted != italic)
            fputs(wanted ? "\\fI" : "\\fR", stdout);
        italic = wanted;
        putchar(*text);
        if (italic && !text[1])
            fputs("\\fR", stdout);
    }
}

static void put_limits(const struct option_spec *spec)
{
    if (spec->kind == OPTION_INT)
        printf(" From %.0f to %.0f.", spec->min, spec->max);
    else if (spec->kind == OPTION_SEED)
        printf(" From 0 to %" PRIu64 ".", UINT64_MAX);
    else if (spec->kind == OPTION_FLOAT || spec->kind == OPTION_PAIR) {
        fputs(spec->kind == OPTION_PAIR ? " Each from " : " From ", stdout);
        put_roff(format_figure(spec->min).text);
        fputs(" to ", stdout);
        put_roff(format_figure(spec->max).text);
        putchar('.');
    }
}

static void print_page_option(const struct option_spec *spec)
{
    char text[512], value[PATH_MAX];
    fputs(".TP\n", stdout);
    if (spec->letter)
        printf("\\fB\\-%c\\fR, ", spec->letter);
    fputs("\\fB\\-\\-", stdout);
    put_roff(spec->name);
    fputs("\\fR", stdout);
    if (spec->unit)
        printf(" \\fI%s\\fR", spec->unit);
    help_describe(text, sizeof text, spec);
    printf("\n%c", toupper((unsigned char)text[0]));
    put_roff(text + 1);
    putchar('.');
    put_limits(spec);
    help_default(value, sizeof value, spec);
    if (*value && !spec->of_machine) {
        fputs(" Default: ", stdout);
        put_roff(value);
        putchar('.');
    }
    putchar('\n');
}

static void print_page(const struct usage *usage, const struct option_spec *const *rows, int count)
{
    fputs(".SH SYNOPSIS\n\\fB", stdout);
    put_roff(usage->program);
    fputs("\\fR ", stdout);
    put_operands(usage->arguments);
    printf("%s[\\fIOPTION\\fR]...\n.SH DESCRIPTION\n", *usage->arguments ? " " : "");
    put_roff(usage->description);
    fputs("\n.SH OPTIONS\n", stdout);
    for (int i = 0; i < count; i++) {
        if (help_begins_group(rows, i))
            printf(".SS %s\n", rows[i]->group);
        print_page_option(rows[i]);
    }
    fputs(".SH EXAMPLES\n.EX\n", stdout);
    put_roff(usage->examples);
    fputs("\n.EE\n", stdout);
}

/* --- completions --- */

/* What to offer as a value. A string is the name of a file or of a folder. */
static bool is_folder(const struct option_spec *spec)
{
    return spec->unit && !strcmp(spec->unit, "DIR");
}

static bool is_file(const struct option_spec *spec)
{
    return spec->kind == OPTION_STRING && !is_folder(spec);
}

static void put_choices(const struct option_spec *spec)
{
    for (int i = 0; spec->choices[i]; i++)
        printf("%s%s", i ? " " : "", spec->choices[i]);
}

/* Arms of a case: of the options, of what each wants as its value, and of the operands. */
static void print_bash(const char *name, const struct option_spec *const *rows, int count,
                       bool takes_files)
{
    printf("    %s:options) words='", name);
    for (int i = 0; i < count; i++)
        printf("%s--%s", i ? " " : "", rows[i]->name);
    puts("' ;;");
    for (int i = 0; i < count; i++) {
        if (!rows[i]->unit)
            continue;
        printf("    %s:--%s", name, rows[i]->name);
        if (rows[i]->letter)
            printf(" | %s:-%c", name, rows[i]->letter);
        if (rows[i]->choices) {
            fputs(") words='", stdout);
            put_choices(rows[i]);
            puts("' ;;");
        } else
            puts(is_folder(rows[i]) ? ") files=-d ;;"
                 : is_file(rows[i]) ? ") files=-f ;;"
                                    : ") ;;");
    }
    printf("    %s:operands)%s ;;\n", name, takes_files ? " files=-f" : "");
}

/* One row of _arguments: other forms of the option, which it excludes; itself; what it does; its
 * value. */
static void print_zsh_option(const struct option_spec *spec, bool by_letter)
{
    fputs("        \"", stdout);
    if (spec->letter)
        printf("(-%c --%s)", spec->letter, spec->name);
    if (by_letter)
        printf("-%c%s[", spec->letter, spec->unit ? "+" : "");
    else
        printf("--%s%s[", spec->name, spec->unit ? "=" : "");
    put_escaped(spec->help, SPECIAL "[]");
    putchar(']');
    if (spec->unit)
        printf(":%s:%s", spec->unit,
               is_folder(spec) ? "_files -/"
               : is_file(spec) ? "_files"
               : spec->choices ? "("
                               : " ");
    if (spec->choices) {
        put_choices(spec);
        putchar(')');
    }
    puts("\"");
}

static void print_zsh(const char *name, const struct option_spec *const *rows, int count,
                      bool takes_files)
{
    printf("    %s) rows=(\n", name);
    for (int i = 0; i < count; i++) {
        if (rows[i]->letter)
            print_zsh_option(rows[i], true);
        print_zsh_option(rows[i], false);
    }
    printf("%s    ) ;;\n", takes_files ? "        \"*:file:_files\"\n" : "");
}

static void print_fish(const char *name, const struct option_spec *const *rows, int count,
                       bool takes_files)
{
    if (!takes_files)
        printf("__mnist_complete %s -f\n", name);
    for (int i = 0; i < count; i++) {
        printf("__mnist_complete %s -l %s", name, rows[i]->name);
        if (rows[i]->letter)
            printf(" -s %c", rows[i]->letter);
        if (rows[i]->unit)
            fputs(is_file(rows[i]) ? " -r -F" : " -x", stdout);
        if (is_folder(rows[i]))
            fputs(" -a '(__fish_complete_directories)'", stdout);
        if (rows[i]->choices) {
            fputs(" -a '", stdout);
            put_choices(rows[i]);
            putchar('\'');
        }
        fputs(" -d \"", stdout);
        put_escaped(rows[i]->help, SPECIAL);
        puts("\"");
    }
}

/* --- both --- */

void manual_print(const struct usage *usage, enum manual_form form)
{
    const struct option_spec *rows[HELP_ROWS_MAX];
    const char *name = strrchr(usage->program, '-') + 1;
    int count = help_rows(usage, rows);
    bool takes_files = usage->min_arguments > 0; /* those that must be given are all files */
    switch (form) {
    case MANUAL_MAN:
        print_page(usage, rows, count);
        break;
    case MANUAL_BASH:
        print_bash(name, rows, count, takes_files);
        break;
    case MANUAL_ZSH:
        print_zsh(name, rows, count, takes_files);
        break;
    case MANUAL_FISH:
        print_fish(name, rows, count, takes_files);
        break;
    case MANUAL_NONE:
    default:
        break;
    }
}

void manual_print_command(const char *name, const char *summary, enum manual_form form)
{
    switch (form) {
    case MANUAL_MAN:
        printf(".TP\n.BR mnist\\-%s (1)\n", name);
        put_roff(summary);
        putchar('\n');
        break;
    case MANUAL_BASH:
        printf("    commands+=(%s) # %s\n", name, summary);
        break;
    case MANUAL_ZSH:
        printf("        \"%s:", name);
        put_escaped(summary, SPECIAL);
        puts("\"");
        break;
    case MANUAL_FISH:
        printf("complete -c mnist -n __fish_use_subcommand -f -a %s -d \"", name);
        put_escaped(summary, SPECIAL);
        puts("\"");
        break;
    case MANUAL_NONE:
    default:
        break;
    }
}
