#include "mnist/codec/gzip.h"

#include <stdbool.h>
#include <string.h>

#include "mnist/base/bytes.h"
#include "mnist/base/format.h"
#include "mnist/base/memory.h"
#include "mnist/codec/checksum.h"
#include "mnist/codec/inflate.h"

enum { HEADER = 10, TRAILER = 8, METHOD_DEFLATE = 8 };

/* The flags of a header: what it contains. */
enum { TEXT = 1, HEADER_CRC = 2, EXTRA = 4, NAME = 8, COMMENT = 16, ALL_FLAGS = 31 };

static bool is_gzip(const uint8_t *bytes, size_t size)
{
    return size >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b;
}

/* Takes the next `size` packed bytes; NULL with err filled, and all taken, if there are fewer. */
static const uint8_t *next(struct inflate *stream, size_t size, struct error *err)
{
    if (size > stream->packed_size - stream->used) {
        stream->used = stream->packed_size;
        error_set(err, "it is cut short: fetch it again");
        return NULL;
    }
    stream->used += size;
    return stream->packed + stream->used - size;
}

/* Skips a text and its NUL. */
static int skip_text(struct inflate *stream, struct error *err)
{
    const uint8_t *at = stream->packed + stream->used;
    const uint8_t *nul = memchr(at, 0, stream->packed_size - stream->used);
    return next(stream, nul ? (size_t)(nul - at) + 1 : SIZE_MAX, err) ? 0 : -1;
}

static int skip_header(struct inflate *stream, struct error *err)
{
    const uint8_t *header = next(stream, HEADER, err), *at;
    if (!header)
        return -1;
    unsigned method = header[2], flags = header[3];
    if (method != METHOD_DEFLATE)
        return error_set(err, "its method is %u, wanted 8 (deflate)", method);
    if (flags > ALL_FLAGS)
        return error_set(err, "its flags are 0x%02x, and RFC 1952 has none above 0x1f", flags);
    if (flags & EXTRA && (!(at = next(stream, 2, err)) || !next(stream, bytes_get_le16(at), err)))
        return -1;
    if ((flags & NAME && skip_text(stream, err)) || (flags & COMMENT && skip_text(stream, err)))
        return -1;
    size_t size = (size_t)(stream->packed + stream->used - header);
    if (flags & HEADER_CRC && !(at = next(stream, 2, err)))
        return -1;
    if (flags & HEADER_CRC && bytes_get_le16(at) != (checksum_crc32(header, size) & 0xffff))
        return error_set(err, "it is damaged (its header's CRC is wrong): fetch it again");
    return 0;
}

static int unpack_member(struct inflate *stream, struct error *err)
{
    size_t start = stream->size;
    if (skip_header(stream, err) || inflate(stream, err))
        return -1;
    const uint8_t *trailer = next(stream, TRAILER, err);
    if (!trailer)
        return -1;
    size_t size = stream->size - start;
    if (bytes_get_le32(trailer) != checksum_crc32(stream->bytes + start, size))
        return error_set(err, "it is damaged (its CRC-32 is wrong): fetch it again");
    if (bytes_get_le32(trailer + 4) != (uint32_t)size)
        return error_set(err, "it is damaged (it holds %s bytes, and says %s): fetch it again",
                         format_count((long long)size).text,
                         format_count(bytes_get_le32(trailer + 4)).text);
    return 0;
}

/* If there is only one member, the file's last four bytes say how many bytes it holds. If that is
 * more than DEFLATE can pack (258 bytes in two bits), they mean something else. */
static int reserve(struct inflate *stream, struct error *err)
{
    enum { MOST_TO_ONE = 1032 };
    size_t size = FILE_HEAD, said = 0;
    if (stream->packed_size >= HEADER + TRAILER)
        said = bytes_get_le32(stream->packed + stream->packed_size - 4);
    if (size < said && said / MOST_TO_ONE <= stream->packed_size)
        size = said;
    return inflate_reserve(stream, size, err);
}

static int unpack_members(struct inflate *stream, struct error *err)
{
    do {
        if (unpack_member(stream, err))
            return -1;
    } while (is_gzip(stream->packed + stream->used, stream->packed_size - stream->used));
    for (size_t i = stream->used; i < stream->packed_size; i++)
        if (stream->packed[i])
            return error_set(err, "something else follows at byte %zu: fetch it again", i);
    return 0;
}

/* Unpacks the head, then what that allows; where the head does not tell, once more. Of a file that
 * is damaged, what is there may be enough to refuse it. */
static int unpack(struct inflate *stream, size_t most, file_limit *limit, struct error *err)
{
    size_t allowed = limit && FILE_HEAD < most ? FILE_HEAD : most;
    for (;;) {
        stream->limit = allowed;
        stream->size = stream->used = 0;
        if (reserve(stream, err))
            return -1;
        if (!unpack_members(stream, err))
            return 0;
        bool longer = stream->size >= allowed;
        stream->size = longer ? allowed : stream->size;
        size_t answer = limit ? limit(stream->bytes, stream->size) : allowed;
        if (limit && answer == 0)
            return 0;
        if (!longer || allowed == most || answer == allowed)
            return -1;
        if (answer < allowed)
            return error_set(err, "it holds more than the %s bytes such a file may have",
                             format_count((long long)answer).text);
        allowed = answer < most ? answer : most;
    }
}

int gzip_unpack(uint8_t **bytes, size_t *size, size_t most, file_limit *limit, const char *name,
                struct error *err)
{
    if (!is_gzip(*bytes, *size))
        return 0;
    struct inflate stream = {.packed = *bytes, .packed_size = *size};
    struct error fault;
    if (unpack(&stream, most, limit, &fault)) {
        mem_free(stream.bytes);
        return error_set(err, "%s: a gzip file that cannot be unpacked: %s", name, fault.text);
    }
    mem_free(*bytes);
    *bytes = stream.bytes;
    *size = stream.size;
    return 0;
}

/* Stored blocks add five bytes to 65,535, flushed ones some more to fewer, and zeros may follow.
 * Where nothing can be unpacked, either the header goes on or it is damaged. */
size_t gzip_limit(const uint8_t *head, size_t size, file_limit *limit)
{
    enum { LONG_HEADER = 1 << 20, MARGIN = 1 << 16 };
    if (!is_gzip(head, size))
        return limit(head, size);
    struct inflate stream = {.packed = head, .packed_size = size};
    struct error fault;
    size_t allowed = SIZE_MAX; /* where memory is short */
    int failed = unpack(&stream, LONG_HEADER, limit, &fault);
    if (failed && stream.bytes && stream.size == 0)
        allowed = stream.used == size && size < LONG_HEADER ? LONG_HEADER : 0;
    else if (stream.bytes)
        allowed = limit(stream.bytes, stream.size);
    mem_free(stream.bytes);
    if (allowed == 0)
        return 0;
    return allowed < SIZE_MAX / 2 - MARGIN ? 2 * allowed + MARGIN : SIZE_MAX;
}
