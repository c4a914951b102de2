#include "mnist/codec/idx.h"

#include <limits.h>
#include <stdint.h>

#include "mnist/base/bytes.h"
#include "mnist/codec/kind.h"

enum { TYPE_UBYTE = 0x08 };

/* 1 GiB is over a million images; no data set in this format and size comes near. */
static const size_t LARGEST_FILE = (size_t)1 << 30;

static int refuse_magic(const uint8_t *bytes, size_t size, enum idx_kind kind, const char *name,
                        struct error *err)
{
    const char *wanted = kind == IDX_IMAGES ? "images" : "labels";
    if (size >= 4 && bytes[0] == 0 && bytes[1] == 0) {
        uint32_t magic = bytes_get_be32(bytes);
        if (magic == (kind == IDX_IMAGES ? IDX_LABELS : IDX_IMAGES))
            return error_set(err, "%s: has %s (magic %u), wanted %s (%d): are two files swapped?",
                             name, kind == IDX_IMAGES ? "labels" : "images", magic, wanted, kind);
        if (bytes[2] != TYPE_UBYTE)
            return error_set(err, "%s: IDX values of type 0x%02x, wanted 0x08 (unsigned byte)",
                             name, bytes[2]);
        return error_set(err, "%s: IDX file of rank %u, wanted rank %d for %s (magic %d)", name,
                         bytes[3], kind == IDX_IMAGES ? 3 : 1, wanted, kind);
    }
    const char *kind_found = kind_of(bytes, size);
    return error_set(err, "%s: not an IDX file of %s (magic %d)%s%s: fetch it again", name, wanted,
                     kind, kind_found ? ": it looks like " : "", kind_found ? kind_found : "");
}

static int check_labels(const struct idx *idx, const char *name, struct error *err)
{
    for (int i = 0; i < idx->count; i++)
        if (idx->values[i] >= IMAGE_CLASSES)
            return error_set(err, "%s: label %d is %d, wanted 0 to 9", name, i, idx->values[i]);
    return 0;
}

int idx_parse(struct idx *idx, const uint8_t *bytes, size_t size, enum idx_kind kind,
              const char *name, struct error *err)
{
    size_t header = kind == IDX_IMAGES ? 16 : 8;
    if (size < 4 || bytes_get_be32(bytes) != (uint32_t)kind)
        return refuse_magic(bytes, size, kind, name, err);
    if (size < header)
        return error_set(err, "%s: cut short inside its header (%zu of %zu bytes): fetch it again",
                         name, size, header);
    uint32_t count = bytes_get_be32(bytes + 4);
    if (count == 0 || count > INT_MAX / IMAGE_PIXELS)
        return error_set(err, "%s: a count of %u, wanted 1 to %d", name, count,
                         INT_MAX / IMAGE_PIXELS);
    if (kind == IDX_IMAGES) {
        uint32_t rows = bytes_get_be32(bytes + 8), columns = bytes_get_be32(bytes + 12);
        if (rows != IMAGE_SIDE || columns != IMAGE_SIDE)
            return error_set(err, "%s: images of %u×%u pixels, wanted 28×28", name, rows, columns);
    }
    size_t expected = header + (size_t)count * (kind == IDX_IMAGES ? IMAGE_PIXELS : 1);
    if (size < expected)
        return error_set(err, "%s: cut short: %zu bytes for %u %s, wanted %zu: fetch it again",
                         name, size, count, kind == IDX_IMAGES ? "images" : "labels", expected);
    if (size > expected)
        return error_set(err, "%s: too long: %zu bytes for %u %s, wanted %zu", name, size, count,
                         kind == IDX_IMAGES ? "images" : "labels", expected);
    idx->values = bytes + header;
    idx->count = (int)count;
    return kind == IDX_LABELS ? check_labels(idx, name, err) : 0;
}

int idx_load(struct idx *idx, const char *path, enum idx_kind kind, struct error *err)
{
    *idx = (struct idx){0};
    if (file_read(&idx->file, path, LARGEST_FILE, err))
        return -1;
    if (file_is_gzip(&idx->file)) {
        file_read_free(&idx->file);
        if (file_read_gzip(&idx->file, path, LARGEST_FILE, err))
            return -1;
    }
    if (idx_parse(idx, idx->file.bytes, idx->file.size, kind, path, err)) {
        idx_free(idx);
        return -1;
    }
    return 0;
}

void idx_free(struct idx *idx)
{
    file_read_free(&idx->file);
    *idx = (struct idx){0};
}
