/* Stop requests, each in a child process, as a signal cannot be taken back. */
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mnist/cli/stop.h"

#include "../test.h"

enum { COUNTED = 64 };

static const int ends[] = {SIGINT, SIGTERM, SIGHUP, SIGXCPU};

/* In a child that watches, with `ignored` ignored by its parent, and gets the signals: COUNTED
 * times how many were noted, plus stop_signal's answer. */
static int after(int ignored, int first, int second)
{
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        for (size_t i = 0; i < COUNT(ends); i++) /* those of the background are ignored already */
            signal(ends[i], ends[i] == ignored ? SIG_IGN : SIG_DFL);
        stop_watch();
        if (stop_signal() || stop_count())
            _exit(255);
        raise(first);
        if (second)
            raise(second);
        _exit(COUNTED * stop_count() + stop_signal());
    }
    check(child > 0 && waitpid(child, &status, 0) == child, "no child");
    check(WIFEXITED(status), "signal %d ended the child", WTERMSIG(status));
    return WEXITSTATUS(status);
}

TEST(stop_signals, "stop: every signal that means end is noted, and none ends the program")
{
    check_int(stop_signal(), 0);
    for (size_t i = 0; i < COUNT(ends); i++) {
        check_int(after(0, ends[i], 0), COUNTED + ends[i]);
        check_int(after(0, ends[i], SIGINT), 2 * COUNTED + ends[i]);
        check_int(after(ends[i], ends[i], 0), 0);
    }
    check_int(after(SIGHUP, SIGHUP, SIGTERM), COUNTED + SIGTERM);
}

/* A wait for a pipe that nobody writes to would last for ever, were it taken up again. */
TEST(stop_ends_waits, "stop: a signal ends a wait")
{
    int pipe_ends[2], status = 0;
    check(!pipe(pipe_ends), "no pipe");
    pid_t child = fork();
    if (child == 0) {
        char byte;
        stop_watch();
        alarm(10);
        if (fork() == 0) {
            usleep(100000);
            kill(getppid(), SIGHUP);
            _exit(0);
        }
        _exit(read(pipe_ends[0], &byte, 1) < 0 && errno == EINTR ? 0 : 1);
    }
    waitpid(child, &status, 0);
    check_int(status, 0);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
}
