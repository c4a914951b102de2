#include "mnist/cli/help.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "mnist/base/format.h"
#include "mnist/base/utf8.h"
#include "mnist/base/version.h"
#include "mnist/cli/terminal.h"
#include "mnist/net/kernels.h"

/* What an option does stands beside it, or below it where the terminal is narrow. */
enum { BESIDE = 28, BELOW = 8, NARROW = 60 };

/* --- options --- */

int help_rows(const struct usage *usage, const struct option_spec *rows[HELP_ROWS_MAX])
{
    static const struct option_spec last[] = {
        {.name = "help", .letter = 'h', .group = GROUP_MACHINE, .help = "print help and exit"},
        {.name = "version",
         .letter = 'V',
         .group = GROUP_MACHINE,
         .help = "print the version and exit"},
    };
    const struct option_spec *specs = usage->specs;
    int count = 0;
    for (int first = 0; first < usage->spec_count; first++) {
        int earlier = 0;
        while (strcmp(specs[earlier].group, specs[first].group) != 0)
            earlier++;
        for (int i = first; i < usage->spec_count && earlier == first; i++)
            if (!strcmp(specs[i].group, specs[first].group))
                rows[count++] = &specs[i];
    }
    for (size_t i = 0; i < sizeof last / sizeof last[0]; i++)
        rows[count++] = &last[i];
    return count;
}

bool help_begins_group(const struct option_spec *const *rows, int row)
{
    return row == 0 || strcmp(rows[row]->group, rows[row - 1]->group) != 0;
}

int help_describe(char *text, size_t size, const struct option_spec *spec)
{
    int length = snprintf(text, size, "%s", spec->help);
    for (int c = 0; spec->choices && spec->choices[c]; c++)
        length += snprintf(text + length, size - (size_t)length, "%s%s", c ? ", " : ": ",
                           spec->choices[c]);
    return length;
}

void help_default(char *text, size_t size, const struct option_spec *spec)
{
    const void *value = spec->value;
    text[0] = '\0';
    if (spec->special_default)
        snprintf(text, size, "%s", spec->special_default);
    else if (spec->kind == OPTION_INT)
        snprintf(text, size, "%d", *(const int *)value);
    else if (spec->kind == OPTION_SEED)
        snprintf(text, size, "%" PRIu64, *(const uint64_t *)value);
    else if (spec->kind == OPTION_FLOAT)
        snprintf(text, size, "%s", format_float(*(const float *)value).text);
    else if (spec->kind == OPTION_PAIR)
        snprintf(text, size, "%s,%s", format_float(((const float *)value)[0]).text,
                 format_float(((const float *)value)[1]).text);
    else if (spec->kind == OPTION_STRING && *(const char *const *)value)
        snprintf(text, size, "%s", *(const char *const *)value);
    else if (spec->kind == OPTION_CHOICE && spec->choices)
        snprintf(text, size, "%s", spec->choices[*(const int *)value]);
}

static void print_option(const struct option_spec *spec, int width)
{
    char text[PATH_MAX + 512], value[PATH_MAX];
    int used = spec->letter ? printf("  -%c, --%s", spec->letter, spec->name)
                            : printf("      --%s", spec->name);
    used += spec->unit ? printf(" %s", spec->unit) : 0;
    int indent = width < NARROW ? BELOW : BESIDE;
    if (indent < used)
        putchar('\n');
    printf("%*s", indent < used ? indent : indent - used, "");
    int length = help_describe(text, sizeof text, spec);
    help_default(value, sizeof value, spec);
    utf8_plain(value, sizeof value, value);
    if (*value)
        snprintf(text + length, sizeof text - (size_t)length, " [%s]", value);
    terminal_wrap(stdout, text, indent, indent, width);
}

void help_print(const struct usage *usage)
{
    const struct option_spec *rows[HELP_ROWS_MAX];
    int width = terminal_width(stdout), used = printf("Usage: %s ", usage->program);
    int count = help_rows(usage, rows);
    char operands[64];
    snprintf(operands, sizeof operands, "%s%s[OPTION]...", usage->arguments,
             *usage->arguments ? " " : "");
    terminal_wrap(stdout, operands, used, BELOW, width);
    putchar('\n');
    terminal_wrap(stdout, usage->description, 0, 0, width);
    for (int i = 0; i < count; i++) {
        if (help_begins_group(rows, i))
            printf("\n%s:\n", rows[i]->group);
        print_option(rows[i], width);
    }
    printf("\nExamples:\n%s\n", usage->examples);
}

/* --- the version --- */

void help_print_version(void)
{
#if defined(__clang__)
    const char *compiler = "clang";
    const int version[] = {__clang_major__, __clang_minor__, __clang_patchlevel__};
#elif defined(__GNUC__)
    const char *compiler = "gcc";
    const int version[] = {__GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__};
#else
    const char *compiler = "another compiler";
    const int version[] = {0, 0, 0};
#endif
    const char *best = kernels_find("auto")->name, *between = "; this processor also runs ";
    char kernels[128];
    int length = snprintf(kernels, sizeof kernels, "kernels   %s", best);
    for (int i = 0; kernels_names[i]; i++) {
        const struct kernels *other = kernels_find(kernels_names[i]);
        if (!other || !strcmp(other->name, best))
            continue;
        length += snprintf(kernels + length, sizeof kernels - (size_t)length, "%s%s", between,
                           other->name);
        between = ", ";
    }
    printf("mnist " MNIST_VERSION "\ncompiler  %s %d.%d.%d\n", compiler, version[0], version[1],
           version[2]);
    terminal_say(stdout, 0, 10, "%s", kernels);
}
