#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
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
    if (check(!file_read(&file, path, 1000, &err), "a limit of the very size: %s", err.text))
        file_read_free(&file);
    check(!file.bytes && file.size == 0, "file_read_free leaves %zu bytes behind", file.size);
    if (check(!file_read(&file, empty, 0, &err), "an empty file: %s", err.text)) {
        check(file.bytes && file.size == 0, "an empty file has %zu bytes at %p", file.size,
              (void *)file.bytes);
        file_read_free(&file);
    }
    check_refused(file_read(&file, path, 999, &err), &err, "1000 bytes, more than the 999",
                  "over the limit");
    check_refused(file_read(&file, test_path("missing"), 9, &err), &err, "cannot open", "missing");
    check_refused(file_read(&file, test_path(""), 9, &err), &err, "is a folder", "a folder");
    check_refused(file_read(&file, "/dev/zero", 200000, &err), &err, "more than the 200000",
                  "a device without end");
    if (check(!file_read(&file, "/dev/null", 9, &err), "/dev/null: %s", err.text))
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
    check_refused(file_read(&file, path, 1000, &err), &err, "cannot read", path);
    check(!file.bytes, "memory is left after a failure");
}

enum { LARGE = 3000000 };

static uint8_t large[LARGE];

static volatile sig_atomic_t interruptions;

static void interrupt(int number)
{
    (void)number;
    interruptions++;
}

/* Writes to the other end of the pipe, slowly. */
static void *write_large(void *end)
{
    const int *fd = end;
    for (size_t at = 0; at < LARGE; at += 50000) {
        usleep(1000);
        if (write(*fd, large + at, 50000) != 50000)
            break;
    }
    close(*fd);
    return NULL;
}

/* Reads stdin while a signal comes twice in a millisecond; the thread gets none of them. */
static void read_interrupted(int ends[2])
{
    struct itimerval often = {{0, 500}, {0, 500}}, never = {{0, 0}, {0, 0}};
    struct sigaction action = {.sa_handler = interrupt}, before;
    sigset_t alarm_alone, mask;
    pthread_t writer;
    struct file file = {0};
    struct error err = {""};
    sigemptyset(&alarm_alone);
    sigaddset(&alarm_alone, SIGALRM);
    pthread_sigmask(SIG_BLOCK, &alarm_alone, &mask);
    if (!check(!pthread_create(&writer, NULL, write_large, &ends[1]), "no thread"))
        return;
    pthread_sigmask(SIG_SETMASK, &mask, NULL);
    interruptions = 0;
    sigaction(SIGALRM, &action, &before);
    setitimer(ITIMER_REAL, &often, NULL);
    int failed = file_read_stdin(&file, LARGE, &err);
    setitimer(ITIMER_REAL, &never, NULL);
    sigaction(SIGALRM, &before, NULL);
    pthread_join(writer, NULL);
    if (check(!failed, "%s", err.text))
        check(file.size == LARGE && !memcmp(file.bytes, large, LARGE), "%zu bytes", file.size);
    file_read_free(&file);
    check(interruptions > 0, "no signal came");
}

/* Larger than a pipe and than the first guess of the buffer. A signal that is handled, as stop
 * requests are, makes a waiting system call fail with EINTR. */
TEST(file_read_stdin, "file: reads stdin while signals come")
{
    int ends[2], stdin_before = dup(STDIN_FILENO);
    for (size_t i = 0; i < LARGE; i++)
        large[i] = (uint8_t)((uint32_t)i * 2654435761u >> 24);
    if (check(!pipe(ends) && dup2(ends[0], STDIN_FILENO) >= 0, "no pipe")) {
        close(ends[0]);
        read_interrupted(ends);
    }
    if (stdin_before < 0 || dup2(stdin_before, STDIN_FILENO) < 0)
        close(STDIN_FILENO);
    close(stdin_before);
}
