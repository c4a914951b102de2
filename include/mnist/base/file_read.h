/* Whole files, read in one go. */
#ifndef MNIST_FILE_READ_H
#define MNIST_FILE_READ_H

#include <stddef.h>
#include <stdint.h>

#include "mnist/base/error.h"
#include "mnist/base/team.h"

/* The bytes of a file. `bytes` is never NULL after success; the caller gives the struct to
 * file_read_free. */
struct file {
    uint8_t *bytes;
    size_t size;
};

/* The most bytes that a good file may have which begins with this head; a head that does not tell
 * is asked about again when that has been read. 0: no good file begins like this, whatever follows;
 * so the head alone is enough to refuse it, and to say what it is. SIZE_MAX: no more than others.
 */
typedef size_t file_limit(const uint8_t *head, size_t size);

/* The size of the first head that is asked about. */
enum { FILE_HEAD = 4096 };

/* Reads all of `path`, which is opened once: at most `most` bytes. The size of a pipe or a device
 * is not known before its end, so `limit` (NULL: there is none) decides by its head how much of
 * that is read; where it is 0, the file is its head alone. A regular file has a size: one of more
 * than `most` bytes is read if `limit` allows as many, and is its head alone where that is 0. No
 * allocation exceeds the size of a regular file, or MEM_STEP plus what has arrived.
 *
 * -1 with err filled, and nothing to free, when it is a folder, has more bytes, cannot be read, or
 * a signal ends the wait for it, or when memory is short. */
int file_read(struct file *file, const char *path, size_t most, file_limit *limit,
              struct error *err);

/* The same on all threads of a team (NULL: the caller alone). */
int file_read_shared(struct file *file, const char *path, size_t most, file_limit *limit,
                     struct team *team, struct error *err);

/* The same for a file that is open, and stays so; messages call it `path`. */
int file_read_open(struct file *file, int fd, const char *path, size_t most, file_limit *limit,
                   struct error *err);

void file_read_free(struct file *file);

#endif
