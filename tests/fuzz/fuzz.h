/* What the fuzz targets share. Each target is one function that libFuzzer calls with made-up
 * bytes; a crash, a sanitizer's report or a requirement that does not hold is a finding. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mnist/base/bytes.h"
#include "mnist/base/error.h"
#include "mnist/codec/checksum.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* What was read goes here, so that no compiler leaves the reading out. */
static volatile double fuzz_sink;

/* What commands say goes nowhere (libFuzzer's -close_fd_mask=3; driver.c does the same); what
 * does not hold is said here. */
static int fuzz_stderr = STDERR_FILENO;

__attribute__((constructor)) static void keep_stderr(void)
{
    int kept = dup(STDERR_FILENO);
    fuzz_stderr = kept < 0 ? STDERR_FILENO : kept;
}

static inline void require(int holds, const char *what)
{
    if (holds)
        return;
    dprintf(fuzz_stderr, "fuzz: %s\n", what);
    abort();
}

/* The bytes with a NUL behind, so that they can be taken apart. The caller frees them. */
static inline char *text_of(const uint8_t *bytes, size_t size)
{
    char *text = malloc(size + 1);
    require(text != NULL, "out of memory");
    memcpy(text, bytes, size);
    text[size] = '\0';
    return text;
}

/* Eight hexadecimal digits behind the first `key` in text, unless there is no room. */
static inline uint8_t *digits_behind(uint8_t *text, size_t size, const char *key)
{
    size_t length = strlen(key);
    for (size_t i = 0; i + length + 8 <= size; i++)
        if (!memcmp(text + i, key, length))
            return text + i + length;
    return NULL;
}

static inline void put_digits(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 8; i++)
        at[i] = (uint8_t) "0123456789abcdef"[value >> (28 - 4 * i) & 15];
}

/* The length of the header behind the first eight bytes, found by its end: two braces, and
 * spaces. 0 where there is none. */
static inline size_t header_length(const uint8_t *bytes, size_t size)
{
    for (size_t i = 8; i + 2 <= size; i++) {
        if (memcmp(bytes + i, "}}", 2))
            continue;
        for (i += 2; i < size && bytes[i] == ' ';)
            i++;
        return i - 8;
    }
    return 0;
}

/* A copy of a safetensors file with the header's length and both checksums put right: without,
 * nothing made up would get past them. The caller frees it. */
static inline uint8_t *put_right(const uint8_t *bytes, size_t size)
{
    uint8_t *copy = malloc(size + 1);
    if (!copy)
        abort();
    memcpy(copy, bytes, size);
    size_t length = header_length(bytes, size);
    if (!length)
        return copy;
    bytes_put_le64(copy, length);
    uint8_t *header = copy + 8, *data = header + length;
    uint8_t *of_data = digits_behind(header, length, "\"crc32\":\"");
    uint8_t *of_header = digits_behind(header, length, "\"header_crc32\":\"");
    if (of_data)
        put_digits(of_data, checksum_crc32(data, size - 8 - length));
    if (of_header) {
        memset(of_header, '0', 8);
        put_digits(of_header, checksum_crc32(header, length));
    }
    return copy;
}

/* Tries the bytes as they are, and once more put right. */
static inline int as_is_and_put_right(const uint8_t *bytes, size_t size,
                                      void (*try_bytes)(const uint8_t *bytes, size_t size))
{
    uint8_t *right = put_right(bytes, size);
    try_bytes(bytes, size);
    try_bytes(right, size);
    free(right);
    return 0;
}

#endif
