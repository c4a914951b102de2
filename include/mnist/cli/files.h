/* The files that a command reads and writes: no output may be an input, or another output. */
#ifndef MNIST_FILES_H
#define MNIST_FILES_H

#include <stdbool.h>

#include "mnist/base/error.h"
#include "mnist/store/earlier.h"

/* One of them. */
struct files_use {
    const char *name; /* how it is called: an option, "--out", or "the model" */
    const char *path; /* NULL: not given */
    bool written;
};

/* -1 with err filled when two of them are the same file, whatever its names, and one is written; or
 * when one is a file of the data in `folder` and is written; or when one that is read is what
 * another is written to first. */
int files_check(const struct files_use *uses, int count, const char *folder, struct error *err);

/* -1 with err filled when what an option's file holds would be missed; and the same for that of a
 * report, which it looks at itself. */
int files_judge(const struct earlier *earlier, const char *option, const char *path,
                struct error *err);
int files_judge_report(const char *path, struct error *err);

#endif
