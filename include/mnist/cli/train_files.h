/* What a run of `mnist train` is asked to do, and its files: each is looked at before the work. */
#ifndef MNIST_TRAIN_FILES_H
#define MNIST_TRAIN_FILES_H

#include "mnist/base/claim.h"
#include "mnist/cli/train_line.h"
#include "mnist/net/presets.h"
#include "mnist/store/checkpoint.h"
#include "mnist/store/earlier.h"

/* The files of a run. */
enum train_file { FILE_OUT, FILE_CHECKPOINT, FILE_RESUME, FILE_LOG, FILE_REPORT, TRAIN_FILES };

/* What the command line asks for. */
struct train_request {
    struct common_options common;
    struct train_line line;
    const struct preset *preset;    /* NULL: none */
    const char *files[TRAIN_FILES]; /* NULL: none */
    float max_seconds;              /* 0: no limit */
};

struct train_files {
    struct claim out_claim, checkpoint_claim;
    struct earlier out, checkpoint; /* what they will replace */
    const char *resumable;          /* what --resume names, unless it is a pipe; else NULL */
    char resumed[PATH_MAX];         /* its own name, where --resume names a link */
};

/* Adds the rows of the options that name the files. */
void train_files_add(struct usage *usage, const char **files);

/* Refuses files that collide or cannot be written, and claims the model and the checkpoint. This
 * comes before anything is read. With --resume and without --checkpoint, the run keeps up to date
 * the checkpoint that it resumes, if that is a file: request->files then has it in both places. -1
 * with err filled. */
int train_files_take(struct train_files *files, struct train_request *request, struct error *err);

/* Looks at what will be replaced, and refuses where it would be missed (earlier_missed): a model by
 * another model, and a run with epochs left by the one that goes on from it, `resumed` (NULL:
 * none), would not be. -1 with err filled. */
int train_files_judge(struct train_files *files, const struct train_request *request,
                      const struct checkpoint *resumed, struct error *err);

void train_files_release(struct train_files *files);

#endif
