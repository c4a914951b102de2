/* What the processor can do. */
#ifndef MNIST_CPU_H
#define MNIST_CPU_H

#include <stdbool.h>

/* Whether the processor has, and the system allows, AVX2; AVX-512 F, BW, DQ and VL. Always false
 * on machines other than x86-64. */
bool cpu_has_avx2(void);
bool cpu_has_avx512(void);

/* The number of processors this process may use, at least 1. */
int cpu_count(void);

/* Between two looks at what another thread will change: leaves the core to its other half. */
static inline void cpu_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb");
#endif
}

#endif
