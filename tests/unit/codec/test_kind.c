#include <stdint.h>
#include <string.h>

#include "mnist/codec/kind.h"

#include "../test.h"

static const struct {
    const char *bytes;
    size_t size;
    const char *kind;
} known_bytes[] = {
    {"", 0, "an empty file"},
    {"\x1f\x8b\x08", 3, "a gzip file"},
    {"\x1f\x8b", 2, "a gzip file"},
    {"\x1f", 1, NULL},
    {"PK\3\4rest", 8, "a zip archive"},
    {"PK\5\6", 4, "a zip archive"},
    {"PK", 2, NULL},
    {"\x80\2}q", 4, "a Python pickle"},
    {"\x89PNG\r\n", 6, "a PNG image"},
    {"\xff\xd8\xff\xe0", 4, "a JPEG image"},
    {"GIF89a", 6, "a GIF image"},
    {"II*\0", 4, "a TIFF image"},
    {"MM\0*", 4, "a TIFF image"},
    {"RIFF\x24\0\0\0WEBPVP8 ", 16, "a WebP image"},
    {"RIFF\x24\0\0\0WEB", 11, NULL},
    {"RIFF\x24\0\0\0WAVEfmt ", 16, NULL},
    {"BM\x36\1\0\0\0\0\0\0\x36", 11, "a BMP image"},
    {"BM\x36\1\0\0\0\0\0", 9, NULL},
    {"BMW, Audi, Opel\n", 16, NULL},
    {"\0\0\0\x18"
     "ftypheic",
     12, "a HEIC image"},
    {"\0\0\0\x18"
     "ftypmif1",
     12, "a HEIF image"},
    {"\0\0\0\x20"
     "ftypavif",
     12, "an AVIF image"},
    {"\0\0\0\x18"
     "ftypisom",
     12, NULL},
    {"\0\0\0\x18"
     "ftyphe",
     10, NULL},
    {"\x93NUMPY\1", 7, "a NumPy array"},
    {"\x89HDF\r\n", 6, "an HDF5 file"},
    {"BZh9", 4, "a bzip2 file"},
    {"\xfd"
     "7zXZ\0",
     6, "an xz file"},
    {"\x7f"
     "ELF",
     4, "a program"},
    {"version https://git-lfs.github.com/spec/v1\n", 43, "a Git LFS pointer"},
    {"\0\0\x08\x01\0\0\0\x01", 8, "an IDX file of labels"},
    {"\0\0\x08\x03", 4, "an IDX file of images"},
    {"\0\0\x08", 3, NULL},
    {"\x40\0\0\0\0\0\0\0{\"a\"", 12, "a safetensors file"},
    {"\x40\0\0\0\0\0\0\0[", 9, NULL},
    {"\x40\0\0\0\0\0\0\0", 8, NULL},
    {"<!DOCTYPE html>", 15, "an HTML or XML page"},
    {" \r\n\t<html>", 10, "an HTML or XML page"},
    {"   ", 3, NULL},
    {"hello", 5, NULL},
    {"\0<", 2, NULL},
};

TEST(kind_of, "kind: what bytes look like")
{
    for (size_t i = 0; i < COUNT(known_bytes); i++) {
        const char *got = kind_of((const uint8_t *)known_bytes[i].bytes, known_bytes[i].size);
        bool same = got && known_bytes[i].kind ? !strcmp(got, known_bytes[i].kind)
                                               : got == known_bytes[i].kind;
        check(same, "row %zu looks like %s, wanted %s", i, got ? got : "nothing",
              known_bytes[i].kind ? known_bytes[i].kind : "nothing");
    }
}
