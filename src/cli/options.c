#include "mnist/cli/options.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mnist/base/cpu.h"
#include "mnist/base/format.h"
#include "mnist/base/team.h"
#include "mnist/cli/command.h"
#include "mnist/cli/terminal.h"
#include "mnist/net/kernels.h"

static const char *const color_choices[] = {"auto", "always", "never", NULL};

enum { HELP_WIDTH = 24 };

int options_refuse(const char *program, const char *format, ...)
{
    struct error err = {""};
    va_list args;
    char text[sizeof err.text];
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    error_set(&err, "%s", text);
    command_fail(program, &err);
    return EXIT_USAGE;
}

/* A batch of 128 makes eight tasks in the middle of a step, so a ninth thread would have none. */
enum { THREADS_USEFUL = 8 };

struct common_options options_common(void)
{
    const char *data = getenv("MNIST_DATA");
    return (struct common_options){
        .data = data && *data ? data : "data/mnist",
        .threads = cpu_count() < THREADS_USEFUL ? cpu_count() : THREADS_USEFUL,
        .color = COLOR_AUTO,
    };
}

void options_add(struct usage *usage, const struct option_spec *specs, int count)
{
    assert(usage->spec_count + count <= OPTIONS_MAX);
    for (int i = 0; i < count && usage->spec_count < OPTIONS_MAX; i++)
        usage->specs[usage->spec_count++] = specs[i];
}

void options_add_data(struct usage *usage, struct common_options *common)
{
    const struct option_spec data = {.name = "data",
                                     .unit = "DIR",
                                     .kind = OPTION_STRING,
                                     .value = &common->data,
                                     .group = GROUP_FILES,
                                     .help = "folder with the four MNIST files"};
    options_add(usage, &data, 1);
}

void options_add_style(struct usage *usage, int *style)
{
    const struct option_spec spec = {.name = "style",
                                     .unit = "NAME",
                                     .kind = OPTION_CHOICE,
                                     .value = style,
                                     .choices = terminal_styles,
                                     .group = GROUP_IMAGES,
                                     .help = "how pictures are drawn"};
    options_add(usage, &spec, 1);
}

void options_add_common(struct usage *usage, struct common_options *common)
{
    const struct option_spec specs[] = {
        {"threads", "N", OPTION_INT, &common->threads, 1, TEAM_MAX_THREADS, .group = GROUP_MACHINE,
         .help = "threads: one a processor, up to 8, unless given; all give the same result"},
        {"simd", "SET", OPTION_CHOICE, &common->simd, .choices = kernels_names,
         .group = GROUP_MACHINE, .help = "instruction set; each gives the same result"},
        {"json", NULL, OPTION_FLAG, &common->json, .group = GROUP_MACHINE,
         .help = "JSON Lines on stdout, and nothing else there"},
        {"quiet", NULL, OPTION_FLAG, &common->quiet, .group = GROUP_MACHINE,
         .help = "no progress on stderr"},
        {"color", "WHEN", OPTION_CHOICE, &common->color, .choices = color_choices,
         .group = GROUP_MACHINE, .help = "colours"},
    };
    options_add(usage, specs, sizeof specs / sizeof specs[0]);
}

/* --- help --- */

static void print_default(const struct option_spec *spec)
{
    if (spec->special_default) {
        printf(" [%s]", spec->special_default);
        return;
    }
    switch (spec->kind) {
    case OPTION_INT:
        printf(" [%d]", *(const int *)spec->value);
        break;
    case OPTION_SEED:
        printf(" [%" PRIu64 "]", *(const uint64_t *)spec->value);
        break;
    case OPTION_FLOAT:
        printf(" [%s]", format_float(*(const float *)spec->value).text);
        break;
    case OPTION_STRING:
        if (*(const char *const *)spec->value) {
            fputs(" [", stdout);
            terminal_put(stdout, *(const char *const *)spec->value);
            putchar(']');
        }
        break;
    case OPTION_CHOICE:
        if (spec->choices)
            printf(" [%s]", spec->choices[*(const int *)spec->value]);
        break;
    case OPTION_FLAG:
        break;
    }
}

static void print_option(const struct option_spec *spec)
{
    int used =
        printf("  --%s%s%s", spec->name, spec->unit ? " " : "", spec->unit ? spec->unit : "");
    printf("%*s%s", used < HELP_WIDTH ? HELP_WIDTH - used : 1, "", spec->help);
    for (int c = 0; spec->choices && spec->choices[c]; c++)
        printf("%s%s", c ? ", " : ": ", spec->choices[c]);
    print_default(spec);
    putchar('\n');
}

/* Prints the options by group, in the order in which the groups first appear in the table. */
static void print_help(const struct usage *usage)
{
    const struct option_spec *specs = usage->specs;
    printf("Usage: %s%s%s [OPTION]...\n\n%s\n", usage->program, *usage->arguments ? " " : "",
           usage->arguments, usage->description);
    for (int first = 0; first < usage->spec_count; first++) {
        int earlier = 0;
        while (strcmp(specs[earlier].group, specs[first].group) != 0)
            earlier++;
        if (earlier < first)
            continue;
        printf("\n%s:\n", specs[first].group);
        for (int i = first; i < usage->spec_count; i++)
            if (!strcmp(specs[i].group, specs[first].group))
                print_option(&specs[i]);
    }
    printf("%-*s%s\n\nExamples:\n%s\n", HELP_WIDTH, "  -h, --help", "print this and exit",
           usage->examples);
}

/* --- values --- */

/* Takes decimal digits after an optional minus only; strtoll would take spaces and a plus, too. */
static bool parse_integer(const char *text, long long *value)
{
    const char *digits = text + (*text == '-');
    if (!*digits || strspn(digits, "0123456789") != strlen(digits))
        return false;
    errno = 0;
    *value = strtoll(text, NULL, 10);
    return errno == 0;
}

int options_int(const char *program, const char *what, const char *text, double min, double max,
                int *value)
{
    long long n;
    if (!parse_integer(text, &n) || (double)n < min || (double)n > max)
        return options_refuse(program, "%s '%s': give a whole number from %.0f to %.0f", what, text,
                              min, max);
    *value = (int)n;
    return 0;
}

static int parse_seed(const char *program, const char *what, const char *text, uint64_t *value)
{
    errno = 0;
    *value = strtoull(text, NULL, 10);
    if (!*text || strspn(text, "0123456789") != strlen(text) || errno)
        return options_refuse(program, "%s '%s': give a whole number from 0 to %" PRIu64, what,
                              text, UINT64_MAX);
    return 0;
}

/* Takes digits, point and exponent only; strtof takes spaces, hexadecimal, "nan" and "inf", too. */
int options_float(const char *program, const char *what, const char *text, double min, double max,
                  float *value)
{
    char *end;
    float number = strtof(text, &end);
    bool plain = *text && strspn(text, "0123456789+-.eE") == strlen(text) && *end == '\0';
    if (!plain || !(number >= (float)min && number <= (float)max))
        return options_refuse(program, "%s '%s': give a number from %s to %s", what, text,
                              format_figure(min).text, format_figure(max).text);
    *value = number + 0.0f; /* -0 becomes 0 */
    return 0;
}

static int parse_choice(const char *program, const char *what, const char *text,
                        const struct option_spec *spec)
{
    char list[128] = "";
    for (int i = 0; spec->choices[i]; i++) {
        if (!strcmp(text, spec->choices[i])) {
            *(int *)spec->value = i;
            return 0;
        }
        size_t used = strlen(list);
        const char *between = i == 0 ? "" : spec->choices[i + 1] ? ", " : " or ";
        snprintf(list + used, sizeof list - used, "%s%s", between, spec->choices[i]);
    }
    return options_refuse(program, "%s '%s': give %s", what, text, list);
}

static int set_value(const char *program, const struct option_spec *spec, const char *text)
{
    char what[64];
    snprintf(what, sizeof what, "--%s", spec->name);
    if (spec->given)
        *spec->given = true;
    switch (spec->kind) {
    case OPTION_FLAG:
        *(bool *)spec->value = true;
        return 0;
    case OPTION_INT:
        return options_int(program, what, text, spec->min, spec->max, spec->value);
    case OPTION_SEED:
        return parse_seed(program, what, text, spec->value);
    case OPTION_FLOAT:
        return options_float(program, what, text, spec->min, spec->max, spec->value);
    case OPTION_CHOICE:
        return parse_choice(program, what, text, spec);
    case OPTION_STRING:
    default:
        if (!*text)
            return options_refuse(program, "%s: an empty value: give %s", what, spec->unit);
        *(const char **)spec->value = text;
        return 0;
    }
}

/* --- the line --- */

/* getopt's codes for our options; letters are below. */
enum { FIRST = 256, HELP = 1000 };

static void fill_getopt(const struct usage *usage, struct option options[OPTIONS_MAX + 2])
{
    for (int i = 0; i < usage->spec_count; i++)
        options[i] = (struct option){usage->specs[i].name,
                                     usage->specs[i].unit ? required_argument : no_argument, NULL,
                                     FIRST + i};
    options[usage->spec_count] = (struct option){"help", no_argument, NULL, HELP};
    options[usage->spec_count + 1] = (struct option){0};
}

static int check_arguments(const struct usage *usage, int given, char **words)
{
    if (given < usage->min_arguments)
        return options_refuse(usage->program, "wanted %s: see %s --help", usage->arguments,
                              usage->program);
    if (given > usage->max_arguments)
        return options_refuse(usage->program, "'%s' is one argument too many: see %s --help",
                              words[usage->max_arguments], usage->program);
    return -1;
}

int options_parse(const struct usage *usage, int argc, char **argv, int *first)
{
    struct option options[OPTIONS_MAX + 2];
    fill_getopt(usage, options);
    opterr = 0;
    optind = 1;
    for (;;) {
        int code = getopt_long(argc, argv, ":h", options, NULL);
        if (code == -1)
            break;
        const char *word = argv[optind - 1];
        if (code == 'h' || code == HELP) {
            print_help(usage);
            return command_finish(usage->program, EXIT_DONE);
        }
        if (code == ':')
            return options_refuse(usage->program, "%s needs a value: see %s --help", word,
                                  usage->program);
        if (code == '?' && optopt >= FIRST)
            return options_refuse(usage->program, "'%s': this option takes no value", word);
        if (code == '?') {
            /* In a cluster of letters getopt is still at that word: the letter is where it
             * stopped. */
            char letter[] = {'-', (char)optopt, '\0'};
            return options_refuse(usage->program, "'%s' is no option here: see %s --help",
                                  optopt ? letter : word, usage->program);
        }
        if (set_value(usage->program, &usage->specs[code - FIRST], optarg))
            return EXIT_USAGE;
    }
    *first = optind;
    return check_arguments(usage, argc - optind, argv + optind);
}
