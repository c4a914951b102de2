#include "mnist/codec/inflate.h"

#include <stdbool.h>
#include <string.h>

#include "mnist/base/bytes.h"
#include "mnist/base/format.h"
#include "mnist/base/memory.h"

enum {
    LITERALS = 288,       /* 0 … 255 bytes, 256 the block's end, 257 … 285 lengths of matches */
    END = 256,            /* that symbol */
    DISTANCES = 32,       /* 0 … 29 distances of matches */
    CODE_LENGTHS = 19,    /* 0 … 15 the length of a code, 16 … 18 repetitions of lengths */
    LONGEST_CODE = 15,    /* in bits */
    FAST_BITS = 10,       /* codes up to this long are found by one look-up */
    LONGEST_MATCH = 258,  /* in bytes */
    STEP = 8,             /* a match is copied in steps of this many bytes */
    FIRST_ROOM = 1 << 16, /* allocated first if the caller made no guess */
    /* Room beyond the capacity, for a match and the rest of its last step: a match is written
     * first, and only then compared with the capacity. */
    SLACK = LONGEST_MATCH + STEP
};

/* --- bits, the lowest of each byte first --- */

struct bits {
    const uint8_t *at, *end;
    uint64_t buffer;  /* the next `count` bits, the first one lowest; those above are rubbish */
    unsigned count;   /* at most 63 */
    unsigned missing; /* how many bytes in the buffer are zeros from beyond the end */
};

/* Fills the buffer to at least 56 bits: a match takes 48 (15 + 5 + 15 + 13). If eight bytes are
 * left, they are read in one piece; those that do not fit whole are read again next time. */
static inline void refill(struct bits *in)
{
    if (in->end - in->at >= 8) {
        in->buffer |= bytes_get_le64(in->at) << in->count;
        in->at += (63 - in->count) / 8;
        in->count |= 56;
        return;
    }
    for (; in->count < 56; in->count += 8) {
        if (in->at < in->end)
            in->buffer |= (uint64_t)*in->at++ << in->count;
        else
            in->missing++;
    }
}

static inline void drop(struct bits *in, unsigned count)
{
    in->buffer >>= count;
    in->count -= count;
}

/* Takes the next bits as a number; the buffer must have them. */
static inline unsigned take(struct bits *in, unsigned count)
{
    unsigned value = (unsigned)in->buffer & ((1u << count) - 1);
    drop(in, count);
    return value;
}

static inline bool is_overdrawn(const struct bits *in)
{
    return in->missing * 8 > in->count;
}

/* Drops the rest of the current byte and puts the whole bytes in the buffer back. */
static void align(struct bits *in)
{
    in->at -= in->count / 8 - in->missing;
    in->buffer = in->count = in->missing = 0;
}

static int refuse_cut_short(struct error *err)
{
    return error_set(err, "it is cut short: fetch it again");
}

/* If bits were taken from beyond the end, that explains any other fault. */
static int refuse(const struct bits *in, const char *fault, struct error *err)
{
    return is_overdrawn(in) ? refuse_cut_short(err)
                            : error_set(err, "it is damaged (%s): fetch it again", fault);
}

/* --- codes --- */

enum alphabet { ALPHABET_LITERALS, ALPHABET_DISTANCES, ALPHABET_CODE_LENGTHS };

/* What a code means: the number `value`, plus that in the extra bits if some follow. */
struct entry {
    uint16_t value;
    uint8_t extra; /* how many extra bits follow, or one of the constants below */
    uint8_t bits;  /* length of the code; 0: no code of up to FAST_BITS begins like this */
};

enum { LITERAL = 16, END_OF_BLOCK, NOTHING };

/* A canonical Huffman code: codes of one length are consecutive numbers in the order of their
 * symbols, and follow those of all shorter ones. */
struct code {
    struct entry fast[1 << FAST_BITS]; /* by the next bits of the stream */
    uint16_t counts[LONGEST_CODE + 1]; /* how many codes have each length */
    struct entry entries[LITERALS];    /* in the order of their codes */
};

/* A symbol of a match's length or distance means several numbers, told apart by extra bits: four
 * symbols to a power of two for lengths, two for distances. The longest length has its own. */
static struct entry meaning(enum alphabet alphabet, unsigned symbol, unsigned bits)
{
    unsigned value = symbol, extra = LITERAL;
    if (alphabet == ALPHABET_LITERALS && symbol == END) {
        extra = END_OF_BLOCK;
    } else if (alphabet == ALPHABET_LITERALS && symbol > END) {
        unsigned k = symbol - END - 1;
        extra = k == 28 || k < 8 ? 0 : k / 4 - 1;
        value = k == 28 ? LONGEST_MATCH : 3 + (k < 8 ? k : (4 + k % 4) << extra);
        extra = k > 28 ? NOTHING : extra;
    } else if (alphabet == ALPHABET_DISTANCES) {
        extra = symbol < 4 ? 0 : symbol / 2 - 1;
        value = 1 + (symbol < 4 ? symbol : (2 + symbol % 2) << extra);
        extra = symbol > 29 ? NOTHING : extra;
    }
    return (struct entry){(uint16_t)value, (uint8_t)extra, (uint8_t)bits};
}

/* The entry goes wherever the low bits are the code's; the number's highest bit comes first. */
static void fill_fast(struct code *code, unsigned number, struct entry entry)
{
    unsigned reversed = 0;
    for (unsigned b = 0; b < entry.bits; b++)
        reversed = reversed << 1 | (number >> b & 1);
    for (unsigned at = reversed; at < 1 << FAST_BITS; at += 1u << entry.bits)
        code->fast[at] = entry;
}

/* False if the lengths make no code: there are more codes than fit, or too few, which leaves gaps.
 * Literals and distances may have gaps: with no code at all, or a single one of one bit. */
static bool make_code(struct code *code, enum alphabet alphabet, const uint8_t *lengths, int count)
{
    unsigned number[LONGEST_CODE + 2] = {0}, place[LONGEST_CODE + 2] = {0};
    *code = (struct code){0};
    for (int s = 0; s < count; s++)
        code->counts[lengths[s]]++;
    int room = 1, used = count - code->counts[0];
    code->counts[0] = 0;
    for (int bits = 1; bits <= LONGEST_CODE; bits++) {
        room = 2 * room - code->counts[bits];
        if (room < 0)
            return false;
        number[bits + 1] = (number[bits] + code->counts[bits]) * 2;
        place[bits + 1] = place[bits] + code->counts[bits];
    }
    if (room > 0 && (used > 1 || used != code->counts[1] || alphabet == ALPHABET_CODE_LENGTHS))
        return false;
    for (int s = 0; s < count; s++) {
        unsigned bits = lengths[s];
        if (bits == 0)
            continue;
        struct entry entry = meaning(alphabet, (unsigned)s, bits);
        code->entries[place[bits]++] = entry;
        if (bits <= FAST_BITS)
            fill_fast(code, number[bits]++, entry);
    }
    return true;
}

/* Goes bit by bit: the numbers of each length begin at twice the end of the next shorter ones. */
static struct entry find_long(const struct code *code, uint64_t buffer)
{
    unsigned number = 0, first = 0, place = 0;
    for (unsigned bits = 1; bits <= LONGEST_CODE; bits++) {
        number = number << 1 | (buffer >> (bits - 1) & 1);
        first <<= 1;
        if (number < first + code->counts[bits])
            return code->entries[place + number - first];
        first += code->counts[bits];
        place += code->counts[bits];
    }
    return (struct entry){.extra = NOTHING};
}

static inline struct entry find(const struct code *code, uint64_t buffer)
{
    struct entry entry = code->fast[buffer & ((1 << FAST_BITS) - 1)];
    return entry.bits ? entry : find_long(code, buffer);
}

/* --- blocks --- */

/* The codes of the current block. */
struct codes {
    bool fixed; /* they are those of RFC 1951 for blocks that bring none along */
    struct code literals, distances;
};

static void make_fixed_codes(struct codes *codes)
{
    uint8_t lengths[LITERALS];
    if (codes->fixed)
        return;
    codes->fixed = true;
    memset(lengths, 8, 144);
    memset(lengths + 144, 9, 112);
    memset(lengths + 256, 7, 24);
    memset(lengths + 280, 8, 8);
    make_code(&codes->literals, ALPHABET_LITERALS, lengths, LITERALS);
    memset(lengths, 5, DISTANCES);
    make_code(&codes->distances, ALPHABET_DISTANCES, lengths, DISTANCES);
}

/* Reads the lengths of the literals' and then the distances' codes, `count` in all. */
static int read_lengths(uint8_t *lengths, int count, struct bits *in, const struct code *code,
                        struct error *err)
{
    for (int n = 0; n < count;) {
        refill(in);
        struct entry entry = find(code, in->buffer);
        drop(in, entry.bits);
        if (entry.value < 16) {
            lengths[n++] = (uint8_t)entry.value;
            continue;
        }
        uint8_t repeated = 0;
        if (entry.value == 16) {
            if (n == 0)
                return refuse(in, "a code length repeated before there is one", err);
            repeated = lengths[n - 1];
        }
        unsigned times = entry.value == 16   ? 3 + take(in, 2)
                         : entry.value == 17 ? 3 + take(in, 3)
                                             : 11 + take(in, 7);
        if (times > (unsigned)(count - n))
            return refuse(in, "more code lengths than codes", err);
        memset(lengths + n, repeated, times);
        n += (int)times;
    }
    return 0;
}

/* Reads the codes that a block brings along; their lengths are themselves in a code. */
static int read_codes(struct codes *codes, struct bits *in, struct error *err)
{
    static const uint8_t order[CODE_LENGTHS] = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                                11, 4,  12, 3, 13, 2, 14, 1, 15};
    uint8_t lengths[LITERALS + DISTANCES] = {0};
    codes->fixed = false;
    refill(in);
    int literals = 257 + (int)take(in, 5), distances = 1 + (int)take(in, 5),
        count = 4 + (int)take(in, 4);
    if (literals > 286 || distances > 30)
        return refuse(in, "more codes than there are symbols", err);
    for (int i = 0; i < count; i++) {
        refill(in);
        lengths[order[i]] = (uint8_t)take(in, 3);
    }
    if (!make_code(&codes->literals, ALPHABET_CODE_LENGTHS, lengths, CODE_LENGTHS))
        return refuse(in, "the code of the code lengths is none", err);
    if (read_lengths(lengths, literals + distances, in, &codes->literals, err))
        return -1;
    if (lengths[END] == 0)
        return refuse(in, "a block without an end", err);
    if (!make_code(&codes->literals, ALPHABET_LITERALS, lengths, literals))
        return refuse(in, "the code of the literals is none", err);
    if (!make_code(&codes->distances, ALPHABET_DISTANCES, lengths + literals, distances))
        return refuse(in, "the code of the distances is none", err);
    return 0;
}

int inflate_reserve(struct inflate *stream, size_t capacity, struct error *err)
{
    capacity = capacity < stream->limit ? capacity : stream->limit;
    capacity = capacity > stream->size ? capacity : stream->size;
    capacity = capacity < SIZE_MAX - SLACK ? capacity : SIZE_MAX - SLACK;
    uint8_t *bigger = mem_grow(stream->bytes, stream->size, capacity + SLACK, err);
    if (!bigger)
        return -1;
    stream->bytes = bigger;
    stream->capacity = capacity;
    return 0;
}

static int refuse_too_long(const struct inflate *stream, struct error *err)
{
    return error_set(err, "it holds more than the %s bytes such a file may have",
                     format_count((long long)stream->limit).text);
}

/* Makes room for `more` bytes, within the limit, after the present ones, which may already reach
 * into the slack, and so beyond the limit. */
static int make_room(struct inflate *stream, size_t more, struct error *err)
{
    if (stream->size > stream->limit)
        return refuse_too_long(stream, err);
    size_t wanted = stream->size + more;
    if (wanted <= stream->capacity)
        return 0;
    wanted = wanted > FIRST_ROOM ? wanted : FIRST_ROOM;
    size_t next = mem_next_size(stream->capacity);
    return inflate_reserve(stream, wanted > next ? wanted : next, err);
}

/* A match may overlap its own copy: then it repeats itself. Whole steps write up to STEP - 1 bytes
 * too many, which do no harm. */
static inline void copy_match(uint8_t *to, size_t distance, size_t length)
{
    const uint8_t *from = to - distance;
    if (distance >= STEP) {
        for (size_t i = 0; i < length; i += STEP)
            memcpy(to + i, from + i, STEP);
    } else if (distance == 1) {
        memset(to, *from, length);
    } else {
        for (size_t i = 0; i < length; i++)
            to[i] = from[i];
    }
}

/* Reads the symbols of a block up to its end. Matches reach back at most to byte `start`. */
static int read_symbols(struct inflate *stream, size_t start, struct bits *bits,
                        const struct codes *codes, struct error *err)
{
    struct bits in = *bits; /* kept in registers */
    uint8_t *to = stream->bytes + stream->size, *end = stream->bytes + stream->capacity;
    for (;;) {
        refill(&in);
        if (is_overdrawn(&in)) {
            /* The last symbol may be made of zeros from beyond the end. */
            size_t made = (size_t)(to - stream->bytes) - stream->size;
            stream->size += made > LONGEST_MATCH ? made - LONGEST_MATCH : 0;
            return refuse_cut_short(err);
        }
        if (to > end) {
            stream->size = (size_t)(to - stream->bytes);
            if (make_room(stream, 0, err))
                return -1;
            to = stream->bytes + stream->size, end = stream->bytes + stream->capacity;
        }
        struct entry entry = find(&codes->literals, in.buffer);
        drop(&in, entry.bits);
        if (entry.extra == LITERAL) {
            *to++ = (uint8_t)entry.value;
            continue;
        }
        if (entry.extra == END_OF_BLOCK)
            break;
        if (entry.extra == NOTHING)
            return refuse(&in, "a code without a meaning", err);
        size_t length = entry.value + take(&in, entry.extra);
        entry = find(&codes->distances, in.buffer);
        drop(&in, entry.bits);
        if (entry.extra == NOTHING)
            return refuse(&in, "a distance without a meaning", err);
        size_t distance = entry.value + take(&in, entry.extra);
        if (distance > (size_t)(to - stream->bytes) - start)
            return refuse(&in, "a distance to before the beginning", err);
        copy_match(to, distance, length);
        to += length;
    }
    stream->size = (size_t)(to - stream->bytes);
    *bits = in;
    return 0;
}

/* Reads a block of uncompressed bytes, which follow their number and its complement. */
static int read_stored(struct inflate *stream, struct bits *in, struct error *err)
{
    if (is_overdrawn(in))
        return refuse_cut_short(err);
    align(in);
    if (in->end - in->at < 4)
        return refuse_cut_short(err);
    size_t length = bytes_get_le16(in->at);
    if (length + bytes_get_le16(in->at + 2) != 0xffff)
        return refuse(in, "the length of stored bytes and its complement differ", err);
    in->at += 4;
    size_t there = (size_t)(in->end - in->at), room = stream->limit - stream->size;
    size_t taken = length < there ? length : there;
    taken = taken < room ? taken : room;
    if (make_room(stream, taken, err))
        return -1;
    memcpy(stream->bytes + stream->size, in->at, taken);
    stream->size += taken;
    in->at += taken;
    if (taken == length)
        return 0;
    return there < length ? refuse_cut_short(err) : refuse_too_long(stream, err);
}

int inflate(struct inflate *stream, struct error *err)
{
    if (!stream->bytes && inflate_reserve(stream, FIRST_ROOM, err))
        return -1;
    struct bits in = {.at = stream->packed + stream->used,
                      .end = stream->packed + stream->packed_size};
    struct codes codes = {.fixed = false};
    const size_t start = stream->size;
    bool last = false;
    while (!last) {
        refill(&in);
        last = take(&in, 1);
        int failed;
        switch (take(&in, 2)) {
        case 0:
            failed = read_stored(stream, &in, err);
            break;
        case 1:
            make_fixed_codes(&codes);
            failed = read_symbols(stream, start, &in, &codes, err);
            break;
        case 2:
            failed = read_codes(&codes, &in, err) || read_symbols(stream, start, &in, &codes, err);
            break;
        default:
            failed = refuse(&in, "a block of type 3", err);
        }
        if (failed)
            return -1;
    }
    if (is_overdrawn(&in))
        return refuse_cut_short(err);
    align(&in);
    stream->used = (size_t)(in.at - stream->packed);
    return 0;
}
