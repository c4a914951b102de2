/* Compiled with -ffp-contract=fast, unlike all else, since fused multiply-add is one of the things
 * it measures. */
#include "peak.h"

#include <math.h>
#include <string.h>

#include "mnist/base/clock.h"
#include "mnist/base/cpu.h"

enum { CHAINS = 12, HALF = CHAINS / 2, ROUNDS = 1000000, RUNS = 15 };
enum { NUMBERS = 512, SWEEPS = 1000 };

/* Read when it runs, so that nothing is computed before. */
static volatile float one = 1.0f, small = 1e-3f;

/* Three loops for vectors of `bytes`; each returns something that keeps the compiler from dropping
 * it. Twelve independent chains cover the latency of two units. In the second loop half of them
 * multiply and half add, so nothing can be fused. */
#define PEAK_LOOPS(bytes, ...)                                                         \
    typedef float vector_##bytes __attribute__((vector_size(bytes)));                  \
    __VA_ARGS__ static float fused_##bytes(void)                                       \
    {                                                                                  \
        vector_##bytes chain[CHAINS], factor = (vector_##bytes){0} + (one - small),    \
                                      term = (vector_##bytes){0} + small;              \
        for (int i = 0; i < CHAINS; i++)                                               \
            chain[i] = (vector_##bytes){0} + (float)i;                                 \
        for (int round = 0; round < ROUNDS; round++)                                   \
            for (int i = 0; i < CHAINS; i++)                                           \
                chain[i] = chain[i] * factor + term;                                   \
        float sum = 0.0f;                                                              \
        for (int i = 0; i < CHAINS; i++)                                               \
            sum += chain[i][0];                                                        \
        return sum;                                                                    \
    }                                                                                  \
    __VA_ARGS__ static float pairs_##bytes(void)                                       \
    {                                                                                  \
        vector_##bytes product[HALF], total[HALF], factor = (vector_##bytes){0} + one, \
                                                   term = (vector_##bytes){0} + small; \
        for (int i = 0; i < HALF; i++)                                                 \
            product[i] = total[i] = (vector_##bytes){0} + (float)(i + 1);              \
        for (int round = 0; round < ROUNDS; round++) {                                 \
            for (int i = 0; i < HALF; i++) {                                           \
                product[i] *= factor;                                                  \
                total[i] += term;                                                      \
            }                                                                          \
        }                                                                              \
        float sum = 0.0f;                                                              \
        for (int i = 0; i < HALF; i++)                                                 \
            sum += product[i][0] + total[i][0];                                        \
        return sum;                                                                    \
    }                                                                                  \
    __VA_ARGS__ static float roots_##bytes(void)                                       \
    {                                                                                  \
        float numbers[NUMBERS];                                                        \
        float top = one;                                                               \
        for (int i = 0; i < NUMBERS; i++)                                              \
            numbers[i] = top + (float)i;                                               \
        for (int sweep = 0; sweep < SWEEPS; sweep++)                                   \
            for (int i = 0; i < NUMBERS; i++)                                          \
                numbers[i] = top / sqrtf(numbers[i]);                                  \
        return numbers[NUMBERS / 2];                                                   \
    }

PEAK_LOOPS(16, )
#if defined(__x86_64__)
PEAK_LOOPS(32, __attribute__((target("avx2,fma"))))
PEAK_LOOPS(64, __attribute__((target("avx512f"))))
#endif

struct loops {
    float (*fused)(void), (*pairs)(void), (*roots)(void);
};

static struct loops loops_for(int bytes)
{
#if defined(__x86_64__)
    if (bytes == 64)
        return (struct loops){fused_64, pairs_64, roots_64};
    if (bytes == 32)
        return (struct loops){fused_32, pairs_32, roots_32};
#endif
    (void)bytes;
    return (struct loops){fused_16, pairs_16, roots_16};
}

int peak_vector_bytes(const char *kernels)
{
    return !strcmp(kernels, "avx512") ? 64 : !strcmp(kernels, "avx2") ? 32 : 16;
}

struct work {
    float (*loop)(void);
    float kept[TEAM_MAX_THREADS];
};

static void run_loop(void *context, int i)
{
    struct work *work = context;
    work->kept[i] = work->loop();
}

/* Seconds for each thread of a team to run the loop once, the best of several: the first ones wake
 * the threads, and the wide units. */
static double seconds(struct team *team, float (*loop)(void))
{
    struct work work = {.loop = loop};
    double best = HUGE_VAL;
    for (int run = 0; run < RUNS; run++) {
        double start = clock_seconds();
        if (team)
            team_run(team, team_threads(team), run_loop, &work);
        else
            run_loop(&work, 0);
        best = fmin(best, clock_seconds() - start);
    }
    return best;
}

double peak_gflops(struct team *team, int bytes)
{
    double floats = bytes / 4.0 * CHAINS * ROUNDS * team_threads(team);
    return 2.0 * floats / seconds(team, loops_for(bytes).fused) * 1e-9;
}

struct peak_costs peak_costs(int bytes)
{
    struct loops loops = loops_for(bytes);
    return (struct peak_costs){
        .pair = seconds(NULL, loops.pairs) / (bytes / 4.0 * HALF * ROUNDS),
        .root = seconds(NULL, loops.roots) / (1.0 * NUMBERS * SWEEPS),
    };
}
