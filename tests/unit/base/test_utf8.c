#include <string.h>

#include "mnist/base/utf8.h"

#include "../test.h"

TEST(utf8_decode, "utf8: each code point is read as it is written, and nothing else is")
{
    for (uint32_t code = 0; code <= 0x10ffff; code++) {
        char bytes[4];
        uint32_t back;
        size_t length = utf8_encode(code, bytes), read;
        read = utf8_decode(&back, (const uint8_t *)bytes, length);
        bool surrogate = code >= 0xd800 && code < 0xe000;
        if (read != (surrogate ? 1 : length) || back != (surrogate ? UTF8_NONE : code)) {
            test_case("U+%04x", code);
            check_size(read, surrogate ? 1 : length);
            check_hex(back, surrogate ? UTF8_NONE : code);
        }
    }
    static const char *const bad[] = {
        "\x80", "\xc0\x80", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf", "\xc3(", "\xf4\x90\x80\x80",
        "\xf5", "\xff",     "\xe2\x82",     "\xf0\x9f\x98"};
    for (size_t i = 0; i < COUNT(bad); i++) {
        uint32_t code;
        test_case("row %zu", i);
        check_size(utf8_decode(&code, (const uint8_t *)bad[i], strlen(bad[i])), 1);
        check_hex(code, UTF8_NONE);
    }
}

/* Each range of the table at both ends and beside them. Case text-from-outside of the suite cli
 * compares every code point with what Python says of it. */
TEST(utf8_is_plain, "utf8: which code points are plain")
{
    static const uint32_t plain[] = {
        ' ',    '~',    0xa0,   0xac,    0xae,    0xe9,    0x301,   0x61b,   0x61d,    0x200a,
        0x2010, 0x2027, 0x202f, 0x205f,  0x2070,  0x20ac,  0xfdcf,  0xfdf0,  0xfefe,   0xff00,
        0xfff8, 0xfffc, 0xfffd, 0x10000, 0x1f600, 0x1d172, 0x1d17b, 0xe0100, 0x10fffd,
    };
    static const uint32_t other[] = {
        0,       '\a',    '\t',    '\n',     '\r',     0x1b,      0x1f,    0x7f,    0x80,
        0x85,    0x9b,    0x9f,    0xad,     0x600,    0x605,     0x61c,   0x6dd,   0x70f,
        0x891,   0x8e2,   0x180e,  0x200b,   0x200f,   0x2028,    0x2029,  0x202a,  0x202e,
        0x2060,  0x2064,  0x2066,  0x2069,   0x206f,   0xfdd0,    0xfdef,  0xfeff,  0xfff9,
        0xfffb,  0xfffe,  0xffff,  0x110bd,  0x110cd,  0x1343f,   0x1bca0, 0x1d173, 0x1d17a,
        0x1ffff, 0xe0001, 0xe007f, 0x10ffff, 0x110000, UTF8_NONE,
    };
    for (size_t i = 0; i < COUNT(plain); i++)
        check(utf8_is_plain(plain[i]), "U+%04x is not plain", plain[i]);
    for (size_t i = 0; i < COUNT(other); i++)
        check(!utf8_is_plain(other[i]), "U+%04x is plain", other[i]);
}

TEST(utf8_plain, "utf8: text from outside, made plain")
{
    static const struct {
        const char *text, *wanted;
    } rows[] = {
        {"", ""},
        {"größer 7→9 😀 e\u0301", "größer 7→9 😀 e\u0301"},
        {"a\nb\tc\rd\x1b[31m\x7f\a", "a?b?c?d?[31m??"},
        {"\xc2\x80\xc2\x85\xc2\x9b\xc2\xa0", "???\xc2\xa0"},
        {"gpj.\u202e7\u2066\u2069\u200f\u061c", "gpj.?7????"},
        {"a\u2028b\u2029c\u200b\ufeff\u00add", "a?b?c???d"},
        {"\U000e0041\U0001d173\U0010ffff\U0001f600", "???\U0001f600"},
        {"\xff\xc3+\xed\xa0\x80\xe2\x82", "??+?????"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char copy[64], same[64];
        test_case("row %zu", i);
        check_string(utf8_plain(copy, sizeof copy, rows[i].text), "");
        check_string(copy, rows[i].wanted);
        strcpy(same, rows[i].text);
        check_string(utf8_plain(same, strlen(same) + 1, same), "");
        check_string(same, rows[i].wanted);
    }
}

/* Whatever the room, no code point is cut, and the pieces make the whole. */
TEST(utf8_plain_pieces, "utf8: plain text in pieces")
{
    static const char text[] = "é€😀\n\u202eab\xff😀€é", wanted[] = "é€😀??ab?😀€é";
    for (size_t room = 5; room <= sizeof text; room++) {
        char whole[2 * sizeof text] = "", piece[sizeof text + 1];
        const char *rest = text;
        while (*rest) {
            memset(piece, '#', sizeof piece);
            rest = utf8_plain(piece, room, rest);
            test_case("%zu bytes", room);
            check_int(piece[room], '#');
            for (uint32_t at = 0, code; piece[at];) {
                at += (uint32_t)utf8_decode(&code, (const uint8_t *)piece + at, strlen(piece + at));
                check(code != UTF8_NONE, "\"%s\" is cut in a code point", piece);
            }
            strcat(whole, piece);
        }
        check_string(whole, wanted);
    }
}
