#include "mnist/base/file_write.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The folder that a path is in, "." if it names none. */
static void folder_of(const char *path, char folder[PATH_MAX])
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        snprintf(folder, PATH_MAX, ".");
    else
        snprintf(folder, PATH_MAX, "%.*s", slash == path ? 1 : (int)(slash - path), path);
}

static int write_all(int fd, const uint8_t *bytes, size_t size)
{
    while (size) {
        ssize_t written = write(fd, bytes, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return -1;
        bytes += written;
        size -= (size_t)written;
    }
    return 0;
}

/* Opens and locks the temporary file. Its name is fixed, so killed runs leave at most one behind,
 * and the next run reuses it; the lock keeps two runs from writing it at once. If the file was
 * renamed before the lock was granted, it is another run's finished file: try again. */
static int open_temporary(const char *temporary, struct error *err)
{
    for (int attempt = 0; attempt < 100; attempt++) {
        int fd = open(temporary, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
        if (fd < 0)
            return error_set(err, "%s: cannot write: %s", temporary, strerror(errno));
        struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        struct stat ours, named;
        /* On a file system without locks (ENOLCK, ENOSYS) go on: better than losing a model. */
        if (fcntl(fd, F_SETLK, &lock) && (errno == EACCES || errno == EAGAIN)) {
            error_set(err, "%s: another run is writing it: give one of them another file",
                      temporary);
            close(fd);
            return -1;
        }
        if (!fstat(fd, &ours) && !stat(temporary, &named) && ours.st_ino == named.st_ino &&
            ours.st_dev == named.st_dev)
            return fd;
        close(fd);
    }
    return error_set(err, "%s: somebody keeps replacing it", temporary);
}

/* Makes the rename permanent. That is impossible in a folder that may be written but not read, and
 * on file systems that say EINVAL; neither counts as an error. */
static int sync_folder(const char *path, struct error *err)
{
    char folder[PATH_MAX];
    folder_of(path, folder);
    int fd = open(folder, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == EACCES ? 0
                               : error_set(err, "%s: written, but its folder cannot be synced: %s",
                                           path, strerror(errno));
    int failed = fsync(fd) && errno != EINVAL;
    if (failed)
        error_set(err, "%s: written, but its folder cannot be synced: %s", path, strerror(errno));
    close(fd);
    return failed ? -1 : 0;
}

/* The name of the file that is written and then renamed to `path`. */
static int temporary_of(const char *path, char temporary[PATH_MAX], struct error *err)
{
    if (snprintf(temporary, PATH_MAX, "%s.tmp", path) >= PATH_MAX)
        return error_set(err, "%s: the path is too long", path);
    return 0;
}

static int write_atomically(const char *path, const void *bytes, size_t size, struct error *err)
{
    char temporary[PATH_MAX];
    if (temporary_of(path, temporary, err))
        return -1;
    int fd = open_temporary(temporary, err);
    if (fd < 0)
        return -1;
    int failed = ftruncate(fd, 0) || write_all(fd, bytes, size) || fsync(fd);
    failed = failed || rename(temporary, path);
    if (failed) {
        error_set(err, "%s: cannot write %zu bytes: %s", path, size, strerror(errno));
        unlink(temporary);
    }
    if (close(fd) && !failed)
        failed = error_set(err, "%s: cannot close: %s", path, strerror(errno));
    return failed ? -1 : sync_folder(path, err);
}

static int write_directly(const char *path, const void *bytes, size_t size, struct error *err)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    int failed = fd < 0 || write_all(fd, bytes, size);
    if (failed)
        error_set(err, "%s: cannot write: %s", path, strerror(errno));
    if (fd >= 0 && close(fd) && !failed)
        failed = error_set(err, "%s: cannot close: %s", path, strerror(errno));
    return failed ? -1 : 0;
}

/* target = the file that writing to `path` replaces: the target of a symbolic link, otherwise the
 * path itself; never a folder. *direct is set for a device or a pipe, which cannot be replaced
 * (/dev/stdout may lead to one that has no path). */
static int resolve(const char *path, char target[PATH_MAX], bool *direct, struct error *err)
{
    struct stat info;
    if (*path == '\0')
        return error_set(err, "an empty path: name a file");
    bool exists = !stat(path, &info);
    if (exists && S_ISDIR(info.st_mode))
        return error_set(err, "%s: is a folder: name a file in it", path);
    *direct = exists && !S_ISREG(info.st_mode);
    if (!*direct && !lstat(path, &info) && S_ISLNK(info.st_mode)) {
        if (!realpath(path, target))
            return error_set(err, "%s: a symbolic link that leads nowhere: %s", path,
                             strerror(errno));
    } else if (snprintf(target, PATH_MAX, "%s", path) >= PATH_MAX) {
        return error_set(err, "%s: the path is too long", path);
    }
    return 0;
}

int file_write(const char *path, const void *bytes, size_t size, struct error *err)
{
    char target[PATH_MAX];
    bool direct = false;
    if (resolve(path, target, &direct, err))
        return -1;
    return direct ? write_directly(target, bytes, size, err)
                  : write_atomically(target, bytes, size, err);
}

int file_write_check(const char *path, struct error *err)
{
    char target[PATH_MAX], temporary[PATH_MAX], folder[PATH_MAX];
    bool direct = false;
    if (resolve(path, target, &direct, err))
        return -1;
    if (direct)
        return access(target, W_OK) ? error_set(err, "%s: cannot write: %s", path, strerror(errno))
                                    : 0;
    if (temporary_of(target, temporary, err))
        return -1;
    /* This finds a name that is too long. It is fine that there is no such file yet. */
    if (access(temporary, F_OK) && errno != ENOENT && errno != EACCES)
        return error_set(err, "%s: cannot write: %s", path, strerror(errno));
    folder_of(target, folder);
    if (access(folder, W_OK | X_OK))
        return error_set(err, "%s: cannot write in folder %s: %s", path, folder, strerror(errno));
    return 0;
}

/* The real path of a file that need not exist yet; false if its folder does not exist. */
static bool real_name(const char *path, char real[PATH_MAX])
{
    char folder[PATH_MAX], real_folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    if (realpath(path, real))
        return true;
    folder_of(path, folder);
    return realpath(folder, real_folder) &&
           snprintf(real, PATH_MAX, "%s/%s", real_folder, slash ? slash + 1 : path) < PATH_MAX;
}

bool file_write_same(const char *a, const char *b)
{
    char real_a[PATH_MAX], real_b[PATH_MAX];
    struct stat info_a, info_b;
    bool there_a = !stat(a, &info_a), there_b = !stat(b, &info_b);
    if ((there_a && !S_ISREG(info_a.st_mode)) || (there_b && !S_ISREG(info_b.st_mode)))
        return false;
    if (there_a && there_b)
        return info_a.st_dev == info_b.st_dev && info_a.st_ino == info_b.st_ino;
    return real_name(a, real_a) && real_name(b, real_b) && !strcmp(real_a, real_b);
}
