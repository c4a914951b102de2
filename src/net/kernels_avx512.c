/* For x86-64 with AVX-512; the Makefile compiles this file with -mavx512f and similar flags, if the
 * compiler has them. */
#if defined(__AVX512F__)
#define VECTOR_BYTES 64
#define KERNELS kernels_avx512
#define KERNELS_NAME "avx512"
#include "kernels_fast.inc"
#else
typedef int nothing_on_this_machine;
#endif
