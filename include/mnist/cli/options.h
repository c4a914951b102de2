/* The command line: each command has one table, from which parsing, checks, help and the defaults
 * in it all follow. */
#ifndef MNIST_OPTIONS_H
#define MNIST_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "mnist/base/format.h"

enum option_kind {
    OPTION_FLAG,   /* bool, set to true */
    OPTION_NO,     /* bool, set to false */
    OPTION_INT,    /* int, min … max */
    OPTION_SEED,   /* uint64_t */
    OPTION_FLOAT,  /* float, min … max, finite */
    OPTION_PAIR,   /* float[2], each min … max, typed X,Y */
    OPTION_STRING, /* const char * */
    OPTION_CHOICE  /* int: the index into choices */
};

/* A row of the table. */
struct option_spec {
    char name[sizeof(struct text)]; /* without the dashes */
    const char *unit;               /* the name of its value in the help; NULL: it takes none */
    enum option_kind kind;
    void *value; /* holds the default before parsing, which help prints */
    double min, max;
    const char *const *choices;  /* ends with NULL */
    const char *group;           /* the heading that help puts it under */
    const char *help;            /* one line */
    const char *special_default; /* shown as the default instead of the value, or NULL */
    char letter;                 /* a short name, or 0 */
    bool *given;                 /* set if the command line has the option; may be NULL */
};

/* Headings of the help. */
#define GROUP_LEARNING "Learning"
#define GROUP_AUGMENTATION "Augmentation"
#define GROUP_IMAGES "Images"
#define GROUP_FILES "Files"
#define GROUP_MACHINE "Machine"

enum { OPTIONS_MAX = 40 };

/* A command as the user sees it. */
struct usage {
    const char *program;     /* "mnist-train" */
    const char *arguments;   /* "MODEL", "[COUNT]" or "" */
    const char *description; /* what it does, a few lines */
    const char *examples;    /* lines that one may type */
    int min_arguments, max_arguments;
    struct option_spec specs[OPTIONS_MAX];
    int spec_count;
};

/* Adds rows to the table, which has room for all rows of any command. */
void options_add(struct usage *usage, const struct option_spec *specs, int count);

/* The options that every command has. */
struct common_options {
    const char *data;
    bool json, quiet;
    int threads, color, simd; /* simd: index into kernels_names */
};

enum { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

/* Their defaults: $MNIST_DATA or data/mnist, and as many threads as are useful on this machine. */
struct common_options options_common(void);

/* Add rows for them: --data, for commands that read MNIST; the others, for all commands. */
void options_add_data(struct usage *usage, struct common_options *common);
void options_add_common(struct usage *usage, struct common_options *common);

/* Adds --style, how to draw pictures: STYLE_… of mnist/cli/terminal.h. */
void options_add_style(struct usage *usage, int *style);

/* Parses argv into the table's values. Words that are not options, operands, are brought forward:
 * they are argv[1] … argv[*operands], and their number is within the usage's bounds. Returns -1 to
 * go on, or the exit code: 0 after printing --help or --version, 2 after explaining a mistake on
 * stderr in one line. */
int options_parse(const struct usage *usage, int argc, char **argv, int *operands);

/* Says on stderr, in one line, what is wrong with the command line; returns EXIT_USAGE. */
__attribute__((format(printf, 2, 3))) int options_refuse(const char *program, const char *format,
                                                         ...);

#endif
