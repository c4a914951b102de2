#include "mnist/base/file_read.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mnist/base/memory.h"

extern char **environ;

static int grow(struct file *file, size_t *capacity, size_t wanted, struct error *err)
{
    uint8_t *bigger = mem_alloc(wanted, 1, err);
    if (!bigger)
        return -1;
    if (file->size)
        memcpy(bigger, file->bytes, file->size);
    mem_free(file->bytes);
    file->bytes = bigger;
    *capacity = wanted;
    return 0;
}

/* Reads fd to its end. `expected` is a first guess of the size; one byte more is asked for, so that
 * a right guess meets the end of the file without growing. */
static int read_all(struct file *file, int fd, const char *path, size_t expected, size_t limit,
                    struct error *err)
{
    size_t capacity = 0;
    *file = (struct file){0};
    if (grow(file, &capacity, expected + 1, err))
        return -1;
    for (;;) {
        if (file->size == capacity) {
            size_t doubled = capacity < 65536 ? 131072 : capacity * 2;
            if (grow(file, &capacity, doubled < limit ? doubled : limit + 1, err))
                break;
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

static int open_to_read(const char *path, struct stat *info, struct error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_set(err, "%s: cannot open: %s", path, strerror(errno));
    if (fstat(fd, info)) {
        error_set(err, "%s: cannot stat: %s", path, strerror(errno));
    } else if (S_ISDIR(info->st_mode)) {
        error_set(err, "%s: is a folder, not a file", path);
    } else {
        return fd;
    }
    close(fd);
    return -1;
}

int file_read(struct file *file, const char *path, size_t limit, struct error *err)
{
    struct stat info = {0};
    int fd = open_to_read(path, &info, err);
    if (fd < 0)
        return -1;
    int failed;
    if (S_ISREG(info.st_mode) && (uintmax_t)info.st_size > limit)
        failed = error_set(err, "%s: %jd bytes, more than the %zu such a file may have", path,
                           (intmax_t)info.st_size, limit);
    else
        failed =
            read_all(file, fd, path, S_ISREG(info.st_mode) ? (size_t)info.st_size : 0, limit, err);
    close(fd);
    return failed;
}

/* gzip -dc from `in` to `out`, its complaints to nowhere. An error number, or 0. */
static int spawn_gzip(int in, int out, pid_t *child)
{
    char name[] = "gzip", option[] = "-dc";
    char *argv[] = {name, option, NULL};
    posix_spawn_file_actions_t actions;
    int code = posix_spawn_file_actions_init(&actions);
    if (code)
        return code;
    code = posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    if (!code)
        code = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    if (!code)
        code = posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    if (!code)
        code = posix_spawn_file_actions_addclose(&actions, out);
    if (!code)
        code = posix_spawnp(child, name, &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    return code;
}

/* Starts `gzip -dc` with `in` as its input; *out is where its output can be read. */
static int start_gzip(int in, int *out, pid_t *child, struct error *err)
{
    int ends[2];
    if (pipe(ends))
        return error_set(err, "cannot make a pipe: %s", strerror(errno));
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    int code = spawn_gzip(in, ends[1], child);
    close(ends[1]);
    if (code) {
        close(ends[0]);
        return error_set(err, "cannot start gzip (%s): install it, or unpack the file",
                         strerror(code));
    }
    *out = ends[0];
    return 0;
}

/* 0 when the child ended well. gzip says 2 for trailing rubbish: then the file is not what it
 * claims either. */
static int wait_for(pid_t child)
{
    int status;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

/* Unpacks what can be read from fd. */
static int read_gzip(struct file *file, int fd, const char *name, size_t limit, struct error *err)
{
    int out = -1;
    pid_t child = -1;
    /* Where SIGCHLD is ignored, as some parents leave it, nobody could learn how gzip ended. */
    struct sigaction usual = {.sa_handler = SIG_DFL}, before;
    sigaction(SIGCHLD, &usual, &before);
    int failed = start_gzip(fd, &out, &child, err);
    if (!failed) {
        failed = read_all(file, out, name, 0, limit, err);
        close(out);
        if (wait_for(child) && !failed) {
            file_read_free(file);
            failed = error_set(err, "%s: a gzip file that is cut short or damaged: fetch it again",
                               name);
        }
    }
    sigaction(SIGCHLD, &before, NULL);
    return failed ? -1 : 0;
}

int file_read_gzip(struct file *file, const char *path, size_t limit, struct error *err)
{
    struct stat info = {0};
    int fd = open_to_read(path, &info, err);
    if (fd < 0)
        return -1;
    int failed = read_gzip(file, fd, path, limit, err);
    close(fd);
    return failed;
}

int file_read_stdin(struct file *file, size_t limit, struct error *err)
{
    return read_all(file, STDIN_FILENO, "-", 0, limit, err);
}

bool file_is_gzip(const struct file *file)
{
    return file->size >= 2 && file->bytes[0] == 0x1f && file->bytes[1] == 0x8b;
}

int file_unpack(struct file *file, const char *name, size_t limit, struct error *err)
{
    struct file packed = *file;
    *file = (struct file){0};
    FILE *temporary = tmpfile();
    int failed = !temporary || fwrite(packed.bytes, 1, packed.size, temporary) != packed.size ||
                 fflush(temporary) || lseek(fileno(temporary), 0, SEEK_SET);
    if (failed)
        error_set(err, "%s: cannot write a temporary file to unpack it: %s", name, strerror(errno));
    else
        failed = read_gzip(file, fileno(temporary), name, limit, err);
    if (temporary)
        fclose(temporary);
    file_read_free(&packed);
    return failed ? -1 : 0;
}

void file_read_free(struct file *file)
{
    mem_free(file->bytes);
    *file = (struct file){0};
}
