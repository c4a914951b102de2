/* Stop requests, each in a child process, as a signal cannot be taken back. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mnist/cli/stop.h"

#include "../test.h"

/* The exit code of a child that watches, gets the signals, and exits with stop_signal's answer. */
static int after(int first, int second)
{
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        stop_watch();
        if (stop_signal())
            _exit(99);
        raise(first);
        if (second)
            raise(second);
        _exit(stop_signal());
    }
    check(child > 0 && waitpid(child, &status, 0) == child, "no child");
    check(WIFEXITED(status), "signal %d ended the child", WTERMSIG(status));
    return WEXITSTATUS(status);
}

TEST(stop_first, "stop: the first signal is a wish")
{
    check_int(stop_signal(), 0);
    check_int(after(SIGINT, 0), SIGINT);
    check_int(after(SIGTERM, 0), SIGTERM);
}

TEST(stop_second, "stop: the second signal ends at once")
{
    check_int(after(SIGINT, SIGTERM), 128 + SIGTERM);
    check_int(after(SIGTERM, SIGTERM), 128 + SIGTERM);
}
