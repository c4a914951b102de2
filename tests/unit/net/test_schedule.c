#include <math.h>
#include <stdint.h>
#include <string.h>

#include "mnist/net/schedule.h"

#include "../test.h"

static const float peak = 0.003f;

static void check_rate(enum schedule schedule, int64_t t, int64_t T, double want)
{
    double rate = (double)schedule_rate(schedule, peak, t, T, 0);
    check(fabs(rate - want * (double)peak) <= 2e-7 * (double)peak,
          "%s, step %lld of %lld: %.9g, not %.9g", schedule_names[schedule], (long long)t,
          (long long)T, rate, want * (double)peak);
}

TEST(schedule_constant, "schedule: constant")
{
    for (int64_t t = 0; t < 1000; t += 37)
        check(schedule_rate(SCHEDULE_CONSTANT, peak, t, 1000, 0) == peak, "step %lld",
              (long long)t);
    check_float(schedule_rate(SCHEDULE_CONSTANT, peak, 999, 1000, 0), peak);
}

TEST(schedule_cosine, "schedule: cosine")
{
    static const int64_t lengths[] = {1, 2, 7, 1000, 21500, 100000};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        int64_t T = lengths[i], t;
        float last = INFINITY;
        check(schedule_rate(SCHEDULE_COSINE, peak, 0, T, 0) == peak, "T=%lld: does not start at lr",
              (long long)T);
        for (t = 0; t < T; t++) {
            float rate = schedule_rate(SCHEDULE_COSINE, peak, t, T, 0);
            check_rate(SCHEDULE_COSINE, t, T,
                       0.5 * (1.0 + cos(3.141592653589793 * (double)t / (double)T)));
            check(rate <= last && rate >= 0.0f, "T=%lld: %.9g at step %lld after %.9g",
                  (long long)T, (double)rate, (long long)t, (double)last);
            check(T > 1000 || rate < last, "T=%lld: does not fall at step %lld", (long long)T,
                  (long long)t);
            last = rate;
        }
    }
    check_rate(SCHEDULE_COSINE, 500, 1000, 0.5);
    check_rate(SCHEDULE_COSINE, 250, 1000, 0.85355339);
    check_rate(SCHEDULE_COSINE, 999, 1000, 2.4674e-6);
}

TEST(schedule_step, "schedule: step")
{
    static const struct {
        int64_t t, T;
        double want;
    } rows[] = {{0, 1000, 1.0},    {499, 1000, 1.0},    {500, 1000, 0.1}, {749, 1000, 0.1},
                {750, 1000, 0.01}, {999, 1000, 0.01},   {0, 1, 1.0},      {1, 3, 1.0},
                {2, 3, 0.1},       {5, 7, 0.1},         {6, 7, 0.01},     {2, 4, 0.1},
                {3, 4, 0.01},      {21499, 21500, 0.01}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        check_rate(SCHEDULE_STEP, rows[i].t, rows[i].T, rows[i].want);
}

/* Before the warmup's end the rate rises by equal parts; after it the schedule decides. */
TEST(schedule_warmup, "schedule: warmup")
{
    for (int64_t t = 0; t < 4; t++) {
        double rate = (double)schedule_rate(SCHEDULE_COSINE, peak, t, 100, 4);
        check(fabs(rate - (double)peak * (double)(t + 1) / 5.0) <= 1e-9, "step %lld: %.9g",
              (long long)t, rate);
    }
    for (int kind = SCHEDULE_CONSTANT; kind <= SCHEDULE_STEP; kind++)
        for (int64_t t = 4; t < 100; t++)
            check(schedule_rate((enum schedule)kind, peak, t, 100, 4) ==
                      schedule_rate((enum schedule)kind, peak, t - 4, 96, 0),
                  "%s, step %lld", schedule_names[kind], (long long)t);
}

TEST(schedule_names, "schedule: names")
{
    check_string(schedule_names[SCHEDULE_CONSTANT], "constant");
    check_string(schedule_names[SCHEDULE_COSINE], "cosine");
    check_string(schedule_names[SCHEDULE_STEP], "step");
    check_string(schedule_names[3], NULL);
}
