#include "mnist/base/cpu.h"

#include <sched.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <cpuid.h>

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

bool cpu_has_avx2(void)
{
    return has(YMM, bit_AVX2);
}

bool cpu_has_avx512(void)
{
    return has(ZMM, bit_AVX512F | bit_AVX512BW | bit_AVX512DQ | bit_AVX512VL);
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
