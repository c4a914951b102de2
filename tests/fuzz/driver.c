/* Runs a fuzz target without libFuzzer, so with any compiler: driver COPIES FILE…
 *
 * The target gets the bytes of each file as they are, and then this many changed copies of them,
 * the same ones each time. What it is about to get stands in the file `input`, so that it is
 * there after a crash. */
#include <fcntl.h>
#include <sys/stat.h>

#include "lines.h"

__attribute__((weak)) int LLVMFuzzerInitialize(int *argc, char ***argv);
__attribute__((weak)) size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t room,
                                                     unsigned seed);
__attribute__((weak)) void __sanitizer_set_report_fd(void *fd);

/* A copy may be longer than its file by this many bytes. */
enum { LONGER = 4096 };

/* Somewhere, every other time at the start, where files say what they are. */
static size_t draw_place(size_t size)
{
    return draw(draw(2) && size > LONGER ? LONGER : size + 1);
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Puts some bytes in front of `at`: made up, or those that stand there once more. */
static size_t insert(uint8_t *bytes, size_t size, size_t room, size_t at)
{
    size_t count = smaller(1 + draw(1 + draw(64)), room - size);
    int again = draw(2) && count <= size - at;
    memmove(bytes + at + count, bytes + at, size - at);
    for (size_t i = 0; i < count && !again; i++)
        bytes[at + i] = (uint8_t)draw(256);
    return size + count;
}

static size_t cut(uint8_t *bytes, size_t size, size_t at)
{
    size_t count = draw(16) ? smaller(1 + draw(1 + draw(64)), size - at) : size - at;
    memmove(bytes + at, bytes + at + count, size - at - count);
    return size - count;
}

/* One change; behind the last byte there is only room for more. Returns the new size. */
static size_t change(uint8_t *bytes, size_t size, size_t room)
{
    static const uint8_t often[] = {0,   1,   0x7f, 0x80, 0xff, '"', '{',
                                    '}', ',', '-',  '0',  '9',  ' ', '\n'};
    size_t at = draw_place(size), way = draw(8);
    if (at == size || way == 0)
        return insert(bytes, size, room, at);
    if (way == 1)
        return cut(bytes, size, at);
    if (way < 4)
        bytes[at] ^= (uint8_t)(1 << draw(8));
    else if (way < 6)
        bytes[at] = often[draw(sizeof often)];
    else
        bytes[at] = (uint8_t)(bytes[at] >= '0' && bytes[at] <= '9' ? '0' + draw(10) : draw(256));
    return size;
}

/* As libFuzzer's, for targets that change their input in their own way. */
size_t LLVMFuzzerMutate(uint8_t *bytes, size_t size, size_t room)
{
    for (size_t changes = 1 + draw(4); changes > 0; changes--)
        size = change(bytes, size, room);
    return size;
}

/* Exactly as long as it says, so that reading beyond it is found out. */
static void try_bytes(int kept, const uint8_t *bytes, size_t size)
{
    uint8_t *exact = malloc(size ? size : 1);
    require(exact && !ftruncate(kept, 0) && pwrite(kept, bytes, size, 0) == (ssize_t)size,
            "no room for the input");
    memcpy(exact, bytes, size);
    LLVMFuzzerTestOneInput(exact, size);
    free(exact);
}

static void try_file(int kept, const char *path, unsigned copies)
{
    struct stat info;
    int fd = open(path, O_RDONLY);
    require(fd >= 0 && !fstat(fd, &info), path);
    size_t size = (size_t)info.st_size, room = size + LONGER;
    uint8_t *whole = malloc(room), *copy = malloc(room);
    require(whole && copy && read(fd, whole, size) == (ssize_t)size, path);
    close(fd);
    try_bytes(kept, whole, size);
    for (unsigned n = 1; n <= copies; n++) {
        memcpy(copy, whole, size);
        draw_from(n);
        size_t changed = size;
        for (unsigned change = 0; change <= n % 4; change++)
            changed = LLVMFuzzerCustomMutator
                          ? LLVMFuzzerCustomMutator(copy, changed, room, 4 * n + change)
                          : LLVMFuzzerMutate(copy, changed, room);
        try_bytes(kept, copy, changed);
    }
    free(whole);
    free(copy);
}

int main(int argc, char **argv)
{
    int kept = open("input", O_WRONLY | O_CREAT | O_TRUNC, 0666),
        nowhere = open("/dev/null", O_WRONLY);
    require(argc > 2 && kept >= 0 && nowhere >= 0,
            "wanted: driver COPIES FILE..., in a folder that can be written");
    if (LLVMFuzzerInitialize)
        LLVMFuzzerInitialize(&argc, &argv);
    if (__sanitizer_set_report_fd)
        __sanitizer_set_report_fd((void *)(intptr_t)fuzz_stderr);
    dup2(nowhere, STDOUT_FILENO);
    dup2(nowhere, STDERR_FILENO);
    for (int i = 2; i < argc; i++)
        try_file(kept, argv[i], (unsigned)strtoul(argv[1], NULL, 10));
    return 0;
}
