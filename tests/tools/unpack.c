/* codec/inflate and codec/gzip, for other programs to check: unpack deflate|gzip.
 * Reads packed bytes and limits from stdin, one after the other, and answers each: all numbers are
 * 32 bits, little end first. A question is the limit, a size and that many bytes. An answer is 0 or
 * 1 (unpacked, refused), how many packed bytes were used, a size and that many bytes: what was
 * unpacked, or the message. */
#include <stdio.h>
#include <string.h>

#include "mnist/base/bytes.h"
#include "mnist/base/memory.h"
#include "mnist/codec/gzip.h"
#include "mnist/codec/inflate.h"

static int answer(int refused, size_t used, const void *bytes, size_t size)
{
    uint8_t head[12];
    bytes_put_le32(head, (uint32_t)refused);
    bytes_put_le32(head + 4, (uint32_t)used);
    bytes_put_le32(head + 8, (uint32_t)size);
    return fwrite(head, 1, sizeof head, stdout) == sizeof head &&
           fwrite(bytes, 1, size, stdout) == size && !fflush(stdout);
}

/* Lets every head pass, so that a file is unpacked as the commands do it: first its head. */
static size_t no_limit(const uint8_t *head, size_t size)
{
    (void)head;
    (void)size;
    return SIZE_MAX;
}

/* The packed bytes are freed. */
static int unpack(int gzip, uint8_t *packed, size_t size, size_t limit)
{
    struct error err = {""};
    struct inflate stream = {.packed = packed, .packed_size = size, .limit = limit};
    int refused;
    if (gzip) {
        stream.used = size;
        stream.size = size;
        stream.bytes = packed;
        refused = gzip_unpack(&stream.bytes, &stream.size, limit, no_limit, "it", &err);
        packed = NULL;
    } else {
        refused = inflate(&stream, &err);
    }
    int told = refused ? answer(1, 0, err.text, strlen(err.text))
                       : answer(0, stream.used, stream.bytes, stream.size);
    mem_free(stream.bytes);
    mem_free(packed);
    return told;
}

int main(int argc, char **argv)
{
    uint8_t head[8];
    struct error err;
    int gzip = argc == 2 && !strcmp(argv[1], "gzip");
    if (argc != 2 || (!gzip && strcmp(argv[1], "deflate") != 0))
        return 2;
    while (fread(head, 1, sizeof head, stdin) == sizeof head) {
        size_t limit = bytes_get_le32(head), size = bytes_get_le32(head + 4);
        uint8_t *packed = mem_alloc(size, 1, &err);
        if (!packed || fread(packed, 1, size, stdin) != size || !unpack(gzip, packed, size, limit))
            return 1;
    }
    return 0;
}
