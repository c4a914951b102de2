#include "mnist/base/file_read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
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

/* --- on all threads --- */

/* A regular file of `size` bytes, read in parts. */
struct parts {
    int fd;
    uint8_t *bytes;
    size_t size;
    atomic_bool failed;
};

enum { PART = 4 << 20 };

static void read_part(void *context, int i)
{
    struct parts *job = context;
    size_t from = (size_t)i * PART, left = job->size - from;
    size_t end = from + (left < PART ? left : PART);
    while (from < end) {
        ssize_t got = pread(job->fd, job->bytes + from, end - from, (off_t)from);
        if (got <= 0) {
            atomic_store(&job->failed, true);
            return;
        }
        from += (size_t)got;
    }
}

/* Reads the first `size` bytes of a file just opened, and leaves it behind them. Where that fails
 * nothing was read: who reads it in order will find out why. */
static size_t read_parts(int fd, uint8_t *bytes, size_t size, struct team *team)
{
    struct parts job = {.fd = fd, .bytes = bytes, .size = size};
    if (!team || size <= PART)
        return 0;
    team_run(team, (int)((size + PART - 1) / PART), read_part, &job);
    return !job.failed && lseek(fd, (off_t)size, SEEK_SET) == (off_t)size ? size : 0;
}

/* --- in order --- */

/* Reads fd to its end. If `expected`, a first guess of the size, is right, room for one more byte
 * lets it reach the end of the file without growing; where more comes, `limit` is asked. A team
 * reads what is expected. */
static int read_all(struct file *file, int fd, const char *path, size_t expected, size_t most,
                    file_limit *limit, struct team *team, struct error *err)
{
    size_t capacity = expected < FILE_HEAD ? FILE_HEAD : expected + 1;
    size_t allowed = limit && capacity <= most ? capacity - 1 : most;
    *file = (struct file){.bytes = mem_alloc(capacity, 1, err)};
    if (!file->bytes)
        return -1;
    file->size = read_parts(fd, file->bytes, expected, team);
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

/* Reads the head of a regular file, and leaves the file as it was. */
static int read_head(struct file *file, int fd, const char *path, struct error *err)
{
    *file = (struct file){.bytes = mem_alloc(FILE_HEAD, 1, err)};
    if (!file->bytes)
        return -1;
    ssize_t got = read(fd, file->bytes, FILE_HEAD);
    if (got >= 0 && lseek(fd, -(off_t)got, SEEK_CUR) >= 0) {
        file->size = (size_t)got;
        return 0;
    }
    error_set(err, "%s: cannot read: %s", path, strerror(errno));
    file_read_free(file);
    return -1;
}

static int read_open(struct file *file, int fd, const char *path, size_t most, file_limit *limit,
                     struct team *team, struct error *err)
{
    struct stat info;
    if (fstat(fd, &info))
        return error_set(err, "%s: cannot stat: %s", path, strerror(errno));
    if (S_ISDIR(info.st_mode))
        return error_set(err, "%s: is a folder, not a file", path);
    if (!S_ISREG(info.st_mode))
        return read_all(file, fd, path, 0, most, limit, NULL, err);
    uintmax_t size = (uintmax_t)info.st_size;
    if (size > most && limit) {
        if (read_head(file, fd, path, err))
            return -1;
        size_t allowed = limit(file->bytes, file->size);
        if (allowed == 0)
            return 0;
        file_read_free(file);
        most = allowed < SIZE_MAX ? allowed : most;
    }
    if (size > most)
        return error_set(err, "%s: %s bytes, more than the %s such a file may have", path,
                         format_count((long long)size).text, format_count((long long)most).text);
    return read_all(file, fd, path, (size_t)size, most, limit, team, err);
}

int file_read_open(struct file *file, int fd, const char *path, size_t most, file_limit *limit,
                   struct error *err)
{
    return read_open(file, fd, path, most, limit, NULL, err);
}

int file_read_shared(struct file *file, const char *path, size_t most, file_limit *limit,
                     struct team *team, struct error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_set(err, "%s: cannot open: %s", path, strerror(errno));
    int failed = read_open(file, fd, path, most, limit, team, err);
    close(fd);
    return failed;
}

int file_read(struct file *file, const char *path, size_t most, file_limit *limit,
              struct error *err)
{
    return file_read_shared(file, path, most, limit, NULL, err);
}

void file_read_free(struct file *file)
{
    mem_free(file->bytes);
    *file = (struct file){0};
}
