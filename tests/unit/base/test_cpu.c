#include <unistd.h>

#include "mnist/base/cpu.h"

#include "../test.h"

TEST(cpu, "cpu: processors and what they can do")
{
    check(cpu_count() >= 1 && cpu_count() <= sysconf(_SC_NPROCESSORS_CONF), "%d processors of %ld",
          cpu_count(), sysconf(_SC_NPROCESSORS_CONF));
    check(cpu_has_avx2() || !cpu_has_avx512(), "AVX-512 without AVX2");
}
