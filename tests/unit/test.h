/* A small test harness: a test is a function, a check that fails says where, what and why, and the
 * run goes on. */
#ifndef TEST_H
#define TEST_H

#include <stdbool.h>
#include <stddef.h>

#include "mnist/base/error.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Fails the running test, with a message as printf makes it, unless `condition` holds. Returns the
 * condition. Write comparisons so that NaN fails: check(d <= tolerance, …), never check(!(d >
 * tolerance), …). */
#define check(condition, ...) test_check((condition), __FILE__, __LINE__, #condition, __VA_ARGS__)

__attribute__((format(printf, 5, 6))) bool test_check(bool condition, const char *file, int line,
                                                      const char *text, const char *format, ...);

/* Fails the running test unless `result` is -1 and the error says `wanted`; `what` names the case. */
void check_refused(int result, const struct error *err, const char *wanted, const char *what);

/* Ends the running test as skipped. */
#define skip(...)               \
    do {                        \
        test_skip(__VA_ARGS__); \
        return;                 \
    } while (0)

__attribute__((format(printf, 1, 2))) void test_skip(const char *format, ...);

struct test {
    const char *name; /* "idx: refuses a wrong magic" */
    void (*run)(void);
};

/* A file's tests; each tests/unit/test_*.c defines one array and main.c lists them all. */
struct test_list {
    const struct test *tests;
    size_t count;
};

#define TEST_LIST(list, ...)                                 \
    static const struct test list##_array[] = {__VA_ARGS__}; \
    const struct test_list list = {list##_array, sizeof list##_array / sizeof list##_array[0]}

/* A path inside a folder of this run's own, which is removed at the end. The text is valid until
 * the eighth call after. */
const char *test_path(const char *name);

/* Writes a file for a test; fails the test when it cannot. */
void test_write(const char *path, const void *bytes, size_t size);

#endif
