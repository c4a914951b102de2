/* For any machine: vectors of 16 bytes, which SSE2, NEON and the like have and compilers split
 * elsewhere. */
#define VECTOR_BYTES 16
#define KERNELS kernels_baseline
#define KERNELS_NAME "baseline"
#include "kernels_fast.inc"
