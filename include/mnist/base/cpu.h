/* What the processor can do. */
#ifndef MNIST_CPU_H
#define MNIST_CPU_H

#include <stdbool.h>

/* AVX2; AVX-512 F, BW, DQ and VL: in the processor and allowed by the system. False on other
 * machines. */
bool cpu_has_avx2(void);
bool cpu_has_avx512(void);

/* Processors this process may use, at least 1. */
int cpu_count(void);

#endif
