#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mnist/base/file_read.h"
#include "mnist/codec/checksum.h"
#include "mnist/codec/idx.h"

#include "files.h"

int next_descriptor(void)
{
    int fd = open("/dev/null", O_RDONLY);
    close(fd);
    return fd;
}

void check_content(const char *path, const void *bytes, size_t size)
{
    struct file file;
    struct error err = {""};
    if (!check(!file_read(&file, path, 1 << 24, &err), "%s", err.text))
        return;
    check(file.size == size && !memcmp(file.bytes, bytes, size), "%s: %zu bytes, wanted %zu", path,
          file.size, size);
    file_read_free(&file);
}

void put_big_endian(uint8_t *p, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(value >> (24 - 8 * i));
}

/* A pixel that says which image of which file it belongs to, and where. */
static uint8_t pixel(int salt, int image, int p)
{
    return (uint8_t)((image * 31 + p * 7 + salt * 101) % 251);
}

void make_images(uint8_t bytes[IMAGE_FILE], int salt)
{
    static const uint32_t header[] = {IDX_IMAGES, IMAGES, IMAGE_SIDE, IMAGE_SIDE};
    for (size_t i = 0; i < COUNT(header); i++)
        put_big_endian(bytes + 4 * i, header[i]);
    for (int i = 0; i < IMAGES; i++)
        for (int p = 0; p < IMAGE_PIXELS; p++)
            bytes[16 + i * IMAGE_PIXELS + p] = pixel(salt, i, p);
}

void make_labels(uint8_t bytes[LABEL_FILE], int salt)
{
    put_big_endian(bytes, IDX_LABELS);
    put_big_endian(bytes + 4, IMAGES);
    for (int i = 0; i < IMAGES; i++)
        bytes[8 + i] = (uint8_t)((salt + 4 * i) % 10);
}

size_t make_gzip(uint8_t *to, const uint8_t *bytes, size_t size)
{
    static const uint8_t start[] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1};
    uint32_t length = (uint32_t)size, crc = checksum_crc32(bytes, size);
    memcpy(to, start, sizeof start);
    uint8_t *p = to + sizeof start;
    *p++ = (uint8_t)length, *p++ = (uint8_t)(length >> 8);
    *p++ = (uint8_t)~length, *p++ = (uint8_t)(~length >> 8);
    memcpy(p, bytes, size);
    p += size;
    for (int i = 0; i < 4; i++)
        *p++ = (uint8_t)(crc >> 8 * i);
    for (int i = 0; i < 4; i++)
        *p++ = (uint8_t)(length >> 8 * i);
    return (size_t)(p - to);
}

void write_maybe_gzip(const char *path, const uint8_t *bytes, size_t size, bool gzip)
{
    static uint8_t packed[IMAGE_FILE + 64];
    if (gzip)
        test_write(path, packed, make_gzip(packed, bytes, size));
    else
        test_write(path, bytes, size);
}

size_t build(uint8_t *file, const char *header, const void *data, size_t data_size)
{
    size_t length = strlen(header);
    char *copy = (char *)file + 8, digits[9];
    if (!check(8 + length + data_size < ROOM, "the test's file is too large"))
        return 0;
    for (int b = 0; b < 8; b++)
        file[b] = (uint8_t)((uint64_t)length >> 8 * b);
    memcpy(copy, header, length + 1);
    char *crc = strstr(copy, "CCCCCCCC"), *header_crc = strstr(copy, "HHHHHHHH");
    uint8_t *to = file + 8 + length;
    if (header_crc)
        memset(header_crc, '0', 8);
    if (data)
        memcpy(to, data, data_size);
    else
        memset(to, 0, data_size);
    if (crc) {
        snprintf(digits, sizeof digits, "%08" PRIx32, checksum_crc32(to, data_size));
        memcpy(crc, digits, 8);
    }
    if (header_crc) {
        snprintf(digits, sizeof digits, "%08" PRIx32, checksum_crc32(copy, length));
        memcpy(header_crc, digits, 8);
    }
    return 8 + length + data_size;
}
