/* The seal of our files: two metadata strings of a safetensors file that make each of its bytes
 * count, however its header is spelt. "crc32" is the CRC-32 of the tensor bytes, "header_crc32"
 * that of the header with its own eight digits as zeros. A sealed file holds finite numbers only.
 */
#ifndef MNIST_SEAL_H
#define MNIST_SEAL_H

#include "mnist/codec/safetensors.h"

/* Writes the file that st has been filled with to `bytes`, as safetensors_write does, and seals it.
 * What st then has points into them. -1 with err filled when it cannot, or when seal_parse would
 * refuse it. */
int seal_pack(struct safetensors *st, uint8_t *bytes, size_t room, size_t *size, const char *name,
              struct error *err);

/* Takes what it needs of an intact file into `into`, which is the caller's: 0, or -1 with err
 * filled. A file without a seal is none of ours, whatever it holds: of that it takes nothing, says
 * whose it is, and returns -1. */
typedef int seal_take(void *into, const struct safetensors *st, bool sealed, const char *name,
                      struct error *err);

/* Parses a file of at most `limit` bytes, or bytes in memory, checks the seal if there is one, and
 * lets `take` have it. `name` is for the messages. */
int seal_load(seal_take *take, void *into, const char *path, size_t limit, struct error *err);
int seal_parse(seal_take *take, void *into, const uint8_t *bytes, size_t size, const char *name,
               struct error *err);

/* The checksum of the tensor bytes: of what was saved, or is being taken apart. */
uint32_t seal_crc32(const struct safetensors *st);

#endif
