#include "mnist/cli/options.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mnist/base/cpu.h"
#include "mnist/base/format.h"
#include "mnist/cli/command.h"
#include "mnist/net/proof.h"

const char *const color_choices[] = {"auto", "always", "never", NULL};

enum { MAX_OPTIONS = 40, HELP_WIDTH = 24 };

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

/* A batch of 128 is eight tasks in the middle of a step: a ninth thread would find nothing there. */
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

struct augment_options options_augment(void)
{
    return (struct augment_options){.strength = {-1, -1, -1, -1, -1}};
}

int options_augment_strength(const char *program, const struct augment_options *options,
                             struct augment *augment)
{
    *augment = (struct augment){0};
    const struct augment *given = &options->strength;
    const struct {
        const char *name;
        float given, otherwise;
        float *value;
    } strengths[] = {
        {"rotate", given->rotate, (float)AUGMENT_ROTATE, &augment->rotate},
        {"scale", given->scale, (float)AUGMENT_SCALE, &augment->scale},
        {"shear", given->shear, (float)AUGMENT_SHEAR, &augment->shear},
        {"shift", given->shift, (float)AUGMENT_SHIFT, &augment->shift},
        {"elastic", given->elastic, (float)AUGMENT_ELASTIC, &augment->elastic},
    };
    for (size_t i = 0; i < sizeof strengths / sizeof strengths[0]; i++) {
        if (options->on)
            *strengths[i].value =
                strengths[i].given < 0 ? strengths[i].otherwise : strengths[i].given;
        else if (strengths[i].given >= 0)
            return options_refuse(program, "--%s is a strength of --augment: give that too",
                                  strengths[i].name);
    }
    return 0;
}

int options_kernels(const struct common_options *common, const struct kernels **kernels,
                    struct error *err)
{
    const char *simd = kernels_names[common->simd];
    *kernels = kernels_find(simd);
    if (!*kernels)
        return error_set(err, "--simd %s: this processor has no %s: give another, or auto", simd,
                         simd);
    return proof_check(*kernels, err);
}

int options_compute(const struct common_options *common, const struct kernels *kernels,
                    int capacity, struct team **team, struct network *network, struct error *err)
{
    *team = team_create(common->threads, err);
    if (!*team)
        return -1;
    if (network_create(network, capacity, *team, err)) {
        team_destroy(*team);
        *team = NULL;
        return -1;
    }
    network->kernels = kernels;
    return 0;
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
        if (*(const char *const *)spec->value)
            printf(" [%s]", *(const char *const *)spec->value);
        break;
    case OPTION_CHOICE:
        if (spec->choices)
            printf(" [%s]", spec->choices[*(const int *)spec->value]);
        break;
    case OPTION_FLAG:
        break;
    }
}

static void print_help(const struct usage *usage)
{
    printf("Usage: %s%s%s [OPTION]...\n\n%s\n\n", usage->program, *usage->arguments ? " " : "",
           usage->arguments, usage->description);
    for (int i = 0; i < usage->spec_count; i++) {
        const struct option_spec *spec = &usage->specs[i];
        int used = printf("  --%s%s%s", spec->name, spec->argument ? " " : "",
                          spec->argument ? spec->argument : "");
        printf("%*s%s", used < HELP_WIDTH ? HELP_WIDTH - used : 1, "", spec->help);
        for (int c = 0; spec->choices && spec->choices[c]; c++)
            printf("%s%s", c ? ", " : ": ", spec->choices[c]);
        print_default(spec);
        putchar('\n');
    }
    printf("%-*s%s\n\nExamples:\n%s\n", HELP_WIDTH, "  -h, --help", "print this and exit",
           usage->examples);
}

/* --- values --- */

/* Decimal digits with an optional minus, nothing else: strtoll alone would take spaces and a plus.
 */
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

/* Digits, point, exponent: not what strtof takes beside (spaces, hexadecimal, "nan", "inf"). */
int options_float(const char *program, const char *what, const char *text, double min, double max,
                  float *value)
{
    char *end;
    float number = strtof(text, &end);
    bool plain = *text && strspn(text, "0123456789+-.eE") == strlen(text) && *end == '\0';
    if (!plain || !(number >= (float)min && number <= (float)max))
        return options_refuse(program, "%s '%s': give a number from %s to %s", what, text,
                              format_figure(min).text, format_figure(max).text);
    *value = number + 0.0f; /* -0 is 0 */
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
            return options_refuse(program, "%s: an empty value: give %s", what, spec->argument);
        *(const char **)spec->value = text;
        return 0;
    }
}

/* --- the line --- */

/* getopt's codes of our options, apart from the letters. */
enum { FIRST = 256, HELP = 1000 };

static void fill_getopt(const struct usage *usage, struct option options[MAX_OPTIONS])
{
    for (int i = 0; i < usage->spec_count; i++)
        options[i] = (struct option){usage->specs[i].name,
                                     usage->specs[i].argument ? required_argument : no_argument,
                                     NULL, FIRST + i};
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
    struct option options[MAX_OPTIONS];
    if (usage->spec_count + 2 > MAX_OPTIONS)
        return options_refuse(usage->program, "has more options than there is room for");
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
            /* Of a cluster of letters getopt is still at its word: the letter is what it stopped
             * at. */
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
