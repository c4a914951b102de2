#include "mnist/codec/kind.h"

#include <stdbool.h>
#include <string.h>

#include "mnist/base/bytes.h"
#include "mnist/base/utf8.h"
#include "mnist/codec/idx.h"
#include "mnist/codec/safetensors.h"

static struct kind named(const char *name, enum kind_use use)
{
    return (struct kind){.name = name, .use = use};
}

/* --- kinds that begin with a magic number --- */

struct row {
    const char *magic; /* a dot in it matches any byte */
    size_t size, at;   /* of the magic, and where it is */
    const char *name;
    enum kind_use use;
};

#define AT(at, text) (text), sizeof(text) - 1, (at)
#define MAGIC(text) AT(0, text)

/* Kinds that may be text, and are known by words that text does not begin with by chance; here and
 * below the first row that fits is the one. A row without a name ends the table. */
static const struct row words[] = {
    {MAGIC("P7\nWIDTH "), "a PAM image", KIND_IMAGE},
    {MAGIC("%PDF-"), "a PDF document", KIND_IMAGE},
    {MAGIC("%!PS"), "a PostScript document", KIND_IMAGE},
    {MAGIC("MATLAB ... MAT-file"), "a MATLAB file", KIND_OTHER},
    {MAGIC("label,pixel0"), "a CSV table, as Kaggle's", KIND_OTHER},
    {MAGIC("label,1x1"), "a CSV table, as Kaggle's", KIND_OTHER},
    {MAGIC("...AAAAAAAB7I"), "a safetensors file in base64", KIND_OTHER},
    {MAGIC("(.p.\n"), "a Python pickle", KIND_OTHER},
    {MAGIC("#!/"), "a script", KIND_OTHER},
    {MAGIC("version https://git-lfs"), "a Git LFS pointer", KIND_RUBBISH},
    {NULL, 0, 0, NULL, KIND_OTHER},
};

/* Kinds that are never text. Text may begin like some of them: "MZ", "GGUF is a format". */
static const struct row magics[] = {
    /* pictures */
    {MAGIC("\x89PNG"), "a PNG image", KIND_IMAGE},
    {MAGIC("\xff\xd8\xff"), "a JPEG image", KIND_IMAGE},
    {MAGIC("GIF8"), "a GIF image", KIND_IMAGE},
    {MAGIC("II*\0"), "a TIFF image", KIND_IMAGE},
    {MAGIC("MM\0*"), "a TIFF image", KIND_IMAGE},
    {MAGIC("RIFF....WEBP"), "a WebP image", KIND_IMAGE},
    {MAGIC("BM....\0\0\0\0"), "a BMP image", KIND_IMAGE},
    {MAGIC("\0\0..ftyphe"), "a HEIC image", KIND_IMAGE},
    {MAGIC("\0\0..ftypmif1"), "a HEIF image", KIND_IMAGE},
    {MAGIC("\0\0..ftypavi"), "an AVIF image", KIND_IMAGE},
    {MAGIC("\0\0\0\x0cjP  \r\n\x87\n"), "a JPEG 2000 image", KIND_IMAGE},
    {MAGIC("\xff\x4f\xff\x51"), "a JPEG 2000 image", KIND_IMAGE},
    {MAGIC("\0\0\0\x0cJXL \r\n\x87\n"), "a JPEG XL image", KIND_IMAGE},
    {MAGIC("\0\0\1\0.\0"), "an ICO image", KIND_IMAGE},
    {MAGIC("P7\n"), "a PAM image", KIND_IMAGE},
    {MAGIC("PF\n"), "a PFM image", KIND_IMAGE},
    {MAGIC("Pf\n"), "a PFM image", KIND_IMAGE},
    {MAGIC("8BPS\0\1"), "a Photoshop image", KIND_IMAGE},
    /* tables and arrays */
    {MAGIC("\x93NUMPY"), "a NumPy array", KIND_OTHER},
    {MAGIC("PAR1"), "a Parquet table", KIND_OTHER},
    {MAGIC("ARROW1"), "an Arrow table", KIND_OTHER},
    {MAGIC("FEA1"), "a Feather table", KIND_OTHER},
    /* models */
    {MAGIC("GGUF"), "a GGUF model", KIND_OTHER},
    {MAGIC(".\0\0\0TFL3"), "a TensorFlow Lite model", KIND_OTHER},
    {MAGIC("\x89HDF"), "an HDF5 file", KIND_OTHER},
    {MAGIC("\x80\2\x8a\nl\xfc\x9c"), "a PyTorch file", KIND_OTHER},
    /* archives and packed files */
    {MAGIC("\x1f\x8b"), "a gzip file", KIND_GZIP},
    {MAGIC("BZh"), "a bzip2 file", KIND_OTHER},
    {MAGIC("\xfd\x37zXZ"), "an xz file", KIND_OTHER},
    {MAGIC("\x28\xb5\x2f\xfd"), "a zstd file", KIND_OTHER},
    {MAGIC("\4\x22\x4d\x18"), "an lz4 file", KIND_OTHER},
    {MAGIC("x\x9c"), "zlib data", KIND_OTHER},
    {MAGIC("x\xda"), "zlib data", KIND_OTHER},
    {MAGIC("7z\xbc\xaf\x27\x1c"), "a 7z archive", KIND_OTHER},
    {MAGIC("Rar!\x1a"), "a RAR archive", KIND_OTHER},
    {AT(257, "ustar"), "a tar archive", KIND_OTHER},
    /* programs, documents, sound and video */
    {MAGIC("\x7f\x45LF"), "a program", KIND_OTHER},
    {MAGIC("MZ.\0"), "a program", KIND_OTHER},
    {MAGIC(".\xfa\xed\xfe"), "a program", KIND_OTHER},
    {MAGIC("\xca\xfe\xba\xbe"), "a program", KIND_OTHER},
    {MAGIC("\xff\xfe.\0.\0"), "UTF-16 text", KIND_OTHER},
    {MAGIC("\xfe\xff\0.\0."), "UTF-16 text", KIND_OTHER},
    {MAGIC("\0\0..ftyp"), "a sound or video", KIND_OTHER},
    {MAGIC("RIFF"), "a sound or video", KIND_OTHER},
    {NULL, 0, 0, NULL, KIND_OTHER},
};

static bool fits(const uint8_t *bytes, size_t size, const struct row *row)
{
    if (size < row->at + row->size)
        return false;
    for (size_t i = 0; i < row->size; i++)
        if (row->magic[i] != '.' && bytes[row->at + i] != (uint8_t)row->magic[i])
            return false;
    return true;
}

/* The first row that fits, or the one that ends the table. */
static const struct row *find(const struct row *row, const uint8_t *bytes, size_t size)
{
    while (row->name && !fits(bytes, size, row))
        row++;
    return row;
}

/* --- kinds that need a closer look; each returns a name or NULL --- */

#define DIGITS "0123456789"

static bool is_one_of(uint8_t c, const char *set)
{
    return c && strchr(set, c);
}

static bool is_printable(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i] < ' ' || bytes[i] > '~')
            return false;
    return true;
}

/* Models that are protocol buffers begin with a version, 1 to 31, as field 1. In ONNX (onnx.proto)
 * field 2 is a text, who made it, and where that is left out, field 7 is the graph, which begins
 * with a node (1) or its name (2). In TensorFlow's SavedModel, whose version is 1, field 2 is a
 * message, which begins with its field 1. */
static const char *protocol_buffer(const uint8_t *bytes, size_t size)
{
    enum { VERSION = 0x08, FIRST = 0x0a, SECOND = 0x12, SEVENTH = 0x3a };
    if (size < 5 || bytes[0] != VERSION || bytes[1] < 1 || bytes[1] > 31)
        return NULL;
    size_t length = bytes[3], inside = 4;
    if (bytes[2] == SECOND && length && length <= size - inside &&
        is_printable(bytes + inside, length))
        return "an ONNX model";
    while (inside < 8 && inside < size - 1 && bytes[inside - 1] >= 0x80)
        inside++;
    if (bytes[2] == SEVENTH && (bytes[inside] == FIRST || bytes[inside] == SECOND))
        return "an ONNX model";
    bool message = bytes[1] == 1 && bytes[2] == SECOND && bytes[inside] == FIRST;
    return message ? "a TensorFlow model" : NULL;
}

/* A map (Flax, Orbax) of 1 to 15 members, the first of which has a short name. */
static const char *message_pack(const uint8_t *bytes, size_t size)
{
    if (size < 3 || bytes[0] < 0x81 || bytes[0] > 0x8f || (bytes[1] & 0xe0) != 0xa0)
        return NULL;
    size_t length = bytes[1] & 0x1f;
    return length && length <= size - 2 && is_printable(bytes + 2, length) ? "a MessagePack file"
                                                                           : NULL;
}

static bool has(const uint8_t *bytes, size_t size, const char *word, size_t length)
{
    for (size_t at = 0; at + length <= size && at < KIND_HEAD; at++)
        if (!memcmp(bytes + at, word, length))
            return true;
    return false;
}

/* Protocols 2 to 5 begin with their number. In the older two something is soon remembered as number
 * 0 or 1, and a full stop ends the file. */
static const char *pickle(const uint8_t *bytes, size_t size)
{
    bool found = size >= 2 && bytes[0] == 0x80 && bytes[1] >= 2 && bytes[1] <= 5;
    if (size && is_one_of(bytes[0], "c(]}VSXUIKLFG") && bytes[size - 1] == '.')
        found = has(bytes, size, "q\0", 2) || has(bytes, size, "q\1", 2) ||
                has(bytes, size, "\np0\n", 4) || has(bytes, size, "\np1\n", 4) ||
                has(bytes, size, "\ntp0\n", 5) || has(bytes, size, "\ntp1\n", 5);
    return found ? "a Python pickle" : NULL;
}

/* A zip archive is known by its first member, whose name ends or begins with one of these. */
static const char *zip(const uint8_t *bytes, size_t size)
{
    static const struct {
        const char *member, *name;
        bool ends;
    } members[] = {
        {"data.pkl", "a PyTorch file", true},
        {"/data/0", "a PyTorch file", true},
        {".npy", "an npz archive of NumPy arrays", true},
        {"metadata.json", "a Keras model", false},
    };
    enum { HEADER = 30, LENGTH = 26 };
    if (size < 4 || (memcmp(bytes, "PK\3\4", 4) != 0 && memcmp(bytes, "PK\5\6", 4) != 0))
        return NULL;
    size_t length = size < HEADER ? 0 : bytes_get_le16(bytes + LENGTH);
    for (size_t i = 0; i < sizeof members / sizeof members[0] && length <= size - HEADER; i++) {
        size_t wanted = strlen(members[i].member);
        size_t at = members[i].ends ? length - wanted : 0;
        if (length >= wanted && !memcmp(bytes + HEADER + at, members[i].member, wanted))
            return members[i].name;
    }
    return "a zip archive";
}

static const char *safetensors(const uint8_t *bytes, size_t size)
{
    bool found = size > 8 && !memcmp(bytes + 3, "\0\0\0\0\0", 5) && safetensors_limit(bytes, size);
    return found ? "a safetensors file" : NULL;
}

/* "P1" to "P6", then the width and the height after white space, or a comment. */
static const char *picture(const uint8_t *bytes, size_t size)
{
    static const char *const names[] = {"a PBM picture", "a PGM picture", "a PPM picture"};
    if (size < 2 || bytes[0] != 'P' || bytes[1] < '1' || bytes[1] > '6')
        return NULL;
    for (size_t at = 2, start, number = 0; number < 2; number++) {
        for (start = at; at < size && is_one_of(bytes[at], " \t\n\v\f\r");)
            at++;
        if (at < size && bytes[at] == '#')
            break;
        if (at == start || at == size || !is_one_of(bytes[at], DIGITS))
            return NULL;
        while (at < size && is_one_of(bytes[at], DIGITS))
            at++;
    }
    return names[(bytes[1] - '1') % 3];
}

/* In either byte order; of the wrong one, ranks up to 4 are believed. */
static const char *idx(const uint8_t *bytes, size_t size)
{
    struct idx idx;
    if (idx_parse(&idx, bytes, size))
        return idx.type != IDX_UNSIGNED_BYTE ? "an IDX file"
               : idx.rank == 1               ? "an IDX file of labels"
               : idx.rank == 3               ? "an IDX file of images"
                                             : "an IDX file";
    if (size < 4 || bytes[2] || bytes[3] || !bytes[0] || bytes[0] > 4)
        return NULL;
    return idx_parse(&idx, (const uint8_t[]){0, 0, bytes[1], bytes[0]}, 4)
               ? "an IDX file in the wrong byte order (little-endian, wanted big-endian)"
               : NULL;
}

/* --- text --- */

/* A byte that neither UTF-8 nor an older encoding of text has. */
static bool has_control(const uint8_t *bytes, size_t size)
{
    for (size_t at = 0; at < size && at < KIND_HEAD; at++)
        if (bytes[at] == 0x7f || (bytes[at] < ' ' && !is_one_of(bytes[at], "\t\n\v\f\r")))
            return true;
    return false;
}

/* Whether the head is UTF-8 text. A character that its end cuts is not looked at. */
static bool is_text(const uint8_t *bytes, size_t size)
{
    size_t end = size < KIND_HEAD ? size : KIND_HEAD - 4;
    for (size_t at = 0; at < end;) {
        uint32_t code;
        at += utf8_decode(&code, bytes + at, size - at);
        if (code == UTF8_NONE)
            return false;
    }
    return !has_control(bytes, size);
}

/* Whether an object or array begins at `at`, and the file, if the head is all of it, ends with one.
 * Of an array whose first value is a number, a comma must follow: "[12:00] started" is none. */
static bool is_json(const uint8_t *bytes, size_t size, size_t at)
{
    uint8_t open = bytes[at++];
    while (at < size && is_one_of(bytes[at], " \t\r\n"))
        at++;
    size_t first = at, end = size;
    while (at < size && is_one_of(bytes[at], DIGITS "-+.eE"))
        at++;
    while (is_one_of(bytes[end - 1], " \t\r\n"))
        end--;
    bool begins = at < size && ((open == '{' && first == at && is_one_of(bytes[at], "\"}")) ||
                                (open == '[' && first == at && is_one_of(bytes[at], "[{\"]")) ||
                                (open == '[' && first < at && bytes[at] == ','));
    return begins && (size >= KIND_HEAD || is_one_of(bytes[end - 1], "}]"));
}

/* How often `c` is in the line at *at with something before and after it, and not the space after
 * it that sentences have; *at becomes where the next line begins. */
static size_t count_in_line(const uint8_t *bytes, size_t size, size_t *at, char c)
{
    size_t count = 0, start = *at;
    for (; *at < size && bytes[*at] != '\n'; ++*at)
        count += bytes[*at] == (uint8_t)c && *at > start && *at + 1 < size &&
                 !is_one_of(bytes[*at + 1], " \r\n");
    *at += *at < size;
    return count;
}

/* Each whole line of the head of a table has as many commas, tabs or semicolons as its first, and
 * there are two such lines; or that line has very many. */
static const char *table(const uint8_t *bytes, size_t size)
{
    enum { MANY = 100 };
    size_t end = size < KIND_HEAD ? size : KIND_HEAD;
    for (const char *c = ",\t;"; *c; c++) {
        size_t at = 0, lines = 1, first = count_in_line(bytes, end, &at, *c), count = first;
        while (first && at < end && count == first) {
            count = count_in_line(bytes, end, &at, *c);
            lines += count == first;
            if (at == end && size >= KIND_HEAD)
                count = first; /* the head cuts this line */
        }
        if (count == first && (first >= MANY || (first && lines > 1)))
            return *c == '\t' ? "a TSV table" : "a CSV table";
    }
    return NULL;
}

static struct kind text(const uint8_t *bytes, size_t size, bool is_utf8)
{
    size_t at = 0;
    while (at < size && is_one_of(bytes[at], " \t\r\n"))
        at++;
    bool tag = size - at > 1 && bytes[at] == '<' && !is_one_of(bytes[at + 1], " \t\r\n<=-" DIGITS);
    if (tag && !has_control(bytes, size))
        return has(bytes, size, "<svg", 4) ? named("an SVG image", KIND_IMAGE)
                                           : named("an HTML or XML page", KIND_RUBBISH);
    if (at == size || !is_utf8)
        return named(NULL, KIND_RUBBISH);
    if (is_json(bytes, size, at))
        return named("a JSON file", KIND_RUBBISH);
    const char *name = table(bytes, size);
    return name ? named(name, KIND_OTHER) : named("a text file", KIND_RUBBISH);
}

/* --- all of them --- */

struct kind kind_of(const uint8_t *bytes, size_t size)
{
    static const struct {
        const char *(*look)(const uint8_t *bytes, size_t size);
        enum kind_use use;
    } looks[] = {{picture, KIND_PICTURE},       {zip, KIND_OTHER},
                 {safetensors, KIND_MODEL},     {idx, KIND_IDX},
                 {protocol_buffer, KIND_OTHER}, {pickle, KIND_OTHER},
                 {message_pack, KIND_OTHER}};
    if (size == 0)
        return named("an empty file", KIND_RUBBISH);
    if (!bytes[0] && !memcmp(bytes, bytes + 1, size - 1)) /* each byte is as the one before it */
        return named("nothing but zeros", KIND_RUBBISH);
    size_t mark = size >= 3 && !memcmp(bytes, "\xef\xbb\xbf", 3) ? 3 : 0;
    bytes += mark, size -= mark;
    bool is_utf8 = is_text(bytes, size);
    const struct row *row = find(words, bytes, size);
    if (!row->name && !is_utf8)
        row = find(magics, bytes, size);
    if (row->name)
        return named(row->name, row->use);
    for (size_t i = 0; i < sizeof looks / sizeof looks[0]; i++) {
        const char *name = looks[i].look(bytes, size);
        if (name)
            return named(name, looks[i].use);
    }
    return text(bytes, size, is_utf8);
}
