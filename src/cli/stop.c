#include "mnist/cli/stop.h"

#include <signal.h>
#include <unistd.h>

/* A signal handler may write to nothing but a variable of this kind: the program's only one. */
static volatile sig_atomic_t first_signal;

static void note(int number)
{
    if (first_signal)
        _exit(128 + number);
    first_signal = number;
}

void stop_watch(void)
{
    struct sigaction action = {.sa_handler = note, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

int stop_signal(void)
{
    return first_signal;
}
