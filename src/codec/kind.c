#include "mnist/codec/kind.h"

#include <stdbool.h>
#include <string.h>

/* A dot in the magic matches any byte. */
static bool fits(const uint8_t *bytes, const char *magic, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (magic[i] != '.' && bytes[i] != (uint8_t)magic[i])
            return false;
    return true;
}

const char *kind_of(const uint8_t *bytes, size_t size)
{
    static const struct {
        const char *magic;
        size_t size;
        const char *kind;
    } kinds[] = {
        {"\x1f\x8b", 2, "a gzip file"},
        {"PK\3\4", 4, "a zip archive"},
        {"PK\5\6", 4, "a zip archive"},
        {"\x80\2", 2, "a Python pickle"},
        {"\x89PNG", 4, "a PNG image"},
        {"\xff\xd8\xff", 3, "a JPEG image"},
        {"GIF8", 4, "a GIF image"},
        {"II*\0", 4, "a TIFF image"},
        {"MM\0*", 4, "a TIFF image"},
        {"RIFF....WEBP", 12, "a WebP image"},
        {"BM....\0\0\0\0", 10, "a BMP image"},
        {"....ftyphei", 11, "a HEIC image"},
        {"....ftypmif1", 12, "a HEIF image"},
        {"....ftypavif", 12, "an AVIF image"},
        {"\x93NUMPY", 6, "a NumPy array"},
        {"\x89HDF", 4, "an HDF5 file"},
        {"BZh", 3, "a bzip2 file"},
        {"\xfd"
         "7zXZ",
         5, "an xz file"},
        {"\x7f"
         "ELF",
         4, "a program"},
        {"version https://git-lfs", 23, "a Git LFS pointer"},
        {"\0\0\x08\x01", 4, "an IDX file of labels"},
        {"\0\0\x08\x03", 4, "an IDX file of images"},
    };
    if (size == 0)
        return "an empty file";
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (size >= kinds[i].size && fits(bytes, kinds[i].magic, kinds[i].size))
            return kinds[i].kind;
    if (size >= 9 && bytes[8] == '{' && !memcmp(bytes + 3, "\0\0\0\0\0", 5))
        return "a safetensors file";
    size_t start = 0;
    while (start < size && strchr(" \t\r\n", bytes[start]) && bytes[start])
        start++;
    if (start < size && bytes[start] == '<')
        return "an HTML or XML page";
    return NULL;
}
