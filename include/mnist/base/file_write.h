/* Whole files, written so that a reader sees the old file or the new one, never half of one. */
#ifndef MNIST_FILE_WRITE_H
#define MNIST_FILE_WRITE_H

#include <limits.h>
#include <stddef.h>

#include "mnist/base/error.h"

/* Writes `size` bytes to `path` atomically: to FOLDER/.NAME.mnist-tmp, which is locked as long,
 * fsync, rename, fsync of the folder. The new file has the old one's mode and, where that is
 * allowed, its owner and group. What a killed process left there is taken away; a living one is
 * waited for. On failure the earlier file is untouched and the temporary one is gone.
 *
 * A symbolic link is followed. A device or a pipe is written directly, and the file that is our
 * stdout or stderr through that descriptor. */
int file_write(const char *path, const void *bytes, size_t size, struct error *err);

/* 0 if file_write of `size` bytes to `path` should succeed, else -1 with err filled. Called before
 * long work starts: it makes the temporary file, as writing will, with this many zeros, and takes
 * it away. Refuses what file_write refuses, for root too: a file that nobody may write. */
int file_write_check(const char *path, size_t size, struct error *err);

/* Writes what file_write could not, beside it: to NAME.saved, or .saved-2 … if that is there, and
 * fills `saved` with that path. If its folder is gone, or is one of devices, this is in the working
 * folder. -1 with err filled when it cannot. */
int file_write_beside(char saved[PATH_MAX], const char *path, const void *bytes, size_t size,
                      struct error *err);

#endif
