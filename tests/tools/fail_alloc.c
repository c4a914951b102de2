/* Loaded before the C library (LD_PRELOAD): the n-th allocation of the program fails, n from
 * FAIL_ALLOC; and each of more bytes than LARGEST_ALLOC. */
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>

int posix_memalign(void **block, size_t alignment, size_t size)
{
    static atomic_int calls;
    const char *n = getenv("FAIL_ALLOC"), *largest = getenv("LARGEST_ALLOC");
    if ((n && atomic_fetch_add(&calls, 1) + 1 == atoi(n)) ||
        (largest && size > strtoull(largest, NULL, 10)))
        return ENOMEM;
    *block = aligned_alloc(alignment, size);
    return *block ? 0 : ENOMEM;
}
