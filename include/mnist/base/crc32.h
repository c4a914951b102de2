/* CRC-32 as in gzip, zip and PNG (ISO 3309: polynomial 0xEDB88320, reflected, all ones in and out).
 */
#ifndef MNIST_CRC32_H
#define MNIST_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* crc32("123456789") = 0xCBF43926. */
uint32_t crc32(const void *bytes, size_t size);

#endif
