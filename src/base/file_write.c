#include "mnist/base/file_write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "mnist/base/claim.h"
#include "mnist/base/path.h"

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

/* A file system that cannot promise to keep what was written has written it all the same. */
static int sync_file(int fd)
{
    static const int unable[] = {EOPNOTSUPP, ENOTSUP, ENOSYS, EINVAL};
    int failed;
    do
        failed = fsync(fd);
    while (failed && errno == EINTR);
    for (size_t i = 0; i < sizeof unable / sizeof unable[0]; i++)
        failed = failed && errno != unable[i];
    return failed;
}

/* Makes a rename permanent, where that is possible: it is done, so nothing here is a failure. */
static void sync_folder(const char *path)
{
    char folder[PATH_MAX];
    path_folder(folder, path);
    int fd = open(folder, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    (void)sync_file(fd);
    close(fd);
}

/* Gives a file that only we can read yet the mode of the one it will replace, and its owner or at
 * least its group if we may; or the mode of any new file, which we may replace again. Some file
 * systems know neither, so no failure matters. */
static void set_mode(int fd, const struct path_target *target)
{
    const struct stat *old = &target->info;
    mode_t mask = umask(0);
    umask(mask);
    if (target->exists && fchown(fd, old->st_uid, old->st_gid))
        (void)!fchown(fd, (uid_t)-1, old->st_gid);
    (void)!fchmod(fd, target->exists ? old->st_mode & 0777 : (0666 & ~mask) | 0600);
}

/* Writes all of a new file that is to stand for the target. */
static int write_whole(int fd, const struct path_target *target, const void *bytes, size_t size)
{
    if (write_all(fd, bytes, size))
        return -1;
    set_mode(fd, target);
    return sync_file(fd);
}

/* --- what may not be replaced --- */

/* In a sticky folder only its owner and the file's may rename. */
static bool is_stuck(const struct path_target *target)
{
    char folder[PATH_MAX];
    struct stat info;
    uid_t user = geteuid();
    path_folder(folder, target->path);
    return user != 0 && user != target->info.st_uid && !stat(folder, &info) &&
           info.st_mode & S_ISVTX && user != info.st_uid;
}

/* Refuses a file that its user may not write. A program that runs may be replaced, though not
 * written (ETXTBSY). */
static int check_replaceable(const struct path_target *target, const char *path, struct error *err)
{
    if (!target->exists)
        return 0;
    if (is_stuck(target))
        return error_set(err, "%s: is another user's, in a folder where only they may replace it",
                         path);
    int fd = open(target->path, O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);
    if (fd < 0 && errno != ETXTBSY)
        return error_set(err, "%s: cannot write: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return 0;
}

/* --- the temporary file --- */

enum { MILLISECOND = 1000000, PATIENCE = 10000 /* milliseconds */ };

/* Takes away what a killed process left: 0 when it is gone, 1 while a living one writes it. Another
 * file of that name stays, and is refused. Root's own is soon that of the earlier file's owner. */
static int remove_leftover(const char *temporary, const struct path_target *target, int *holder,
                           struct error *err)
{
    struct stat info;
    if (lstat(temporary, &info))
        return errno == ENOENT ? 0 : error_set(err, "%s: %s", temporary, strerror(errno));
    bool ours = info.st_uid == geteuid() ||
                (geteuid() == 0 && target->exists && info.st_uid == target->info.st_uid);
    const char *why = !S_ISREG(info.st_mode) ? "is no plain file"
                      : !ours                ? "belongs to another user"
                      : info.st_nlink > 1    ? "is a file with another name, too"
                                             : NULL;
    if (why)
        return error_set(err, "%s: in the way of what is written first, and %s: move it away",
                         temporary, why);
    int fd = open(temporary, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 0 : error_set(err, "%s: %s", temporary, strerror(errno));
    bool held = claim_lock(fd, holder) == CLAIM_HELD;
    if (!held && path_names(temporary, fd))
        unlink(temporary);
    close(fd);
    return held;
}

/* The first step of replacing a file: makes and locks the temporary one. Its name is fixed, so that
 * killed runs leave at most one behind. */
static int open_temporary(char temporary[PATH_MAX], const struct path_target *target,
                          const char *path, struct error *err)
{
    const struct timespec pause = {.tv_nsec = MILLISECOND};
    char folder[PATH_MAX];
    int held = 0, holder = 0;
    if (check_replaceable(target, path, err) ||
        path_beside(temporary, target->path, PATH_TEMPORARY, err))
        return -1;
    path_folder(folder, temporary);
    for (int waited = 0; waited < PATIENCE; waited++) {
        int fd = open(temporary, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0 && errno != EEXIST)
            return error_set(err, "%s: cannot write in folder %s: %s", path, folder,
                             strerror(errno));
        /* Whoever found it before it was locked has taken it for a leftover. */
        if (fd >= 0 && claim_lock(fd, &holder) != CLAIM_HELD && path_names(temporary, fd))
            return fd;
        if (fd >= 0)
            close(fd);
        held = remove_leftover(temporary, target, &holder, err);
        if (held < 0)
            return -1;
        if (held)
            nanosleep(&pause, NULL);
    }
    return claim_refuse(path, holder, err);
}

/* --- writing --- */

/* On a file system without locks, another process may have taken ours for a leftover. */
static int replace(const char *path, const char *temporary, int fd)
{
    if (path_names(temporary, fd))
        return rename(temporary, path);
    errno = ESTALE;
    return -1;
}

static int write_atomically(const struct path_target *target, const char *path, const void *bytes,
                            size_t size, struct error *err)
{
    char temporary[PATH_MAX];
    int fd = open_temporary(temporary, target, path, err);
    if (fd < 0)
        return -1;
    int failed = write_whole(fd, target, bytes, size) || replace(target->path, temporary, fd);
    if (failed)
        error_set(err, "%s: cannot write %zu bytes: %s", path, size, strerror(errno));
    if (failed && path_names(temporary, fd))
        unlink(temporary);
    if (close(fd) && !failed)
        failed = error_set(err, "%s: cannot close: %s", path, strerror(errno));
    if (!failed)
        sync_folder(target->path);
    return failed ? -1 : 0;
}

static int write_directly(const struct path_target *target, const char *path, const void *bytes,
                          size_t size, struct error *err)
{
    int own = target->descriptor;
    fflush(stdout);
    int fd = own >= 0 ? own : open(target->path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
    int failed = fd < 0 || write_all(fd, bytes, size);
    if (failed)
        error_set(err, "%s: cannot write: %s", path, strerror(errno));
    if (own < 0 && fd >= 0 && close(fd) && !failed)
        failed = error_set(err, "%s: cannot close: %s", path, strerror(errno));
    return failed ? -1 : 0;
}

int file_write(const char *path, const void *bytes, size_t size, struct error *err)
{
    struct path_target target;
    if (path_resolve(&target, path, err))
        return -1;
    return target.stream ? write_directly(&target, path, bytes, size, err)
                         : write_atomically(&target, path, bytes, size, err);
}

static int write_zeros(int fd, size_t size)
{
    static const uint8_t zeros[65536];
    int failed = 0;
    for (size_t part; size && !failed; size -= part) {
        part = size < sizeof zeros ? size : sizeof zeros;
        failed = write_all(fd, zeros, part);
    }
    return failed;
}

int file_write_check(const char *path, size_t size, struct error *err)
{
    struct path_target target;
    char temporary[PATH_MAX];
    if (path_resolve(&target, path, err))
        return -1;
    if (target.stream && target.descriptor < 0 && access(target.path, W_OK))
        return error_set(err, "%s: cannot write: %s", path, strerror(errno));
    if (target.stream)
        return 0;
    int fd = open_temporary(temporary, &target, path, err);
    if (fd < 0)
        return -1;
    int full = write_zeros(fd, size);
    if (full)
        error_set(err, "%s: no room for %zu bytes: %s", path, size, strerror(errno));
    int failed = unlink(temporary);
    if (failed)
        error_set(err, "%s: cannot be taken away again: %s", temporary, strerror(errno));
    close(fd);
    return full || failed ? -1 : 0;
}

/* Writes to PATH.saved, which nobody has yet. */
static int save_as(char saved[PATH_MAX], const char *path, const struct path_target *target,
                   const void *bytes, size_t size, struct error *err)
{
    int fd = -1;
    for (int n = 1; fd < 0; n++) {
        char number[16] = "";
        if (n > 1)
            snprintf(number, sizeof number, "-%d", n);
        if (snprintf(saved, PATH_MAX, "%s.saved%s", path, number) >= PATH_MAX)
            return error_set(err, "%s: the path is too long", path);
        fd = open(saved, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0 && errno != EEXIST)
            return error_set(err, "%s: cannot write: %s", saved, strerror(errno));
    }
    int failed = write_whole(fd, target, bytes, size);
    if (failed) {
        error_set(err, "%s: cannot write: %s", saved, strerror(errno));
        unlink(saved);
    }
    if (close(fd) && !failed)
        failed = error_set(err, "%s: cannot close: %s", saved, strerror(errno));
    if (!failed)
        sync_folder(saved);
    return failed ? -1 : 0;
}

int file_write_beside(char saved[PATH_MAX], const char *path, const void *bytes, size_t size,
                      struct error *err)
{
    struct path_target target;
    if (path_resolve(&target, path, err))
        snprintf(target.path, sizeof target.path, "%s", path);
    bool device = target.exists && S_ISCHR(target.info.st_mode);
    if (!device && !save_as(saved, target.path, &target, bytes, size, err))
        return 0;
    return save_as(saved, path_name(target.path), &target, bytes, size, err);
}
