#include "mnist/base/file_read.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mnist/base/memory.h"

/* Reads fd to its end. `expected` is a first guess of the size; room for one more byte lets a right
 * guess reach the end of the file without growing. */
static int read_all(struct file *file, int fd, const char *path, size_t expected, size_t limit,
                    struct error *err)
{
    size_t capacity = expected + 1;
    *file = (struct file){.bytes = mem_alloc(capacity, 1, err)};
    if (!file->bytes)
        return -1;
    for (;;) {
        if (file->size == capacity) {
            size_t doubled = capacity < 65536 ? 131072 : capacity * 2;
            capacity = doubled < limit ? doubled : limit + 1;
            uint8_t *bigger = mem_grow(file->bytes, file->size, capacity, err);
            if (!bigger)
                break;
            file->bytes = bigger;
        }
        ssize_t got = read(fd, file->bytes + file->size, capacity - file->size);
        if (got == 0)
            return 0;
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            error_set(err, "%s: cannot read: %s", path, strerror(errno));
            break;
        }
        file->size += (size_t)got;
        if (file->size > limit) {
            error_set(err, "%s: more than the %zu bytes such a file may have", path, limit);
            break;
        }
    }
    file_read_free(file);
    return -1;
}

int file_read_open(struct file *file, int fd, const char *path, size_t limit, struct error *err)
{
    struct stat info;
    if (fstat(fd, &info))
        return error_set(err, "%s: cannot stat: %s", path, strerror(errno));
    if (S_ISDIR(info.st_mode))
        return error_set(err, "%s: is a folder, not a file", path);
    if (!S_ISREG(info.st_mode))
        return read_all(file, fd, path, 0, limit, err);
    if ((uintmax_t)info.st_size > limit)
        return error_set(err, "%s: %jd bytes, more than the %zu such a file may have", path,
                         (intmax_t)info.st_size, limit);
    return read_all(file, fd, path, (size_t)info.st_size, limit, err);
}

int file_read(struct file *file, const char *path, size_t limit, struct error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_set(err, "%s: cannot open: %s", path, strerror(errno));
    int failed = file_read_open(file, fd, path, limit, err);
    close(fd);
    return failed;
}

int file_read_stdin(struct file *file, size_t limit, struct error *err)
{
    return read_all(file, STDIN_FILENO, "-", 0, limit, err);
}

void file_read_free(struct file *file)
{
    mem_free(file->bytes);
    *file = (struct file){0};
}
