/* A clock that stands still, as a coarse one does for a while: preloaded, it takes clock_gettime's
 * place. */
#include <time.h>

int clock_gettime(clockid_t id, struct timespec *now)
{
    (void)id;
    *now = (struct timespec){.tv_sec = 1000};
    return 0;
}
