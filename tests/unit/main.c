/* Runs every unit test; with arguments those whose name contains one of them, and none that
 * contains TEXT where !TEXT is an argument. One line a test: "ok", "not ok" or "skip". */
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

static struct test *tests; /* in the order in which they run */

static struct {
    char folder[64];
    int failures; /* of the running test */
    bool skipped;
} state;

bool test_check(bool condition, const char *file, int line, const char *text, const char *format,
                ...)
{
    if (condition)
        return true;
    if (state.failures++ < 5) {
        va_list args;
        va_start(args, format);
        printf("# %s:%d: %s: ", file, line, text);
        vprintf(format, args);
        putchar('\n');
        va_end(args);
    }
    return false;
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
    nftw(state.folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    return failed ? 1 : 0;
}
