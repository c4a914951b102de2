/* Runs every unit test; with arguments those whose name contains one of them, and none that contains
 * TEXT where !TEXT is an argument. One line a test: "ok", "not ok" or "skip". */
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "test.h"

extern const struct test_list tests_base, tests_data, tests_pictures, tests_io, tests_net,
    tests_proof, tests_report, tests_curves, tests_table;

static const struct test_list *const lists[] = {&tests_base,   &tests_data,   &tests_pictures,
                                                &tests_io,     &tests_net,    &tests_proof,
                                                &tests_report, &tests_curves, &tests_table};

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
    for (size_t l = 0; l < sizeof lists / sizeof lists[0]; l++)
        for (size_t i = 0; i < lists[l]->count; i++)
            if (is_wanted(lists[l]->tests[i].name, argv + 1))
                failed += run_test(&lists[l]->tests[i]);
    nftw(state.folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    return failed ? 1 : 0;
}
