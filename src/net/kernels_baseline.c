/* For any machine: vectors of 16 bytes, as SSE2, NEON and the like have; elsewhere compilers split
 * them. */
#define VECTOR_BYTES 16
#define KERNELS kernels_baseline
#define KERNELS_NAME "baseline"
#include "kernels_fast.inc"
