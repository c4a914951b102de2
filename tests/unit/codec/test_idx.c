#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mnist/codec/idx.h"

#include "../test.h"

TEST(idx_parse, "idx: headers of any type and rank")
{
    static const uint8_t matrix[] = {0, 0, 0x0d, 2, 1, 2, 3, 4, 0, 0, 0, 7, 9};
    static const uint8_t scalar[] = {0, 0, 0x08, 0};
    static uint8_t many[4 + 4 * 255] = {0, 0, 0x0e, 255};
    struct idx idx;
    if (check(idx_parse(&idx, matrix, sizeof matrix), "a matrix is refused")) {
        check(idx.type == 0x0d && idx.rank == 2, "type %d, rank %d", idx.type, idx.rank);
        check(idx.sizes[0] == 0x01020304 && idx.sizes[1] == 7 && idx.sizes[2] == 0, "its sizes");
        check(idx.header_size == 12 && idx.values == matrix + 12, "its values");
    }
    if (check(idx_parse(&idx, scalar, sizeof scalar), "a lone value is refused"))
        check(idx.type == IDX_UNSIGNED_BYTE && idx.rank == 0 && idx.values == scalar + 4, "it");
    many[4 + 4 * 255 - 1] = 1;
    if (check(idx_parse(&idx, many, sizeof many), "the highest rank is refused"))
        check(idx.rank == IDX_RANK_MAX && idx.sizes[254] == 1 && idx.header_size == sizeof many,
              "rank %d", idx.rank);
}

TEST(idx_types, "idx: what is no IDX file")
{
    struct idx idx;
    for (int type = 0; type < 256; type++) {
        const uint8_t bytes[] = {0, 0, (uint8_t)type, 0};
        bool known = type == 8 || type == 9 || (type >= 0x0b && type <= 0x0e);
        check(idx_parse(&idx, bytes, sizeof bytes) == known, "type 0x%02x", (unsigned)type);
    }
    check(!idx_parse(&idx, (const uint8_t *)"\0\1\x08", 4), "a second byte of 1");
    check(!idx_parse(&idx, (const uint8_t *)"\1\0\x08", 4), "a first byte of 1");
}

/* Read from a block of exactly this size, so that a sanitizer sees a read beyond it. */
TEST(idx_truncated, "idx: a header cut at every byte")
{
    static const uint8_t whole[] = {0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 28, 0, 0, 0, 28};
    for (size_t size = 0; size <= sizeof whole; size++) {
        struct idx idx;
        uint8_t *cut = malloc(size ? size : 1);
        if (!check(cut != NULL, "no memory"))
            return;
        memcpy(cut, whole, size);
        bool parsed = idx_parse(&idx, cut, size);
        check(parsed == (size >= 4), "%zu bytes: %d", size, parsed);
        check((idx.values != NULL) == (size == sizeof whole), "%zu bytes have values", size);
        check(!parsed || idx.header_size == sizeof whole, "%zu bytes: %zu", size, idx.header_size);
        free(cut);
    }
}
