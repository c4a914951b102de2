#include "mnist/base/claim.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "mnist/base/path.h"

enum claim_lock claim_lock(int fd, int *holder)
{
    for (;;) {
        struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        if (!fcntl(fd, F_SETLK, &lock))
            return CLAIM_GRANTED;
        if (errno != EACCES && errno != EAGAIN)
            return CLAIM_IMPOSSIBLE;
        if (fcntl(fd, F_GETLK, &lock))
            return CLAIM_IMPOSSIBLE;
        *holder =
            lock.l_pid > 0 ? (int)lock.l_pid : 0; /* in a container it may be no number here */
        if (lock.l_type != F_UNLCK)
            return CLAIM_HELD;
    }
}

int claim_refuse(const char *path, int holder, struct error *err)
{
    const char advice[] = "wait for its end, or name another file";
    if (!holder)
        return error_set(err, "%s: another process is writing it: %s", path, advice);
    return error_set(err, "%s: process %d is writing it: %s", path, holder, advice);
}

/* Opens the lock file for a claim on `path`; -1 with err filled. If it is there, it has to be one
 * of ours: those are plain and empty. */
static int open_lock_file(const char *lock, const char *path, struct error *err)
{
    const int flags = O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    char folder[PATH_MAX];
    struct stat info;
    int fd;
    do {
        fd = open(lock, flags);
        if (fd < 0 && errno == ENOENT)
            fd = open(lock, flags | O_CREAT | O_EXCL, 0666);
    } while (fd < 0 && errno == EEXIST);
    if (fd >= 0 && !fstat(fd, &info) && S_ISREG(info.st_mode) && info.st_size == 0)
        return fd;
    int reason = errno;
    if (fd >= 0)
        close(fd);
    else if (reason == EACCES && !access(lock, F_OK))
        return error_set(err, "%s: another user's: remove it if no run of theirs goes on", lock);
    else if (reason != ELOOP && reason != EISDIR && reason != ENXIO) {
        path_folder(folder, path);
        return error_set(err, "%s: cannot write in folder %s: %s", path, folder, strerror(reason));
    }
    return error_set(err, "%s: not a lock of ours, and in its place: move it away", lock);
}

int claim_take(struct claim *claim, const char *path, struct error *err)
{
    struct path_target target;
    int holder;
    *claim = (struct claim){.fd = -1};
    if (path_resolve(&target, path, err))
        return -1;
    if (target.stream)
        return 0;
    if (path_beside(claim->path, target.path, PATH_LOCK, err))
        return -1;
    /* A lock file that was unlinked before the lock was granted is no claim any more. */
    do {
        if (claim->fd >= 0)
            close(claim->fd);
        claim->fd = open_lock_file(claim->path, path, err);
        if (claim->fd < 0)
            break;
        if (claim_lock(claim->fd, &holder) == CLAIM_HELD) {
            close(claim->fd);
            claim->fd = claim_refuse(path, holder, err);
            break;
        }
    } while (!path_names(claim->path, claim->fd));
    if (claim->fd < 0)
        claim->path[0] = '\0';
    return claim->fd < 0 ? -1 : 0;
}

void claim_release(struct claim *claim)
{
    if (!claim->path[0])
        return;
    if (path_names(claim->path, claim->fd))
        unlink(claim->path);
    close(claim->fd);
    *claim = (struct claim){.fd = -1};
}
