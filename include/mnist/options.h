/* The command line: one table a command, from which parsing, checks, help and its defaults all
 * follow. */
#ifndef MNIST_OPTIONS_H
#define MNIST_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "mnist/error.h"
#include "mnist/kernels.h"
#include "mnist/network.h"
#include "mnist/team.h"

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

/* Rows of a table. The last argument is shown as the default in place of the value, unless it is
 * NULL. */
#define OPTION_SWITCH(name, value, help)                       \
    {                                                          \
        name, NULL, OPTION_FLAG, value, 0, 0, NULL, help, NULL \
    }
#define OPTION_WHOLE(name, argument, value, min, max, help, shown)     \
    {                                                                  \
        name, argument, OPTION_INT, value, min, max, NULL, help, shown \
    }
#define OPTION_REAL(name, argument, value, min, max, help)              \
    {                                                                   \
        name, argument, OPTION_FLOAT, value, min, max, NULL, help, NULL \
    }
#define OPTION_SEEDS(name, value, help)                       \
    {                                                         \
        name, "N", OPTION_SEED, value, 0, 0, NULL, help, NULL \
    }
#define OPTION_TEXT(name, argument, value, help, shown)               \
    {                                                                 \
        name, argument, OPTION_STRING, value, 0, 0, NULL, help, shown \
    }
#define OPTION_NAME(name, argument, value, choices, help)               \
    {                                                                   \
        name, argument, OPTION_CHOICE, value, 0, 0, choices, help, NULL \
    }

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
    int threads, color, simd; /* simd: index into kernels_names */
};

enum { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

extern const char *const color_choices[];

/* $MNIST_DATA or data/mnist, and as many threads as are of use on this machine. */
struct common_options options_common(void);

/* The rows for them in a command's table. */
#define OPTIONS_COMMON(common)                                                                 \
    OPTION_TEXT("data", "DIR", &(common).data, "folder with the four MNIST files", NULL),      \
        OPTION_WHOLE("threads", "N", &(common).threads, 1, TEAM_MAX_THREADS,                   \
                     "threads to compute with; any number gives the same result",              \
                     "one a processor, at most 8"),                                            \
        OPTION_NAME("simd", "SET", &(common).simd, kernels_names,                              \
                    "instruction set; each gives the same result"),                            \
        OPTION_SWITCH("json", &(common).json, "JSON Lines on stdout, and nothing else there"), \
        OPTION_SWITCH("quiet", &(common).quiet, "no progress on stderr"),                      \
        OPTION_NAME("color", "WHEN", &(common).color, color_choices, "colours")

/* Sets up what computes: a team of --threads and a network with the --simd kernels that can train
 * on batches of `capacity` (0: predict only). On success the caller owns both. */
int options_compute(const struct common_options *common, int capacity, struct team **team,
                    struct network *network, struct error *err);

/* Parses argv into the table's values; the words that are no options are then argv[*first] on,
 * their number within the usage's bounds. Returns -1 to go on, or the exit code: 0 after --help was
 * printed, 2 after a wrong use was explained on stderr in one line. */
int options_parse(const struct usage *usage, int argc, char **argv, int *first);

/* Parses one whole number min … max; 0, or 2 after the explanation. `what` names it in the message.
 */
int options_int(const char *program, const char *what, const char *text, double min, double max,
                int *value);

#endif
