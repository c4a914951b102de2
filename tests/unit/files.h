/* Files that the tests of several modules make. */
#ifndef FILES_H
#define FILES_H

#include <stdint.h>

#include "mnist/data/image.h"

#include "test.h"

/* The lowest free descriptor. If it is higher afterwards, something was left open. */
int next_descriptor(void);

void check_content(const char *path, const void *bytes, size_t size);

enum { IMAGES = 3, IMAGE_FILE = 16 + IMAGES * IMAGE_PIXELS, LABEL_FILE = 8 + IMAGES };

void make_images(uint8_t bytes[IMAGE_FILE], int salt);

void make_labels(uint8_t bytes[LABEL_FILE], int salt);

/* Writes a gzip file of one stored (not compressed) block of less than 64 kB: RFC 1951 and 1952. */
size_t make_gzip(uint8_t *to, const uint8_t *bytes, size_t size);

void write_maybe_gzip(const char *path, const uint8_t *bytes, size_t size, bool gzip);

/* What answer_limit, a file_limit, is asked, of which bytes, and what it answers: first, and after
 * that. */
extern struct limit_asked {
    const uint8_t *of;
    int times;
    size_t heads[2], answers[2];
    bool same; /* the last head was of those bytes */
} limit_asked;

size_t answer_limit(const uint8_t *head, size_t size);

enum { ROOM = 1 << 22 };

/* Puts a file together in `file`: the header's length, the header, data_size bytes of data (NULL:
 * zeros). In the header CCCCCCCC becomes the checksum of the data and HHHHHHHH that of the header,
 * so that a file is refused for the fault under test, not for its checksums. */
size_t build(uint8_t *file, const char *header, const void *data, size_t data_size);

#define SUMS "\"crc32\":\"CCCCCCCC\",\"header_crc32\":\"HHHHHHHH\""

#define TENSOR(name, shape, offsets) \
    "\"" name "\":{\"dtype\":\"F32\",\"shape\":" shape ",\"data_offsets\":" offsets "}"

#endif
