/* The report: one HTML file that needs no network, no script, and nothing else. */
#ifndef MNIST_REPORT_H
#define MNIST_REPORT_H

#include <stdbool.h>

#include "mnist/base/error.h"

struct dataset;
struct evaluation;
struct network;
struct train_epoch;
struct train_options;

/* A line of the configuration, or of what the run cost. */
struct report_fact {
    char name[32], value[256];
};

enum { REPORT_FACTS = 48 };

struct report {
    const char *heading; /* what the page is called: "Training report" */
    const char *split;   /* what the images are called: "test" */
    const char *command; /* the command line that gives the same again */
    int planned;         /* the epochs that a stopped run should have had; 0: it was not stopped */
    struct report_fact facts[REPORT_FACTS];
    int fact_count;
    bool overfull;                     /* more facts were added than there is room for */
    float l2;                          /* of the training; 0: none, or not known */
    const struct train_epoch *history; /* (epochs) of the training; none after an evaluation */
    int epochs, best_epoch;
    double seconds;                      /* of the training */
    bool validated;                      /* whether the history has val_loss and val_acc */
    const struct network *network;       /* the network that was evaluated */
    const struct dataset *dataset;       /* the images that it was evaluated on */
    const struct evaluation *evaluation; /* the result */
};

/* Adds a fact, with a value as printf would print it. If there is no room, it is left out, and
 * report_write will fail. */
__attribute__((format(printf, 3, 4))) void report_fact(struct report *report, const char *name,
                                                       const char *format, ...);

/* Adds each training option as a fact, and sets l2 to theirs. */
void report_options(struct report *report, const struct train_options *options);

/* Writes the report atomically. -1 with err filled when memory is short, a fact had no room or the
 * file cannot be written. */
int report_write(const struct report *report, const char *path, struct error *err);

#endif
