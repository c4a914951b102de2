#include "mnist/cli/options.h"

#include <assert.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "mnist/base/cpu.h"
#include "mnist/base/team.h"
#include "mnist/base/utf8.h"
#include "mnist/cli/command.h"
#include "mnist/cli/help.h"
#include "mnist/cli/manual.h"
#include "mnist/cli/suggest.h"
#include "mnist/cli/terminal.h"
#include "mnist/cli/value.h"
#include "mnist/net/kernels.h"

static const char *const color_choices[] = {"auto", "always", "never", NULL};

/* A batch of 128 makes eight tasks in the middle of a step, so a ninth thread would have none. */
enum { THREADS_USEFUL = 8 };

struct common_options options_common(const char *program)
{
    const char *data = getenv("MNIST_DATA");
    return (struct common_options){
        .program = program,
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
        {"threads", "N", OPTION_INT, &common->threads, 1, TEAM_MAX_THREADS,
         .given = &common->threads_given, .of_machine = true, .group = GROUP_MACHINE,
         .help = "threads: one a processor, up to 8, unless given; all give the same result"},
        {"simd", "SET", OPTION_CHOICE, &common->simd, .choices = kernels_names,
         .group = GROUP_MACHINE, .help = "instruction set; each gives the same result"},
        {"json", NULL, OPTION_FLAG, &common->json, .group = GROUP_MACHINE,
         .help = "JSON Lines on stdout, and nothing else there"},
        {"quiet", NULL, OPTION_FLAG, &common->quiet, .letter = 'q', .group = GROUP_MACHINE,
         .help = "warnings and errors alone on stderr"},
        {"color", "WHEN", OPTION_CHOICE, &common->color, .choices = color_choices,
         .group = GROUP_MACHINE, .help = "colours"},
    };
    options_add(usage, specs, sizeof specs / sizeof specs[0]);
}

/* --- the line --- */

/* getopt's codes: of an operand, as our letters begin with a dash, so that operands come in their
 * place whatever POSIXLY_CORRECT says; of our long options. Letters are in between. */
enum { OPERAND = 1, FIRST = 256, HELP = 1000, VERSION };

/* What getopt_long is told, and where it is. */
struct line {
    const struct usage *usage;
    struct option options[OPTIONS_MAX + 3];
    char letters[2 * OPTIONS_MAX + 8];
    const char *word; /* the word that it is reading */
};

static void begin_line(struct line *line)
{
    char *letter = line->letters + strlen(line->letters);
    struct option *option = line->options;
    for (int i = 0; i < line->usage->spec_count; i++) {
        const struct option_spec *spec = &line->usage->specs[i];
        *option++ = (struct option){spec->name, spec->unit ? required_argument : no_argument, NULL,
                                    FIRST + i};
        if (spec->letter)
            *letter++ = spec->letter;
        if (spec->letter && spec->unit)
            *letter++ = ':';
    }
    *option++ = (struct option){"help", optional_argument, NULL, HELP};
    *option++ = (struct option){"version", no_argument, NULL, VERSION};
    *option = (struct option){0};
    opterr = 0;
    optind = 1;
}

/* The long option that `name` is, or with which it begins. */
static const char *find_long(const struct line *line, const char *name, bool begins)
{
    for (const struct option *option = line->options; option->name; option++) {
        size_t length = strlen(option->name);
        if (!strncmp(name, option->name, length) &&
            (begins || !name[length] || name[length] == '='))
            return option->name;
    }
    return NULL;
}

/* The long option that is near a name, or NULL. */
static const char *nearest(const struct line *line, const char *name)
{
    struct suggest suggest = {.word = name};
    for (const struct option *option = line->options; option->name; option++)
        suggest_look(&suggest, option->name);
    return suggest.nearest;
}

/* Refuses a word, of which `length` bytes are shown, that is no option. It may be meant for an
 * option that is near `name`; of a word with one dash, what follows the letter may be its value. */
static int refuse_unknown(const struct line *line, const char *word, int length, const char *name)
{
    const char *program = line->usage->program, *meant = nearest(line, name);
    const char *form = strncmp(word, "--", 2) ? "'%.*s' is no option" : "unknown option '%.*s'";
    char what[128], letter[] = {name[0], '\0'};
    snprintf(what, sizeof what, form, length, word);
    if (!meant && word[1] != '-')
        meant = nearest(line, letter);
    return meant ? command_refuse(program, "%s: did you mean --%s?", what, meant)
                 : command_refuse(program, "%s: see %s --help", what, program);
}

static bool is_dash(uint32_t code)
{
    return code == '-' || (code >= 0x2012 && code <= 0x2015) || code == 0x2212;
}

/* Refuses a long option behind dashes of another kind, as texts that are copied from the web have
 * them: it would be taken for an operand. */
static int check_dashes(const struct line *line)
{
    const char *name = line->word;
    uint32_t code = '-';
    for (size_t length = 0; *name && is_dash(code); name += is_dash(code) ? length : 0)
        length = utf8_decode(&code, (const uint8_t *)name, strlen(name));
    if (name == line->word || !find_long(line, name, false))
        return -1;
    return command_refuse(line->usage->program, "'%s' begins with a dash that is no '-': type --%s",
                          line->word, name);
}

/* Refuses what getopt would take for something else than it says: the beginning of a long name for
 * that name, and a long name after one dash for letters: -out is not -o ut. */
static int check_word(const struct line *line)
{
    const char *word = line->word;
    int length = (int)strcspn(word, "=");
    if (word[0] != '-')
        return check_dashes(line);
    if (word[1] != '-') {
        const char *meant = find_long(line, word + 1, true);
        return meant ? refuse_unknown(line, word, length, meant) : -1;
    }
    if (!word[2] || find_long(line, word + 2, false))
        return -1;
    char name[64];
    snprintf(name, sizeof name, "%.*s", length - 2, word + 2);
    return refuse_unknown(line, word, length, name);
}

/* Whether a word that stands where a value should is an option. */
static bool is_option(const struct line *line, const char *word)
{
    if (word[0] != '-' || !word[1])
        return false;
    return word[1] == '-' ? word[2] && find_long(line, word + 2, false)
                          : !word[2] && word[1] != ':' && strchr(line->letters + 2, word[1]);
}

static const struct option_spec *find_spec(const struct usage *usage, int code)
{
    const struct option_spec *spec = usage->specs;
    while (code < FIRST && spec->letter != code)
        spec++;
    return code < FIRST ? spec : &spec[code - FIRST];
}

/* In a cluster of letters getopt is still at that word: the letter is where it stopped. */
static int refuse_code(const struct line *line, int code)
{
    const char *program = line->usage->program;
    char letter[] = {'-', (char)optopt, '\0'};
    bool is_letter = optopt < FIRST;
    if (code == ':')
        return command_refuse(program, "%s needs a value: see %s --help",
                              is_letter ? letter : line->word, program);
    if (!is_letter)
        return command_refuse(program, "'%s': this option takes no value", line->word);
    if (line->word[1] != letter[1])
        return refuse_unknown(line, letter, 2, letter + 1);
    return refuse_unknown(line, line->word, (int)strlen(line->word), line->word + 1);
}

static int tell_help(const struct usage *usage)
{
    enum manual_form form;
    if (manual_form(usage->program, optarg, &form))
        return EXIT_USAGE;
    if (form == MANUAL_NONE)
        help_print(usage);
    else
        manual_print(usage, form);
    return EXIT_DONE;
}

/* Takes an option. -1 to go on, or the exit code. */
static int take_option(const struct line *line, int code, const char *next)
{
    const char *program = line->usage->program;
    if (code == 'h' || code == HELP)
        return tell_help(line->usage);
    if (code == 'V' || code == VERSION) {
        help_print_version();
        return EXIT_DONE;
    }
    if (code == ':' || code == '?')
        return refuse_code(line, code);
    const struct option_spec *spec = find_spec(line->usage, code);
    if (spec->unit && next && optarg == next && is_option(line, next))
        return command_refuse(program, "--%s needs a value, and '%s' is an option: see %s --help",
                              spec->name, next, program);
    if (code < FIRST && spec->unit && optarg != next && *optarg == '=')
        return command_refuse(program, "'%s': give -%c %s or --%s=%s", line->word, spec->letter,
                              spec->unit, spec->name, spec->unit);
    return value_set(program, spec, optarg) ? EXIT_USAGE : -1;
}

static int check_operands(const struct line *line, int count, char **operands)
{
    const struct usage *usage = line->usage;
    const char *program = usage->program;
    struct stat info;
    if (count < usage->min_arguments)
        return command_refuse(program, "wanted %s: see %s --help", usage->arguments, program);
    if (count <= usage->max_arguments)
        return -1;
    const char *more = operands[usage->max_arguments];
    if (find_long(line, "data", false) && !stat(more, &info) && S_ISDIR(info.st_mode))
        return command_refuse(program,
                              "'%s' is one argument too many: --data names a folder of data", more);
    return command_refuse(program, "'%s' is one argument too many: see %s --help", more, program);
}

/* Makes argv[from] argv[to], and moves those in between up by one. */
static void bring_forward(char **argv, int from, int to)
{
    char *word = argv[from];
    memmove(&argv[to + 1], &argv[to], (size_t)(from - to) * sizeof *argv);
    argv[to] = word;
}

int options_parse(const struct usage *usage, int argc, char **argv, int *operands)
{
    struct line line = {.usage = usage, .letters = "-:hV"};
    int code, at, count = 0;
    begin_line(&line);
    for (at = optind; at < argc; at = optind) {
        line.word = argv[at];
        int refused = check_word(&line);
        if (refused >= 0)
            return refused;
        code = getopt_long(argc, argv, line.letters, line.options, NULL);
        if (code == -1)
            break;
        if (code == OPERAND)
            bring_forward(argv, at, 1 + count++);
        else if ((code = take_option(&line, code, at + 1 < argc ? argv[at + 1] : NULL)) >= 0)
            return code;
    }
    for (at = optind; at < argc; at++)
        bring_forward(argv, at, 1 + count++);
    *operands = count;
    return check_operands(&line, count, argv + 1);
}
