#include "mnist/cli/stop.h"

#include <signal.h>
#include <stddef.h>

/* A signal handler may write to nothing but variables of this kind: the program's only two. */
static volatile sig_atomic_t first_signal, signals;

static void note(int number)
{
    if (!first_signal)
        first_signal = number;
    if (signals < 100)
        signals = signals + 1;
}

void stop_watch(void)
{
    static const int ends[] = {SIGINT, SIGTERM, SIGHUP, SIGXCPU};
    struct sigaction action = {.sa_handler = note}, before;
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) /* each waits while one is noted */
        sigaddset(&action.sa_mask, ends[i]);
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        if (!sigaction(ends[i], NULL, &before) && before.sa_handler != SIG_IGN)
            sigaction(ends[i], &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

int stop_signal(void)
{
    return first_signal;
}

int stop_count(void)
{
    return signals;
}
