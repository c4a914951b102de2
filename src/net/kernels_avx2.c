/* For x86-64 with AVX2; the Makefile compiles this file with -mavx2. */
#if defined(__AVX2__)
#define VECTOR_BYTES 32
#define KERNELS kernels_avx2
#define KERNELS_NAME "avx2"
#include "kernels_fast.inc"
#else
typedef int nothing_on_this_machine;
#endif
