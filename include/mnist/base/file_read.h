/* Whole files, read in one go. */
#ifndef MNIST_FILE_READ_H
#define MNIST_FILE_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mnist/base/error.h"

/* The bytes of a file. `bytes` is never NULL after success; the caller gives it to file_read_free. */
struct file {
    uint8_t *bytes;
    size_t size;
};

/* Reads all of `path`. More than `limit` bytes, a folder, or a failing read are errors; for a
 * regular file the limit is checked before anything is allocated. */
int file_read(struct file *file, const char *path, size_t limit, struct error *err);

/* The same for a gzip file, through `gzip -dc` started without a shell. `limit` bounds the unpacked
 * bytes. */
int file_read_gzip(struct file *file, const char *path, size_t limit, struct error *err);

/* Reads stdin to its end; messages call it "-". */
int file_read_stdin(struct file *file, size_t limit, struct error *err);

/* Whether the bytes are gzip's. */
bool file_is_gzip(const struct file *file);

/* Unpacks gzipped bytes in memory, by way of a temporary file: file_read_gzip where there is no
 * path. `name` is for the messages. On failure the file is freed. */
int file_unpack(struct file *file, const char *name, size_t limit, struct error *err);

void file_read_free(struct file *file);

#endif
