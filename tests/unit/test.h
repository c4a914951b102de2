/* A small test harness: a test is a function; a check that fails says where, what and why, and the
 * test goes on. */
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

/* Fails the running test unless both are the same, and prints both: first what came out, then what
 * should have. Returns whether they are the same. Doubles are compared by ==, so NaN equals
 * nothing; floats by their bits, so -0 is not 0. A string may be NULL. */
#define check_int(got, wanted) check_int_at((got), (wanted), CHECK_PLACE(#got, #wanted))
#define check_size(got, wanted) check_size_at((got), (wanted), CHECK_PLACE(#got, #wanted))
#define check_hex(got, wanted) check_hex_at((got), (wanted), CHECK_PLACE(#got, #wanted))
#define check_float(got, wanted) check_float_at((got), (wanted), CHECK_PLACE(#got, #wanted))
#define check_double(got, wanted) check_double_at((got), (wanted), CHECK_PLACE(#got, #wanted))
#define check_string(got, wanted) check_string_at((got), (wanted), CHECK_PLACE(#got, #wanted))
#define check_pointer(got, wanted) check_pointer_at((got), (wanted), CHECK_PLACE(#got, #wanted))

/* The same for `size` bytes; says which is the first that differs. */
#define check_bytes(got, wanted, size) \
    check_bytes_at((got), (wanted), (size), CHECK_PLACE(#got, #wanted))

/* Fails the running test unless |got - wanted| <= tolerance; NaN fails. */
#define check_near(got, wanted, tolerance) \
    check_near_at((got), (wanted), (tolerance), CHECK_PLACE(#got, #wanted))

/* Where a comparison is in the source, and its two sides as written there. */
struct check_place {
    const char *file;
    int line;
    const char *got, *wanted;
};

#define CHECK_PLACE(got, wanted) (&(const struct check_place){__FILE__, __LINE__, got, wanted})

bool check_int_at(long long got, long long wanted, const struct check_place *place);
bool check_size_at(unsigned long long got, unsigned long long wanted,
                   const struct check_place *place);
bool check_hex_at(unsigned long long got, unsigned long long wanted,
                  const struct check_place *place);
bool check_float_at(float got, float wanted, const struct check_place *place);
bool check_double_at(double got, double wanted, const struct check_place *place);
bool check_string_at(const char *got, const char *wanted, const struct check_place *place);
bool check_pointer_at(const void *got, const void *wanted, const struct check_place *place);
bool check_bytes_at(const void *got, const void *wanted, size_t size,
                    const struct check_place *place);
bool check_near_at(double got, double wanted, double tolerance, const struct check_place *place);

/* Names the case, such as a row of a table, that the following checks are about, until the next
 * call or the end of the test. A check that fails prints it. */
__attribute__((format(printf, 1, 2))) void test_case(const char *format, ...);

/* Fails the test unless `result` is -1 and the error says `wanted`; `what` names the case. */
void check_refused(int result, const struct error *err, const char *wanted, const char *what);

/* Ends the running test as skipped. */
#define skip(...)               \
    do {                        \
        test_skip(__VA_ARGS__); \
        return;                 \
    } while (0)

__attribute__((format(printf, 1, 2))) void test_skip(const char *format, ...);

/* Defines a test: TEST(crc32, "crc32: check values") { … }. No list names it: it registers itself
 * before main. Tests run in the order of their files' names, and in a file from top to
 * bottom. */
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

/* Adds a test to those to run, in its place; it stays the caller's. */
void test_register(struct test *test);

/* A path inside this run's own folder, which is removed at the end unless KEEP=1 is in the
 * environment. The text is valid until the eighth call after. */
const char *test_path(const char *name);

/* Writes a file for a test; fails the test if it cannot. */
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
