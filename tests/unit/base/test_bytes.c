#include <stdint.h>
#include <string.h>

#include "mnist/base/bytes.h"

#include "../test.h"

/* At an odd address, with the highest bit of each byte set. */
TEST(byte_orders, "bytes: both orders, every width")
{
    static const uint8_t in[9] = {0, 0x81, 0x92, 0xa3, 0xb4, 0xc5, 0xd6, 0xe7, 0xf8};
    uint8_t out[9] = {0};
    const uint8_t *p = in + 1;
    check(bytes_get_le16(p) == 0x9281 && bytes_get_be16(p) == 0x8192, "16 bits");
    check(bytes_get_le32(p) == 0xb4a39281 && bytes_get_be32(p) == 0x8192a3b4, "32 bits");
    check(bytes_get_le64(p) == 0xf8e7d6c5b4a39281, "64 bits");
    bytes_put_le16(out + 1, 0x9281);
    check(!memcmp(out, in, 3) && !out[3], "16 bits, little end first");
    bytes_put_le32(out + 1, 0xb4a39281);
    check(!memcmp(out, in, 5) && !out[5], "32 bits, little end first");
    bytes_put_le64(out + 1, 0xf8e7d6c5b4a39281);
    check(!memcmp(out, in, 9), "64 bits, little end first");
    memset(out, 0, sizeof out);
    bytes_put_be16(out + 1, 0x8192);
    check(!memcmp(out, in, 3) && !out[3], "16 bits, big end first");
    bytes_put_be32(out + 1, 0x8192a3b4);
    check(!memcmp(out, in, 5) && !out[5], "32 bits, big end first");
}
