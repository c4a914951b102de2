/* Whole files, read in one go. */
#ifndef MNIST_FILE_READ_H
#define MNIST_FILE_READ_H

#include <stddef.h>
#include <stdint.h>

#include "mnist/base/error.h"

/* The bytes of a file. `bytes` is never NULL after success; the caller gives it to
 * file_read_free. */
struct file {
    uint8_t *bytes;
    size_t size;
};

/* Reads all of `path`. More than `limit` bytes, a folder, or a failing read are errors; for a
 * regular file the limit is checked before anything is allocated. */
int file_read(struct file *file, const char *path, size_t limit, struct error *err);

/* Reads stdin to its end; messages call it "-". */
int file_read_stdin(struct file *file, size_t limit, struct error *err);

void file_read_free(struct file *file);

#endif
