#include "mnist/base/file_read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mnist/base/format.h"
#include "mnist/base/memory.h"

static int grow(struct file *file, size_t *capacity, size_t most, struct error *err)
{
    size_t next = mem_next_size(*capacity);
    *capacity = next > most ? most + 1 : next;
    uint8_t *bigger = mem_grow(file->bytes, file->size, *capacity, err);
    if (!bigger)
        return -1;
    file->bytes = bigger;
    return 0;
}

/* Reads fd to its end. If `expected`, a first guess of the size, is right, room for one more byte
 * lets it reach the end of the file without growing; where more comes, `limit` is asked. */
static int read_all(struct file *file, int fd, const char *path, size_t expected, size_t most,
                    file_limit *limit, struct error *err)
{
    size_t capacity = expected < FILE_HEAD ? FILE_HEAD : expected + 1;
    size_t allowed = limit && capacity <= most ? capacity - 1 : most;
    *file = (struct file){.bytes = mem_alloc(capacity, 1, err)};
    if (!file->bytes)
        return -1;
    for (;;) {
        ssize_t got = read(fd, file->bytes + file->size, capacity - file->size);
        if (got == 0)
            return 0;
        if (got < 0) {
            error_set(err, "%s: cannot read: %s", path, strerror(errno));
            break;
        }
        file->size += (size_t)got;
        if (limit && file->size > allowed) {
            allowed = limit(file->bytes, file->size);
            if (allowed == 0)
                return 0;
            allowed = allowed < most ? allowed : most;
        }
        if (file->size > allowed) {
            error_set(err, "%s: more than the %s bytes such a file may have", path,
                      format_count((long long)allowed).text);
            break;
        }
        if (file->size == capacity && grow(file, &capacity, allowed, err))
            break;
    }
    file_read_free(file);
    return -1;
}

/* Whether the head of a file that is too large is enough to refuse it: the file is its head then.
 */
static bool read_head(struct file *file, int fd, const char *path, file_limit *limit)
{
    struct error ignored;
    if (read_all(file, fd, path, 0, FILE_HEAD - 1, limit, &ignored))
        return false;
    if (file->size >= FILE_HEAD || limit(file->bytes, file->size) == 0)
        return true;
    file_read_free(file);
    return false;
}

int file_read_open(struct file *file, int fd, const char *path, size_t most, file_limit *limit,
                   struct error *err)
{
    struct stat info;
    if (fstat(fd, &info))
        return error_set(err, "%s: cannot stat: %s", path, strerror(errno));
    if (S_ISDIR(info.st_mode))
        return error_set(err, "%s: is a folder, not a file", path);
    size_t expected = S_ISREG(info.st_mode) ? (size_t)info.st_size : 0;
    if (S_ISREG(info.st_mode) && (uintmax_t)info.st_size > most) {
        if (limit && read_head(file, fd, path, limit))
            return 0;
        return error_set(err, "%s: %s bytes, more than the %s such a file may have", path,
                         format_count(info.st_size).text, format_count((long long)most).text);
    }
    return read_all(file, fd, path, expected, most, limit, err);
}

int file_read(struct file *file, const char *path, size_t most, file_limit *limit,
              struct error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_set(err, "%s: cannot open: %s", path, strerror(errno));
    int failed = file_read_open(file, fd, path, most, limit, err);
    close(fd);
    return failed;
}

void file_read_free(struct file *file)
{
    mem_free(file->bytes);
    *file = (struct file){0};
}
