#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mnist/base/bytes.h"
#include "mnist/base/format.h"
#include "mnist/base/memory.h"
#include "mnist/codec/inflate.h"

#include "../test.h"

/* --- streams made bit by bit --- */

static struct {
    uint8_t bytes[4096];
    size_t bits;
} made;

static void begin(void)
{
    memset(&made, 0, sizeof made);
}

/* A number, its lowest bit first. */
static void put(unsigned value, unsigned bits)
{
    for (unsigned b = 0; b < bits && made.bits < 8 * sizeof made.bytes; b++, made.bits++)
        made.bytes[made.bits / 8] |= (uint8_t)((value >> b & 1) << made.bits % 8);
}

/* A code, its highest bit first. */
static void put_code(unsigned code, unsigned bits)
{
    while (bits--)
        put(code >> bits, 1);
}

static void put_fixed(unsigned symbol)
{
    if (symbol < 144)
        put_code(0x30 + symbol, 8);
    else if (symbol < 256)
        put_code(0x190 + symbol - 144, 9);
    else if (symbol < 280)
        put_code(symbol - 256, 7);
    else
        put_code(0xc0 + symbol - 280, 8);
}

enum { STORED, FIXED, DYNAMIC };

static void put_block(unsigned last, unsigned type)
{
    put(last, 1);
    put(type, 2);
}

/* The header of a dynamic block whose literals and distances, by symbol, have codes of `lengths`,
 * at most 15. Each length is written in four bits: the lengths 0 … 15 have codes of four bits. */
static void put_codes(unsigned last, const uint8_t *lengths, unsigned literals, unsigned distances)
{
    static const uint8_t order[19] = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                      11, 4,  12, 3, 13, 2, 14, 1, 15};
    put_block(last, DYNAMIC);
    put(literals - 257, 5);
    put(distances - 1, 5);
    put(15, 4);
    for (int i = 0; i < 19; i++)
        put(order[i] < 16 ? 4 : 0, 3);
    for (unsigned s = 0; s < literals + distances; s++)
        put_code(lengths[s], 4);
}

static int unpack(struct inflate *stream, size_t limit, struct error *err)
{
    *stream =
        (struct inflate){.packed = made.bytes, .packed_size = (made.bits + 7) / 8, .limit = limit};
    return inflate(stream, err);
}

/* Checks that the stream holds these bytes, and is refused if one byte less is allowed. */
static void check_holds(const void *wanted, size_t size, const char *what)
{
    struct inflate stream;
    struct error err = {""};
    if (check(!unpack(&stream, size, &err), "%s: %s", what, err.text)) {
        check(stream.size == size && !memcmp(stream.bytes, wanted, size), "%s: %zu bytes of %zu",
              what, stream.size, size);
        check(stream.used == stream.packed_size, "%s: %zu of %zu bytes used", what, stream.used,
              stream.packed_size);
    }
    mem_free(stream.bytes);
    if (size) {
        check_refused(unpack(&stream, size - 1, &err), &err, "it holds more than the ", what);
        mem_free(stream.bytes);
    }
}

static void check_damaged(const char *fault, const char *what)
{
    struct inflate stream;
    struct error err = {""};
    put(0, 32); /* so that the fault comes before the end */
    check_refused(unpack(&stream, 1000000, &err), &err, fault, what);
    mem_free(stream.bytes);
}

/* Checks what is there of a stream that is too long for smaller limits, or cut at every byte: the
 * first bytes of all, at least those up to the limit; of a cut one, as many as `sure` says. */
static void check_beginnings(const uint8_t *wanted, size_t size, size_t (*sure)(size_t packed))
{
    struct inflate stream;
    struct error err = {""};
    for (size_t limit = 0; limit < size; limit += 1 + limit / 10) {
        check_refused(unpack(&stream, limit, &err), &err, "it holds more than the ", "a limit");
        check(stream.size >= limit && stream.size <= size &&
                  !memcmp(stream.bytes, wanted, stream.size),
              "limit %zu: %zu bytes", limit, stream.size);
        mem_free(stream.bytes);
    }
    for (size_t packed = (made.bits + 7) / 8; packed-- > 0;) {
        stream = (struct inflate){.packed = made.bytes, .packed_size = packed, .limit = size};
        check_refused(inflate(&stream, &err), &err, "it is cut short", "cut");
        check(stream.size >= sure(packed) && stream.size <= size &&
                  !memcmp(stream.bytes, wanted, stream.size),
              "%zu packed bytes: %zu bytes, wanted %zu", packed, stream.size, sure(packed));
        mem_free(stream.bytes);
    }
}

/* --- valid streams --- */

TEST(inflate_stored, "inflate: stored blocks")
{
    uint8_t wanted[300];
    for (size_t i = 0; i < sizeof wanted; i++)
        wanted[i] = (uint8_t)(i * 7);
    begin();
    for (size_t at = 0; at < sizeof wanted; at += 100) {
        put_block(at == 200, STORED);
        put(0x15, -(unsigned)made.bits % 8); /* the rest of the byte may be anything */
        put(100, 16);
        put(0xffff ^ 100, 16);
        for (int i = 0; i < 100; i++)
            put(wanted[at + (size_t)i], 8);
    }
    check_holds(wanted, sizeof wanted, "three blocks");
    begin();
    put_block(1, STORED);
    put(0, 5 + 16);
    put(0xffff, 16);
    check_holds("", 0, "an empty one");
}

static size_t sure_of_stored(size_t packed)
{
    return packed < 5 ? 0 : packed - 5;
}

/* A literal, then a match of the longest length in each 13 bits. */
static size_t sure_of_matches(size_t packed)
{
    size_t matches = 8 * packed < 11 ? 0 : (8 * packed - 11) / 13;
    return matches < 2 ? 0 : 258 * (matches - 2);
}

TEST(inflate_beginning, "inflate: what is there of a stream that is refused")
{
    enum { STORED_BYTES = 3000, MATCHES = 2000 };
    static uint8_t wanted[1 + 258 * MATCHES];
    for (size_t i = 0; i < STORED_BYTES; i++)
        wanted[i] = (uint8_t)(i * 7 ^ i >> 8);
    begin();
    put_block(1, STORED);
    put(0, 5);
    put(STORED_BYTES, 16);
    put(0xffff ^ STORED_BYTES, 16);
    for (size_t i = 0; i < STORED_BYTES; i++)
        put(wanted[i], 8);
    check_beginnings(wanted, STORED_BYTES, sure_of_stored);
    memset(wanted, 9, sizeof wanted);
    begin();
    put_block(1, FIXED);
    put_fixed(9);
    for (int i = 0; i < MATCHES; i++) {
        put_fixed(285);
        put_code(0, 5);
    }
    put_fixed(256);
    check_beginnings(wanted, sizeof wanted, sure_of_matches);
}

TEST(inflate_fixed, "inflate: every literal")
{
    uint8_t wanted[256];
    begin();
    put_block(0, FIXED);
    for (unsigned s = 0; s < 256; s++) {
        wanted[s] = (uint8_t)s;
        if (s == 99) { /* a second block of the same code */
            put_fixed(256);
            put_block(1, FIXED);
        }
        put_fixed(s);
    }
    put_fixed(256);
    check_holds(wanted, sizeof wanted, "all literals");
}

/* RFC 1951, section 3.2.5. */
static const struct {
    unsigned symbol, extra, first;
} length_rows[] =
    {
        {257, 0, 3},   {260, 0, 6},   {264, 0, 10},  {265, 1, 11},  {268, 1, 17},
        {269, 2, 19},  {272, 2, 31},  {273, 3, 35},  {276, 3, 59},  {277, 4, 67},
        {280, 4, 115}, {281, 5, 131}, {283, 5, 195}, {284, 5, 227}, {285, 0, 258},
},
  distance_rows[] = {
      {0, 0, 1},     {1, 0, 2},      {3, 0, 4},      {4, 1, 5},       {5, 1, 7},
      {6, 2, 9},     {9, 3, 25},     {12, 5, 65},    {15, 6, 193},    {18, 8, 513},
      {20, 9, 1025}, {23, 10, 3073}, {26, 12, 8193}, {28, 13, 16385}, {29, 13, 24577},
};

/* 32768 bytes that never repeat within the window, then a match for each row, of its first length
 * or distance and of its last. */
TEST(inflate_matches, "inflate: lengths and distances, the last of each too")
{
    enum { WINDOW = 32768 };
    static uint8_t wanted[2 * WINDOW];
    size_t size = WINDOW;
    begin();
    for (unsigned i = 0; i < WINDOW; i++)
        wanted[i] = (uint8_t)(i * 2654435761u >> 19);
    for (size_t i = 0; i < COUNT(length_rows); i++) {
        for (int last = 0; last < 2; last++) {
            unsigned more = last ? (1u << length_rows[i].extra) - 1 : 0,
                     behind = last ? (1u << distance_rows[i].extra) - 1 : 0;
            more -= length_rows[i].symbol == 284 && last; /* 258 has its own symbol */
            unsigned length = length_rows[i].first + more,
                     distance = distance_rows[i].first + behind;
            put_fixed(length_rows[i].symbol);
            put(more, length_rows[i].extra);
            put_code(distance_rows[i].symbol, 5);
            put(behind, distance_rows[i].extra);
            for (unsigned k = 0; k < length; k++, size++)
                wanted[size] = wanted[size - distance];
        }
    }
    put_fixed(256);
    static uint8_t packed[WINDOW + 5 + sizeof made.bytes] = {STORED, 0, WINDOW >> 8, 0xff, 0x7f};
    struct inflate stream = {.packed = packed, .packed_size = sizeof packed, .limit = size};
    struct error err = {""};
    memcpy(packed + 5, wanted, WINDOW);
    uint8_t *to = packed + 5 + WINDOW;
    unsigned carry = 1 | FIXED << 1; /* the block's header goes before what was made */
    for (size_t i = 0; i <= made.bits / 8; i++) {
        unsigned value = carry | (unsigned)made.bytes[i] << 3;
        *to++ = (uint8_t)value;
        carry = value >> 8;
    }
    *to++ = (uint8_t)carry;
    if (check(!inflate(&stream, &err), "%s", err.text))
        check(stream.size == size && !memcmp(stream.bytes, wanted, size), "%zu bytes of %zu",
              stream.size, size);
    mem_free(stream.bytes);
}

/* Codes of 1 … 15 bits: a match and literals, some of which take more than one look-up. */
TEST(inflate_dynamic, "inflate: codes of up to 15 bits")
{
    uint8_t lengths[257 + 1 + 30] = {0}, wanted[15 + 4] = {0};
    begin();
    for (uint8_t k = 1; k <= 15; k++)
        lengths[10 + k] = k;
    lengths[256] = 15; /* literals 11 … 25 have codes 0, 10, 110, … and the end is all ones */
    lengths[258] = 1;  /* a lone distance of one bit */
    put_codes(1, lengths, 258, 1);
    for (unsigned k = 1; k <= 15; k++) {
        put_code((1u << k) - 2, k);
        wanted[k - 1] = (uint8_t)(10 + k);
    }
    for (int i = 0; i < 4; i++) {
        put_code(0, 1);
        wanted[15 + i] = 11;
    }
    put_code(0x7fff, 15);
    check_holds(wanted, sizeof wanted, "literals");
}

TEST(inflate_lone_codes, "inflate: a code of one symbol, no code of distances")
{
    uint8_t lengths[258] = {0};
    begin();
    lengths[256] = 1;
    put_codes(1, lengths, 257, 1);
    put_code(0, 1);
    check_holds("", 0, "the end alone");
    begin();
    put_codes(1, lengths, 257, 1);
    put_code(1, 1);
    check_damaged("a code without a meaning", "the code that is not there");
    begin();
    lengths[256] = lengths['x'] = 1;
    put_codes(1, lengths, 257, 1);
    put_code(0, 1);
    put_code(1, 1);
    check_holds("x", 1, "no distances");
}

/* Two streams go into one block: matches of the second may not reach into the first. */
TEST(inflate_twice, "inflate: the window begins with the stream")
{
    for (int reaching = 0; reaching < 2; reaching++) {
        struct inflate stream;
        struct error err = {""};
        begin();
        for (int i = 0; i < 2; i++) {
            put_block(1, FIXED);
            put_fixed('a' + (unsigned)i);
            put_fixed(257);
            put_code(reaching && i, 5);
            put_fixed(256);
            put(0, -(unsigned)made.bits % 8);
        }
        check(!unpack(&stream, 8, &err) && stream.size == 4, "the first: %s", err.text);
        if (reaching)
            check_refused(inflate(&stream, &err), &err, "a distance to before the beginning", "it");
        else if (check(!inflate(&stream, &err), "the second: %s", err.text))
            check(stream.size == 8 && !memcmp(stream.bytes, "aaaabbbb", 8), "%zu", stream.size);
        mem_free(stream.bytes);
    }
}

/* Far more than fits at first, so that the room grows: 1032 times the size of the stream. */
TEST(inflate_grows, "inflate: grows up to its limit")
{
    enum { MATCHES = 8000, SIZE = 1 + MATCHES * 258 };
    struct inflate stream;
    struct error err = {""};
    uint8_t lengths[286 + 1] = {0};
    begin();
    lengths[0] = lengths[256] = 2, lengths[285] = lengths[286] = 1;
    put_codes(1, lengths, 286, 1);
    put_code(2, 2);
    for (int i = 0; i < MATCHES; i++)
        put(0, 2);
    put_code(3, 2);
    static const size_t limits[] = {SIZE, SIZE + 1, SIZE_MAX, SIZE - 1, SIZE - 258, 300, 1, 0};
    for (size_t i = 0; i < COUNT(limits); i++) {
        int result = unpack(&stream, limits[i], &err);
        if (limits[i] < SIZE) {
            char text[64];
            snprintf(text, sizeof text, "it holds more than the %s bytes",
                     format_count((long long)limits[i]).text);
            check_refused(result, &err, text, text);
        } else if (check(!result, "%s", err.text)) {
            check(stream.size == SIZE && !stream.bytes[0] && !stream.bytes[SIZE - 1], "%zu",
                  stream.size);
        }
        check(stream.capacity <= limits[i], "room for %zu of %zu", stream.capacity, limits[i]);
        mem_free(stream.bytes);
    }
}

/* --- damaged streams --- */

TEST(inflate_damaged, "inflate: each damage with its own message")
{
    uint8_t lengths[320] = {0};
    begin();
    put_block(1, 3);
    check_damaged("a block of type 3", "type 3");
    begin();
    put_block(1, STORED);
    put(0, 5);
    put(3, 16);
    put(3, 16);
    check_damaged("the length of stored bytes and its complement differ", "a stored block");
    for (unsigned symbol = 286; symbol < 288; symbol++) {
        begin();
        put_block(1, FIXED);
        put_fixed(symbol);
        check_damaged("a code without a meaning", "a literal that is none");
    }
    for (unsigned symbol = 30; symbol < 32; symbol++) {
        begin();
        put_block(1, FIXED);
        put_fixed('a');
        put_fixed(257);
        put_code(symbol, 5);
        check_damaged("a distance without a meaning", "a distance that is none");
    }
    for (unsigned distance = 0; distance < 2; distance++) {
        begin();
        put_block(1, FIXED);
        for (unsigned i = 0; i < distance; i++)
            put_fixed('a');
        put_fixed(257);
        put_code(distance, 5);
        check_damaged("a distance to before the beginning", "a distance");
    }
    begin();
    lengths[256] = lengths[257] = 1;
    put_codes(1, lengths, 258, 1);
    put_code(1, 1);
    check_damaged("a distance without a meaning", "a match, and no code of distances");
}

TEST(inflate_bad_codes, "inflate: codes that are none")
{
    static const struct {
        uint8_t a, b, end, distance[2];
        const char *fault;
    } rows[] = {
        {1, 1, 1, {0}, "the code of the literals is none"}, /* too many */
        {2, 2, 2, {0}, "the code of the literals is none"}, /* too few */
        {0, 0, 2, {0}, "the code of the literals is none"}, /* a single one of two bits */
        {1, 2, 0, {0}, "a block without an end"},
        {1, 2, 2, {0, 2}, "the code of the distances is none"},
        {1, 2, 2, {2, 2}, "the code of the distances is none"},
        {1, 2, 2, {15, 0}, "the code of the distances is none"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint8_t lengths[259] = {0};
        lengths['a'] = rows[i].a, lengths['b'] = rows[i].b, lengths[256] = rows[i].end;
        memcpy(lengths + 257, rows[i].distance, 2);
        begin();
        put_codes(1, lengths, 257, 2);
        check_damaged(rows[i].fault, rows[i].fault);
    }
    static const struct {
        unsigned literals, distances;
    } counts[] = {{30, 0}, {31, 0}, {0, 30}, {0, 31}};
    for (size_t i = 0; i < COUNT(counts); i++) {
        begin();
        put_block(1, DYNAMIC);
        put(counts[i].literals, 5);
        put(counts[i].distances, 5);
        check_damaged("more codes than there are symbols", "too many codes");
    }
}

/* Codes of code lengths: one bit each for the two symbols given, in the order of the header. */
static void put_two_lengths(int first, int second)
{
    put_block(1, DYNAMIC);
    put(0, 10);
    put(15, 4);
    for (int i = 0; i < 19; i++)
        put(i == first || i == second, 3);
}

TEST(inflate_bad_lengths, "inflate: code lengths that are none")
{
    enum { REPEAT = 0, ZEROS = 1, MANY_ZEROS = 2, ZERO = 3 }; /* places in the header's order */
    begin();
    put_two_lengths(ZERO, ZERO);
    check_damaged("the code of the code lengths is none", "one alone");
    begin();
    put_two_lengths(-1, -1);
    check_damaged("the code of the code lengths is none", "none at all");
    begin();
    put_two_lengths(REPEAT, ZERO); /* 0 is 0, 16 is 1 */
    put(1, 1);
    check_damaged("a code length repeated before there is one", "nothing to repeat");
    begin();
    put_two_lengths(MANY_ZEROS, ZERO);
    put(1, 1), put(127, 7), put(1, 1), put(127, 7);
    check_damaged("more code lengths than codes", "276 zeros of 258");
    begin();
    put_two_lengths(MANY_ZEROS, ZERO);
    put(1, 1), put(127, 7), put(1, 1), put(110, 7);
    check_damaged("more code lengths than codes", "259 zeros of 258");
    begin();
    put_two_lengths(MANY_ZEROS, ZERO);
    put(1, 1), put(127, 7), put(1, 1), put(109, 7);
    check_damaged("a block without an end", "258 zeros");
}

/* Blocks of each kind, in memory of exactly their size, so that a sanitizer sees a read beyond
 * it. */
static const char mixed[] = "hiaaaaaaaaaaaaaaaaaaaaaaaaaaabyzc";

static void make_mixed(void)
{
    uint8_t lengths[257 + 30] = {0};
    begin();
    put_block(0, STORED);
    put(0, 5);
    put(2, 16);
    put(0xfffd, 16);
    put('h', 8), put('i', 8);
    put_block(0, FIXED);
    for (int i = 0; i < 9; i++)
        put_fixed('a');
    put_fixed(268), put(1, 1), put_code(3, 5);
    put_fixed(256);
    lengths['b'] = 1, lengths[256] = 2, lengths['z'] = 3, lengths['y'] = 3;
    put_codes(0, lengths, 257, 30);
    put_code(0, 1), put_code(6, 3), put_code(7, 3), put_code(2, 2);
    put_block(1, FIXED); /* fixed codes again, after dynamic ones */
    put_fixed('c'), put_fixed(256);
}

TEST(inflate_truncated, "inflate: cut at every byte")
{
    make_mixed();
    size_t whole = (made.bits + 7) / 8;
    for (size_t size = 0; size <= whole; size++) {
        struct error err = {""};
        uint8_t *cut = malloc(size ? size : 1);
        if (!check(cut != NULL, "no memory"))
            return;
        memcpy(cut, made.bytes, size);
        struct inflate stream = {.packed = cut, .packed_size = size, .limit = 1000};
        int result = inflate(&stream, &err);
        if (size < whole)
            check_refused(result, &err, "it is cut short", "a part");
        else
            check(!result && stream.size == sizeof mixed - 1 && !memcmp(stream.bytes, mixed, 33),
                  "the whole: %s", err.text);
        mem_free(stream.bytes);
        free(cut);
    }
}

/* Whatever a changed bit does, unpacking ends within its limit. */
TEST(inflate_flipped, "inflate: every bit flipped")
{
    make_mixed();
    int refused = 0;
    for (size_t bit = 0; bit < made.bits; bit++) {
        struct inflate stream;
        struct error err = {""};
        made.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (unpack(&stream, 1000, &err)) {
            check(!strncmp(err.text, "it ", 3), "bit %zu: \"%s\"", bit, err.text);
            refused++;
        } else {
            check(stream.size <= 1000, "bit %zu: %zu bytes", bit, stream.size);
        }
        mem_free(stream.bytes);
        made.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    check(refused > 0, "every change was taken");
}
