/* A command as its user sees it: one table, from which parsing, checks, help and the defaults in it
 * all follow. */
#ifndef MNIST_USAGE_H
#define MNIST_USAGE_H

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
    bool of_machine;             /* the default depends on the machine */
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

#endif
