/* The commands. Each is called with its name in argv[0] ("mnist-train") and returns the exit
 * code. */
#ifndef MNIST_COMMAND_H
#define MNIST_COMMAND_H

#include <stdio.h>

#include "mnist/base/error.h"
#include "mnist/codec/json.h"
#include "mnist/codec/kind.h"
#include "mnist/data/dataset.h"
#include "mnist/store/model.h"

enum {
    EXIT_DONE = 0,
    EXIT_FAILED = 1, /* a bad file, data or model, or training diverged */
    EXIT_USAGE = 2,
    EXIT_SIGNAL = 128 /* plus the signal's number */
};

int command_train(int argc, char **argv);
int command_eval(int argc, char **argv);
int command_show(int argc, char **argv);
int command_predict(int argc, char **argv);

/* Prints "program: text" on stderr and returns EXIT_FAILED. */
int command_fail(const char *program, const struct error *err);

/* Says on stderr, in one line, what is wrong with the command line; returns EXIT_USAGE. */
__attribute__((format(printf, 2, 3))) int command_refuse(const char *program, const char *format,
                                                         ...);

/* Adds ": " and what to type, as printf would print it, to the message in err; returns -1. */
__attribute__((format(printf, 2, 3))) int command_advise(struct error *err, const char *format,
                                                         ...);

/* Adds ": ", `what` and the command line that a function writes; returns -1. */
int command_advise_line(struct error *err, const char *what,
                        void (*write)(FILE *out, const void *context), const void *context);

/* Writes the command that goes on with the checkpoint in a path, a string. */
void command_write_resume(FILE *out, const void *path);

/* The same as dataset_load, but if files are missing, err also says what to type. */
int command_load_data(struct dataset *dataset, const char *folder, enum dataset_split split,
                      struct team *team, struct error *err);

/* model_load; where the file is a checkpoint, a picture or data, err also says what to type. */
int command_load_model(struct model *model, const char *path, struct error *err);

/* What a file, or what is gzipped in it, looks like by its head; nothing known if it is none that
 * can be read twice. */
struct kind command_kind(const char *path);

/* Writes a space and a path so that a shell and a command read it as one: in quotes if it needs
 * them, after ./ if it starts with a dash. */
void command_write_word(FILE *out, const char *word);

/* Writes an image as "pixels":[784 values]. */
void command_put_pixels(struct json_writer *json, const uint8_t *pixels);

/* Flushes stdout. Returns `code`; if output was lost, says so on stderr and returns EXIT_FAILED. */
int command_finish(const char *program, int code);

#endif
