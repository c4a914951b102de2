/* Loaded before the C library (LD_PRELOAD): fsync of a file fails with the errno SYNC_FILE, that of
 * a folder with SYNC_FOLDER, rename with RENAME, and asking for a lock with LOCK: numbers in the
 * environment. What HIDDEN names may not be looked at. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool fails(const char *name)
{
    const char *number = getenv(name);
    if (number)
        errno = atoi(number);
    return number != NULL;
}

int fsync(int fd)
{
    struct stat info;
    bool folder = !fstat(fd, &info) && S_ISDIR(info.st_mode);
    return fails(folder ? "SYNC_FOLDER" : "SYNC_FILE") ? -1 : 0;
}

int rename(const char *from, const char *to)
{
    return fails("RENAME") ? -1 : renameat(AT_FDCWD, from, AT_FDCWD, to);
}

int stat(const char *restrict path, struct stat *restrict info)
{
    const char *hidden = getenv("HIDDEN");
    if (!hidden || strcmp(path, hidden) != 0)
        return fstatat(AT_FDCWD, path, info, 0);
    errno = EACCES;
    return -1;
}

/* Every argument that is asked for here is a number or a pointer. */
int fcntl(int fd, int command, ...)
{
    va_list args;
    va_start(args, command);
    void *argument = va_arg(args, void *);
    va_end(args);
    if (command == F_SETLK && fails("LOCK"))
        return -1;
    return (int)syscall(SYS_fcntl, fd, command, argument);
}
