/* The command line: one table a command, from which parsing, checks, help and its defaults all
 * follow. */
#ifndef MNIST_OPTIONS_H
#define MNIST_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

enum option_kind {
    OPTION_FLAG,   /* bool */
    OPTION_INT,    /* int, min … max */
    OPTION_SEED,   /* uint64_t */
    OPTION_FLOAT,  /* float, min … max, finite */
    OPTION_STRING, /* const char * */
    OPTION_CHOICE  /* int: the index into choices */
};

struct option_spec {
    const char *name;     /* without the dashes */
    const char *argument; /* what help calls its value; NULL for a flag */
    enum option_kind kind;
    void *value; /* holds the default before parsing, and is what help prints */
    double min, max;
    const char *const *choices;  /* ends with NULL */
    const char *help;            /* one line */
    const char *special_default; /* shown in place of the value */
};

/* A command as the user sees it. */
struct usage {
    const char *program;     /* "mnist-train" */
    const char *arguments;   /* "MODEL", "[COUNT]" or "" */
    const char *description; /* what it does, a few lines */
    const char *examples;    /* lines of what one may type */
    int min_arguments, max_arguments;
    const struct option_spec *specs;
    int spec_count;
};

/* Every command's. */
struct common_options {
    const char *data;
    bool json, quiet;
    int threads, color;
};

enum { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

extern const char *const color_choices[];

/* $MNIST_DATA or data/mnist, and the number of processors. */
struct common_options options_common(void);

/* The rows for them in a command's table. */
#define COMMON_OPTION_SPECS(common)                                                           \
    {.name = "data",                                                                          \
     .argument = "DIR",                                                                       \
     .kind = OPTION_STRING,                                                                   \
     .value = &(common).data,                                                                 \
     .help = "folder with the four MNIST files"},                                             \
        {.name = "threads",                                                                   \
         .argument = "N",                                                                     \
         .kind = OPTION_INT,                                                                  \
         .value = &(common).threads,                                                          \
         .min = 1,                                                                            \
         .max = 256,                                                                          \
         .help = "threads to compute with; the result is the same for any number"},           \
        {.name = "json",                                                                      \
         .kind = OPTION_FLAG,                                                                 \
         .value = &(common).json,                                                             \
         .help = "print JSON Lines on stdout, and nothing else there"},                       \
        {.name = "quiet",                                                                     \
         .kind = OPTION_FLAG,                                                                 \
         .value = &(common).quiet,                                                            \
         .help = "no progress on stderr"},                                                    \
    {                                                                                         \
        .name = "color", .argument = "WHEN", .kind = OPTION_CHOICE, .value = &(common).color, \
        .choices = color_choices, .help = "auto, always or never"                             \
    }

/* Parses argv into the table's values; the words that are no options are then argv[*first] on,
 * their number within the usage's bounds. Returns -1 to go on, or the exit code: 0 after --help was
 * printed, 2 after a wrong use was explained on stderr in one line. */
int options_parse(const struct usage *usage, int argc, char **argv, int *first);

/* Parses one whole number min … max; 0, or 2 after the explanation. `what` names it in the message.
 */
int options_int(const char *program, const char *what, const char *text, double min, double max,
                int *value);

#endif
