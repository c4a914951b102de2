/* C11's atomics as helgrind understands them. It follows mutexes and conditions, but takes an
 * atomic for a plain variable and would call each use a race. Found before the compiler's own
 * <stdatomic.h>, this one does the same operations and tells helgrind what the standard says of
 * each: whoever reads with acquire order what was written with release order comes after the
 * writer. A relaxed operation orders nothing, and nothing is told. Only what this program uses is
 * here. */
#ifndef HELGRIND_STDATOMIC_H
#define HELGRIND_STDATOMIC_H

#include <stdbool.h>
#include <valgrind/helgrind.h>

typedef int atomic_int;
typedef unsigned atomic_uint;
typedef bool atomic_bool;
typedef unsigned char atomic_uchar;

enum {
    memory_order_relaxed = __ATOMIC_RELAXED,
    memory_order_acquire = __ATOMIC_ACQUIRE,
    memory_order_release = __ATOMIC_RELEASE,
    memory_order_acq_rel = __ATOMIC_ACQ_REL,
    memory_order_seq_cst = __ATOMIC_SEQ_CST
};

/* Before an operation, and behind it. The atomic itself can be in no race. */
#define HELGRIND_RELEASE(p, order)                                              \
    do {                                                                        \
        VALGRIND_HG_DISABLE_CHECKING(p, sizeof *(p));                           \
        if ((order) != memory_order_relaxed && (order) != memory_order_acquire) \
            ANNOTATE_HAPPENS_BEFORE(p);                                         \
    } while (0)
#define HELGRIND_ACQUIRE(p, order)                                              \
    do {                                                                        \
        if ((order) != memory_order_relaxed && (order) != memory_order_release) \
            ANNOTATE_HAPPENS_AFTER(p);                                          \
    } while (0)

#define atomic_load_explicit(p, order)                        \
    ({                                                        \
        VALGRIND_HG_DISABLE_CHECKING(p, sizeof *(p));         \
        __typeof__(*(p)) loaded_ = __atomic_load_n(p, order); \
        HELGRIND_ACQUIRE(p, order);                           \
        loaded_;                                              \
    })
#define atomic_store_explicit(p, value, order) \
    ({                                         \
        HELGRIND_RELEASE(p, order);            \
        __atomic_store_n(p, value, order);     \
    })
#define HELGRIND_FETCH(operation, p, value)                                    \
    ({                                                                         \
        HELGRIND_RELEASE(p, memory_order_seq_cst);                             \
        __typeof__(*(p)) fetched_ = operation(p, value, memory_order_seq_cst); \
        HELGRIND_ACQUIRE(p, memory_order_seq_cst);                             \
        fetched_;                                                              \
    })
#define atomic_compare_exchange_weak_explicit(p, expected, value, success, failure)                \
    ({                                                                                             \
        HELGRIND_RELEASE(p, success);                                                              \
        bool exchanged_ = __atomic_compare_exchange_n(p, expected, value, true, success, failure); \
        HELGRIND_ACQUIRE(p, exchanged_ ? success : failure);                                       \
        exchanged_;                                                                                \
    })

#define atomic_compare_exchange_strong(p, expected, value)                                \
    ({                                                                                    \
        HELGRIND_RELEASE(p, memory_order_seq_cst);                                        \
        bool exchanged_ = __atomic_compare_exchange_n(p, expected, value, false,          \
                                                      memory_order_seq_cst,               \
                                                      memory_order_seq_cst);              \
        HELGRIND_ACQUIRE(p, memory_order_seq_cst);                                        \
        exchanged_;                                                                       \
    })

#define atomic_load(p) atomic_load_explicit(p, memory_order_seq_cst)
#define atomic_store(p, value) atomic_store_explicit(p, value, memory_order_seq_cst)
#define atomic_fetch_add(p, value) HELGRIND_FETCH(__atomic_fetch_add, p, value)
#define atomic_fetch_sub(p, value) HELGRIND_FETCH(__atomic_fetch_sub, p, value)

#endif
