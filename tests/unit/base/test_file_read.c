#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "mnist/base/file_read.h"

#include "../files.h"
#include "../test.h"

TEST(file_read, "file: reads whole files")
{
    uint8_t bytes[1000];
    struct file file = {0};
    struct error err = {""};
    const char *path = test_path("read"), *empty = test_path("empty");
    int descriptor = next_descriptor();
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 7);
    test_write(path, bytes, sizeof bytes);
    test_write(empty, "", 0);
    check_content(path, bytes, sizeof bytes);
    if (check(!file_read(&file, path, 1000, NULL, &err), "a limit of the very size: %s", err.text))
        file_read_free(&file);
    check(!file.bytes && file.size == 0, "file_read_free leaves %zu bytes behind", file.size);
    if (check(!file_read(&file, empty, 0, NULL, &err), "an empty file: %s", err.text)) {
        check(file.bytes && file.size == 0, "an empty file has %zu bytes at %p", file.size,
              (void *)file.bytes);
        file_read_free(&file);
    }
    check_refused(file_read(&file, path, 999, NULL, &err), &err, "1,000 bytes, more than the 999",
                  "over the limit");
    check_refused(file_read(&file, test_path("missing"), 9, NULL, &err), &err, "cannot open",
                  "missing");
    check_refused(file_read(&file, test_path(""), 9, NULL, &err), &err, "is a folder", "a folder");
    check_refused(file_read(&file, "/dev/zero", 200000, NULL, &err), &err, "more than the 200,000",
                  "a device without end");
    if (check(!file_read(&file, "/dev/null", 9, NULL, &err), "/dev/null: %s", err.text))
        file_read_free(&file);
    check(next_descriptor() == descriptor, "a descriptor was left open");
}

/* Reads /proc/self/mem, whose first page is never mapped, so that reading fails. */
TEST(file_read_fails, "file: a failing read")
{
    static const char path[] = "/proc/self/mem";
    struct file file = {0};
    struct error err = {""};
    if (access(path, R_OK))
        skip("file: a failing read: no %s here", path);
    check_refused(file_read(&file, path, 1000, NULL, &err), &err, "cannot read", path);
    check(!file.bytes, "memory is left after a failure");
}

/* --- what comes through a pipe --- */

enum { LARGE = 3000000 };

static uint8_t large[LARGE];

static void fill_large(void)
{
    for (size_t i = 0; i < LARGE; i++)
        large[i] = (uint8_t)((uint32_t)i * 2654435761u >> 24);
}

/* What another thread writes into a pipe, in pieces. */
struct flow {
    int end;
    size_t size, piece;
};

/* Whoever reads may close the pipe before all is written. */
static void *write_flow(void *context)
{
    const struct flow *flow = context;
    sigset_t pipe_alone;
    sigemptyset(&pipe_alone);
    sigaddset(&pipe_alone, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_alone, NULL);
    for (size_t at = 0; at < flow->size; at += flow->piece) {
        size_t left = flow->size - at, piece = left < flow->piece ? left : flow->piece;
        if (write(flow->end, large + at, piece) != (ssize_t)piece)
            break;
    }
    close(flow->end);
    return NULL;
}

/* Reads the first `size` bytes of `large` from a pipe. */
static int read_flow(struct file *file, size_t size, size_t piece, size_t most, struct error *err)
{
    int ends[2], failed = -1;
    pthread_t writer;
    limit_asked.times = 0;
    limit_asked.of = large;
    if (!check(!pipe(ends), "no pipe"))
        return -1;
    struct flow flow = {.end = ends[1], .size = size, .piece = piece};
    bool started = check(!pthread_create(&writer, NULL, write_flow, &flow), "no thread");
    if (started)
        failed = file_read_open(file, ends[0], "-", most, answer_limit, err);
    close(ends[0]);
    if (started)
        pthread_join(writer, NULL);
    return failed;
}

TEST(file_read_open, "file: the head of a pipe decides how much is read")
{
    static const struct {
        size_t size, piece, most, answers[2], heads[2];
        size_t read; /* 0: refused */
        const char *fault;
    } rows[] = {
        {LARGE, 50000, LARGE, {LARGE, 0}, {FILE_HEAD, 0}, LARGE, NULL},
        {LARGE, 50000, SIZE_MAX, {LARGE, 0}, {FILE_HEAD, 0}, LARGE, NULL},
        {LARGE, 50000, LARGE, {SIZE_MAX, 0}, {FILE_HEAD, 0}, LARGE, NULL},
        {LARGE, 50000, LARGE, {9999, LARGE}, {FILE_HEAD, 10000}, LARGE, NULL},
        {LARGE, 50000, LARGE, {9999, 0}, {FILE_HEAD, 10000}, 10000, NULL},
        {LARGE, 7, LARGE, {0, LARGE}, {FILE_HEAD, 0}, FILE_HEAD, NULL},
        {LARGE, 7, LARGE, {5000, 5000}, {FILE_HEAD, 5001}, 0, "more than the 5,000 bytes such"},
        {LARGE, 7, LARGE, {1, LARGE}, {FILE_HEAD, 0}, 0, "-: more than the 1 bytes such a file"},
        {LARGE, 50000, 6000, {9999, 9999}, {FILE_HEAD, 6001}, 0, "more than the 6,000 bytes such"},
        {FILE_HEAD, 1000, LARGE, {0, LARGE}, {FILE_HEAD, 0}, FILE_HEAD, NULL},
        {FILE_HEAD - 1, 1000, LARGE, {0, 0}, {0, 0}, FILE_HEAD - 1, NULL},
        {100, 7, 100, {0, 0}, {0, 0}, 100, NULL},
        {101, 7, 100, {200, 0}, {101, 0}, 0, "-: more than the 100 bytes such a file may have"},
    };
    fill_large();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct file file = {0};
        struct error err = {""};
        test_case("row %zu", i);
        memcpy(limit_asked.answers, rows[i].answers, sizeof limit_asked.answers);
        int failed = read_flow(&file, rows[i].size, rows[i].piece, rows[i].most, &err);
        if (rows[i].fault)
            check_refused(failed, &err, rows[i].fault, "");
        else if (check(!failed, "%s", err.text) && check_size(file.size, rows[i].read))
            check(!memcmp(file.bytes, large, file.size), "other bytes");
        check_int(limit_asked.times, (rows[i].heads[0] > 0) + (rows[i].heads[1] > 0));
        for (int time = 0; time < limit_asked.times && time < 2; time++)
            check_size(limit_asked.heads[time], rows[i].heads[time]);
        check(!limit_asked.times || limit_asked.same, "asked of other bytes");
        file_read_free(&file);
    }
}

/* Of a regular file that is larger than others the head is read, in case that is enough to refuse
 * it, or allows as much. */
TEST(file_read_too_large, "file: a file that is too large, unless its head allows as much")
{
    static const struct {
        size_t size, most, answer;
        size_t read; /* 0: refused */
        const char *fault;
    } rows[] = {
        {1000, 999, 0, 1000, NULL},
        {1000, 999, 5000, 1000, NULL},
        {1000, 999, 1000, 1000, NULL},
        {1000, 500, 999, 0, "1,000 bytes, more than the 999 such"},
        {1000, 500, 1, 0, "1,000 bytes, more than the 1 such"},
        {1000, 500, SIZE_MAX, 0, "1,000 bytes, more than the 500 such"},
        {FILE_HEAD, 1, 0, FILE_HEAD, NULL},
        {FILE_HEAD, 1, LARGE, FILE_HEAD, NULL},
        {LARGE, LARGE - 1, 0, FILE_HEAD, NULL},
        {LARGE, LARGE - 1, LARGE, LARGE, NULL},
        {LARGE, LARGE - 1, SIZE_MAX, 0, "3,000,000 bytes, more than the 2,999,999 such"},
    };
    const char *path = test_path("too-large");
    fill_large();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct file file = {0};
        struct error err = {""};
        test_case("row %zu", i);
        test_write(path, large, rows[i].size);
        limit_asked = (struct limit_asked){.of = large, .answers = {rows[i].answer}};
        int failed = file_read(&file, path, rows[i].most, answer_limit, &err);
        check_int(limit_asked.times, 1);
        check(limit_asked.same, "asked of other bytes");
        if (rows[i].fault)
            check_refused(failed, &err, rows[i].fault, "");
        else if (check(!failed, "%s", err.text) && check_size(file.size, rows[i].read))
            check(!memcmp(file.bytes, large, file.size), "other bytes");
        file_read_free(&file);
    }
}

/* A team reads parts of 4 MiB. */
TEST(file_read_shared, "file: on all threads")
{
    static const size_t sizes[] = {0, 1, LARGE, (4 << 20) - 1, 4 << 20, (4 << 20) + 1, 9999999};
    static uint8_t more[9999999];
    const char *path = test_path("shared");
    struct error err = {""};
    for (size_t i = 0; i < sizeof more; i++)
        more[i] = (uint8_t)((uint32_t)i * 2654435761u >> 24);
    for (int threads = 1; threads <= 3; threads++) {
        struct team *team = team_create(threads, &err);
        if (!check(team != NULL, "%s", err.text))
            return;
        for (size_t i = 0; i < COUNT(sizes); i++) {
            struct file file = {0};
            test_case("%zu bytes, %d threads", sizes[i], threads);
            test_write(path, more, sizes[i]);
            int failed = file_read_shared(&file, path, sizeof more, NULL, team, &err);
            if (check(!failed, "%s", err.text) && check_size(file.size, sizes[i]))
                check(!memcmp(file.bytes, more, file.size), "other bytes");
            file_read_free(&file);
        }
        team_destroy(team);
    }
}

/* --- signals --- */

static volatile sig_atomic_t interruptions;

/* Where the FIFO below is, and a descriptor that keeps it open for writing, or -1. */
static const char *fifo;
static volatile sig_atomic_t writer;

/* Whoever waits on in spite of signals is given a writer at last, and then the end of the file: the
 * test fails, and does not hang. */
static void interrupt(int number)
{
    (void)number;
    if (++interruptions % 100)
        return;
    if (writer < 0)
        writer = open(fifo, O_RDWR);
    else
        close(writer);
}

/* Reads a FIFO that nobody writes to while a signal comes again and again. It is handled as the
 * commands handle those that end them: without SA_RESTART. */
static void check_interrupted(const char *fault)
{
    struct itimerval often = {{0, 5000}, {0, 5000}}, never = {{0, 0}, {0, 0}};
    struct sigaction action = {.sa_handler = interrupt}, before;
    struct file file = {0};
    struct error err = {""};
    interruptions = 0;
    sigaction(SIGALRM, &action, &before);
    setitimer(ITIMER_REAL, &often, NULL);
    int failed = file_read(&file, fifo, LARGE, NULL, &err);
    setitimer(ITIMER_REAL, &never, NULL);
    sigaction(SIGALRM, &before, NULL);
    check_refused(failed, &err, fault, "");
    check(!file.bytes, "memory is left after a failure");
    check(interruptions > 0, "no signal came");
}

TEST(file_read_interrupted, "file: a signal ends the wait for a FIFO")
{
    int descriptor = next_descriptor();
    fifo = test_path("fifo");
    writer = -1;
    if (!check(!mkfifo(fifo, 0600), "no FIFO"))
        return;
    check_interrupted("fifo: cannot open: Interrupted system call");
    writer = open(fifo, O_RDWR);
    if (check(writer >= 0, "cannot open it for writing")) {
        check_interrupted("fifo: cannot read: Interrupted system call");
        check(write(writer, "a few", 5) == 5, "cannot write");
        check_interrupted("fifo: cannot read: Interrupted system call");
        close(writer);
    }
    check(next_descriptor() == descriptor, "a descriptor was left open");
}
