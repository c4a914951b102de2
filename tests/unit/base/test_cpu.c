#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mnist/base/cpu.h"

#include "../test.h"

TEST(cpu, "cpu: processors and what they can do")
{
    check(cpu_count() >= 1 && cpu_count() <= sysconf(_SC_NPROCESSORS_CONF), "%d processors of %ld",
          cpu_count(), sysconf(_SC_NPROCESSORS_CONF));
    check(cpu_has_avx2() || !cpu_has_avx512(), "AVX-512 without AVX2");
}

#if defined(__x86_64__)
TEST(cpu_list, "cpu: it can do what Linux lists")
{
    FILE *list = fopen("/proc/cpuinfo", "r");
    char line[8192] = "";
    while (list && fgets(line, sizeof line, list) && strncmp(line, "flags", 5) != 0)
        ;
    if (list)
        fclose(list);
    if (strncmp(line, "flags", 5) != 0)
        return; /* another system */
    check_int(cpu_has_avx2(), strstr(line, " avx2") != NULL);
    check_int(cpu_has_avx512(), strstr(line, " avx512f") && strstr(line, " avx512bw") &&
                                    strstr(line, " avx512dq") && strstr(line, " avx512vl"));
}
#endif
