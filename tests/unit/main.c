/* Runs every unit test. With arguments TEXT, only those whose name contains one of them; with an
 * argument !TEXT, none that contain TEXT. Prints one line per test: "ok", "not ok" or "skip". */
#include <ftw.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "test.h"

static struct test *tests; /* in the order in which they run */

static struct {
    char folder[64];
    int failures; /* of the running test */
    bool skipped;
    char place[128]; /* "row 3: ", or "" */
} state;

void test_case(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(state.place, sizeof state.place - 2, format, args);
    va_end(args);
    strcat(state.place, ": ");
}

/* Counts a failure. Returns whether it is one of the first, which are printed. */
static bool tell_failure(const char *file, int line)
{
    if (state.failures++ >= 5)
        return false;
    printf("# %s:%d: %s", file, line, state.place);
    return true;
}

bool test_check(bool condition, const char *file, int line, const char *text, const char *format,
                ...)
{
    if (!condition && tell_failure(file, line)) {
        va_list args;
        va_start(args, format);
        printf("%s: ", text);
        vprintf(format, args);
        putchar('\n');
        va_end(args);
    }
    return condition;
}

/* A value as text, valid until the second call after. */
__attribute__((format(printf, 1, 2))) static const char *say(const char *format, ...)
{
    static char texts[2][1024];
    static int next;
    char *text = texts[next++ % 2];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof texts[0], format, args);
    va_end(args);
    return text;
}

/* Fails the running test: "x is 3, y is 4", or "x is 3, wanted 4" if the source says 4. */
static bool differ(const struct check_place *place, const char *got, const char *wanted)
{
    if (tell_failure(place->file, place->line)) {
        bool written = !strcmp(place->wanted, wanted);
        printf("%s is %s, %s%s%s\n", place->got, got, written ? "wanted" : place->wanted,
               written ? " " : " is ", wanted);
    }
    return false;
}

bool check_int_at(long long got, long long wanted, const struct check_place *place)
{
    return got == wanted || differ(place, say("%lld", got), say("%lld", wanted));
}

bool check_size_at(unsigned long long got, unsigned long long wanted,
                   const struct check_place *place)
{
    return got == wanted || differ(place, say("%llu", got), say("%llu", wanted));
}

bool check_hex_at(unsigned long long got, unsigned long long wanted,
                  const struct check_place *place)
{
    return got == wanted || differ(place, say("0x%08llx", got), say("0x%08llx", wanted));
}

bool check_float_at(float got, float wanted, const struct check_place *place)
{
    uint32_t a = to_bits(got), b = to_bits(wanted);
    return a == b || differ(place, say("%.9g (0x%08" PRIx32 ")", (double)got, a),
                            say("%.9g (0x%08" PRIx32 ")", (double)wanted, b));
}

bool check_double_at(double got, double wanted, const struct check_place *place)
{
    return got == wanted || differ(place, say("%.17g", got), say("%.17g", wanted));
}

bool check_near_at(double got, double wanted, double tolerance, const struct check_place *place)
{
    return fabs(got - wanted) <= tolerance ||
           differ(place, say("%.17g", got), say("%.17g +- %.3g", wanted, tolerance));
}

static const char *quoted(const char *text)
{
    return text ? say("\"%s\"", text) : "NULL";
}

bool check_string_at(const char *got, const char *wanted, const struct check_place *place)
{
    bool same = got && wanted ? !strcmp(got, wanted) : got == wanted;
    return same || differ(place, quoted(got), quoted(wanted));
}

bool check_pointer_at(const void *got, const void *wanted, const struct check_place *place)
{
    return got == wanted || differ(place, say("%p", got), say("%p", wanted));
}

bool check_bytes_at(const void *got, const void *wanted, size_t size,
                    const struct check_place *place)
{
    const uint8_t *g = got, *w = wanted;
    for (size_t i = 0; i < size; i++)
        if (g[i] != w[i])
            return differ(place, say("0x%02x at byte %zu of %zu", g[i], i, size),
                          say("0x%02x", w[i]));
    return true;
}

void check_refused(int result, const struct error *err, const char *wanted, const char *what)
{
    check(result == -1, "%s: returned %d, wanted -1", what, result);
    if (result)
        check(strstr(err->text, wanted) != NULL, "%s: \"%.200s\" does not say \"%s\"", what,
              err->text, wanted);
}

void test_skip(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    printf("skip ");
    vprintf(format, args);
    putchar('\n');
    va_end(args);
    state.skipped = true;
}

const char *test_path(const char *name)
{
    static char paths[8][256];
    static int next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", state.folder, name);
    return path;
}

void test_write(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    bool written = file && fwrite(bytes, 1, size, file) == size;
    if (file && fclose(file))
        written = false;
    check(written, "cannot write %s", path);
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *place)
{
    (void)info, (void)type, (void)place;
    return remove(path);
}

static bool comes_before(const struct test *a, const struct test *b)
{
    int order = strcmp(a->file, b->file);
    return order ? order < 0 : a->line < b->line;
}

void test_register(struct test *test)
{
    struct test **at = &tests;
    while (*at && comes_before(*at, test))
        at = &(*at)->next;
    test->next = *at;
    *at = test;
}

static int run_test(const struct test *test)
{
    state.failures = 0;
    state.skipped = false;
    state.place[0] = '\0';
    test->run();
    if (state.failures)
        printf("not ok %s\n", test->name);
    else if (!state.skipped)
        printf("ok %s\n", test->name);
    fflush(stdout);
    return state.failures > 0;
}

/* words ends with NULL. */
static bool is_wanted(const char *name, char *const *words)
{
    bool asked = false, wanted = false;
    for (; *words; words++) {
        if (**words == '!' && strstr(name, *words + 1))
            return false;
        asked = asked || **words != '!';
        wanted = wanted || strstr(name, *words);
    }
    return wanted || !asked;
}

int main(int argc, char **argv)
{
    (void)argc;
    int failed = 0;
    snprintf(state.folder, sizeof state.folder, "/tmp/mnist-unit-XXXXXX");
    if (!mkdtemp(state.folder)) {
        printf("not ok unit tests: cannot make a folder in /tmp\n");
        return 1;
    }
    for (const struct test *test = tests; test; test = test->next)
        if (is_wanted(test->name, argv + 1))
            failed += run_test(test);
    if (getenv("KEEP"))
        printf("# kept: %s\n", state.folder);
    else
        nftw(state.folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    return failed ? 1 : 0;
}
