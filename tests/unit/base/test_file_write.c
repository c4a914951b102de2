#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mnist/base/file_read.h"
#include "mnist/base/file_write.h"

#include "../files.h"
#include "../test.h"

static bool exists(const char *path)
{
    struct stat info;
    return !lstat(path, &info);
}

static void check_no_temporary(const char *path)
{
    char temporary[300];
    snprintf(temporary, sizeof temporary, "%s.tmp", path);
    check(!exists(temporary), "%s was left behind", temporary);
}

TEST(file_write, "file: writes and replaces")
{
    struct error err = {""};
    struct stat info;
    const char *path = test_path("written");
    int descriptor = next_descriptor();
    mode_t before = umask(027);
    check(!file_write(path, "first, a long one", 17, &err), "%s", err.text);
    umask(before);
    check_content(path, "first, a long one", 17);
    if (check(!stat(path, &info), "no %s", path))
        check((info.st_mode & 0777) == 0640, "mode 0%o under umask 027, wanted 0640",
              (unsigned)info.st_mode & 0777);
    check(!file_write(path, "second", 6, &err), "%s", err.text);
    check_content(path, "second", 6);
    check(!file_write(path, "", 0, &err), "%s", err.text);
    check_content(path, "", 0);
    check_no_temporary(path);
    check(next_descriptor() == descriptor, "a descriptor was left open");
}

TEST(file_write_relative, "file: writes to a relative path")
{
    char folder[PATH_MAX];
    struct error err = {""};
    if (!check(getcwd(folder, sizeof folder) && !chdir(test_path("")), "cannot change folder"))
        return;
    int failed = file_write("relative", "here", 4, &err);
    int check_failed = file_write_check("relative", &err);
    check(!chdir(folder), "cannot go back to %s", folder);
    check(!failed && !check_failed, "%s", err.text);
    check_content(test_path("relative"), "here", 4);
}

/* A killed run leaves its temporary file behind. None of it may remain, even if it is longer. */
TEST(file_write_stale_temporary, "file: uses up a stale temporary file")
{
    struct error err = {""};
    const char *path = test_path("stale");
    test_write(test_path("stale.tmp"), "what a killed run left behind", 29);
    check(!file_write(path, "new", 3, &err), "%s", err.text);
    check_content(path, "new", 3);
    check_no_temporary(path);
}

TEST(file_write_symlink, "file: writes through a symbolic link")
{
    struct error err = {""};
    struct stat info;
    const char *link = test_path("link"), *dangling = test_path("dangling");
    const char *aimed = test_path("aimed.tmp"), *target = test_path("target");
    test_write(target, "old", 3);
    check(!symlink("target", link) && !symlink("nowhere", dangling), "cannot make links");
    check(!file_write_check(link, &err), "%s", err.text);
    check(!file_write(link, "through", 7, &err), "%s", err.text);
    check(!lstat(link, &info) && S_ISLNK(info.st_mode), "the link is a link no more");
    check_content(target, "through", 7);
    check_no_temporary(link);
    check_no_temporary(target);
    check_refused(file_write(dangling, "x", 1, &err), &err, "leads nowhere", "a dangling link");
    check_refused(file_write_check(dangling, &err), &err, "leads nowhere", "asked before");
    int ends[2];
    char proc[64], got[8];
    check(!pipe(ends), "cannot make a pipe");
    snprintf(proc, sizeof proc, "/proc/self/fd/%d", ends[1]);
    if (!access(proc, F_OK)) { /* a link to something without a path */
        check(!file_write_check(proc, &err) && !file_write(proc, "piped", 5, &err), "%s", err.text);
        check(read(ends[0], got, sizeof got) == 5 && !memcmp(got, "piped", 5), "not in the pipe");
    }
    close(ends[0]);
    close(ends[1]);
    /* A link planted under the temporary's name must not aim the write elsewhere. */
    check(!symlink("target", aimed), "cannot make a link");
    check_refused(file_write(test_path("aimed"), "x", 1, &err), &err, "cannot write",
                  "a link in the temporary's place");
    check_content(target, "through", 7);
    unlink(aimed);
}

TEST(file_write_refused, "file: refuses what cannot be written")
{
    static char deep[PATH_MAX + 10];
    memset(deep, 'd', sizeof deep - 1);
    const struct {
        const char *path, *wanted;
    } rows[] = {
        {test_path("no/such"), "cannot write"},
        {test_path(""), "is a folder"},
        {"", ""},
        {deep, "too long"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct error err = {""};
        check_refused(file_write(rows[i].path, "x", 1, &err), &err, rows[i].wanted, "file_write");
        check_refused(file_write_check(rows[i].path, &err), &err, i ? rows[i].wanted : "folder",
                      "file_write_check");
    }
    check(!exists(".tmp"), ".tmp was left behind");
}

/* For root, the test makes its own null device: a file_write that goes wrong must not replace the
 * system's, which other users cannot harm. NULL if root may not make devices. */
static const char *null_device(void)
{
    const char *path = test_path("null");
    struct stat info;
    if (geteuid())
        return "/dev/null";
    if (stat("/dev/null", &info) || mknod(path, S_IFCHR | 0666, info.st_rdev))
        return NULL;
    return path;
}

TEST(file_write_device, "file: writes to a device")
{
    struct error err = {""};
    struct stat info;
    const char *path = null_device();
    /* Some file systems let a device be made but not opened. */
    if (!path || access(path, W_OK))
        skip("file: writes to a device: cannot make one to try");
    check(!file_write_check(path, &err), "%s", err.text);
    check(!file_write(path, "x", 1, &err), "%s", err.text);
    check(!stat(path, &info) && S_ISCHR(info.st_mode), "%s is no device any more", path);
    check_no_temporary(path);
}

TEST(file_write_pipe, "file: writes to a pipe")
{
    struct error err = {""};
    struct stat info;
    char bytes[16] = "";
    const char *path = test_path("pipe");
    check(!mkfifo(path, 0600), "cannot make a pipe");
    int fd = open(path, O_RDWR | O_NONBLOCK);
    check(!file_write_check(path, &err), "%s", err.text);
    check(!file_write(path, "through", 7, &err), "%s", err.text);
    check(read(fd, bytes, sizeof bytes) == 7 && !strcmp(bytes, "through"), "read \"%s\"", bytes);
    check(!stat(path, &info) && S_ISFIFO(info.st_mode), "the pipe is no pipe any more");
    check_no_temporary(path);
    close(fd);
}

/* A limit on file sizes acts as a full disk. */
TEST(file_write_fails_half_way, "file: a failure half way leaves the earlier file")
{
    static uint8_t bytes[100000];
    struct error err = {""};
    struct rlimit before, small;
    const char *path = test_path("full"), *fresh = test_path("fresh");
    int descriptor = next_descriptor();
    test_write(path, "earlier", 7);
    getrlimit(RLIMIT_FSIZE, &before);
    small = before;
    small.rlim_cur = 4096;
    struct sigaction ignore = {.sa_handler = SIG_IGN}, handler;
    sigaction(SIGXFSZ, &ignore, &handler);
    setrlimit(RLIMIT_FSIZE, &small);
    int result = file_write(path, bytes, sizeof bytes, &err);
    struct error fresh_err = {""};
    int fresh_result = file_write(fresh, bytes, sizeof bytes, &fresh_err);
    setrlimit(RLIMIT_FSIZE, &before);
    sigaction(SIGXFSZ, &handler, NULL);
    check_refused(result, &err, "cannot write 100000 bytes", "replacing");
    check_refused(fresh_result, &fresh_err, strerror(EFBIG), "creating");
    check_content(path, "earlier", 7);
    check(!exists(fresh), "%s exists after a failure", fresh);
    check_no_temporary(path);
    check_no_temporary(fresh);
    check(next_descriptor() == descriptor, "a descriptor was left open");
}

/* Locks belong to a process, so the other writer is a child; it says when it holds the lock and
 * ends when its input does. */
static pid_t lock_in_child(const char *path, int *release)
{
    int ready[2], end[2];
    char byte = 0;
    if (pipe(ready) || pipe(end))
        return -1;
    pid_t child = fork();
    if (child == 0) {
        struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        int fd = open(path, O_RDWR | O_CREAT, 0666);
        close(end[1]);
        byte = fd >= 0 && !fcntl(fd, F_SETLK, &lock) ? 'y' : 'n';
        if (write(ready[1], &byte, 1) == 1)
            (void)!read(end[0], &byte, 1);
        _exit(0);
    }
    close(ready[1]);
    close(end[0]);
    bool held = child > 0 && read(ready[0], &byte, 1) == 1 && byte == 'y';
    close(ready[0]);
    *release = end[1];
    return held ? child : -1;
}

TEST(file_write_locked, "file: a second writer is refused")
{
    struct error err = {""};
    int release = -1;
    const char *path = test_path("shared"), *temporary = test_path("shared.tmp");
    test_write(path, "earlier", 7);
    pid_t child = lock_in_child(temporary, &release);
    if (!check(child > 0, "cannot lock in a child"))
        return;
    check_refused(file_write(path, "mine", 4, &err), &err, "another run is writing", "second");
    check_content(path, "earlier", 7);
    check(exists(temporary), "the other writer's file was taken away");
    close(release);
    waitpid(child, NULL, 0);
    check(!file_write(path, "mine", 4, &err), "%s", err.text);
    check_content(path, "mine", 4);
    check_no_temporary(path);
}

/* In a child without root's rights: what both functions return for a file in a folder of `mode`. */
static int write_unprivileged(const char *folder, mode_t mode, const char *path)
{
    int status = 0;
    check(!chmod(test_path(""), 0711) && !chmod(folder, mode), "cannot set modes");
    pid_t child = fork();
    if (child == 0) {
        struct error err = {""};
        if (geteuid() == 0 && (setgid(65534) || setuid(65534)))
            _exit(77);
        int asked = file_write_check(path, &err) != 0, done = file_write(path, "new", 3, &err) != 0;
        _exit(asked << 1 | done);
    }
    waitpid(child, &status, 0);
    check(!chmod(folder, 0777), "cannot set modes");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 99;
}

TEST(file_write_permissions, "file: permissions of the folder")
{
    const char *folder = test_path("folder"), *path = test_path("folder/file");
    const char *open_folder = test_path("open"), *link = test_path("open/link");
    check(!mkdir(folder, 0777) && !mkdir(open_folder, 0777) && !chmod(open_folder, 0777) &&
              !symlink("../folder/file", link),
          "cannot make folders and a link");
    test_write(path, "old", 3);
    int result = write_unprivileged(folder, 0555, path);
    if (result == 77)
        skip("file: permissions: cannot give up root's rights");
    check(result == 3, "in a read-only folder: refused by %d, wanted 3 (both)", result);
    result = write_unprivileged(folder, 0555, link);
    check(result == 3, "through a link into it: refused by %d, wanted 3 (both)", result);
    check_content(path, "old", 3);
    /* A rename needs only write and search permission. */
    result = write_unprivileged(folder, 0333, path);
    struct file file = {0};
    struct error err = {""};
    check(!file_read(&file, path, 10, &err), "%s", err.text);
    bool replaced = file.size == 3 && !memcmp(file.bytes, "new", 3);
    file_read_free(&file);
    check(result == (replaced ? 0 : 3), "in a folder that cannot be listed: refused by %d, yet %s",
          result, replaced ? "replaced" : "not replaced");
}

TEST(file_write_check, "file: check_writable")
{
    struct error err = {""};
    const char *path = test_path("asked"), *old = test_path("asked-old");
    test_write(old, "old", 3);
    check(!file_write_check(path, &err), "%s", err.text);
    check(!exists(path), "asking made the file");
    check_no_temporary(path);
    check(!file_write_check(old, &err), "%s", err.text);
    check_content(old, "old", 3);
    check_refused(file_write_check("", &err), &err, "empty path", "an empty path");
}
