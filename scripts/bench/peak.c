/* Compiled with -ffp-contract=fast, unlike all else, since fused multiply-add is one of the things
 * it measures. */
#include "peak.h"

#include <math.h>
#include <string.h>

#include "mnist/base/clock.h"
#include "mnist/base/cpu.h"

enum { CHAINS = 12, PAIRS = 7, ROUNDS = 1000000, RUNS = 15 };
enum { NUMBERS = 512, SWEEPS = 1000 };

/* Read when it runs, so that nothing is computed before. */
static volatile float one = 1.0f, small = 1e-3f;

typedef float vector_16 __attribute__((vector_size(16)));

/* Loops over vectors; each returns something that keeps the compiler from dropping it. Twelve
 * independent chains cover the latency of two units that fuse. */
#define FUSED_LOOP(name, vector, ...)                                                           \
    __VA_ARGS__ static float name(void)                                                         \
    {                                                                                           \
        vector chain[CHAINS], factor = (vector){0} + (one - small), term = (vector){0} + small; \
        for (int i = 0; i < CHAINS; i++)                                                        \
            chain[i] = (vector){0} + (float)i;                                                  \
        for (int round = 0; round < ROUNDS; round++)                                            \
            for (int i = 0; i < CHAINS; i++)                                                    \
                chain[i] = chain[i] * factor + term;                                            \
        float sum = 0.0f;                                                                       \
        for (int i = 0; i < CHAINS; i++)                                                        \
            sum += chain[i][0];                                                                 \
        return sum;                                                                             \
    }

/* Some chains multiply and as many add, so nothing can be fused. Where three units share them, half
 * of those are at work on each kind: seven chains of a kind cover that, and leave two of the 16
 * registers to the constants. */
#define PAIR_LOOP(name, vector, ...)                                     \
    __VA_ARGS__ static float name(void)                                  \
    {                                                                    \
        vector product[PAIRS], total[PAIRS], factor = (vector){0} + one, \
                                             term = (vector){0} + small; \
        for (int i = 0; i < PAIRS; i++)                                  \
            product[i] = total[i] = (vector){0} + (float)(i + 1);        \
        for (int round = 0; round < ROUNDS; round++) {                   \
            for (int i = 0; i < PAIRS; i++) {                            \
                product[i] *= factor;                                    \
                total[i] += term;                                        \
            }                                                            \
        }                                                                \
        float sum = 0.0f;                                                \
        for (int i = 0; i < PAIRS; i++)                                  \
            sum += product[i][0] + total[i][0];                          \
        return sum;                                                      \
    }

/* Each sweep works on what the last one left, so no root can be kept. The numbers settle at the
 * square of the cube root of 3: some dividers are faster on simpler ones. The barrier ends a sweep:
 * without it gcc 13 exchanges the two loops, and takes one number at a time. */
#define ROOT_LOOP(name, ...)                                  \
    __VA_ARGS__ static float name(void)                       \
    {                                                         \
        float numbers[NUMBERS], top = 3.0f * one;             \
        for (int i = 0; i < NUMBERS; i++)                     \
            numbers[i] = top + (float)i;                      \
        for (int sweep = 0; sweep < SWEEPS; sweep++) {        \
            for (int i = 0; i < NUMBERS; i++)                 \
                numbers[i] = top / sqrtf(numbers[i]);         \
            __asm__ volatile("" : : "r"(numbers) : "memory"); \
        }                                                     \
        return numbers[NUMBERS / 2];                          \
    }

FUSED_LOOP(fused_16, vector_16, )
PAIR_LOOP(pairs_16, vector_16, )
ROOT_LOOP(roots_16, )
#if defined(__x86_64__)
typedef float vector_32 __attribute__((vector_size(32)));
typedef float vector_64 __attribute__((vector_size(64)));
/* The baseline of x86-64 cannot fuse, but processors with AVX2 can, vectors of 16 bytes too. */
FUSED_LOOP(fused_16_fma, vector_16, __attribute__((target("fma"))))
FUSED_LOOP(fused_32, vector_32, __attribute__((target("avx2,fma"))))
FUSED_LOOP(fused_64, vector_64, __attribute__((target("avx512f"))))
PAIR_LOOP(pairs_32, vector_32, __attribute__((target("avx2,fma"))))
PAIR_LOOP(pairs_64, vector_64, __attribute__((target("avx512f"))))
ROOT_LOOP(roots_32, __attribute__((target("avx2,fma"))))
ROOT_LOOP(roots_64, __attribute__((target("avx512f"))))
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
    if (cpu_has_avx2())
        return (struct loops){fused_16_fma, pairs_16, roots_16};
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
    double floats = (double)(bytes / 4) * (double)CHAINS * (double)ROUNDS * team_threads(team);
    return 2.0 * floats / seconds(team, loops_for(bytes).fused) * 1e-9;
}

struct peak_costs peak_costs(int bytes)
{
    struct loops loops = loops_for(bytes);
    return (struct peak_costs){
        .pair = seconds(NULL, loops.pairs) / ((double)(bytes / 4) * (double)PAIRS * (double)ROUNDS),
        .root = seconds(NULL, loops.roots) / ((double)NUMBERS * (double)SWEEPS),
    };
}
