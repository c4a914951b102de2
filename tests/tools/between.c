/* Loaded before the C library (LD_PRELOAD): lets other programs come between any two steps that the
 * program takes with files.
 *
 * BETWEEN=SEED,N,SIGNAL,CALL: before each step the program may sleep some milliseconds, at random
 * from SEED (0: never), and before CALL most often and longest (fcntl: until nobody has the lock);
 * a large write is done in halves; before step N it sends itself SIGNAL (N 0: never).
 * TRACE=FILE: appends "PID said" whenever it flushes stdout, and "PID renames PATH". */
#define _GNU_SOURCE /* RTLD_NEXT */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* The C library's function of that name. */
#define REAL(name) ((__typeof__(name) *)dlsym(RTLD_NEXT, #name))

static uint32_t seed;
static int last_step, last_signal;
static char slow_call[16];

__attribute__((constructor)) static void begin(void)
{
    const char *settings = getenv("BETWEEN");
    if (settings)
        sscanf(settings, "%u,%d,%d,%15s", &seed, &last_step, &last_signal, slow_call);
}

static uint32_t mix(uint32_t x)
{
    x = (x ^ x >> 16) * 0x7feb352d;
    x = (x ^ x >> 15) * 0x846ca68b;
    return x ^ x >> 16;
}

static void step(const char *call)
{
    static atomic_int steps;
    int before = errno, n = atomic_fetch_add(&steps, 1) + 1;
    uint32_t random = mix(seed + (uint32_t)n), slow = !strcmp(call, slow_call);
    if (n == last_step)
        kill(getpid(), last_signal);
    if (seed && (slow || random % 8 == 0)) {
        const struct timespec pause = {.tv_nsec = (long)(random / 8 % (slow ? 8000000 : 2000000))};
        nanosleep(&pause, NULL);
    }
    errno = before;
}

/* One write to a file that appends: the lines of all programs are in the order of what happened. */
static void trace(const char *what, const char *path)
{
    const char *file = getenv("TRACE");
    char line[PATH_MAX + 64];
    int before = errno;
    if (!file)
        return;
    int length = snprintf(line, sizeof line, "%d %s %s\n", (int)getpid(), what, path);
    int fd = (int)syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (fd < 0 || syscall(SYS_write, fd, line, length) != length)
        abort();
    syscall(SYS_close, fd);
    errno = before;
}

int open(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
    va_end(args);
    step("open");
    return REAL(open)(path, flags, mode);
}

/* Waits until nobody has the lock, for a while: then its file may have lost its name. */
static void wait_for_lock(int fd)
{
    const struct timespec pause = {.tv_nsec = 500000};
    for (int waited = 0; waited < 400; waited++) {
        struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        if (REAL(fcntl)(fd, F_GETLK, &lock) || lock.l_type == F_UNLCK)
            return;
        nanosleep(&pause, NULL);
    }
}

int fcntl(int fd, int command, ...)
{
    va_list args;
    va_start(args, command);
    void *argument = va_arg(args, void *);
    va_end(args);
    step("fcntl");
    if (seed && command == F_SETLK && !strcmp(slow_call, "fcntl"))
        wait_for_lock(fd);
    return REAL(fcntl)(fd, command, argument);
}

ssize_t write(int fd, const void *bytes, size_t size)
{
    step("write");
    return REAL(write)(fd, bytes, size > 4096 ? size / 2 : size);
}

int rename(const char *from, const char *to)
{
    step("rename");
    trace("renames", to);
    return REAL(rename)(from, to);
}

int fflush(FILE *file)
{
    step("fflush");
    if (file == stdout)
        trace("said", "");
    return REAL(fflush)(file);
}

int close(int fd)
{
    step("close");
    return REAL(close)(fd);
}

int unlink(const char *path)
{
    step("unlink");
    return REAL(unlink)(path);
}

int fsync(int fd)
{
    step("fsync");
    return REAL(fsync)(fd);
}

int ftruncate(int fd, off_t size)
{
    step("ftruncate");
    return REAL(ftruncate)(fd, size);
}

int lstat(const char *path, struct stat *info)
{
    step("lstat");
    return REAL(lstat)(path, info);
}

int stat(const char *path, struct stat *info)
{
    step("stat");
    return REAL(stat)(path, info);
}
