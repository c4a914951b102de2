#include "mnist/base/memory.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { ALIGNMENT = 64, HUGE_PAGE = 2 << 20 };

/* What each message of a shortage begins with. */
#define SHORT "out of memory"

/* The first touch of a page costs about as much as reading 4 kB into it, whatever its size: in huge
 * pages a data set is read in less than half of the time. Where there are none, small ones do. */
static void prefer_huge_pages(void *block, size_t bytes)
{
#ifdef MADV_HUGEPAGE
    (void)madvise(block, bytes, MADV_HUGEPAGE);
#else
    (void)block, (void)bytes;
#endif
}

/* What is free, or SIZE_MAX where the system does not say. Linux grants more than there is, and
 * ends whoever then uses it. */
static size_t free_bytes(void)
{
    unsigned long long more, kilobytes = 0;
    char line[128];
    FILE *in = fopen("/proc/meminfo", "re");
    while (in && fgets(line, sizeof line, in))
        if (sscanf(line, "MemAvailable: %llu", &more) == 1 ||
            sscanf(line, "SwapFree: %llu", &more) == 1)
            kilobytes += more;
    if (in)
        fclose(in);
    return kilobytes && kilobytes < SIZE_MAX / 1024 ? (size_t)kilobytes * 1024 : SIZE_MAX;
}

void *mem_alloc(size_t count, size_t size, struct error *err)
{
    if (size && count > (SIZE_MAX - ALIGNMENT) / size) {
        error_set(err, "%zu x %zu bytes are more than memory can address", count, size);
        return NULL;
    }
    /* At least one unit, as NULL means failure. */
    size_t bytes = (count * size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    bool large = bytes >= 2 * HUGE_PAGE;
    void *block = NULL;
    if ((bytes > MEM_STEP && bytes > free_bytes()) ||
        posix_memalign(&block, large ? HUGE_PAGE : ALIGNMENT, bytes ? bytes : ALIGNMENT)) {
        error_set(err, SHORT ": %zu bytes wanted", bytes);
        return NULL;
    }
    if (large)
        prefer_huge_pages(block, bytes);
    return block;
}

void *mem_calloc(size_t count, size_t size, struct error *err)
{
    void *block = mem_alloc(count, size, err);
    if (block)
        memset(block, 0, count * size);
    return block;
}

void *mem_grow(void *block, size_t used, size_t size, struct error *err)
{
    void *bigger = mem_alloc(size, 1, err);
    if (!bigger)
        return NULL;
    if (used)
        memcpy(bigger, block, used);
    free(block);
    return bigger;
}

bool mem_was_short(const struct error *err)
{
    return !strncmp(err->text, SHORT, sizeof SHORT - 1);
}

size_t mem_next_size(size_t size)
{
    return size + (size < MEM_STEP ? size : MEM_STEP);
}

void mem_free(void *block)
{
    free(block);
}

char *mem_print(void (*print)(FILE *out, const void *context), const void *context, size_t *size,
                const char *what, struct error *err)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, size);
    if (out)
        print(out, context);
    bool failed = !out || ferror(out);
    if ((out && fclose(out)) || failed) {
        free(text);
        error_set(err, SHORT " for %s", what);
        return NULL;
    }
    return text;
}
