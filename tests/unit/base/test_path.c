#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mnist/base/path.h"

#include "../test.h"

TEST(path_beside, "path: names beside a file")
{
    static const struct {
        const char *path, *wanted;
    } rows[] = {{"a", ".a.x"}, {"b/a", "b/.a.x"}, {"/a", "/.a.x"}, {"./b//a.b", "./b//.a.b.x"}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct error err = {""};
        char beside[PATH_MAX];
        test_case("%s", rows[i].path);
        check(!path_beside(beside, rows[i].path, "x", &err), "%s", err.text);
        check_string(beside, rows[i].wanted);
    }
}

TEST(path_folder, "path: the folder of a file")
{
    static const struct {
        const char *path, *wanted;
    } rows[] = {{"a", "."}, {"b/a", "b"}, {"/a", "/"}, {"./b//a.b", "./b/"}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        char folder[PATH_MAX];
        path_folder(folder, rows[i].path);
        check_string(folder, rows[i].wanted);
    }
}

TEST(path_resolve, "path: what a path leads to")
{
    struct path_target target;
    struct error err = {""};
    const char *file = test_path("path-file"), *link = test_path("path-link"),
               *pipe = test_path("path-pipe");
    char real[PATH_MAX];
    test_write(file, "x", 1);
    check(!symlink("path-file", link) && !mkfifo(pipe, 0600) && realpath(file, real),
          "cannot make them");
    check(!path_resolve(&target, link, &err), "%s", err.text);
    check_string(target.path, real);
    check(target.exists && !target.stream && target.info.st_size == 1, "not the file");
    check(!path_resolve(&target, pipe, &err) && target.stream && target.exists, "not a stream");
    check(!path_resolve(&target, "/dev/null", &err) && target.stream, "not a stream");
    check_int(target.descriptor, -1);
    check(!path_resolve(&target, test_path("path-none"), &err) && !target.exists, "none is there");
    static const char *const reserved[] = {".a.mnist-tmp", ".a.b.mnist-lock", "..mnist-tmp"};
    for (size_t i = 0; i < COUNT(reserved); i++)
        check_refused(path_resolve(&target, reserved[i], &err), &err, "unfinished", reserved[i]);
    static const char *const free[] = {"a.mnist-tmp", ".mnist-tmp", ".a.mnist-tmp.b", ".a.tmp"};
    for (size_t i = 0; i < COUNT(free); i++)
        check(!path_resolve(&target, free[i], &err), "%s", err.text);
}

/* What cannot be looked at is not taken for nothing: there may be a file. */
TEST(path_hidden, "path: only what is not there is not there")
{
    struct path_target target;
    struct error err = {""};
    const char *file = test_path("path-file"), *loop = test_path("path-loop");
    test_write(file, "x", 1);
    check(!symlink("path-loop", loop), "cannot make a link");
    check_refused(path_resolve(&target, loop, &err), &err, "cannot write", "a loop of links");
    check_refused(path_resolve(&target, test_path("path-file/x"), &err), &err, "cannot write",
                  "a file as a folder");
}

TEST(path_same, "path: the same file by two names")
{
    const char *file = test_path("path-same-file"), *aim = test_path("aim"),
               *hard = test_path("path-same-hard");
    const char *other = test_path("path-same-other"), *pipe = test_path("path-same-pipe");
    test_write(file, "x", 1);
    test_write(other, "x", 1);
    check(!symlink("path-same-file", aim) && !link(file, hard) && !mkfifo(pipe, 0600),
          "cannot make them");
    check(path_same(file, aim) && path_same(file, hard) &&
              path_same(file, test_path("./path-same-file")),
          "one file");
    check(path_same("none", "./none"), "one file that is not there");
    check(!path_same(file, other) && !path_same(file, "none"), "two files");
    check(!path_same(pipe, pipe) && !path_same("/dev/null", "/dev/null"), "streams");
}

/* Another process may replace the file between two looks at it. */
TEST(path_same_replaced, "path: the same file while it is replaced")
{
    const char *file = test_path("path-replaced"), *next = test_path("path-next");
    int told = 0;
    test_write(file, "old", 3);
    pid_t other = fork();
    for (int i = 0; i < 20000 && other == 0; i++) {
        test_write(next, "new", 3);
        rename(next, file);
    }
    if (other == 0)
        _exit(0);
    for (int i = 0; i < 5000; i++)
        told += path_same(file, file);
    check_int(told, 5000);
    kill(other, SIGKILL);
    waitpid(other, NULL, 0);
}
