/* Base64: bytes as text of 64 letters, digits and signs, four for each three bytes (RFC 4648,
 * section 4). */
#ifndef MNIST_BASE64_H
#define MNIST_BASE64_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Writes the bytes on one line, padded with = to a multiple of four characters. */
void base64_write(FILE *out, const uint8_t *bytes, size_t size);

#endif
