#include "mnist/codec/pnm.h"

#include <stdbool.h>

#include "mnist/base/format.h"
#include "mnist/base/memory.h"
#include "mnist/codec/kind.h"

/* A picture being read. */
struct reader {
    const char *name;
    const uint8_t *bytes;
    size_t size, at;
    bool plain;   /* P1, P2, P3 */
    int channels; /* values per pixel: 3 in PPM, else 1 */
    int largest;  /* the largest value; 0: PBM */
};

/* --- the header --- */

static bool is_space(int c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Skips white space and comments. */
static void skip_space(struct reader *r)
{
    bool comment = false;
    for (; r->at < r->size; r->at++) {
        int c = r->bytes[r->at];
        comment = c == '#' || (comment && c != '\n' && c != '\r');
        if (!comment && !is_space(c))
            return;
    }
}

/* Reads the next number, min … max, of the header or the plain text. Messages call it `what`. */
static int read_number(struct reader *r, const char *what, int min, int max, int *value,
                       struct error *err)
{
    skip_space(r);
    if (r->at == r->size)
        return error_set(err, "%s: cut short: it ends before %s", r->name, what);
    size_t start = r->at;
    int n = 0;
    for (; r->at < r->size && r->bytes[r->at] >= '0' && r->bytes[r->at] <= '9'; r->at++)
        n = n > max ? n : 10 * n + (r->bytes[r->at] - '0');
    if (r->at == start)
        return error_set(err, "%s: byte %zu is 0x%02x, wanted %s, a number", r->name, start,
                         r->bytes[start], what);
    if (n < min || n > max)
        return error_set(err, "%s: %s is %.*s, wanted %d to %d", r->name, what,
                         (int)(r->at - start < 12 ? r->at - start : 12),
                         (const char *)r->bytes + start, min, max);
    *value = n;
    return 0;
}

static int refuse_kind(const struct reader *r, struct error *err)
{
    const char *kind = kind_of(r->bytes, r->size).name;
    return error_set(err, "%s: wanted PGM, PBM or PPM, or an IDX file of images%s%s", r->name,
                     kind ? ": it looks like " : "", kind ? kind : "");
}

static int read_header(struct reader *r, struct pnm *pnm, struct error *err)
{
    if (r->size < 2 || r->bytes[0] != 'P' || r->bytes[1] < '1' || r->bytes[1] > '6')
        return refuse_kind(r, err);
    int kind = r->bytes[1] - '0';
    r->at = 2;
    r->plain = kind <= 3;
    r->channels = kind % 3 == 0 ? 3 : 1;
    if (read_number(r, "the width", 1, PNM_SIDE_MAX, &pnm->width, err) ||
        read_number(r, "the height", 1, PNM_SIDE_MAX, &pnm->height, err) ||
        (kind % 3 != 1 && read_number(r, "the largest value", 1, 65535, &r->largest, err)))
        return -1;
    if (pnm->height > PNM_PIXELS_MAX / pnm->width)
        return error_set(err, "%s: %dx%d pixels, wanted %d at the most", r->name, pnm->width,
                         pnm->height, PNM_PIXELS_MAX);
    if (r->at == r->size || !is_space(r->bytes[r->at]))
        return error_set(err, "%s: byte %zu: wanted white space after the header", r->name, r->at);
    r->at++;
    return 0;
}

static size_t count_values(const struct reader *r, const struct pnm *pnm)
{
    return (size_t)pnm->width * (size_t)pnm->height * (size_t)r->channels;
}

/* The fewest bytes that the picture takes after its header. In plain text each value but the last
 * is followed by white space; in P1 there need be none. */
static size_t bytes_needed(const struct reader *r, const struct pnm *pnm)
{
    size_t values = count_values(r, pnm);
    if (r->plain)
        return r->largest ? 2 * values - 1 : values;
    if (!r->largest)
        return ((size_t)pnm->width + 7) / 8 * (size_t)pnm->height;
    return r->largest > 255 ? 2 * values : values;
}

size_t pnm_limit(const uint8_t *head, size_t size)
{
    enum { MARGIN = 1 << 16 };
    struct reader r = {.name = "", .bytes = head, .size = size};
    struct pnm pnm = {0};
    struct error fault;
    if (read_header(&r, &pnm, &fault)) /* it goes on where all of the head was read */
        return size < 2 || (r.at == size && size < PNM_HEADER_MAX) ? PNM_HEADER_MAX : 0;
    size_t needed = r.plain ? PNM_VALUE_MAX * count_values(&r, &pnm) : bytes_needed(&r, &pnm);
    return r.at + needed + MARGIN;
}

/* --- the pixels --- */

/* Products reach 65535 × 1000 × 255 and need more than 32 bits. */
static uint8_t to_grey(const int *values, int channels, int largest)
{
    uint64_t sum = channels == 1 ? 1000 * (uint64_t)values[0]
                                 : 299 * (uint64_t)values[0] + 587 * (uint64_t)values[1] +
                                       114 * (uint64_t)values[2];
    uint64_t whole = 1000 * (uint64_t)largest;
    return (uint8_t)((255 * sum + whole / 2) / whole);
}

static int read_value(struct reader *r, int *value, struct error *err)
{
    if (r->plain)
        return read_number(r, "a value", 0, r->largest, value, err);
    size_t start = r->at;
    *value = r->bytes[r->at++];
    if (r->largest > 255)
        *value = *value << 8 | r->bytes[r->at++];
    if (*value > r->largest)
        return error_set(err, "%s: byte %zu: a value of %d, wanted at most %d", r->name, start,
                         *value, r->largest);
    return 0;
}

static int read_values(struct reader *r, struct pnm *pnm, struct error *err)
{
    int n = pnm->width * pnm->height, values[3] = {0};
    for (int i = 0; i < n; i++) {
        for (int c = 0; c < r->channels; c++)
            if (read_value(r, &values[c], err))
                return -1;
        pnm->grey[i] = to_grey(values, r->channels, r->largest);
    }
    return 0;
}

static void read_bits(struct reader *r, struct pnm *pnm)
{
    for (int y = 0; y < pnm->height; y++) {
        uint8_t *row = pnm->grey + (size_t)y * (size_t)pnm->width;
        for (int x = 0; x < pnm->width; x++)
            row[x] = r->bytes[r->at + (size_t)x / 8] >> (7 - x % 8) & 1 ? 0 : 255;
        r->at += ((size_t)pnm->width + 7) / 8;
    }
}

/* Reads P1: one digit per pixel, with or without white space between. */
static int read_digits(struct reader *r, struct pnm *pnm, struct error *err)
{
    int n = pnm->width * pnm->height;
    for (int i = 0; i < n; i++, r->at++) {
        skip_space(r);
        if (r->at == r->size)
            return error_set(err, "%s: cut short: it ends after %d of %d pixels", r->name, i, n);
        int c = r->bytes[r->at];
        if (c != '0' && c != '1')
            return error_set(err, "%s: byte %zu is 0x%02x, wanted a pixel, 0 or 1", r->name, r->at,
                             c);
        pnm->grey[i] = c == '1' ? 0 : 255;
    }
    return 0;
}

static int read_pixels(struct reader *r, struct pnm *pnm, struct error *err)
{
    if (r->largest)
        return read_values(r, pnm, err);
    if (r->plain)
        return read_digits(r, pnm, err);
    read_bits(r, pnm);
    return 0;
}

static int check_end(struct reader *r, struct error *err)
{
    size_t end = r->at;
    while (r->at < r->size && is_space(r->bytes[r->at]))
        r->at++;
    if (r->at < r->size)
        return error_set(err, "%s: too long: one picture needs %s bytes, the file has %s", r->name,
                         format_count((long long)end).text, format_count((long long)r->size).text);
    return 0;
}

int pnm_parse(struct pnm *pnm, const uint8_t *bytes, size_t size, const char *name,
              struct error *err)
{
    struct reader r = {.name = name, .bytes = bytes, .size = size};
    *pnm = (struct pnm){0};
    if (read_header(&r, pnm, err))
        return -1;
    size_t needed = r.at + bytes_needed(&r, pnm);
    if (size < needed)
        return error_set(err, "%s: cut short: %dx%d pixels need %s bytes, the file has %s", name,
                         pnm->width, pnm->height, format_count((long long)needed).text,
                         format_count((long long)size).text);
    pnm->grey = mem_alloc((size_t)pnm->width * (size_t)pnm->height, 1, err);
    if (!pnm->grey || read_pixels(&r, pnm, err) || check_end(&r, err)) {
        pnm_free(pnm);
        return -1;
    }
    return 0;
}

void pnm_free(struct pnm *pnm)
{
    mem_free(pnm->grey);
    *pnm = (struct pnm){0};
}
