/* Whole files, written so that a reader sees the old file or the new one, never half of one. */
#ifndef MNIST_FILE_WRITE_H
#define MNIST_FILE_WRITE_H

#include <stdbool.h>
#include <stddef.h>

#include "mnist/base/error.h"

/* Writes `size` bytes to `path` atomically: to `path`.tmp in the same folder, fsync, rename, fsync
 * of the folder. On failure the earlier file is untouched and the temporary one is gone. A symbolic
 * link is followed; a device or a pipe is written directly. Two writers of one path: the second is
 * refused. */
int file_write(const char *path, const void *bytes, size_t size, struct error *err);

/* 0 if file_write to `path` should succeed (its folder exists and is writable, and `path` is not a
 * folder), else -1 with err filled. Called before long work starts. */
int file_write_check(const char *path, struct error *err);

/* Whether two paths name the same file, or would once both are written, whatever links, dots and
 * slashes they contain. Devices and pipes are never the same, since writing replaces nothing. */
bool file_write_same(const char *a, const char *b);

#endif
