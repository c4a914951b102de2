#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mnist/base/memory.h"

#include "../test.h"

/* A sanitizer ends the program when the allocator would return NULL. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

TEST(memory_overflow, "memory: a product that overflows is refused")
{
    static const size_t rows[][2] = {
        {SIZE_MAX, 2},
        {2, SIZE_MAX},
        {SIZE_MAX / 4 + 1, 4},
        {(size_t)1 << (sizeof(size_t) * 4), (size_t)1 << (sizeof(size_t) * 4)},
        {SIZE_MAX, 1}, /* fits, but not when rounded up to the alignment */
        {SIZE_MAX - 8, 1},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct error err = {""};
        check(!mem_alloc(rows[i][0], rows[i][1], &err), "alloc row %zu was granted", i);
        check(strstr(err.text, "more than memory can address") != NULL, "row %zu: \"%s\"", i,
              err.text);
        err.text[0] = '\0';
        check(!mem_calloc(rows[i][0], rows[i][1], &err), "calloc row %zu was granted", i);
        check(strstr(err.text, "more than memory can address") != NULL, "row %zu: \"%s\"", i,
              err.text);
    }
}

TEST(memory_grow, "memory: a block that grows keeps its bytes")
{
    struct error err = {""};
    char *block = mem_grow(NULL, 0, 3, &err), *bigger;
    if (!check(block != NULL, "%s", err.text))
        return;
    memcpy(block, "abc", 3);
    check(!mem_grow(block, 3, SIZE_MAX, &err) && !memcmp(block, "abc", 3), "it went on failure");
    if (check((bigger = mem_grow(block, 3, 100000, &err)) != NULL, "%s", err.text))
        check(!memcmp(bigger, "abc", 3), "it was not copied");
    mem_free(bigger);
}

TEST(memory_next_size, "memory: a block doubles, but grows by at most 64 MiB")
{
    static const size_t rows[][2] = {
        {1, 2},
        {4096, 8192},
        {1 << 26, 1 << 27},
        {(1 << 26) + 64, (1 << 27) + 64},
        {1 << 30, (1 << 30) + (1 << 26)},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        check_size(mem_next_size(rows[i][0]), rows[i][1]);
}

TEST(memory_out, "memory: running out is an error")
{
    struct error err = {""};
    const char *asan = getenv("ASAN_OPTIONS");
    if (SANITIZED && !(asan && strstr(asan, "allocator_may_return_null=1")))
        skip("memory: running out is an error: a sanitizer does not let it");
    check(!mem_alloc(SIZE_MAX / 4, 2, &err), "half of all addresses were granted");
    check(strstr(err.text, "out of memory") != NULL, "\"%s\"", err.text);
    err.text[0] = '\0';
    check(!mem_calloc(SIZE_MAX / 2, 1, &err), "half of all addresses were granted");
    check(strstr(err.text, "out of memory") != NULL, "\"%s\"", err.text);
}

/* Half-way from what is free to all that there is: the system may grant it, and end whoever uses
 * it. */
TEST(memory_free, "memory: more than is free is refused")
{
    static const char *const keys[] = {"MemAvailable:", "SwapFree:", "MemTotal:", "SwapTotal:"};
    struct error err = {""};
    size_t halves = 0;
    char line[128];
    FILE *in = fopen("/proc/meminfo", "r");
    if (!in)
        skip("memory: more than is free is refused: no /proc/meminfo here");
    while (fgets(line, sizeof line, in))
        for (size_t i = 0; i < COUNT(keys); i++)
            if (!strncmp(line, keys[i], strlen(keys[i])))
                halves += (size_t)strtoull(line + strlen(keys[i]), NULL, 10);
    fclose(in);
    if (halves > SIZE_MAX / 1024)
        skip("memory: more than is free is refused: more is free than can be addressed");
    void *block = mem_alloc(halves, 512, &err);
    check(!block, "%zu halves of kilobytes were granted", halves);
    check(strstr(err.text, "out of memory") != NULL, "\"%s\"", err.text);
    mem_free(block);
}

TEST(memory_blocks, "memory: aligned blocks, zeroed on request")
{
    static const size_t rows[][2] = {
        {0, 0},  {0, 8},  {8, 0},   {1, 1},      {63, 1},
        {1, 64}, {65, 1}, {784, 4}, {1000, 999}, {60000, 784},
    };
    mem_free(NULL);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct error err = {""};
        size_t bytes = rows[i][0] * rows[i][1], dirty = 0;
        unsigned char *block = mem_alloc(rows[i][0], rows[i][1], &err);
        if (!check(block != NULL, "%zu bytes: %s", bytes, err.text))
            return;
        check((uintptr_t)block % 64 == 0, "%zu bytes at %p", bytes, (void *)block);
        memset(block, 0xff, bytes);
        mem_free(block);
        block = mem_calloc(rows[i][0], rows[i][1], &err);
        if (!check(block != NULL, "%zu bytes: %s", bytes, err.text))
            return;
        check((uintptr_t)block % 64 == 0, "%zu zeroed bytes at %p", bytes, (void *)block);
        for (size_t b = 0; b < bytes; b++)
            dirty += block[b] != 0;
        check(dirty == 0, "%zu of %zu bytes are not zero", dirty, bytes);
        mem_free(block);
    }
}
