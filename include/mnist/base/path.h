/* Where a path leads to: the file that writing to it would replace, and the names beside that file
 * that writing uses. */
#ifndef MNIST_PATH_H
#define MNIST_PATH_H

#include <limits.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "mnist/base/error.h"

/* Endings for path_beside: of a file that is being written, and of the lock of a claim. */
#define PATH_TEMPORARY "mnist-tmp"
#define PATH_LOCK "mnist-lock"

/* What a path leads to. */
struct path_target {
    char path[PATH_MAX]; /* the file itself: symbolic links are followed */
    bool exists;         /* it is there, and `info` is about it */
    struct stat info;
    /* Nothing is replaced: it is a device, a pipe, or the file that is our stdout or stderr. */
    bool stream;
    int descriptor; /* stdout's or stderr's, if it is that file; else -1 */
};

/* -1 with err filled for what must not be written: a folder, a disk, a file without any permission
 * to write (for root, too), a link that leads nowhere, a name as path_beside makes it, an empty or
 * too long path, or one that cannot be looked at. That there is no such file is no fault. */
int path_resolve(struct path_target *target, const char *path, struct error *err);

/* FOLDER/.NAME.ending for the file FOLDER/NAME: -1 with err filled if it is too long. */
int path_beside(char beside[PATH_MAX], const char *path, const char *ending, struct error *err);

/* The name at a path's end, and the folder that it is in, "." if the path names none. */
const char *path_name(const char *path);
void path_folder(char folder[PATH_MAX], const char *path);

/* Whether two paths name the same file, or would once both are written, whatever links, dots and
 * slashes they contain. Devices and pipes are never the same, since writing replaces nothing. */
bool path_same(const char *a, const char *b);

/* Whether the open file is still the one that this path names, itself and not by a link. */
bool path_names(const char *path, int fd);

#endif
