#include "mnist/codec/kind.h"

#include <stdbool.h>
#include <string.h>

#include "mnist/base/bytes.h"
#include "mnist/base/utf8.h"

/* --- kinds that begin with a magic number --- */

struct row {
    const char *magic; /* a dot in it matches any byte */
    size_t size, at;   /* of the magic, and where it is */
    const char *name;
    enum kind_use use;
};

#define AT(at, text) (text), sizeof(text) - 1, (at)
#define MAGIC(text) AT(0, text)

/* The first row that fits is the one. */
static const struct row rows[] = {
    /* pictures */
    {MAGIC("\x89PNG"), "a PNG image", KIND_IMAGE},
    {MAGIC("\xff\xd8\xff"), "a JPEG image", KIND_IMAGE},
    {MAGIC("GIF8"), "a GIF image", KIND_IMAGE},
    {MAGIC("II*\0"), "a TIFF image", KIND_IMAGE},
    {MAGIC("MM\0*"), "a TIFF image", KIND_IMAGE},
    {MAGIC("II+\0\x08\0\0\0"), "a BigTIFF image", KIND_IMAGE},
    {MAGIC("MM\0+\0\x08\0\0"), "a BigTIFF image", KIND_IMAGE},
    {MAGIC("RIFF....WEBP"), "a WebP image", KIND_IMAGE},
    {MAGIC("BM....\0\0\0\0"), "a BMP image", KIND_IMAGE},
    {AT(4, "ftyphei"), "a HEIC image", KIND_IMAGE},
    {AT(4, "ftyphev"), "a HEIC image", KIND_IMAGE},
    {AT(4, "ftypmif1"), "a HEIF image", KIND_IMAGE},
    {AT(4, "ftypmsf1"), "a HEIF image", KIND_IMAGE},
    {AT(4, "ftypavif"), "an AVIF image", KIND_IMAGE},
    {AT(4, "ftypavis"), "an AVIF image", KIND_IMAGE},
    {MAGIC("\0\0\0\x0cjP  \r\n\x87\n"), "a JPEG 2000 image", KIND_IMAGE},
    {MAGIC("\xff\x4f\xff\x51"), "a JPEG 2000 image", KIND_IMAGE},
    {MAGIC("\0\0\0\x0cJXL \r\n\x87\n"), "a JPEG XL image", KIND_IMAGE},
    {MAGIC("\xff\x0a"), "a JPEG XL image", KIND_IMAGE},
    {MAGIC("\0\0\1\0.\0"), "an ICO image", KIND_IMAGE},
    {MAGIC("P7\n"), "a PAM image", KIND_IMAGE},
    {MAGIC("P7 332"), "an xv thumbnail", KIND_OTHER},
    {MAGIC("PF\n"), "a PFM image", KIND_IMAGE},
    {MAGIC("Pf\n"), "a PFM image", KIND_IMAGE},
    {MAGIC("8BPS\0"), "a Photoshop image", KIND_IMAGE},
    {MAGIC("gimp xcf"), "a GIMP image", KIND_IMAGE},
    {MAGIC("qoif"), "a QOI image", KIND_IMAGE},
    {MAGIC("farbfeld"), "a farbfeld image", KIND_IMAGE},
    {MAGIC("\x76\x2f\x31\1"), "an OpenEXR image", KIND_IMAGE},
    {MAGIC("#?RADIANCE"), "a Radiance image", KIND_IMAGE},
    {MAGIC("DDS \x7c"), "a DDS image", KIND_IMAGE},
    {MAGIC("icns"), "an ICNS image", KIND_IMAGE},
    {MAGIC("\1\xda"), "an SGI image", KIND_IMAGE},
    {MAGIC("\x0a\x05\1\x08"), "a PCX image", KIND_IMAGE},
    {MAGIC("\x0a\x05\1\1"), "a PCX image", KIND_IMAGE},
    {MAGIC("/* XPM */"), "an XPM image", KIND_IMAGE},
    {MAGIC("SIMPLE  = "), "a FITS image", KIND_IMAGE},
    {AT(128, "DICM"), "a DICOM image", KIND_IMAGE},
    {MAGIC("%PDF-"), "a PDF document", KIND_IMAGE},
    {MAGIC("%!PS"), "a PostScript document", KIND_IMAGE},
    {MAGIC("\xc5\xd0\xd3\xc6"), "a PostScript document", KIND_IMAGE},
    {MAGIC("AT&TFORM"), "a DjVu document", KIND_OTHER},
    /* sound and video */
    {AT(4, "ftypM4A"), "an MPEG-4 sound", KIND_OTHER},
    {AT(4, "ftyp"), "an MPEG-4 video", KIND_OTHER},
    {AT(4, "moov"), "a QuickTime video", KIND_OTHER},
    {MAGIC("RIFF....AVI "), "an AVI video", KIND_OTHER},
    {MAGIC("RIFF....WAVE"), "a WAV sound", KIND_OTHER},
    {MAGIC("\x1a\x45\xdf\xa3"), "a Matroska video", KIND_OTHER},
    {MAGIC("\0\0\1\xba"), "an MPEG video", KIND_OTHER},
    {MAGIC("OggS"), "an Ogg file", KIND_OTHER},
    {MAGIC("fLaC"), "a FLAC sound", KIND_OTHER},
    {MAGIC("ID3.\0"), "an MP3 sound", KIND_OTHER},
    /* tables and arrays */
    {MAGIC("\0\0\x08\x01"), "an IDX file of labels", KIND_IDX},
    {MAGIC("\0\0\x08\x03"), "an IDX file of images", KIND_IDX},
    {MAGIC("\0\0\x08."), "an IDX file", KIND_IDX},
    {MAGIC("\0\0\x09."), "an IDX file", KIND_IDX},
    {MAGIC("\0\0\x0b."), "an IDX file", KIND_IDX},
    {MAGIC("\0\0\x0c."), "an IDX file", KIND_IDX},
    {MAGIC("\0\0\x0d."), "an IDX file", KIND_IDX},
    {MAGIC("\0\0\x0e."), "an IDX file", KIND_IDX},
    {MAGIC("\x01\x08\0\0"),
     "an IDX file in the wrong byte order (little-endian, wanted big-endian)", KIND_IDX},
    {MAGIC("\x03\x08\0\0"),
     "an IDX file in the wrong byte order (little-endian, wanted big-endian)", KIND_IDX},
    {MAGIC("\x93NUMPY"), "a NumPy array", KIND_OTHER},
    {MAGIC("MATLAB ... MAT-file"), "a MATLAB file", KIND_OTHER},
    {MAGIC("# Created by Octave"), "an Octave file", KIND_OTHER},
    {MAGIC("PAR1"), "a Parquet table", KIND_OTHER},
    {MAGIC("PARE"), "a Parquet table", KIND_OTHER},
    {MAGIC("ARROW1"), "an Arrow table", KIND_OTHER},
    {MAGIC("FEA1"), "a Feather table", KIND_OTHER},
    {MAGIC("\xff\xff\xff\xff..\0\0\x10\0\0\0"), "an Arrow stream", KIND_OTHER},
    {MAGIC("Obj\1"), "an Avro table", KIND_OTHER},
    {MAGIC("RDX.\n"), "an R data file", KIND_OTHER},
    {MAGIC("X\n\0\0\0"), "an R data file", KIND_OTHER},
    {MAGIC("SQLite format 3"), "an SQLite database", KIND_OTHER},
    {MAGIC("CDF\1"), "a NetCDF file", KIND_OTHER},
    {MAGIC("CDF\2"), "a NetCDF file", KIND_OTHER},
    /* models */
    {MAGIC("GGUF.\0\0\0"), "a GGUF model", KIND_OTHER},
    {MAGIC("GGUF\0\0\0"), "a GGUF model", KIND_OTHER},
    {AT(4, "TFL3"), "a TensorFlow Lite model", KIND_OTHER},
    {MAGIC("\x89HDF"), "an HDF5 file", KIND_OTHER},
    {AT(512, "\x89HDF"), "an HDF5 file", KIND_OTHER},
    {MAGIC("\x80\2\x8a\nl\xfc\x9c"), "a PyTorch file", KIND_OTHER},
    {MAGIC("...AAAAAAAB7I"), "a safetensors file in base64", KIND_OTHER},
    /* archives and packed files */
    {MAGIC("\x1f\x8b"), "a gzip file", KIND_OTHER},
    {MAGIC("PK\5\6"), "a zip archive", KIND_OTHER},
    {MAGIC("BZh"), "a bzip2 file", KIND_OTHER},
    {MAGIC("\xfd\x37zXZ"), "an xz file", KIND_OTHER},
    {MAGIC("]\0\0.\0"), "an LZMA file", KIND_OTHER},
    {MAGIC("LZIP\1"), "an lzip file", KIND_OTHER},
    {MAGIC("\x28\xb5\x2f\xfd"), "a zstd file", KIND_OTHER},
    {MAGIC(".\x2a\x4d\x18"), "a zstd file", KIND_OTHER},
    {MAGIC("\4\x22\x4d\x18"), "an lz4 file", KIND_OTHER},
    {MAGIC("\x1f\x9d"), "a compress file", KIND_OTHER},
    {MAGIC("7z\xbc\xaf\x27\x1c"), "a 7z archive", KIND_OTHER},
    {MAGIC("Rar!\x1a"), "a RAR archive", KIND_OTHER},
    {AT(257, "ustar"), "a tar archive", KIND_OTHER},
    {MAGIC("MSCF\0\0\0\0"), "a CAB archive", KIND_OTHER},
    {MAGIC("!<arch>\n"), "an ar archive", KIND_OTHER},
    /* programs and documents */
    {MAGIC("\x7f\x45LF"), "a program", KIND_OTHER},
    {MAGIC("MZ.\0"), "a program", KIND_OTHER},
    {MAGIC("\xfe\xed\xfa\xce"), "a program", KIND_OTHER},
    {MAGIC("\xfe\xed\xfa\xcf"), "a program", KIND_OTHER},
    {MAGIC("\xce\xfa\xed\xfe"), "a program", KIND_OTHER},
    {MAGIC("\xcf\xfa\xed\xfe"), "a program", KIND_OTHER},
    {MAGIC("\xca\xfe\xba\xbe"), "a program", KIND_OTHER},
    {MAGIC("\0asm"), "a WebAssembly program", KIND_OTHER},
    {MAGIC("#!"), "a script", KIND_OTHER},
    {MAGIC("{\\rtf"), "an RTF document", KIND_OTHER},
    {MAGIC("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), "an Office document", KIND_OTHER},
    {MAGIC("version https://git-lfs"), "a Git LFS pointer", KIND_RUBBISH},
    {MAGIC("\xff\xfe"), "UTF-16 text", KIND_OTHER},
    {MAGIC("\xfe\xff"), "UTF-16 text", KIND_OTHER},
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

/* --- binary kinds that need a closer look; each returns a name or NULL --- */

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

/* A header of MAT-file level 4: type, rows, columns, whether there is an imaginary part, length of
 * the name, the name. The decimal digits of the type are 0 for little-endian, which alone is looked
 * for, 0, the precision of 0 to 5, and the kind of matrix, 0 to 2. */
static const char *matlab4(const uint8_t *bytes, size_t size)
{
    enum { HEADER = 20, LONGEST = 64 };
    if (size < HEADER)
        return NULL;
    uint32_t type = bytes_get_le32(bytes), length = bytes_get_le32(bytes + 16);
    bool known = type <= 52 && type % 10 <= 2 && bytes_get_le32(bytes + 4) &&
                 bytes_get_le32(bytes + 8) && bytes_get_le32(bytes + 12) <= 1;
    if (!known || length < 2 || length > LONGEST || size < HEADER + length)
        return NULL;
    return is_printable(bytes + HEADER, length - 1) && !bytes[HEADER + length - 1] ? "a MATLAB file"
                                                                                   : NULL;
}

/* Models that are protocol buffers begin with a version, 1 to 31, as field 1. In ONNX (onnx.proto)
 * field 2 is a text, who made it, and where that is left out, field 7 is the graph, which begins
 * with a node (1) or its name (2). In TensorFlow's SavedModel, whose version is 1, and in Core ML
 * field 2 is a message, which begins with its own field 1. */
static const char *protocol_buffer(const uint8_t *bytes, size_t size)
{
    enum { VERSION = 0x08, FIRST = 0x0a, SECOND = 0x12, SEVENTH = 0x3a };
    if (size < 5 || bytes[0] != VERSION || bytes[1] < 1 || bytes[1] > 31)
        return NULL;
    size_t length = bytes[3], inside = 4;
    if (bytes[2] == SECOND && length && length < 0x80 && length <= size - inside &&
        is_printable(bytes + inside, length))
        return "an ONNX model";
    while (inside < 8 && inside < size - 1 && bytes[inside - 1] >= 0x80)
        inside++;
    if (bytes[2] == SEVENTH && (bytes[inside] == FIRST || bytes[inside] == SECOND))
        return "an ONNX model";
    if (bytes[2] == SECOND && bytes[inside] == FIRST)
        return bytes[1] == 1 ? "a TensorFlow model" : "a Core ML model";
    return NULL;
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

/* The end of a line that holds a dotted Python name from `at` on; 0 if it does not. */
static size_t end_of_name(const uint8_t *bytes, size_t size, size_t at)
{
    size_t start = at;
    for (; at < size && bytes[at] != '\n'; at++) {
        uint8_t c = bytes[at], letter = c | 0x20;
        if (!(letter >= 'a' && letter <= 'z') && !(c >= '0' && c <= '9') && c != '_' && c != '.')
            return 0;
    }
    return at > start && at < size ? at + 1 : 0;
}

static bool has(const uint8_t *bytes, size_t size, const char *word, size_t length)
{
    for (size_t at = 0; at + length <= size && at < KIND_HEAD; at++)
        if (!memcmp(bytes + at, word, length))
            return true;
    return false;
}

/* Protocols 2 to 5 begin with their number. In the older two either a class is named first ("c", a
 * line for the module, a line for the class), or another operation comes first, soon something is
 * remembered as number 0 or 1, and a full stop ends the file. */
static const char *pickle(const uint8_t *bytes, size_t size)
{
    if (size >= 2 && bytes[0] == 0x80 && bytes[1] >= 2 && bytes[1] <= 5)
        return "a Python pickle";
    size_t module = size && bytes[0] == 'c' ? end_of_name(bytes, size, 1) : 0;
    size_t class = module ? end_of_name(bytes, size, module) : 0;
    if (class && class < size && is_one_of(bytes[class], "pq()("))
        return "a Python pickle";
    bool whole = size && is_one_of(bytes[0], "(]}VSXUIKLFG") && bytes[size - 1] == '.';
    return whole && (has(bytes, size, "p0\n", 3) || has(bytes, size, "p1\n", 3) ||
                     has(bytes, size, "q\0", 2) || has(bytes, size, "q\1", 2))
               ? "a Python pickle"
               : NULL;
}

/* A zip archive is known by the name of its first member, which ends or begins with one of these.
 */
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
        {"[Content_Types].xml", "an Office document", false},
        {"mimetype", "an OpenDocument or EPUB document", false},
        {"META-INF/", "a Java archive", false},
    };
    enum { HEADER = 30, LENGTH = 26 };
    if (size < 4 || memcmp(bytes, "PK\3\4", 4))
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
    if (size < 9 || memcmp(bytes + 3, "\0\0\0\0\0", 5))
        return NULL;
    size_t at = 8;
    while (at < size && at < KIND_HEAD && is_one_of(bytes[at], " \t\r\n"))
        at++;
    return at < size && bytes[at] == '{' ? "a safetensors file" : NULL;
}

/* --- text --- */

/* Whether the head is UTF-8 text. What KIND_HEAD cuts off is not looked at. */
static bool is_text(const uint8_t *bytes, size_t size)
{
    size_t end = size < KIND_HEAD ? size : KIND_HEAD - 4;
    for (size_t at = 0; at < end;) {
        uint32_t code;
        at += utf8_decode(&code, bytes + at, size - at);
        if (code == UTF8_NONE || code == 0x7f ||
            (code < ' ' && !is_one_of((uint8_t)code, "\t\n\v\f\r")))
            return false;
    }
    return true;
}

/* How often `c`, without the space after it that sentences have, is in the line at `at`; and
 * where the next line begins. */
static size_t count_in_line(const uint8_t *bytes, size_t size, size_t *at, char c)
{
    size_t count = 0;
    for (; *at < size && bytes[*at] != '\n'; ++*at)
        count += bytes[*at] == (uint8_t)c && *at + 1 < size && bytes[*at + 1] != ' ';
    *at += *at < size;
    return count;
}

/* A table has as many commas or tabs in its second line as in its first, or very many in that. */
static const char *table(const uint8_t *bytes, size_t size)
{
    enum { MANY = 100 };
    if (size > 6 && !memcmp(bytes, "label,", 6))
        return "a CSV table, as Kaggle's";
    for (const char *c = ",\t;"; *c; c++) {
        size_t at = 0, first = count_in_line(bytes, size, &at, *c);
        if (first >= MANY || (first && at < size && count_in_line(bytes, size, &at, *c) == first))
            return *c == '\t' ? "a TSV table" : "a CSV table";
    }
    return NULL;
}

/* RFC 1950: the method is 8, the window has 32 kB, and the two bytes are a multiple of 31. */
static const char *zlib(const uint8_t *bytes, size_t size)
{
    bool header = size > 2 && bytes[0] == 0x78 && bytes_get_be16(bytes) % 31 == 0;
    return header && !is_text(bytes, size) ? "zlib data" : NULL;
}

static struct kind text(const uint8_t *bytes, size_t size)
{
    size_t at = size >= 3 && !memcmp(bytes, "\xef\xbb\xbf", 3) ? 3 : 0;
    while (at < size && is_one_of(bytes[at], " \t\r\n"))
        at++;
    if (at < size && bytes[at] == '<')
        return has(bytes, size, "<svg", 4) ? (struct kind){"an SVG image", KIND_IMAGE}
                                           : (struct kind){"an HTML or XML page", KIND_RUBBISH};
    if (at == size || !is_text(bytes, size))
        return (struct kind){NULL, KIND_RUBBISH};
    if (is_one_of(bytes[at], "{[") && at + 1 < size &&
        is_one_of(bytes[at + 1], "\"{[ \r\n\t0123456789-"))
        return (struct kind){"a JSON file", KIND_RUBBISH};
    const char *name = table(bytes, size);
    return name ? (struct kind){name, KIND_OTHER} : (struct kind){"a text file", KIND_RUBBISH};
}

/* --- all of them --- */

/* "P1" to "P6", then white space or a comment. */
static const char *picture(const uint8_t *bytes, size_t size)
{
    static const char *const names[] = {"a PBM picture", "a PGM picture", "a PPM picture"};
    if (size < 3 || bytes[0] != 'P' || bytes[1] < '1' || bytes[1] > '6' ||
        !is_one_of(bytes[2], " \t\n\v\f\r#"))
        return NULL;
    return names[(bytes[1] - '1') % 3];
}

static bool is_zeros(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i])
            return false;
    return true;
}

struct kind kind_of(const uint8_t *bytes, size_t size)
{
    static const struct {
        const char *(*look)(const uint8_t *bytes, size_t size);
        enum kind_use use;
    } looks[] = {
        {picture, KIND_PICTURE},       {zip, KIND_OTHER},    {safetensors, KIND_MODEL},
        {protocol_buffer, KIND_OTHER}, {pickle, KIND_OTHER}, {message_pack, KIND_OTHER},
        {matlab4, KIND_OTHER},         {zlib, KIND_OTHER},
    };
    if (size == 0)
        return (struct kind){"an empty file", KIND_RUBBISH};
    if (is_zeros(bytes, size))
        return (struct kind){"nothing but zeros", KIND_RUBBISH};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (fits(bytes, size, &rows[i]))
            return (struct kind){rows[i].name, rows[i].use};
    for (size_t i = 0; i < sizeof looks / sizeof looks[0]; i++) {
        const char *name = looks[i].look(bytes, size);
        if (name)
            return (struct kind){name, looks[i].use};
    }
    return text(bytes, size);
}
