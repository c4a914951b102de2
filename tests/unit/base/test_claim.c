/* POSIX locks belong to a process, so whoever contends is a child. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mnist/base/claim.h"

#include "../files.h"
#include "../test.h"

/* What a child gets for the same path: 0 the claim, 1 a refusal that names `holder`, 2 another. */
static int contend(const char *path, int holder)
{
    int status = -1;
    pid_t child = fork();
    if (child == 0) {
        struct claim claim;
        struct error err = {""};
        char wanted[64];
        snprintf(wanted, sizeof wanted, "process %d is writing it", holder);
        int failed = claim_take(&claim, path, &err);
        if (!failed)
            claim_release(&claim);
        _exit(!failed ? 0 : strstr(err.text, wanted) ? 1 : 2);
    }
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 99;
}

TEST(claim, "claim: one process has it, and then another may")
{
    struct claim claim;
    struct error err = {""};
    int descriptor = next_descriptor();
    const char *path = test_path("claimed"), *link = test_path("claimed-link");
    check(!symlink("claimed", link), "cannot make a link");
    test_write(path, "x", 1);
    check(!claim_take(&claim, link, &err), "%s", err.text);
    check(!access(test_path(".claimed.mnist-lock"), F_OK), "no lock file");
    check_int(contend(path, (int)getpid()), 1);
    check(!remove(path), "cannot remove it"); /* what is claimed need not be there */
    check_int(contend(path, (int)getpid()), 1);
    claim_release(&claim);
    check(access(test_path(".claimed.mnist-lock"), F_OK), "the lock file was left");
    check_int(contend(path, (int)getpid()), 0);
    check(access(test_path(".claimed.mnist-lock"), F_OK), "the lock file was left");
    claim_release(&claim);
    check_int(next_descriptor(), descriptor);
}

TEST(claim_leftover, "claim: a leftover is taken over, and what is none stays")
{
    struct claim claim;
    struct error err = {""};
    const char *path = test_path("claimed"), *lock = test_path(".claimed.mnist-lock");
    test_write(lock, "", 0);
    check(!claim_take(&claim, path, &err), "%s", err.text);
    check_int(contend(path, (int)getpid()), 1);
    claim_release(&claim);
    check(access(lock, F_OK), "the lock file was left");
    for (int kind = 0; kind < 4; kind++) {
        if (kind == 0)
            test_write(lock, "mine", 4);
        else
            check(!(kind == 1   ? symlink("claimed-mine", lock)
                    : kind == 2 ? mkfifo(lock, 0600)
                                : mkdir(lock, 0700)),
                  "cannot make it");
        check_refused(claim_take(&claim, path, &err), &err, "move it away", "no lock of ours");
        claim_release(&claim);
        struct stat info;
        check(!lstat(lock, &info), "kind %d was taken away", kind);
        remove(lock);
    }
    check(access(test_path("claimed-mine"), F_OK), "a link was followed");
}

TEST(claim_stream, "claim: what is not replaced is not claimed")
{
    struct claim claim;
    struct error err = {""};
    const char *pipe = test_path("claimed-pipe");
    check(!mkfifo(pipe, 0600), "cannot make a pipe");
    check(!claim_take(&claim, pipe, &err), "%s", err.text);
    check_string(claim.path, "");
    claim_release(&claim);
    check(!claim_take(&claim, "/dev/null", &err), "%s", err.text);
    claim_release(&claim);
    check_refused(claim_take(&claim, test_path("no/such"), &err), &err, "cannot write in folder",
                  "no folder");
}
