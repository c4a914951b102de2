/* Whole files: read in one go, written so that a reader sees the old file or the new one, never a
 * part. */
#ifndef MNIST_FILE_H
#define MNIST_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mnist/base/error.h"

/* The bytes of a file. `bytes` is never NULL after success; the caller gives it to file_free. */
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

void file_free(struct file *file);

/* What the bytes look like, for the message that refuses them: "a gzip file", "an HTML page", "a
 * zip archive", "an IDX file", "a safetensors file", … or NULL when nothing is recognised. */
const char *file_looks_like(const uint8_t *bytes, size_t size);

/* Writes `size` bytes to `path` atomically: to `path`.tmp in the same folder, fsync, rename, fsync
 * of the folder. On failure the earlier file is untouched and the temporary one is gone. A symbolic
 * link is followed; a device or a pipe is written directly. Two writers of one path: the second is
 * refused. */
int file_write(const char *path, const void *bytes, size_t size, struct error *err);

/* 0 if file_write to `path` can be expected to succeed (the folder exists and may be written,
 * `path` is no folder); asked before long work starts. */
int file_check_writable(const char *path, struct error *err);

/* Whether two paths name one file, or would once both are written: whatever links, dots and slashes are
 * in them. Devices and pipes are never the same, as nothing in them is replaced. */
bool file_same(const char *a, const char *b);

#endif
