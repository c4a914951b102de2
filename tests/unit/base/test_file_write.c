#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mnist/base/file_read.h"
#include "mnist/base/file_write.h"
#include "mnist/base/path.h"

#include "../files.h"
#include "../test.h"

static bool exists(const char *path)
{
    struct stat info;
    return !lstat(path, &info);
}

/* The name of the temporary file, which a caller must use before it asks for the next. */
static const char *temporary_of(const char *path)
{
    static char temporary[PATH_MAX];
    struct error err = {""};
    check(!path_beside(temporary, path, PATH_TEMPORARY, &err), "%s", err.text);
    return temporary;
}

static void check_no_temporary(const char *path)
{
    check(!exists(temporary_of(path)), "%s was left behind", temporary_of(path));
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
    int check_failed = file_write_check("relative", 0, &err);
    check(!chdir(folder), "cannot go back to %s", folder);
    check(!failed && !check_failed, "%s", err.text);
    check_content(test_path("relative"), "here", 4);
}

/* A killed run leaves its temporary file behind. None of it may remain, even if it is longer. */
TEST(file_write_leftover, "file: takes a leftover away")
{
    struct error err = {""};
    const char *path = test_path("stale");
    for (int asked = 0; asked < 2; asked++) {
        test_write(temporary_of(path), "what a killed run left behind", 29);
        check(!(asked ? file_write_check(path, 0, &err) : file_write(path, "new", 3, &err)), "%s",
              err.text);
        check_content(path, "new", 3);
        check_no_temporary(path);
    }
}

/* Root gives its temporary file to the owner of the earlier one, and may be killed then. */
TEST(file_write_leftover_owner, "file: takes a leftover of the file's owner away")
{
    struct error err = {""};
    const char *path = test_path("theirs");
    if (geteuid())
        skip("file: a leftover with another owner: only root can try");
    test_write(path, "old", 3);
    test_write(temporary_of(path), "left", 4);
    check(!chown(temporary_of(path), 65534, 65534), "cannot give a file away");
    check_refused(file_write(path, "new", 3, &err), &err, "belongs to another user",
                  "a stranger's");
    check(!chown(path, 65534, 65534), "cannot give a file away");
    check(!file_write_check(path, 0, &err), "%s", err.text);
    test_write(temporary_of(path), "left", 4);
    check(!chown(temporary_of(path), 65534, 65534), "cannot give a file away");
    check(!file_write(path, "new", 3, &err), "%s", err.text);
    check_content(path, "new", 3);
    check_no_temporary(path);
}

/* What is there and is no leftover is somebody's: it stays, whatever it is, and nothing is written
 * through it. */
TEST(file_write_in_the_way, "file: refuses what is in the way of the temporary file")
{
    const char *path = test_path("wanted"), *mine = test_path("mine");
    static const char *const kinds[] = {"a link", "a hard link", "a folder", "a pipe"};
    test_write(mine, "mine", 4);
    test_write(path, "old", 3);
    for (size_t i = 0; i < COUNT(kinds); i++) {
        struct error err = {""};
        struct stat before, after;
        const char *at = temporary_of(path);
        int failed = i == 0   ? symlink("mine", at)
                     : i == 1 ? link(mine, at)
                     : i == 2 ? mkdir(at, 0777)
                              : mkfifo(at, 0666);
        check(!failed && !lstat(at, &before), "cannot make %s", kinds[i]);
        check_refused(file_write(path, "new", 3, &err), &err, "move it away", kinds[i]);
        check_refused(file_write_check(path, 0, &err), &err, "move it away", kinds[i]);
        check(!lstat(at, &after) && after.st_ino == before.st_ino, "%s was taken away", kinds[i]);
        check_content(path, "old", 3);
        check_content(mine, "mine", 4);
        remove(at);
    }
}

/* A file keeps its mode when it is replaced; nobody may see more of it meanwhile. */
TEST(file_write_mode, "file: the mode is kept")
{
    static const mode_t modes[] = {0600, 0644, 0660, 0666, 0200, 0755};
    const char *path = test_path("moded");
    mode_t before = umask(022);
    for (size_t i = 0; i < COUNT(modes); i++) {
        struct error err = {""};
        struct stat info = {0};
        test_write(path, "old", 3);
        check(!chmod(path, modes[i]), "cannot set a mode");
        check(!file_write(path, "new", 3, &err), "%s", err.text);
        check(!stat(path, &info) && (info.st_mode & 07777) == modes[i], "mode 0%o became 0%o",
              (unsigned)modes[i], (unsigned)info.st_mode & 07777);
        check(!chmod(path, 0600), "cannot set a mode");
    }
    umask(before);
}

TEST(file_write_owner, "file: the owner is kept where that is allowed")
{
    struct error err = {""};
    struct stat info = {0};
    const char *path = test_path("owned");
    if (geteuid())
        skip("file: the owner is kept: only root can try");
    test_write(path, "old", 3);
    check(!chown(path, 65534, 65533) && !chmod(path, 0640), "cannot give a file away");
    check(!file_write(path, "new", 3, &err), "%s", err.text);
    check(!stat(path, &info), "no %s", path);
    check_int((int)info.st_uid, 65534);
    check_int((int)info.st_gid, 65533);
    check_int((int)(info.st_mode & 07777), 0640);
}

TEST(file_write_read_only, "file: a file that nobody may write is not replaced")
{
    static const mode_t modes[] = {0444, 0440, 0400, 0000, 0555};
    const char *path = test_path("kept"), *link = test_path("kept-link");
    check(!symlink("kept", link), "cannot make a link");
    for (size_t i = 0; i < COUNT(modes); i++) {
        struct error err = {""};
        struct stat info = {0};
        test_write(path, "old", 3);
        check(!chmod(path, modes[i]), "cannot set a mode");
        check_refused(file_write(path, "new", 3, &err), &err, "is read-only", "file_write");
        check_refused(file_write_check(path, 0, &err), &err, "is read-only", "file_write_check");
        check_refused(file_write_check(link, 0, &err), &err, "is read-only", "by a link");
        check(!stat(path, &info) && (info.st_mode & 07777) == modes[i], "the mode has changed");
        check(!chmod(path, 0600), "cannot set a mode");
        check_content(path, "old", 3);
    }
}

/* What cannot be replaced is saved beside it, and nothing that was saved so is replaced. */
TEST(file_write_beside, "file: saves beside what cannot be replaced")
{
    struct error err = {""};
    struct stat info = {0};
    char saved[PATH_MAX];
    const char *path = test_path("place"), *link = test_path("place-link");
    test_write(path, "old", 3);
    check(!chmod(path, 0600) && !symlink("place", link), "cannot set a mode");
    check(!file_write_beside(saved, path, "one", 3, &err), "%s", err.text);
    check_string(saved, test_path("place.saved"));
    check(!stat(saved, &info) && (info.st_mode & 07777) == 0600, "mode 0%o",
          (unsigned)info.st_mode & 07777);
    char target[PATH_MAX];
    check(realpath(test_path("place"), target) != NULL, "no path");
    check(!file_write_beside(saved, link, "two", 3, &err), "%s", err.text);
    strncat(target, ".saved-2", sizeof target - strlen(target) - 1);
    check_string(saved, target);
    check(!remove(path) && !mkdir(path, 0777), "cannot make a folder");
    check_refused(file_write(path, "x", 1, &err), &err, "is a folder", "a folder since");
    check(!file_write_beside(saved, path, "three", 5, &err), "%s", err.text);
    check_string(saved, test_path("place.saved-3"));
    check_content(test_path("place.saved"), "one", 3);
    check_content(test_path("place.saved-2"), "two", 3);
    check_content(test_path("place.saved-3"), "three", 5);
    check_content(path = test_path("place.saved"), "one", 3);
    char folder[PATH_MAX]; /* where it is saved when its own folder is gone */
    check(getcwd(folder, sizeof folder) && !chdir(test_path("")), "cannot change folder");
    check(!file_write_beside(saved, "no/such/place", "four", 4, &err), "%s", err.text);
    check_string(saved, "place.saved-4");
    check(!chdir(folder), "cannot go back to %s", folder);
    check_content(test_path("place.saved-4"), "four", 4);
}

/* stdout may be a file that the same line names: it is written where stdout is, and stays that
 * file. */
TEST(file_write_stdout, "file: our own stdout is written through its descriptor")
{
    const char *path = test_path("said");
    int status = -1;
    pid_t child = fork();
    if (child == 0) {
        struct error err;
        struct stat before, after;
        bool good = freopen(path, "w", stdout) && printf("first\n") == 6;
        good = good && !fstat(STDOUT_FILENO, &before) && !file_write_check(path, 0, &err) &&
               !file_write(path, "second\n", 7, &err) && printf("third\n") == 6;
        good = good && !fflush(stdout) && !stat(path, &after) && before.st_ino == after.st_ino;
        _exit(good ? 0 : 1);
    }
    waitpid(child, &status, 0);
    check_int(status, 0);
    check_content(path, "first\nsecond\nthird\n", 19);
}

TEST(file_write_symlink, "file: writes through a symbolic link")
{
    struct error err = {""};
    struct stat info;
    const char *link = test_path("link"), *dangling = test_path("dangling");
    const char *target = test_path("target");
    test_write(target, "old", 3);
    check(!symlink("target", link) && !symlink("nowhere", dangling), "cannot make links");
    check(!file_write_check(link, 0, &err), "%s", err.text);
    check(!file_write(link, "through", 7, &err), "%s", err.text);
    check(!lstat(link, &info) && S_ISLNK(info.st_mode), "the link is a link no more");
    check_content(target, "through", 7);
    check_no_temporary(link);
    check_no_temporary(target);
    check_refused(file_write(dangling, "x", 1, &err), &err, "leads nowhere", "a dangling link");
    check_refused(file_write_check(dangling, 0, &err), &err, "leads nowhere", "asked before");
    int ends[2];
    char proc[64], got[8];
    check(!pipe(ends), "cannot make a pipe");
    snprintf(proc, sizeof proc, "/proc/self/fd/%d", ends[1]);
    if (!access(proc, F_OK)) { /* a link to something without a path */
        check(!file_write_check(proc, 0, &err) && !file_write(proc, "piped", 5, &err), "%s",
              err.text);
        check(read(ends[0], got, sizeof got) == 5 && !memcmp(got, "piped", 5), "not in the pipe");
    }
    close(ends[0]);
    close(ends[1]);
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
        check_refused(file_write_check(rows[i].path, 0, &err), &err, i ? rows[i].wanted : "folder",
                      "file_write_check");
    }
    check_no_temporary("");
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
    check(!file_write_check(path, 0, &err), "%s", err.text);
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
    check(!file_write_check(path, 0, &err), "%s", err.text);
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

/* Nobody takes a file away that is being written. */
TEST(file_write_locked, "file: a second writer waits for the first")
{
    struct error err = {""};
    int release = -1, status = -1;
    char temporary[PATH_MAX];
    const char *path = test_path("shared");
    snprintf(temporary, sizeof temporary, "%s", temporary_of(path));
    test_write(path, "earlier", 7);
    pid_t holder = lock_in_child(temporary, &release);
    if (!check(holder > 0, "cannot lock in a child"))
        return;
    pid_t waiting = fork();
    if (waiting == 0) {
        close(release); /* or the holder would not end */
        _exit(file_write(path, "mine", 4, &err) ? 1 : 0);
    }
    usleep(100000);
    check(!waitpid(waiting, &status, WNOHANG), "the second writer did not wait");
    check_content(path, "earlier", 7);
    check(exists(temporary), "the other writer's file was taken away");
    close(release);
    waitpid(holder, NULL, 0);
    waitpid(waiting, &status, 0);
    check_int(status, 0);
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
        int asked = file_write_check(path, 0, &err) != 0,
            done = file_write(path, "new", 3, &err) != 0;
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
    check(!file_read(&file, path, 10, NULL, &err), "%s", err.text);
    bool replaced = file.size == 3 && !memcmp(file.bytes, "new", 3);
    file_read_free(&file);
    check(result == (replaced ? 0 : 3), "in a folder that cannot be listed: refused by %d, yet %s",
          result, replaced ? "replaced" : "not replaced");
}

/* In a sticky folder, such as /tmp, only its owner and a file's may replace the file. */
TEST(file_write_sticky, "file: another user's file in a sticky folder")
{
    const char *folder = test_path("sticky"), *path = test_path("sticky/file");
    if (geteuid())
        skip("file: a sticky folder: only root can try");
    check(!mkdir(folder, 0777) && !chmod(folder, 01777), "cannot make a folder");
    test_write(path, "old", 3);
    check(!chmod(path, 0666), "cannot set a mode");
    check_int(write_unprivileged(folder, 01777, path), 3);
    check_content(path, "old", 3);
    check(!chown(path, 65534, 65534), "cannot give a file away");
    check_int(write_unprivileged(folder, 01777, path), 0);
    check_content(path, "new", 3);
    /* Another user's leftover cannot be taken away, and may be no leftover. */
    test_write(temporary_of(path), "theirs", 6);
    check_int(write_unprivileged(folder, 0777, path), 3);
    check_content(temporary_of(path), "theirs", 6);
    remove(temporary_of(path));
}

TEST(file_write_check, "file: check_writable")
{
    struct error err = {""};
    const char *path = test_path("asked"), *old = test_path("asked-old");
    test_write(old, "old", 3);
    check(!file_write_check(path, 0, &err), "%s", err.text);
    check(!exists(path), "asking made the file");
    check_no_temporary(path);
    check(!file_write_check(old, 0, &err), "%s", err.text);
    check_content(old, "old", 3);
    check_refused(file_write_check("", 0, &err), &err, "empty path", "an empty path");
}
