#include "mnist/store/seal.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "mnist/base/file_read.h"
#include "mnist/base/format.h"
#include "mnist/base/memory.h"
#include "mnist/base/rmath.h"
#include "mnist/codec/checksum.h"

enum { DIGITS = 8 };

static const char DATA_KEY[] = "crc32", HEADER_KEY[] = "header_crc32", ZEROS[] = "00000000";

uint32_t seal_crc32(const struct safetensors *st)
{
    const char *digits = safetensors_get(st, DATA_KEY);
    return digits ? (uint32_t)strtoul(digits, NULL, 16) : 0;
}

/* A number that is not finite is of no use to anybody, and so neither written nor read. */
static int check_finite(const struct safetensors *st, const char *name, struct error *err)
{
    for (int i = 0; i < st->tensor_count; i++) {
        const struct safetensors_tensor *t = &st->tensors[i];
        if (t->type != SAFETENSORS_F32 && t->type != SAFETENSORS_F64)
            return error_set(err, "%s: tensor %s has dtype %s, wanted F32 or F64", name, t->name,
                             safetensors_type(t));
        for (size_t f = 0; f < (size_t)t->count; f++)
            if (!rmath_is_finite_double(safetensors_number(st, t, f)))
                return error_set(err, "%s: value %zu of tensor %s is not finite", name, f, t->name);
    }
    return 0;
}

/* --- writing --- */

/* Writes a checksum over the zeros that stand for it in st and in the header. */
static void put_digits(struct safetensors *st, uint8_t *header, const char *key, uint32_t crc)
{
    struct safetensors_entry *entry = &st->metadata[safetensors_entry(st, key) - st->metadata];
    const struct text digits = format_crc32(crc);
    memcpy(entry->value, digits.text, DIGITS);
    memcpy(header + entry->begin, digits.text, DIGITS);
}

/* The file is written in memory with zeros for checksums, and read, which tells where they are. */
int seal_pack(struct safetensors *st, uint8_t *bytes, size_t room, size_t *size, const char *name,
              struct error *err)
{
    safetensors_set(st, DATA_KEY, "%s", ZEROS);
    safetensors_set(st, HEADER_KEY, "%s", ZEROS);
    if (safetensors_write(st, bytes, room, size, name, err) ||
        safetensors_parse(st, bytes, *size, name, err) || check_finite(st, name, err))
        return -1;
    uint8_t *header = bytes + (st->header - bytes);
    put_digits(st, header, DATA_KEY, checksum_crc32(st->data, st->data_size));
    put_digits(st, header, HEADER_KEY, checksum_crc32(header, st->header_size));
    return 0;
}

/* --- reading --- */

static int check_sum(const struct safetensors *st, const char *key, uint32_t found,
                     const char *what, const char *name, struct error *err)
{
    const struct text digits = format_crc32(found);
    const char *stored = safetensors_get(st, key);
    if (!stored)
        return error_set(err, "%s: damaged: no %s in its metadata", name, key);
    if (strcmp(stored, digits.text) != 0)
        return error_set(err, "%s: %s CRC-32 %s, wanted %s", name, what, digits.text, stored);
    return 0;
}

/* Of the header with the digits of this checksum as zeros, wherever they are; digits that are spelt
 * in another way than as eight bytes never come to the sum. */
static int header_crc32(uint32_t *crc, const struct safetensors *st, struct error *err)
{
    const struct safetensors_entry *entry = safetensors_entry(st, HEADER_KEY);
    uint8_t *copy = mem_alloc(st->header_size, 1, err);
    if (!copy)
        return -1;
    memcpy(copy, st->header, st->header_size);
    if (entry && entry->end - entry->begin == DIGITS)
        memcpy(copy + entry->begin, ZEROS, DIGITS);
    *crc = checksum_crc32(copy, st->header_size);
    mem_free(copy);
    return 0;
}

static int check_seal(const struct safetensors *st, const char *name, struct error *err)
{
    uint32_t of_header, of_data = checksum_crc32(st->data, st->data_size);
    const char *weights = "damaged: the weights have", *header = "damaged: the header has";
    if (!check_sum(st, DATA_KEY, of_data, weights, name, &(struct error){""}))
        header = "the header is damaged, or another program has rewritten it: it has";
    if (header_crc32(&of_header, st, err) ||
        check_sum(st, HEADER_KEY, of_header, header, name, err) ||
        check_sum(st, DATA_KEY, of_data, weights, name, err))
        return -1;
    return check_finite(st, name, err);
}

int seal_parse(seal_take *take, void *into, const uint8_t *bytes, size_t size, const char *name,
               struct error *err)
{
    struct safetensors *st = mem_alloc(1, sizeof *st, err);
    int failed = !st || safetensors_parse(st, bytes, size, name, err);
    bool sealed = !failed && !st->overfull && safetensors_get(st, HEADER_KEY);
    failed = failed || (sealed && check_seal(st, name, err)) || take(into, st, sealed, name, err);
    assert(failed || sealed);
    mem_free(st);
    return failed ? -1 : 0;
}

int seal_load(seal_take *take, void *into, const char *path, size_t limit, struct error *err)
{
    struct file file;
    if (file_read(&file, path, limit, safetensors_limit, err))
        return -1;
    int failed = seal_parse(take, into, file.bytes, file.size, path, err);
    file_read_free(&file);
    return failed;
}
