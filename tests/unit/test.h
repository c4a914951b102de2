/* A small test harness: a test is a function, a check that fails says where, what and why, and the
 * run goes on. */
#ifndef TEST_H
#define TEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "mnist/base/error.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Fails the running test, with a message as printf makes it, unless `condition` holds. Returns the
 * condition. Write comparisons so that NaN fails: check(d <= tolerance, …), never check(!(d >
 * tolerance), …). */
#define check(condition, ...) test_check((condition), __FILE__, __LINE__, #condition, __VA_ARGS__)

__attribute__((format(printf, 5, 6))) bool test_check(bool condition, const char *file, int line,
                                                      const char *text, const char *format, ...);

/* Fails the test unless `result` is -1 and the error says `wanted`; `what` names the case. */
void check_refused(int result, const struct error *err, const char *wanted, const char *what);

/* Ends the running test as skipped. */
#define skip(...)               \
    do {                        \
        test_skip(__VA_ARGS__); \
        return;                 \
    } while (0)

__attribute__((format(printf, 1, 2))) void test_skip(const char *format, ...);

/* A test is a function of this file, known by its name: TEST(crc32, "crc32: check values")
 * { … }. No list names it: it registers itself before main. Tests run in the order of their files'
 * names, and of a file from top to bottom. */
#define TEST(function, title)                                                         \
    static void test_##function(void);                                                \
    __attribute__((constructor)) static void register_##function(void)                \
    {                                                                                 \
        static struct test test = {title, test_##function, __FILE__, __LINE__, NULL}; \
        test_register(&test);                                                         \
    }                                                                                 \
    static void test_##function(void)

struct test {
    const char *name;
    void (*run)(void);
    const char *file;
    int line;
    struct test *next;
};

/* Puts a test in its place among those that are to run; it stays the caller's. */
void test_register(struct test *test);

/* A path inside a folder of this run's own, which is removed at the end. The text is valid until
 * the eighth call after. */
const char *test_path(const char *name);

/* Writes a file for a test; fails the test when it cannot. */
void test_write(const char *path, const void *bytes, size_t size);

static inline float from_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline uint32_t to_bits(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

#endif
