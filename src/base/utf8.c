#include "mnist/base/utf8.h"

#include <string.h>

/* The length of the sequence at the start of s, or 0 if it is invalid. */
static size_t length_of(const uint8_t *s, size_t size)
{
    size_t length = s[0] < 0x80   ? 1
                    : s[0] < 0xc2 ? 0
                    : s[0] < 0xe0 ? 2
                    : s[0] < 0xf0 ? 3
                    : s[0] < 0xf5 ? 4
                                  : 0;
    if (length == 0 || length > size)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] >= 0xa0) ||
        (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] >= 0x90))
        return 0;
    return length;
}

size_t utf8_decode(uint32_t *code, const uint8_t *s, size_t size)
{
    static const uint8_t lead_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    size_t length = length_of(s, size);
    *code = UTF8_NONE;
    if (length == 0)
        return 1;
    *code = s[0] & lead_bits[length];
    for (size_t i = 1; i < length; i++)
        *code = *code << 6 | (s[i] & 0x3f);
    return length;
}

size_t utf8_encode(uint32_t code, char out[4])
{
    size_t length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const uint8_t lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = length - 1; i > 0; i--, code >>= 6)
        out[i] = (char)(0x80 | (code & 0x3f));
    out[0] = (char)(lead[length] | code);
    return length;
}

int utf8_length(const char *text, size_t size)
{
    int length = 0;
    for (size_t i = 0; i < size; i++)
        length += (text[i] & 0xc0) != 0x80;
    return length;
}

/* The code points of the general categories Cc, Cf, Zl and Zp in Unicode 17.0: the third field of
 * its UnicodeData.txt. */
static const struct {
    uint32_t first, last;
} not_plain[] = {
    {0x0000, 0x001f},   {0x007f, 0x009f},   {0x00ad, 0x00ad},   {0x0600, 0x0605},
    {0x061c, 0x061c},   {0x06dd, 0x06dd},   {0x070f, 0x070f},   {0x0890, 0x0891},
    {0x08e2, 0x08e2},   {0x180e, 0x180e},   {0x200b, 0x200f},   {0x2028, 0x202e},
    {0x2060, 0x2064},   {0x2066, 0x206f},   {0xfeff, 0xfeff},   {0xfff9, 0xfffb},
    {0x110bd, 0x110bd}, {0x110cd, 0x110cd}, {0x13430, 0x1343f}, {0x1bca0, 0x1bca3},
    {0x1d173, 0x1d17a}, {0xe0001, 0xe0001}, {0xe0020, 0xe007f},
};

bool utf8_is_plain(uint32_t code)
{
    for (size_t i = 0; i < sizeof not_plain / sizeof not_plain[0]; i++)
        if (code >= not_plain[i].first && code <= not_plain[i].last)
            return false;
    bool is_noncharacter = (code >= 0xfdd0 && code <= 0xfdef) || (code & 0xfffe) == 0xfffe;
    return code <= 0x10ffff && !is_noncharacter;
}

const char *utf8_plain(char *out, size_t capacity, const char *text)
{
    size_t used = 0, length;
    for (; *text; text += length) {
        uint32_t code;
        length = utf8_decode(&code, (const uint8_t *)text, strnlen(text, 4));
        bool plain = utf8_is_plain(code);
        size_t needed = plain ? length : 1;
        if (used + needed >= capacity)
            break;
        if (plain)
            memmove(out + used, text, length);
        else
            out[used] = '?';
        used += needed;
    }
    out[used] = '\0';
    return text;
}
