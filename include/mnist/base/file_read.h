/* Whole files, read in one go. */
#ifndef MNIST_FILE_READ_H
#define MNIST_FILE_READ_H

#include <stddef.h>
#include <stdint.h>

#include "mnist/base/error.h"

/* The bytes of a file. `bytes` is never NULL after success; the caller gives the struct to
 * file_read_free. */
struct file {
    uint8_t *bytes;
    size_t size;
};

/* Reads all of `path`. -1 with err filled, and nothing to free, when it is a folder, has more than
 * `limit` bytes (checked first for a regular file), or cannot be read, or when memory is short. */
int file_read(struct file *file, const char *path, size_t limit, struct error *err);

/* The same for a file that is open, and stays so. */
int file_read_open(struct file *file, int fd, const char *path, size_t limit, struct error *err);

/* The same for stdin, to its end; messages call it "-". */
int file_read_stdin(struct file *file, size_t limit, struct error *err);

void file_read_free(struct file *file);

#endif
