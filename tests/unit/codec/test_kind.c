#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mnist/codec/kind.h"

#include "../test.h"

/* The header of a zip archive's first member, up to its name of this length. */
#define ZIP(length) "PK\3\4\x14\0\0\0\0\0rrrrrrrrrrrrrrrr" length "\0\0\0"

#define BYTES(text) text, sizeof text - 1

static const struct {
    const char *bytes;
    size_t size;
    const char *kind;
    enum kind_use use;
} known_bytes[] = {
    {BYTES(""), "an empty file", KIND_RUBBISH},
    {BYTES("\0"), "nothing but zeros", KIND_RUBBISH},
    {BYTES("\0\0\0\0\0\0\0\0\0\0\0\0"), "nothing but zeros", KIND_RUBBISH},
    {BYTES("\0\0\0\0\0\0\0\0\0\0\0\1"), NULL, KIND_RUBBISH},
    /* pictures that are read */
    {BYTES("P1 1 1 1"), "a PBM picture", KIND_PICTURE},
    {BYTES("P2\n1 1 1 1"), "a PGM picture", KIND_PICTURE},
    {BYTES("P6#\n1 1 1 abc"), "a PPM picture", KIND_PICTURE},
    {BYTES("P5\t1 1 1 a"), "a PGM picture", KIND_PICTURE},
    {BYTES("P5_1 1"), "a text file", KIND_RUBBISH},
    {BYTES("P5 # a comment\n1 1 1 a"), "a PGM picture", KIND_PICTURE},
    {BYTES("P1 incident report\n"), "a text file", KIND_RUBBISH},
    {BYTES("P5 is a format\n"), "a text file", KIND_RUBBISH},
    {BYTES("P1 4 incidents\n"), "a text file", KIND_RUBBISH},
    {BYTES("P2 28"), "a text file", KIND_RUBBISH},
    {BYTES("P8 1 1 1 a"), "a text file", KIND_RUBBISH},
    /* pictures that are not */
    {BYTES("\x89PNG\r\n"), "a PNG image", KIND_IMAGE},
    {BYTES("\xff\xd8\xff\xe0"), "a JPEG image", KIND_IMAGE},
    {BYTES("GIF89a\x1c\0\x1c\0"), "a GIF image", KIND_IMAGE},
    {BYTES("II*\0"), "a TIFF image", KIND_IMAGE},
    {BYTES("MM\0*"), "a TIFF image", KIND_IMAGE},
    {BYTES("RIFF\x24\0\0\0WEBPVP8 "), "a WebP image", KIND_IMAGE},
    {BYTES("RIFF\x24\0\0\0WEB"), "a sound or video", KIND_OTHER},
    {BYTES("BM\x36\1\0\0\0\0\0\0\x36"), "a BMP image", KIND_IMAGE},
    {BYTES("BM\x36\1\0\0\0\0\0"), NULL, KIND_RUBBISH},
    {BYTES("BMW, Audi, Opel\n"), "a text file", KIND_RUBBISH},
    {BYTES("\0\0\0\x18\x66typheic"), "a HEIC image", KIND_IMAGE},
    {BYTES("\0\0\0\x18\x66typmif1"), "a HEIF image", KIND_IMAGE},
    {BYTES("\0\0\0\x20\x66typavif"), "an AVIF image", KIND_IMAGE},
    {BYTES("\0\0\0\x18\x66typh"), "a sound or video", KIND_OTHER},
    {BYTES("\0\0\0\x0cjP  \r\n\x87\n"), "a JPEG 2000 image", KIND_IMAGE},
    {BYTES("\xff\x4f\xff\x51"), "a JPEG 2000 image", KIND_IMAGE},
    {BYTES("\0\0\0\x0cJXL \r\n\x87\n"), "a JPEG XL image", KIND_IMAGE},
    {BYTES("\0\0\1\0\1\0\x20\x20\x10\0"), "an ICO image", KIND_IMAGE},
    {BYTES("P7\nWIDTH 28\n"), "a PAM image", KIND_IMAGE},
    {BYTES("PF\n28 28\n-1\n\0\0"), "a PFM image", KIND_IMAGE},
    {BYTES("Pf\n28 28\n-1\n\0\0"), "a PFM image", KIND_IMAGE},
    {BYTES("8BPS\0\1"), "a Photoshop image", KIND_IMAGE},
    {BYTES("<svg xmlns=\"http://www.w3.org/2000/svg\"/>"), "an SVG image", KIND_IMAGE},
    {BYTES("<?xml version=\"1.0\"?>\n<!-- -->\n<svg/>"), "an SVG image", KIND_IMAGE},
    {BYTES("%PDF-1.7\n"), "a PDF document", KIND_IMAGE},
    {BYTES("%!PS-Adobe-3.0 EPSF-3.0\n"), "a PostScript document", KIND_IMAGE},
    /* sound and video */
    {BYTES("RIFF\x24\0\0\0WAVEfmt "), "a sound or video", KIND_OTHER},
    {BYTES("\0\0\0\x18\x66typisom"), "a sound or video", KIND_OTHER},
    /* IDX */
    {BYTES("\0\0\x08\x01\0\0\0\x01"), "an IDX file of labels", KIND_IDX},
    {BYTES("\0\0\x08\x03"), "an IDX file of images", KIND_IDX},
    {BYTES("\0\0\x0d\x03"), "an IDX file", KIND_IDX},
    {BYTES("\1\x08\0\0\0\0\0\0{\"a\""), "a safetensors file", KIND_MODEL},
    {BYTES("\5\x08\0\0"), NULL, KIND_RUBBISH},
    {BYTES("\3\x0a\0\0"), NULL, KIND_RUBBISH},
    {BYTES("\0\0\x0a\x03"), NULL, KIND_RUBBISH},
    {BYTES("\x03\x08\0\0\x60\xea\0\0\x1c\0\0\0"),
     "an IDX file in the wrong byte order (little-endian, wanted big-endian)", KIND_IDX},
    {BYTES("\x01\x08\0\0\x60\xea\0\0"),
     "an IDX file in the wrong byte order (little-endian, wanted big-endian)", KIND_IDX},
    /* tables and arrays */
    {BYTES("\x93NUMPY\1"), "a NumPy array", KIND_OTHER},
    {BYTES("MATLAB 5.0 MAT-file, Platform: none"), "a MATLAB file", KIND_OTHER},
    {BYTES("MATLAB 7.3 MAT-file, Platform: none"), "a MATLAB file", KIND_OTHER},
    {BYTES("MATLAB is a language\n"), "a text file", KIND_RUBBISH},
    {BYTES("PAR1\x15\4"), "a Parquet table", KIND_OTHER},
    {BYTES("ARROW1\0\0"), "an Arrow table", KIND_OTHER},
    {BYTES("FEA1\0\0\0\0"), "a Feather table", KIND_OTHER},
    {BYTES("label,pixel0,pixel1\n5,0,0\n"), "a CSV table, as Kaggle's", KIND_OTHER},
    {BYTES("5,0,0\n0,0,0\n"), "a CSV table", KIND_OTHER},
    {BYTES("\xef\xbb\xbf"
           "a;b;c\n1;2;3\n"),
     "a CSV table", KIND_OTHER},
    {BYTES("5\t0\t0\n0\t0\t0\n"), "a TSV table", KIND_OTHER},
    {BYTES("5,0,0\n0,0\n"), "a text file", KIND_RUBBISH},
    {BYTES("5,0,0\n"), "a text file", KIND_RUBBISH},
    {BYTES("5,0,0\r\n0,,0\r\n"), "a CSV table", KIND_OTHER},
    {BYTES("PARENT,CHILD\n1,2\n"), "a CSV table", KIND_OTHER},
    {BYTES("label,1x1,1x2\n"), "a CSV table, as Kaggle's", KIND_OTHER},
    {BYTES("int a;\nint b;\n"), "a text file", KIND_RUBBISH},
    {BYTES("int a;\r\nint b;\r\n"), "a text file", KIND_RUBBISH},
    {BYTES("Dear all,\nthe run is done,\nbye\n"), "a text file", KIND_RUBBISH},
    {BYTES("\tall lines\n\tare indented\n"), "a text file", KIND_RUBBISH},
    {BYTES("f(a,b)\ng(a,b)\nend\n"), "a text file", KIND_RUBBISH},
    {BYTES("One, two.\nThree, four.\n"), "a text file", KIND_RUBBISH},
    /* models */
    {BYTES("\x40\0\0\0\0\0\0\0{\"a\""), "a safetensors file", KIND_MODEL},
    {BYTES("\x40\0\0\0\0\0\0\0 \n{\"a\""), "a safetensors file", KIND_MODEL},
    {BYTES("\x40\0\0\0\0\0\0\0["), NULL, KIND_RUBBISH},
    {BYTES("\x40\0\0\0\0\0\0\0"), NULL, KIND_RUBBISH},
    {BYTES("WAQAAAAAAAB7Il9fbWV0"), "a safetensors file in base64", KIND_OTHER},
    {BYTES("GGUF\3\0\0\0"), "a GGUF model", KIND_OTHER},
    {BYTES("GGUF\0\0\0\3"), "a GGUF model", KIND_OTHER},
    {BYTES("GGUF is a format\n"), "a text file", KIND_RUBBISH},
    {BYTES("\x1c\0\0\0TFL3"), "a TensorFlow Lite model", KIND_OTHER},
    {BYTES("\x89HDF\r\n"), "an HDF5 file", KIND_OTHER},
    {BYTES("\x08\7\x12\7pytorch\x1a\3"), "an ONNX model", KIND_OTHER},
    {BYTES("\x08\x0a:\x90\3\n\x20"), "an ONNX model", KIND_OTHER},
    {BYTES("\x08\x08:\x10\x12\4main"), "an ONNX model", KIND_OTHER},
    {BYTES("\x08\7\x12\7pyto"), NULL, KIND_RUBBISH},
    {BYTES("\x08\1\x12\xf0\xb0\3\n\x20"), "a TensorFlow model", KIND_OTHER},
    {BYTES("\x08\4\x12\xff\xff\xff\xff\xff\xff"), NULL, KIND_RUBBISH},
    {BYTES("\x08\7"), NULL, KIND_RUBBISH},
    {BYTES("\x82\xa3"
           "fc1\x80"),
     "a MessagePack file", KIND_OTHER},
    {BYTES("\x82\xa3"
           "fc"),
     NULL, KIND_RUBBISH},
    /* pickles of each protocol: {"a": 1}, ("abc", 2), a class */
    {BYTES("(dp0\nVa\np1\nI1\ns."), "a Python pickle", KIND_OTHER},
    {BYTES("(lp1\nI1\na."), "a Python pickle", KIND_OTHER},
    {BYTES("(Vabc\np0\nI2\ntp1\n."), "a Python pickle", KIND_OTHER},
    {BYTES("ccopy_reg\n_reconstructor\np0\n(c__main__\n."), "a Python pickle", KIND_OTHER},
    {BYTES("}q\0X\1\0\0\0aq\1K\1s."), "a Python pickle", KIND_OTHER},
    {BYTES("(X\3\0\0\0"
           "abcq\0K\2tq\1."),
     "a Python pickle", KIND_OTHER},
    {BYTES("cnumpy.core.multiarray\n_reconstruct\nq\0(c."), "a Python pickle", KIND_OTHER},
    {BYTES("\x80\2}q"), "a Python pickle", KIND_OTHER},
    {BYTES("\x80\3}q"), "a Python pickle", KIND_OTHER},
    {BYTES("\x80\4\x95"), "a Python pickle", KIND_OTHER},
    {BYTES("\x80\5\x95"), "a Python pickle", KIND_OTHER},
    {BYTES("\x80\6\x95"), NULL, KIND_RUBBISH},
    {BYTES("\x80\2\x8a\nl\xfc\x9cG\xf9 j\xa8P\x19."), "a PyTorch file", KIND_OTHER},
    {BYTES("(see help1\nand more)."), "a text file", KIND_RUBBISH},
    {BYTES("(I think so)."), "a text file", KIND_RUBBISH},
    {BYTES("cars\nbikes\n"), "a text file", KIND_RUBBISH},
    /* archives */
    {BYTES("\x1f\x8b\x08"), "a gzip file", KIND_GZIP},
    {BYTES("\x1f\x8b"), "a gzip file", KIND_GZIP},
    {BYTES("\x1f"), NULL, KIND_RUBBISH},
    {BYTES("PK\3\4rest"), "a zip archive", KIND_OTHER},
    {BYTES("PK\5\6"), "a zip archive", KIND_OTHER},
    {BYTES("PK"), "a text file", KIND_RUBBISH},
    {BYTES(ZIP("\x10") "archive/data.pkl"), "a PyTorch file", KIND_OTHER},
    {BYTES(ZIP("\x0a") "x_test.npy\x93NUMPY"), "an npz archive of NumPy arrays", KIND_OTHER},
    {BYTES(ZIP("\x0d") "metadata.json"), "a Keras model", KIND_OTHER},
    {BYTES(ZIP("\7") "digits/"), "a zip archive", KIND_OTHER},
    {BYTES(ZIP("\x0b") "x_test.npy"), "a zip archive", KIND_OTHER},
    {BYTES("BZh91AY&SY\x9b"), "a bzip2 file", KIND_OTHER},
    {BYTES("\xfd\x37zXZ\0"), "an xz file", KIND_OTHER},
    {BYTES("\x28\xb5\x2f\xfd"), "a zstd file", KIND_OTHER},
    {BYTES("\4\x22\x4d\x18"), "an lz4 file", KIND_OTHER},
    {BYTES("7z\xbc\xaf\x27\x1c"), "a 7z archive", KIND_OTHER},
    {BYTES("Rar!\x1a\7"), "a RAR archive", KIND_OTHER},
    {BYTES("x\x9c\xed\xc1"), "zlib data", KIND_OTHER},
    {BYTES("x^2 + y^2\n"), "a text file", KIND_RUBBISH},
    /* programs and texts */
    {BYTES("\x7f\x45LF"), "a program", KIND_OTHER},
    {BYTES("MZ\x90\0\3"), "a program", KIND_OTHER},
    {BYTES("MZ is a name\n"), "a text file", KIND_RUBBISH},
    {BYTES("#!/bin/sh\n"), "a script", KIND_OTHER},
    {BYTES("version https://git-lfs.github.com/spec/v1\n"), "a Git LFS pointer", KIND_RUBBISH},
    {BYTES("<!DOCTYPE html>"), "an HTML or XML page", KIND_RUBBISH},
    {BYTES("\xef\xbb\xbf<html>"), "an HTML or XML page", KIND_RUBBISH},
    {BYTES("<p>gr\xfc\xdf\x65</p>"), "an HTML or XML page", KIND_RUBBISH},
    {BYTES("<\0\1\2\377\376\141\142\143"), NULL, KIND_RUBBISH},
    {BYTES("<p\1\2\377\376"), NULL, KIND_RUBBISH},
    {BYTES("<= 28 pixels\n"), "a text file", KIND_RUBBISH},
    {BYTES("<3 of these\n"), "a text file", KIND_RUBBISH},
    {BYTES("<-- see there\n"), "a text file", KIND_RUBBISH},
    {BYTES(" \r\n\t<html>"), "an HTML or XML page", KIND_RUBBISH},
    {BYTES("{\"a\":1}"), "a JSON file", KIND_RUBBISH},
    {BYTES("[\n  1, 2\n]"), "a JSON file", KIND_RUBBISH},
    {BYTES("{}"), "a JSON file", KIND_RUBBISH},
    {BYTES("[{\"a\":1}]\n"), "a JSON file", KIND_RUBBISH},
    {BYTES("[[0,-1.5e3],[1]]"), "a JSON file", KIND_RUBBISH},
    {BYTES("[[a link]] and more\n"), "a text file", KIND_RUBBISH},
    {BYTES("[12:00:01] started [ok]\n"), "a text file", KIND_RUBBISH},
    {BYTES("[1] LeCun [2]\n"), "a text file", KIND_RUBBISH},
    {BYTES("[see below] for more\n"), "a text file", KIND_RUBBISH},
    {BYTES("{1} note"), "a text file", KIND_RUBBISH},
    {BYTES("\xff\xfeh\0i\0"), "UTF-16 text", KIND_OTHER},
    {BYTES("\xfe\xff\0h\0i"), "UTF-16 text", KIND_OTHER},
    {BYTES("\xff\xfe\x01\x02\x03\x04"), NULL, KIND_RUBBISH},
    {BYTES("\xff\x0a\xfa"), NULL, KIND_RUBBISH},
    {BYTES("\1\xda\1"), NULL, KIND_RUBBISH},
    {BYTES("\xef\xbb\xbf"), NULL, KIND_RUBBISH},
    {BYTES("   "), NULL, KIND_RUBBISH},
    {BYTES("hello"), "a text file", KIND_RUBBISH},
    {BYTES("gr\xc3\xbc\xc3\x9f\x65"), "a text file", KIND_RUBBISH},
    {BYTES("gr\xfc\xdf\x65"), NULL, KIND_RUBBISH},
    {BYTES("\0<"), NULL, KIND_RUBBISH},
};

static void check_kind(const uint8_t *bytes, size_t size, const char *wanted, enum kind_use use)
{
    struct kind got = kind_of(bytes, size);
    bool same = got.name && wanted ? !strcmp(got.name, wanted) : got.name == wanted;
    check(same, "looks like %s, wanted %s", got.name ? got.name : "nothing",
          wanted ? wanted : "nothing");
    check_int(got.use, use);
}

/* From a block of exactly the size. */
TEST(kind_of, "kind: what bytes look like")
{
    for (size_t i = 0; i < COUNT(known_bytes); i++) {
        size_t size = known_bytes[i].size;
        uint8_t *copy = malloc(size ? size : 1);
        if (!check(copy != NULL, "no memory"))
            return;
        memcpy(copy, known_bytes[i].bytes, size);
        test_case("row %zu", i);
        check_kind(copy, size, known_bytes[i].kind, known_bytes[i].use);
        for (size_t cut = 0; cut < size; cut++) /* whatever it is, nothing beyond is read */
            kind_of(copy + cut, size - cut);
        free(copy);
    }
}

/* Every type and rank of IDX that people write on the wrong machine. */
TEST(kind_of_idx, "kind: IDX in the wrong byte order")
{
    for (uint8_t type = 0x07; type <= 0x0f; type++)
        for (uint8_t rank = 1; rank <= 4; rank++) {
            const uint8_t bytes[] = {rank, type, 0, 0, 2, 0, 0, 0};
            bool known = type >= 0x08 && type != 0x0a && type <= 0x0e;
            test_case("%02x%02x", type, rank);
            check_kind(bytes, sizeof bytes,
                       known ? "an IDX file in the wrong byte order (little-endian, wanted "
                               "big-endian)"
                             : NULL,
                       known ? KIND_IDX : KIND_RUBBISH);
        }
}

/* Text may begin like a binary file. */
TEST(kind_of_words, "kind: words that are also magic numbers")
{
    static const char *const words[] = {
        "GIF89a", "BM",     "P7",   "PF",   "Pf",   "8BPS",  "PAR1", "PARE", "PK",
        "FEA1",   "ARROW1", "GGUF", "BZh",  "Rar!", "RIFF",  "MZ",   "7z",   "TFL3",
        "MATLAB", "II*",    "x",    "ftyp", "#!",   "label", "OggS", "ID3",  "version"};
    for (size_t i = 0; i < COUNT(words); i++) {
        char text[128];
        int size = snprintf(text, sizeof text, "%s\nis the name of a format\n", words[i]);
        test_case("%s", words[i]);
        check_kind((const uint8_t *)text, (size_t)size, "a text file", KIND_RUBBISH);
    }
}

/* Magics that are not at the beginning; and text, whose head alone is looked at. */
TEST(kind_of_long, "kind: of longer files")
{
    static uint8_t bytes[3 * KIND_HEAD];
    memset(bytes, 1, sizeof bytes);
    memcpy(bytes + 257, "ustar", 5);
    test_case("tar");
    check_kind(bytes, sizeof bytes, "a tar archive", KIND_OTHER);
    check_kind(bytes, 261, NULL, KIND_RUBBISH);
    memset(bytes, 'a', sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++)
        if (i % 3)
            bytes[i] = i % 3 == 1 ? 0xc3 : 0xbc;
    test_case("text");
    check_kind(bytes, sizeof bytes, "a text file", KIND_RUBBISH);
    bytes[KIND_HEAD / 2] = 0;
    check_kind(bytes, sizeof bytes, NULL, KIND_RUBBISH);
    memset(bytes, ',', sizeof bytes);
    test_case("one very long line");
    check_kind(bytes, sizeof bytes, "a CSV table", KIND_OTHER);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t) "0,0,0,0,0\n"[i % 10]; /* 4,096 bytes end inside a line */
    test_case("lines that the head cuts");
    check_kind(bytes, sizeof bytes, "a CSV table", KIND_OTHER);
    check_kind(bytes, KIND_HEAD, "a CSV table", KIND_OTHER);
    check_kind(bytes, KIND_HEAD - 2, "a text file", KIND_RUBBISH); /* a whole file, and uneven */
    memset(bytes, 0, sizeof bytes);
    test_case("zeros");
    check_kind(bytes, sizeof bytes, "nothing but zeros", KIND_RUBBISH);
    bytes[sizeof bytes - 1] = 1;
    check_kind(bytes, sizeof bytes, NULL, KIND_RUBBISH);
}
