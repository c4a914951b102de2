/* The two checksums of published formats. */
#ifndef MNIST_CHECKSUM_H
#define MNIST_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/* CRC-32 as in gzip, zip and PNG (ISO 3309: polynomial 0xEDB88320, reflected, all ones in and out).
 * That of "123456789" is 0xCBF43926. */
uint32_t checksum_crc32(const void *bytes, size_t size);

/* The CRC-32 of two texts, the second of `size` bytes behind the first, from those of each: so
 * threads can share a long one. */
uint32_t checksum_crc32_join(uint32_t first, uint32_t second, size_t size);

/* Adler-32, which ends a zlib stream (RFC 1950): low 16 bits, one plus the sum of the bytes; high
 * 16 bits, the sum of all such sums on the way; each modulo 65521. "123456789" has 0x091E01DE. */
uint32_t checksum_adler32(const void *bytes, size_t size);

#endif
