#include "mnist/net/schedule.h"

#include "mnist/base/rmath.h"

const char *const schedule_names[] = {"constant", "cosine", "step", NULL};

float schedule_rate(enum schedule schedule, float lr, int64_t t, int64_t T, int64_t warmup)
{
    if (t < warmup)
        return lr * (float)((double)(t + 1) / (double)(warmup + 1));
    double done = (double)(t - warmup) / (double)(T - warmup);
    switch (schedule) {
    case SCHEDULE_COSINE:
        return lr * 0.5f * (1.0f + rmath_cos(3.14159265f * (float)done));
    case SCHEDULE_STEP:
        return done < 0.5 ? lr : done < 0.75 ? lr * 0.1f : lr * 0.01f;
    case SCHEDULE_CONSTANT:
    default:
        return lr;
    }
}
