/* A gzip file is refused with a message, or unpacked to no more than is allowed; packed again, as
 * it is (stored), it is unpacked to the same. A limit on what its head allows changes nothing of
 * that, or leaves the head alone. So that what is made up gets past the checksum, the
 * bytes behind a header are tried as a DEFLATE stream, which makes a good file with its right
 * checksum and length. */
#include <stdbool.h>

#include "fuzz.h"
#include "mnist/base/memory.h"
#include "mnist/codec/gzip.h"
#include "mnist/codec/inflate.h"

enum { LIMIT = 1 << 20, HEADER = 10, TRAILER = 8, BLOCK = 0xffff, BLOCK_HEADER = 5 };

static const uint8_t header[HEADER] = {0x1f, 0x8b, 8};

/* The caller gives it to mem_free. */
static uint8_t *room(size_t size)
{
    struct error err;
    uint8_t *bytes = mem_alloc(size, 1, &err);
    require(bytes != NULL, "out of memory");
    return bytes;
}

static void put_trailer(uint8_t *to, const uint8_t *unpacked, size_t size)
{
    bytes_put_le32(to, checksum_crc32(unpacked, size));
    bytes_put_le32(to + 4, (uint32_t)size);
}

/* The file `packed`, which is freed, must hold these bytes. */
static void require_holds(uint8_t *packed, size_t size, const uint8_t *wanted, size_t wanted_size)
{
    struct error err = {""};
    require(!gzip_unpack(&packed, &size, LIMIT, NULL, "file", &err), "a good file is refused");
    require(size == wanted_size && !memcmp(packed, wanted, size), "other bytes than were packed");
    mem_free(packed);
}

static void pack_again(const uint8_t *bytes, size_t size)
{
    size_t blocks = size / BLOCK + 1;
    uint8_t *packed = room(HEADER + blocks * BLOCK_HEADER + size + TRAILER), *to = packed + HEADER;
    memcpy(packed, header, HEADER);
    for (size_t i = 0; i < blocks; i++) {
        size_t length = i + 1 < blocks ? BLOCK : size % BLOCK;
        to[0] = i + 1 == blocks;
        bytes_put_le16(to + 1, (uint16_t)length);
        bytes_put_le16(to + 3, (uint16_t)~length);
        memcpy(to + BLOCK_HEADER, bytes + i * BLOCK, length);
        to += BLOCK_HEADER + length;
    }
    put_trailer(to, bytes, size);
    require_holds(packed, (size_t)(to + TRAILER - packed), bytes, size);
}

static size_t pass(const uint8_t *head, size_t size)
{
    fuzz_sink = size ? head[0] + head[size - 1] : 0;
    return LIMIT;
}

static size_t stop(const uint8_t *head, size_t size)
{
    fuzz_sink = size ? head[0] + head[size - 1] : 0;
    return 0;
}

/* With these limits it is unpacked to `wanted` (NULL: refused), or to the head of that. */
static void try_limits(const uint8_t *bytes, size_t size, const uint8_t *wanted, size_t wanted_size)
{
    struct error err = {""};
    size_t passed = size, stopped = size, head = wanted_size < FILE_HEAD ? wanted_size : FILE_HEAD;
    uint8_t *whole = room(size), *beginning = room(size);
    memcpy(whole, bytes, size);
    memcpy(beginning, bytes, size);
    bool refused = gzip_unpack(&whole, &passed, LIMIT, pass, "file", &err);
    require(refused == !wanted, "a limit changes whether it is refused");
    require(refused || (passed == wanted_size && !memcmp(whole, wanted, passed)),
            "a limit changes what is unpacked");
    refused = gzip_unpack(&beginning, &stopped, LIMIT, stop, "file", &err);
    require(stopped <= FILE_HEAD || size == stopped, "more than a head");
    require(!wanted || (!refused && stopped >= head && !memcmp(beginning, wanted, head)),
            "another head");
    if (size <= FILE_HEAD)
        require(!wanted || gzip_limit(bytes, size, pass) >= LIMIT, "a good head is refused");
    mem_free(whole);
    mem_free(beginning);
}

static void try_file(const uint8_t *bytes, size_t size)
{
    struct error err = {""};
    size_t unpacked_size = size;
    uint8_t *unpacked = room(size);
    memcpy(unpacked, bytes, size);
    if (gzip_unpack(&unpacked, &unpacked_size, LIMIT, NULL, "file", &err)) {
        require(err.text[0] != '\0', "refused without a word");
        require(unpacked_size == size && !memcmp(unpacked, bytes, size), "refused, but changed");
        try_limits(bytes, size, NULL, 0);
    } else if (size >= 2 && !memcmp(bytes, header, 2)) {
        require(unpacked_size <= LIMIT, "more than is allowed");
        try_limits(bytes, size, unpacked, unpacked_size);
        pack_again(unpacked, unpacked_size);
    } else {
        require(unpacked_size == size && !memcmp(unpacked, bytes, size), "no gzip, but changed");
    }
    mem_free(unpacked);
}

static void try_stream(const uint8_t *bytes, size_t size)
{
    struct error err = {""};
    struct inflate stream = {.packed = bytes, .packed_size = size, .limit = LIMIT};
    if (inflate(&stream, &err)) {
        require(err.text[0] != '\0', "refused without a word");
    } else {
        require(stream.size <= LIMIT && stream.used <= size, "more than is allowed, or there is");
        uint8_t *packed = room(HEADER + stream.used + TRAILER);
        memcpy(packed, header, HEADER);
        memcpy(packed + HEADER, bytes, stream.used);
        put_trailer(packed + HEADER + stream.used, stream.bytes, stream.size);
        require_holds(packed, HEADER + stream.used + TRAILER, stream.bytes, stream.size);
    }
    mem_free(stream.bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    try_file(bytes, size);
    if (size > HEADER)
        try_stream(bytes + HEADER, size - HEADER);
    return 0;
}
