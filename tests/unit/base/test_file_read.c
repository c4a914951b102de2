#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "mnist/base/file_read.h"
#include "mnist/base/rng.h"
#include "mnist/codec/kind.h"

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

/* Its first page is never mapped, and reading what is not mapped fails. */
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

static const char gzip_text[] = "one seed, one seed, one seed, one model";

static const uint8_t gzip_bytes[] = {0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03,
                                     0xcb, 0xcf, 0x4b, 0x55, 0x28, 0x4e, 0x4d, 0x4d, 0xd1, 0x51,
                                     0xc8, 0xc7, 0xc1, 0xca, 0xcd, 0x4f, 0x49, 0xcd, 0x01, 0x00,
                                     0xad, 0x78, 0x91, 0x25, 0x27, 0x00, 0x00, 0x00};

static int read_gzip_bytes(const void *bytes, size_t size, size_t limit, struct file *file,
                           struct error *err)
{
    const char *path = test_path("bytes.gz");
    test_write(path, bytes, size);
    return file_read_gzip(file, path, limit, err);
}

TEST(gzip_read, "file: unpacks gzip")
{
    struct file file = {0};
    struct error err = {""};
    size_t size = strlen(gzip_text);
    int descriptor = next_descriptor();
    if (check(!read_gzip_bytes(gzip_bytes, sizeof gzip_bytes, size, &file, &err), "%s", err.text)) {
        check(file.size == size && !memcmp(file.bytes, gzip_text, size), "%zu bytes", file.size);
        file_read_free(&file);
    }
    check_refused(read_gzip_bytes(gzip_bytes, sizeof gzip_bytes, size - 1, &file, &err), &err,
                  "more than the 38 bytes", "over the limit");
    check_refused(read_gzip_bytes("plain text", 10, 100, &file, &err), &err, "cut short or damaged",
                  "plain text");
    check_refused(file_read_gzip(&file, test_path("missing"), 9, &err), &err, "cannot open",
                  "missing");
    check_refused(file_read_gzip(&file, test_path(""), 9, &err), &err, "is a folder", "a folder");
    check(next_descriptor() == descriptor, "a descriptor was left open");
}

/* The same from memory. */
static int unpack_bytes(const void *bytes, size_t size, size_t limit, struct file *file,
                        struct error *err)
{
    const char *path = test_path("packed");
    test_write(path, bytes, size);
    if (!check(!file_read(file, path, size, err), "%s", err->text))
        return -1;
    check(file_is_gzip(file) == (size > 1 && !memcmp(bytes, gzip_bytes, 2)), "known by its bytes");
    return file_unpack(file, "packed", limit, err);
}

TEST(gzip_unpack, "file: unpacks gzip from memory")
{
    struct file file = {0};
    struct error err = {""};
    size_t size = strlen(gzip_text);
    int descriptor = next_descriptor();
    if (check(!unpack_bytes(gzip_bytes, sizeof gzip_bytes, size, &file, &err), "%s", err.text)) {
        check(file.size == size && !memcmp(file.bytes, gzip_text, size), "%zu bytes", file.size);
        check(!file_is_gzip(&file), "still packed");
        file_read_free(&file);
    }
    check_refused(unpack_bytes(gzip_bytes, sizeof gzip_bytes, size - 1, &file, &err), &err,
                  "packed: more than the 38 bytes", "over the limit");
    check(!file.bytes, "memory was left");
    check_refused(unpack_bytes(gzip_bytes, sizeof gzip_bytes - 1, 100, &file, &err), &err,
                  "packed: a gzip file that is cut short or damaged", "cut short");
    check(!file.bytes, "memory was left");
    check_refused(unpack_bytes("plain", 5, 100, &file, &err), &err, "cut short or damaged",
                  "plain text");
    check_refused(unpack_bytes("\x1f", 1, 100, &file, &err), &err, "cut short or damaged",
                  "a byte");
    check(next_descriptor() == descriptor, "a descriptor was left open");
}

enum { LARGE = 3000000 };

/* Larger than a pipe and than the first guess of the buffer. The path of the packed file, or NULL.
 */
static const char *make_large_gzip(uint8_t bytes[LARGE])
{
    char command[300];
    struct rng rng;
    const char *path = test_path("large.gz");
    rng_seed(&rng, 15, RNG_SHOW, 0);
    for (int i = 0; i < LARGE; i++)
        bytes[i] = (uint8_t)(rng_next(&rng) & 3);
    snprintf(command, sizeof command, "gzip -1n > '%s'", path);
    FILE *out = popen(command, "w");
    if (!check(out != NULL, "cannot start gzip"))
        return NULL;
    bool written = fwrite(bytes, 1, LARGE, out) == LARGE;
    return check(!pclose(out) && written, "cannot write %s", path) ? path : NULL;
}

static uint8_t large[LARGE];

static void check_large_gzip(const char *path, const char *what)
{
    struct file file = {0};
    struct error err = {""};
    if (check(!file_read_gzip(&file, path, LARGE, &err), "%s: %s", what, err.text))
        check(file.size == LARGE && !memcmp(file.bytes, large, LARGE), "%s: %zu bytes", what,
              file.size);
    file_read_free(&file);
}

TEST(gzip_large, "file: unpacks a large gzip file")
{
    struct file file = {0};
    struct error err = {""};
    const char *path = make_large_gzip(large);
    if (!path)
        return;
    check_large_gzip(path, "in peace");
    check_refused(file_read_gzip(&file, path, LARGE - 1, &err), &err, "more than the 2999999",
                  "over the limit");
    check_refused(file_read_gzip(&file, path, 10, &err), &err, "more than the 10", "over 10");
}

static volatile sig_atomic_t interruptions;

static void interrupt(int number)
{
    (void)number;
    interruptions++;
}

/* A signal that is handled, as stop requests are, makes a waiting system call fail with EINTR. */
TEST(gzip_interrupted, "file: unpacks gzip while signals come")
{
    struct itimerval often = {{0, 1000}, {0, 1000}}, never = {{0, 0}, {0, 0}};
    struct sigaction action = {.sa_handler = interrupt}, before;
    const char *path = make_large_gzip(large);
    if (!path)
        return;
    interruptions = 0;
    sigaction(SIGALRM, &action, &before);
    setitimer(ITIMER_REAL, &often, NULL);
    for (int i = 0; i < 3; i++)
        check_large_gzip(path, "interrupted");
    setitimer(ITIMER_REAL, &never, NULL);
    sigaction(SIGALRM, &before, NULL);
    check(interruptions > 0, "no signal came");
}

TEST(gzip_cut_short, "file: gzip cut short is refused")
{
    for (size_t size = 0; size < sizeof gzip_bytes; size++) {
        char what[32];
        struct file file = {0};
        struct error err = {""};
        snprintf(what, sizeof what, "cut to %zu bytes", size);
        check_refused(read_gzip_bytes(gzip_bytes, size, 1000, &file, &err), &err,
                      "cut short or damaged", what);
        file_read_free(&file);
    }
}

/* gzip takes any time stamp, so a changed byte may do no harm; what it must never do is change what
 * is read. */
TEST(gzip_damaged, "file: damaged gzip never changes the bytes")
{
    for (size_t i = 0; i < sizeof gzip_bytes; i++) {
        uint8_t bytes[sizeof gzip_bytes];
        struct file file = {0};
        struct error err = {""};
        memcpy(bytes, gzip_bytes, sizeof bytes);
        bytes[i] ^= 0x10;
        if (read_gzip_bytes(bytes, sizeof bytes, 1000, &file, &err))
            continue;
        check(i < sizeof bytes - 8, "a change of byte %zu, the checksum, was accepted", i);
        check(file.size == strlen(gzip_text) && !memcmp(file.bytes, gzip_text, file.size),
              "a change of byte %zu changed what was read", i);
        file_read_free(&file);
    }
}

TEST(gzip_trailing, "file: rubbish after gzip is refused")
{
    uint8_t bytes[sizeof gzip_bytes + 8];
    struct file file = {0};
    struct error err = {""};
    memset(bytes, 'x', sizeof bytes);
    memcpy(bytes, gzip_bytes, sizeof gzip_bytes);
    check_refused(read_gzip_bytes(bytes, sizeof bytes, 1000, &file, &err), &err,
                  "cut short or damaged", "rubbish after the end");
    file_read_free(&file);
}

/* Whoever starts the program may have told it to ignore SIGCHLD; then the system forgets how gzip
 * ended. */
TEST(gzip_sigchld_ignored, "file: gzip is checked while SIGCHLD is ignored")
{
    struct file file = {0};
    struct error err = {""};
    uint8_t damaged[sizeof gzip_bytes];
    memcpy(damaged, gzip_bytes, sizeof damaged);
    damaged[sizeof damaged - 8] ^= 1; /* gzip's own checksum */
    struct sigaction ignore = {.sa_handler = SIG_IGN}, before, after;
    sigaction(SIGCHLD, &ignore, &before);
    int good = read_gzip_bytes(gzip_bytes, sizeof gzip_bytes, 1000, &file, &err);
    file_read_free(&file);
    int cut = read_gzip_bytes(gzip_bytes, sizeof gzip_bytes - 8, 1000, &file, &err);
    file_read_free(&file);
    int wrong = read_gzip_bytes(damaged, sizeof damaged, 1000, &file, &err);
    file_read_free(&file);
    sigaction(SIGCHLD, &before, &after);
    check(good == 0, "a good gzip file was refused");
    check(cut == -1, "a gzip file cut short was accepted");
    check(wrong == -1, "a gzip file with a wrong checksum was accepted");
    check(after.sa_handler == SIG_IGN, "SIGCHLD is ignored no more");
}

static const struct {
    const char *bytes;
    size_t size;
    const char *kind;
} known_bytes[] = {
    {"", 0, "an empty file"},
    {"\x1f\x8b\x08", 3, "a gzip file"},
    {"\x1f\x8b", 2, "a gzip file"},
    {"\x1f", 1, NULL},
    {"PK\3\4rest", 8, "a zip archive"},
    {"PK\5\6", 4, "a zip archive"},
    {"PK", 2, NULL},
    {"\x80\2}q", 4, "a Python pickle"},
    {"\x89PNG\r\n", 6, "a PNG image"},
    {"\xff\xd8\xff\xe0", 4, "a JPEG image"},
    {"GIF89a", 6, "a GIF image"},
    {"II*\0", 4, "a TIFF image"},
    {"MM\0*", 4, "a TIFF image"},
    {"RIFF\x24\0\0\0WEBPVP8 ", 16, "a WebP image"},
    {"RIFF\x24\0\0\0WEB", 11, NULL},
    {"RIFF\x24\0\0\0WAVEfmt ", 16, NULL},
    {"BM\x36\1\0\0\0\0\0\0\x36", 11, "a BMP image"},
    {"BM\x36\1\0\0\0\0\0", 9, NULL},
    {"BMW, Audi, Opel\n", 16, NULL},
    {"\0\0\0\x18"
     "ftypheic",
     12, "a HEIC image"},
    {"\0\0\0\x18"
     "ftypmif1",
     12, "a HEIF image"},
    {"\0\0\0\x20"
     "ftypavif",
     12, "an AVIF image"},
    {"\0\0\0\x18"
     "ftypisom",
     12, NULL},
    {"\0\0\0\x18"
     "ftyphe",
     10, NULL},
    {"\x93NUMPY\1", 7, "a NumPy array"},
    {"\x89HDF\r\n", 6, "an HDF5 file"},
    {"BZh9", 4, "a bzip2 file"},
    {"\xfd"
     "7zXZ\0",
     6, "an xz file"},
    {"\x7f"
     "ELF",
     4, "a program"},
    {"version https://git-lfs.github.com/spec/v1\n", 43, "a Git LFS pointer"},
    {"\0\0\x08\x01\0\0\0\x01", 8, "an IDX file of labels"},
    {"\0\0\x08\x03", 4, "an IDX file of images"},
    {"\0\0\x08", 3, NULL},
    {"\x40\0\0\0\0\0\0\0{\"a\"", 12, "a safetensors file"},
    {"\x40\0\0\0\0\0\0\0[", 9, NULL},
    {"\x40\0\0\0\0\0\0\0", 8, NULL},
    {"<!DOCTYPE html>", 15, "an HTML or XML page"},
    {" \r\n\t<html>", 10, "an HTML or XML page"},
    {"   ", 3, NULL},
    {"hello", 5, NULL},
    {"\0<", 2, NULL},
};

TEST(looks_like, "file: knows what bytes look like")
{
    for (size_t i = 0; i < COUNT(known_bytes); i++) {
        const char *got = kind_of((const uint8_t *)known_bytes[i].bytes, known_bytes[i].size);
        bool same = got && known_bytes[i].kind ? !strcmp(got, known_bytes[i].kind)
                                               : got == known_bytes[i].kind;
        check(same, "row %zu looks like %s, wanted %s", i, got ? got : "nothing",
              known_bytes[i].kind ? known_bytes[i].kind : "nothing");
    }
}
