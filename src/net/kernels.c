#include "mnist/net/kernels.h"

#include <string.h>

#include "mnist/base/cpu.h"

const char *const kernels_names[] = {"auto", "baseline", "avx2", "avx512", "reference", NULL};

const struct kernels *kernels_find(const char *name)
{
    bool any = !strcmp(name, "auto");
#if defined(KERNELS_AVX512) /* the compiler could build them */
    if ((any || !strcmp(name, "avx512")) && cpu_has_avx512())
        return &kernels_avx512;
#endif
#if defined(KERNELS_AVX2)
    if ((any || !strcmp(name, "avx2")) && cpu_has_avx2())
        return &kernels_avx2;
#endif
    if (any || !strcmp(name, "baseline"))
        return &kernels_baseline;
    return strcmp(name, "reference") ? NULL : &kernels_reference;
}
