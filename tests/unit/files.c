#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mnist/base/bytes.h"
#include "mnist/base/file_read.h"
#include "mnist/codec/checksum.h"
#include "mnist/data/dataset.h"

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
    if (!check(!file_read(&file, path, 1 << 24, NULL, &err), "%s", err.text))
        return;
    check(file.size == size && !memcmp(file.bytes, bytes, size), "%s: %zu bytes, wanted %zu", path,
          file.size, size);
    file_read_free(&file);
}

/* A pixel that says which image of which file it belongs to, and where. */
static uint8_t pixel(int salt, int image, int p)
{
    return (uint8_t)((image * 31 + p * 7 + salt * 101) % 251);
}

void make_images(uint8_t bytes[IMAGE_FILE], int salt)
{
    static const uint32_t header[] = {DATASET_IMAGES, IMAGES, IMAGE_SIDE, IMAGE_SIDE};
    for (size_t i = 0; i < COUNT(header); i++)
        bytes_put_be32(bytes + 4 * i, header[i]);
    for (int i = 0; i < IMAGES; i++)
        for (int p = 0; p < IMAGE_PIXELS; p++)
            bytes[16 + i * IMAGE_PIXELS + p] = pixel(salt, i, p);
}

void make_labels(uint8_t bytes[LABEL_FILE], int salt)
{
    bytes_put_be32(bytes, DATASET_LABELS);
    bytes_put_be32(bytes + 4, IMAGES);
    for (int i = 0; i < IMAGES; i++)
        bytes[8 + i] = (uint8_t)((salt + 4 * i) % 10);
}

size_t make_gzip(uint8_t *to, const uint8_t *bytes, size_t size)
{
    static const uint8_t start[] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1};
    memcpy(to, start, sizeof start);
    uint8_t *p = to + sizeof start;
    bytes_put_le16(p, (uint16_t)size);
    bytes_put_le16(p + 2, (uint16_t)~size);
    memcpy(p + 4, bytes, size);
    p += 4 + size;
    bytes_put_le32(p, checksum_crc32(bytes, size));
    bytes_put_le32(p + 4, (uint32_t)size);
    return (size_t)(p + 8 - to);
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
    bytes_put_le64(file, length);
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

struct limit_asked limit_asked;

size_t answer_limit(const uint8_t *head, size_t size)
{
    int time = limit_asked.times++ ? 1 : 0;
    limit_asked.heads[time] = size;
    limit_asked.same = !memcmp(head, limit_asked.of, size);
    return limit_asked.answers[time];
}
