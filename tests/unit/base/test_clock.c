#include <time.h>
#include <unistd.h>

#include "mnist/base/clock.h"

#include "../test.h"

TEST(clock, "clock: goes forward")
{
    struct timespec before, after;
    double last = clock_seconds();
    for (int i = 0; i < 1000; i++) {
        double now = clock_seconds();
        check(now >= last, "the clock went back from %.9f to %.9f", last, now);
        last = now;
    }
    clock_gettime(CLOCK_REALTIME, &before);
    double start = clock_seconds();
    usleep(20000);
    double measured = clock_seconds() - start;
    clock_gettime(CLOCK_REALTIME, &after);
    double real =
        (double)(after.tv_sec - before.tv_sec) + 1e-9 * (double)(after.tv_nsec - before.tv_nsec);
    check(measured >= 0.02 && measured < real + 1.0, "%g s took %g s by the clock", real, measured);
}
