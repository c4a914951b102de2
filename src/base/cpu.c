#include "mnist/base/cpu.h"

#include <sched.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <cpuid.h>
#include <stdatomic.h>

/* Bits of XCR0: which registers the system saves for a thread. */
enum { YMM = 0x06, ZMM = 0xe6 };

/* Whether the system saves these registers and the processor has these instructions, of those that
 * its leaf 7 tells. The compilers' __builtin_cpu_supports would do, but zig cannot link it. */
static bool has(unsigned registers, unsigned instructions)
{
    unsigned eax, ebx, ecx, edx;
    if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || !(ecx & bit_OSXSAVE))
        return false;
    __asm__("xgetbv" : "=a"(eax), "=d"(edx) : "c"(0));
    return (eax & registers) == registers && __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) &&
           (ebx & instructions) == instructions;
}

/* The processor is asked once, and *answer kept: in a virtual machine it takes microseconds. */
static bool ask_once(atomic_int *answer, unsigned registers, unsigned instructions)
{
    enum { UNKNOWN, NO, YES };
    int known = atomic_load_explicit(answer, memory_order_relaxed);
    if (known == UNKNOWN) {
        known = has(registers, instructions) ? YES : NO;
        atomic_store_explicit(answer, known, memory_order_relaxed);
    }
    return known == YES;
}

bool cpu_has_avx2(void)
{
    static atomic_int answer;
    return ask_once(&answer, YMM, bit_AVX2);
}

bool cpu_has_avx512(void)
{
    static atomic_int answer;
    return ask_once(&answer, ZMM, bit_AVX512F | bit_AVX512BW | bit_AVX512DQ | bit_AVX512VL);
}
#else
bool cpu_has_avx2(void)
{
    return false;
}

bool cpu_has_avx512(void)
{
    return false;
}
#endif

int cpu_count(void)
{
#if defined(__linux__)
    cpu_set_t allowed;
    if (!sched_getaffinity(0, sizeof allowed, &allowed) && CPU_COUNT(&allowed) > 0)
        return CPU_COUNT(&allowed);
#endif
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 && online < 4096 ? (int)online : 1;
}
