#include <stdint.h>
#include <stdio.h>

#include "mnist/codec/base64.h"

#include "../test.h"

static void check_encoded(const uint8_t *bytes, size_t size, const char *wanted)
{
    char text[128] = {0};
    FILE *out = fmemopen(text, sizeof text - 1, "w");
    if (!check(out != NULL, "fmemopen"))
        return;
    base64_write(out, bytes, size);
    fclose(out);
    check_string(text, wanted);
}

TEST(base64, "base64: RFC 4648's vectors, every digit")
{
    static const char *const wanted[] = {"",         "Zg==",     "Zm8=",    "Zm9v",
                                         "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
    for (size_t size = 0; size < COUNT(wanted); size++)
        check_encoded((const uint8_t *)"foobar", size, wanted[size]);
    uint8_t bytes[48]; /* the numbers 0 … 63, six bits each */
    for (unsigned i = 0; i < 64; i += 4) {
        unsigned group = i << 18 | (i + 1) << 12 | (i + 2) << 6 | (i + 3);
        bytes[i / 4 * 3] = (uint8_t)(group >> 16);
        bytes[i / 4 * 3 + 1] = (uint8_t)(group >> 8);
        bytes[i / 4 * 3 + 2] = (uint8_t)group;
    }
    check_encoded(bytes, sizeof bytes,
                  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
}
