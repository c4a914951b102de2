#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mnist/codec/pnm.h"

#include "../test.h"

#define BYTES(text) text, sizeof(text) - 1

static const struct {
    const char *bytes;
    size_t size;
    size_t least; /* this many of the bytes are a complete picture */
    int width, height;
    uint8_t grey[16];
} good[] = {
    {BYTES("P1 3 2 0 1 0 1 1 1"), 18, 3, 2, {255, 0, 255, 0, 0, 0}},
    {BYTES("P1\n3 2\n010111\n"), 13, 3, 2, {255, 0, 255, 0, 0, 0}},
    {BYTES("P2 3 1 255 0 7 255"), 16, 3, 1, {0, 7, 255}},
    {BYTES("P2 3 1 100 0 50 100 \r\n"), 17, 3, 1, {0, 128, 255}},
    {BYTES("P2 2 1 65535 32768 65535"), 20, 2, 1, {128, 255}},
    {BYTES("P2 2 2 1 0 1 1 0"), 16, 2, 2, {0, 255, 255, 0}},
    {BYTES("P3 2 2 255 255 0 0 0 255 0 0 0 255 10 20 30"), 42, 2, 2, {76, 150, 29, 18}},
    {BYTES("P3 1 1 9 9 9 9"), 14, 1, 1, {255}},
    {BYTES("P4 9 2 \x80\x80\x7f\x00"), 11, 9, 2, {0, 255, 255, 255, 255, 255, 255, 255, 0, 255, 0}},
    {BYTES("P5 4 1 255 \x00\x01\x80\xff"), 15, 4, 1, {0, 1, 128, 255}},
    {BYTES("P5 2 2 15 \x00\x05\x0a\x0f"), 14, 2, 2, {0, 85, 170, 255}},
    {BYTES("P5 3 1 65535 \x00\x00\x80\x00\xff\xff"), 19, 3, 1, {0, 128, 255}},
    {BYTES("P5 2 1 256 \x00\x80\x01\x00"), 15, 2, 1, {128, 255}},
    {BYTES("P6 2 1 255 \xff\xff\xff\x0a\x14\x1e"), 17, 2, 1, {255, 18}},
    {BYTES("P6 3 1 255 \xe9\0\0\0\xad\0\0\0\xfa"), 20, 3, 1, {70, 102, 29}},
    {BYTES("P4 12 3 \xf0\x0f\0\0\0\0"), 14, 12, 3, {0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255}},
    {BYTES("P6 1 1 65535 \xff\xff\x00\x00\x00\x00"), 19, 1, 1, {76}},
    /* Comments, odd white space, and pixels that look like either. */
    {BYTES("P5#c\n# 9 9\r2#c\n\t1 # c #\n\v255\n# "), 31, 2, 1, {35, 32}},
    {BYTES("P5 1 2 255\n\n \n\n"), 13, 1, 2, {10, 32}},
    {BYTES("P1 # two\n2 1 # by one\n1#\n0 \n"), 26, 2, 1, {0, 255}},
    {BYTES("P2\n1 1\n255\n#c\n42\n"), 15, 1, 1, {42}},
};

TEST(pnm_good, "pnm: every kind")
{
    for (size_t i = 0; i < COUNT(good); i++) {
        struct pnm pnm;
        struct error err = {""};
        if (!check(!pnm_parse(&pnm, (const uint8_t *)good[i].bytes, good[i].size, "p", &err),
                   "row %zu: %s", i, err.text))
            continue;
        test_case("row %zu", i);
        check_int(pnm.width, good[i].width);
        check_int(pnm.height, good[i].height);
        for (int k = 0; k < good[i].width * good[i].height && k < 11; k++)
            check(pnm.grey[k] == good[i].grey[k], "row %zu: pixel %d is %d, wanted %d", i, k,
                  pnm.grey[k], good[i].grey[k]);
        pnm_free(&pnm);
    }
}

/* Read from a block of exactly this size, so that a sanitizer sees a read beyond it. */
TEST(pnm_truncated, "pnm: cut at every byte")
{
    for (size_t i = 0; i < COUNT(good); i++) {
        for (size_t size = 0; size <= good[i].size; size++) {
            struct pnm pnm;
            struct error err = {""};
            uint8_t *cut = malloc(size ? size : 1);
            if (!check(cut != NULL, "no memory"))
                return;
            memcpy(cut, good[i].bytes, size);
            int result = pnm_parse(&pnm, cut, size, "cut", &err);
            check(result == (size < good[i].least ? -1 : 0), "row %zu, %zu bytes: %d %s", i, size,
                  result, err.text);
            check(!result || (err.text[0] && !pnm.grey), "row %zu, %zu bytes: no message", i, size);
            pnm_free(&pnm);
            free(cut);
        }
    }
}

static const struct {
    const char *bytes;
    size_t size;
    const char *wanted;
} bad[] = {
    {BYTES(""), "wanted PGM, PBM or PPM, or an IDX file of images: it looks like an empty file"},
    {BYTES("P"), "wanted PGM, PBM or PPM, or an IDX file of images"},
    {BYTES("P7\nWIDTH 1"), "wanted PGM, PBM or PPM"},
    {BYTES("P0 1 1 1 0"), "wanted PGM, PBM or PPM"},
    {BYTES("\x89PNG\r\n"), "it looks like a PNG image"},
    {BYTES("\xff\xd8\xff\xe0"), "it looks like a JPEG image"},
    {BYTES("GIF89a\x1c\0"), "it looks like a GIF image"},
    {BYTES("P5"), "it ends before the width"},
    {BYTES("P5 # 2 2 255"), "it ends before the width"},
    {BYTES("P5 2"), "it ends before the height"},
    {BYTES("P5 2 2 "), "it ends before the largest value"},
    {BYTES("P5 x"), "byte 3 is 0x78, wanted the width, a number"},
    {BYTES("P5 2 -2 255 "), "byte 5 is 0x2d, wanted the height, a number"},
    {BYTES("P5 2 2 2.5 "), "byte 8: wanted white space after the header"},
    {BYTES("P5 2 2 255"), "byte 10: wanted white space after the header"},
    {BYTES("P5 0 2 255 "), "the width is 0, wanted 1 to 16384"},
    {BYTES("P5 2 0 255 "), "the height is 0, wanted 1 to 16384"},
    {BYTES("P5 16385 1 255 "), "the width is 16385, wanted 1 to 16384"},
    {BYTES("P5 1 4294967297 255 "), "the height is 4294967297, wanted 1 to 16384"},
    {BYTES("P5 99999999999999999999 1 255 "), "the width is 999999999999, wanted"},
    {BYTES("P5 16384 4097 255 "), "16384x4097 pixels, wanted 67108864 at the most"},
    {BYTES("P5 1 1 0 \0"), "the largest value is 0, wanted 1 to 65535"},
    {BYTES("P5 1 1 65536 \0\0"), "the largest value is 65536, wanted 1 to 65535"},
    {BYTES("P5 2 2 255 abc"), "cut short: 2x2 pixels need 15 bytes, the file has 14"},
    {BYTES("P5 16384 4096 255 abc"),
     "cut short: 16384x4096 pixels need 67,108,882 bytes, the file has 21"},
    {BYTES("P6 16384 4096 65535 abc"), "16384x4096 pixels need 402,653,204 bytes, the file has 23"},
    {BYTES("P6 2 1 255 abcde"), "2x1 pixels need 17 bytes, the file has 16"},
    {BYTES("P5 2 1 256 abc"), "2x1 pixels need 15 bytes, the file has 14"},
    {BYTES("P4 9 2 abc"), "9x2 pixels need 11 bytes, the file has 10"},
    {BYTES("P1 2 2 101"), "2x2 pixels need 11 bytes, the file has 10"},
    {BYTES("P2 2 2 9 1 1 1 "), "2x2 pixels need 16 bytes, the file has 15"},
    {BYTES("P2 2 2 9 10  1 1"), "a value is 10, wanted 0 to 9"},
    {BYTES("P3 1 1 9 1 1 a"), "byte 13 is 0x61, wanted a value, a number"},
    {BYTES("P2 2 2 9 1   1 1"), "it ends before a value"},
    {BYTES("P1 2 1 12"), "byte 8 is 0x32, wanted a pixel, 0 or 1"},
    {BYTES("P1 2 2 1   "), "it ends after 1 of 4 pixels"},
    {BYTES("P5 1 2 9 \x09\x0a"), "byte 10: a value of 10, wanted at most 9"},
    {BYTES("P5 1 2 300 \x01\x2c\x01\x2d"), "byte 13: a value of 301, wanted at most 300"},
    {BYTES("P5 1 1 255 a  \nP5"), "too long: one picture needs 12 bytes, the file has 17"},
    {BYTES("P4 8 1 ab"), "too long: one picture needs 8 bytes, the file has 9"},
    {BYTES("P1 1 1 1 1"), "too long: one picture needs 8 bytes, the file has 10"},
    {BYTES("P2 1 1 9 1 x"), "too long: one picture needs 10 bytes, the file has 12"},
};

TEST(pnm_bad, "pnm: bad files, each with its own message")
{
    for (size_t i = 0; i < COUNT(bad); i++) {
        char what[32];
        struct pnm pnm;
        struct error err = {""};
        snprintf(what, sizeof what, "row %zu", i);
        int result = pnm_parse(&pnm, (const uint8_t *)bad[i].bytes, bad[i].size, "p", &err);
        check_refused(result, &err, bad[i].wanted, what);
        check(!strncmp(err.text, "p: ", 3), "%s: \"%s\" does not name the file", what, err.text);
        check(!pnm.grey, "%s: memory was left", what);
        pnm_free(&pnm);
    }
}

/* --- what a header says of the size --- */

TEST(pnm_limit_good, "pnm: no good picture is above its limit")
{
    for (size_t i = 0; i < COUNT(good); i++)
        for (size_t size = 0; size <= good[i].size; size++)
            check(pnm_limit((const uint8_t *)good[i].bytes, size) > good[i].size,
                  "row %zu, %zu bytes", i, size);
}

static const struct {
    const char *bytes;
    size_t size, least, most;
} limits[] = {
    {BYTES("P5 2 2 255 "), 15, 100000},
    {BYTES("P5 8192 8192 255 "), 67108881, 67208881},
    {BYTES("P5 8192 8192 256 "), 134217745, 134317745},
    {BYTES("P6 8192 8192 65535 "), 402653203, 402753203},
    {BYTES("P4 8192 8192 "), 8388621, 8488621},
    {BYTES("P1 100 100 "), 20000, 300000},
    {BYTES("P2 1000 1000 255 "), 4000000, 20000000},
    {BYTES("P3 1000 1000 65535 "), 18000000, 60000000},
    {BYTES("P3 16384 4096 65535 "), 1207959552, 4294967295},
    /* The header goes on behind the head. */
    {BYTES("P"), 1000000, 1048576},
    {BYTES("P5 # a long comment"), 1000000, 1048576},
    {BYTES("P5 2 2"), 1000000, 1048576},
    {BYTES("P5 2 2 255"), 1000000, 1048576},
    /* Nothing that begins like this is a picture. */
    {BYTES("y\ny\n"), 0, 0},
    {BYTES("P7 2 2 255 "), 0, 0},
    {BYTES("P5 0 2 255 "), 0, 0},
    {BYTES("P5 16384 4097 255 "), 0, 0},
    {BYTES("P5 2 2 65536 "), 0, 0},
    {BYTES("P5 2 2 255x"), 0, 0},
    {BYTES("\x1f\x8b\x08"), 0, 0},
};

TEST(pnm_limit_comment, "pnm: a comment without an end is no header")
{
    static uint8_t endless[PNM_HEADER_MAX] = "P5 #";
    check_size(pnm_limit(endless, PNM_HEADER_MAX - 1), PNM_HEADER_MAX);
    check_size(pnm_limit(endless, PNM_HEADER_MAX), 0);
}

TEST(pnm_limit, "pnm: the header tells how large a picture may be")
{
    for (size_t i = 0; i < COUNT(limits); i++) {
        size_t limit = pnm_limit((const uint8_t *)limits[i].bytes, limits[i].size);
        check(limit >= limits[i].least && limit <= limits[i].most, "row %zu: %zu", i, limit);
    }
}
