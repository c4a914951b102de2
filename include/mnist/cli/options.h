/* The command line: one table a command, from which parsing, checks, help and its defaults all
 * follow. */
#ifndef MNIST_OPTIONS_H
#define MNIST_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "mnist/base/error.h"
#include "mnist/base/team.h"
#include "mnist/data/augment.h"
#include "mnist/net/kernels.h"
#include "mnist/net/network.h"

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
#define OPTION_STRENGTH(name, argument, value, max, help, shown)       \
    {                                                                  \
        name, argument, OPTION_FLOAT, value, 0, max, NULL, help, shown \
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

/* The rows for them in a command's table: all, or those of a command that needs no data. */
#define OPTIONS_COMMON(common)                                                            \
    OPTION_TEXT("data", "DIR", &(common).data, "folder with the four MNIST files", NULL), \
        OPTIONS_WITHOUT_DATA(common)
#define OPTIONS_WITHOUT_DATA(common)                                                           \
    OPTION_WHOLE("threads", "N", &(common).threads, 1, TEAM_MAX_THREADS,                       \
                 "threads: one a processor, up to 8, unless given; all give the same result",  \
                 NULL),                                                                        \
        OPTION_NAME("simd", "SET", &(common).simd, kernels_names,                              \
                    "instruction set; each gives the same result"),                            \
        OPTION_SWITCH("json", &(common).json, "JSON Lines on stdout, and nothing else there"), \
        OPTION_SWITCH("quiet", &(common).quiet, "no progress on stderr"),                      \
        OPTION_NAME("color", "WHEN", &(common).color, color_choices, "colours")

/* How a command draws its pictures: an index into style_choices. */
#define OPTION_STYLE(value) \
    OPTION_NAME("style", "NAME", value, style_choices, "how pictures are drawn")

/* --augment and its strengths: below 0 where the user gave none. */
struct augment_options {
    bool on;
    struct augment strength;
};

/* Off, and no strength given. */
struct augment_options options_augment(void);

/* The strengths where the user gave none. */
#define AUGMENT_ROTATE 10
#define AUGMENT_SCALE 0.1
#define AUGMENT_SHEAR 0.2
#define AUGMENT_SHIFT 1.5
#define AUGMENT_ELASTIC 0.8

/* The text of a macro's value. */
#define TEXT_OF_VALUE(value) #value
#define TEXT_OF(macro) TEXT_OF_VALUE(macro)

#define OPTIONS_AUGMENT(options)                                                                   \
    OPTION_SWITCH("augment", &(options).on, "augment each training image afresh each time"),       \
        OPTION_STRENGTH("rotate", "DEG", &(options).strength.rotate, AUGMENT_MAX_ROTATE,           \
                        "augment: turn by up to so many degrees", TEXT_OF(AUGMENT_ROTATE)),        \
        OPTION_STRENGTH("scale", "F", &(options).strength.scale, AUGMENT_MAX_SCALE,                \
                        "augment: stretch each axis by up to this share", TEXT_OF(AUGMENT_SCALE)), \
        OPTION_STRENGTH("shear", "F", &(options).strength.shear, AUGMENT_MAX_SHEAR,                \
                        "augment: slant by up to this many pixels a pixel",                        \
                        TEXT_OF(AUGMENT_SHEAR)),                                                   \
        OPTION_STRENGTH("shift", "F", &(options).strength.shift, AUGMENT_MAX_SHIFT,                \
                        "augment: move along each axis by up to so many pixels",                   \
                        TEXT_OF(AUGMENT_SHIFT)),                                                   \
        OPTION_STRENGTH("elastic", "F", &(options).strength.elastic, AUGMENT_MAX_ELASTIC,          \
                        "augment: bend, by so many pixels of standard deviation",                  \
                        TEXT_OF(AUGMENT_ELASTIC))

/* The strengths to use: all 0 without --augment. EXIT_USAGE, said on stderr, when one was given
 * without it, else 0. */
int options_augment_strength(const char *program, const struct augment_options *options,
                             struct augment *augment);

/* The --simd kernels, the first thing that a command asks for: -1 with err filled where this
 * processor lacks them, or where this build's arithmetic is not what it should be (mnist/net/proof.h). */
int options_kernels(const struct common_options *common, const struct kernels **kernels,
                    struct error *err);

/* Sets up what computes: a team of --threads and a network with these kernels that can train on
 * batches of `capacity` (0: predict only). On success the caller owns both. */
int options_compute(const struct common_options *common, const struct kernels *kernels,
                    int capacity, struct team **team, struct network *network, struct error *err);

/* Parses argv into the table's values; the words that are no options are then argv[*first] on,
 * their number within the usage's bounds. Returns -1 to go on, or the exit code: 0 after --help was
 * printed, 2 after a wrong use was explained on stderr in one line. */
int options_parse(const struct usage *usage, int argc, char **argv, int *first);

/* Parses one whole number min … max; 0, or 2 after the explanation. `what` names it in the message.
 */
int options_int(const char *program, const char *what, const char *text, double min, double max,
                int *value);

/* The same for a number. */
int options_float(const char *program, const char *what, const char *text, double min, double max,
                  float *value);

/* Says on stderr, in one line, what is wrong with the command line; EXIT_USAGE. */
__attribute__((format(printf, 2, 3))) int options_refuse(const char *program, const char *format,
                                                         ...);

#endif
