/* Compiled with -ffp-contract=fast, unlike all else, since fused multiply-add is what it measures.
 */
#include "peak.h"

#include "mnist/base/clock.h"
#include "mnist/base/cpu.h"

enum { CHAINS = 12, ROUNDS = 200000, RUNS = 7 };

/* Twelve independent chains cover the latency of two units; the sum keeps the compiler from
 * dropping them. */
#define PEAK_LOOP(name, bytes, ...)                                                      \
    __VA_ARGS__ static float name(void)                                                  \
    {                                                                                    \
        typedef float vector __attribute__((vector_size(bytes)));                        \
        vector chain[CHAINS], factor = (vector){0} + 0.999f, term = (vector){0} + 1e-3f; \
        for (int i = 0; i < CHAINS; i++)                                                 \
            chain[i] = (vector){0} + (float)i;                                           \
        for (int round = 0; round < ROUNDS; round++)                                     \
            for (int i = 0; i < CHAINS; i++)                                             \
                chain[i] = chain[i] * factor + term;                                     \
        float sum = 0.0f;                                                                \
        for (int i = 0; i < CHAINS; i++)                                                 \
            sum += chain[i][0];                                                          \
        return sum;                                                                      \
    }

PEAK_LOOP(peak_16, 16, )
#if defined(__x86_64__)
PEAK_LOOP(peak_32, 32, __attribute__((target("avx2,fma"))))
PEAK_LOOP(peak_64, 64, __attribute__((target("avx512f"))))
#endif

struct peak {
    float (*loop)(void);
    float sums[TEAM_MAX_THREADS];
};

static void run_loop(void *context, int i)
{
    struct peak *peak = context;
    peak->sums[i] = peak->loop();
}

double peak_gflops(struct team *team)
{
    struct peak peak = {.loop = peak_16};
    int lanes = 4, threads = team_threads(team);
#if defined(__x86_64__)
    if (cpu_has_avx512()) {
        peak.loop = peak_64;
        lanes = 16;
    } else if (cpu_has_avx2()) {
        peak.loop = peak_32;
        lanes = 8;
    }
#endif
    double best = 0.0;
    for (int run = 0; run < RUNS; run++) {
        double start = clock_seconds();
        team_run(team, threads, run_loop, &peak);
        double rate = 2.0 * lanes * (CHAINS * ROUNDS) * threads / (clock_seconds() - start) * 1e-9;
        best = rate > best ? rate : best;
    }
    return best;
}
