#include "mnist/codec/safetensors.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mnist/base/bytes.h"
#include "mnist/base/format.h"
#include "mnist/base/memory.h"
#include "mnist/base/utf8.h"
#include "mnist/codec/json.h"
#include "mnist/codec/kind.h"

enum { LENGTH_BYTES = 8, LARGEST_HEADER = 1 << 20 };

/* --- what both directions share --- */

const struct safetensors_entry *safetensors_entry(const struct safetensors *st, const char *key)
{
    for (int i = 0; i < st->metadata_count; i++)
        if (!strcmp(st->metadata[i].key, key))
            return &st->metadata[i];
    return NULL;
}

const char *safetensors_get(const struct safetensors *st, const char *key)
{
    const struct safetensors_entry *entry = safetensors_entry(st, key);
    return entry ? entry->value : NULL;
}

const struct safetensors_tensor *safetensors_find(const struct safetensors *st, const char *name)
{
    for (int i = 0; i < st->tensor_count; i++)
        if (!strcmp(st->tensors[i].name, name))
            return &st->tensors[i];
    return NULL;
}

static const struct {
    const char *name;
    unsigned bits;
} types[] = {
    [SAFETENSORS_F32] = {"F32", 32},
    [SAFETENSORS_F64] = {"F64", 64},
    {"F16", 16},
    {"BF16", 16},
    {"I8", 8},
    {"I16", 16},
    {"I32", 32},
    {"I64", 64},
    {"U8", 8},
    {"U16", 16},
    {"U32", 32},
    {"U64", 64},
    {"BOOL", 8},
    {"C64", 64},
    {"F8_E4M3", 8},
    {"F8_E5M2", 8},
    {"F8_E8M0", 8},
    {"F8_E4M3FNUZ", 8},
    {"F8_E5M2FNUZ", 8},
    {"F6_E2M3", 6},
    {"F6_E3M2", 6},
    {"F4", 4},
};

enum { TYPES = sizeof types / sizeof types[0] };

const char *safetensors_type(const struct safetensors_tensor *tensor)
{
    return types[tensor->type].name;
}

struct safetensors_shape safetensors_shape(const struct safetensors_tensor *tensor)
{
    struct safetensors_shape shape = {"("};
    size_t used = 1;
    for (int d = 0; d < tensor->rank && d < SAFETENSORS_RANK; d++)
        used += (size_t)snprintf(shape.text + used, sizeof shape.text - used, "%s%" PRIu64,
                                 d ? "," : "", tensor->shape[d]);
    snprintf(shape.text + used, sizeof shape.text - used, "%s)",
             tensor->rank > SAFETENSORS_RANK ? ",..." : "");
    return shape;
}

static size_t bytes_of(const struct safetensors_tensor *tensor)
{
    assert(tensor->type == SAFETENSORS_F32 || tensor->type == SAFETENSORS_F64);
    return types[tensor->type].bits / 8;
}

double safetensors_number(const struct safetensors *st, const struct safetensors_tensor *tensor,
                          size_t i)
{
    const uint8_t *at = st->data + tensor->begin + bytes_of(tensor) * i;
    if (tensor->type == SAFETENSORS_F64) {
        uint64_t bits = bytes_get_le64(at);
        double value;
        memcpy(&value, &bits, sizeof value);
        return value;
    }
    uint32_t bits = bytes_get_le32(at);
    float value;
    memcpy(&value, &bits, sizeof value);
    return (double)value;
}

/* --- writing --- */

void safetensors_set(struct safetensors *st, const char *key, const char *format, ...)
{
    if (st->metadata_count == SAFETENSORS_METADATA) {
        st->overfull = true;
        return;
    }
    struct safetensors_entry *entry = &st->metadata[st->metadata_count++];
    int key_length = snprintf(entry->key, sizeof entry->key, "%s", key);
    va_list args;
    va_start(args, format);
    int length = vsnprintf(entry->value, sizeof entry->value, format, args);
    va_end(args);
    if (key_length >= SAFETENSORS_NAME || length < 0 || length >= SAFETENSORS_VALUE)
        st->overfull = true;
}

/* Sizes beyond the rank are 1. */
static void set_rank(struct safetensors_tensor *tensor, int rank)
{
    tensor->rank = rank;
    for (int d = rank; d < SAFETENSORS_RANK; d++)
        tensor->shape[d] = 1;
}

void safetensors_add(struct safetensors *st, const char *name, int type, int rank, uint64_t rows,
                     uint64_t cols, const void *values)
{
    if (st->tensor_count == SAFETENSORS_TENSORS) {
        st->overfull = true;
        return;
    }
    struct safetensors_tensor *tensor = &st->tensors[st->tensor_count++];
    *tensor = (struct safetensors_tensor){
        .type = type, .shape = {rows, cols}, .count = rows * cols, .values = values};
    set_rank(tensor, rank);
    if (snprintf(tensor->name, sizeof tensor->name, "%s", name) >= SAFETENSORS_NAME)
        st->overfull = true;
    tensor->begin = st->tensor_count > 1 ? tensor[-1].end : 0;
    tensor->end = tensor->begin + (size_t)tensor->count * bytes_of(tensor);
}

static void write_header(FILE *out, const struct safetensors *st)
{
    struct json_writer json = {.out = out};
    json_put_object(&json, NULL);
    json_put_object(&json, "__metadata__");
    for (int i = 0; i < st->metadata_count; i++)
        json_put_string(&json, st->metadata[i].key, st->metadata[i].value);
    json_put_end(&json);
    for (int i = 0; i < st->tensor_count; i++) {
        const struct safetensors_tensor *t = &st->tensors[i];
        json_put_object(&json, t->name);
        json_put_string(&json, "dtype", safetensors_type(t));
        json_put_array(&json, "shape");
        for (int d = 0; d < t->rank; d++)
            json_put_integer(&json, NULL, (int64_t)t->shape[d]);
        json_put_end(&json);
        json_put_array(&json, "data_offsets");
        json_put_integer(&json, NULL, (int64_t)t->begin);
        json_put_integer(&json, NULL, (int64_t)t->end);
        json_put_end(&json);
        json_put_end(&json);
    }
    json_put_end(&json);
}

/* Padded with spaces to a multiple of 8. */
static void write_padded_header(FILE *out, const struct safetensors *st)
{
    write_header(out, st);
    while (ftell(out) % 8)
        putc(' ', out);
}

static void put_numbers(uint8_t *to, const struct safetensors_tensor *tensor)
{
    for (size_t i = 0; i < (size_t)tensor->count; i++) {
        uint64_t wide;
        uint32_t bits;
        if (tensor->type == SAFETENSORS_F64) {
            memcpy(&wide, (const double *)tensor->values + i, sizeof wide);
            bytes_put_le64(to + i * sizeof wide, wide);
        } else {
            memcpy(&bits, (const float *)tensor->values + i, sizeof bits);
            bytes_put_le32(to + i * sizeof bits, bits);
        }
    }
}

int safetensors_write(const struct safetensors *st, uint8_t *bytes, size_t room, size_t *size,
                      const char *name, struct error *err)
{
    size_t data_size = st->tensor_count ? st->tensors[st->tensor_count - 1].end : 0;
    if (st->overfull || room < data_size + SAFETENSORS_HEADER)
        return error_set(err, "%s: more metadata or tensors than one file has room for", name);
    FILE *out = fmemopen(bytes + LENGTH_BYTES, room - LENGTH_BYTES - data_size, "wb");
    if (!out)
        return error_set(err, "out of memory: the header of a safetensors file");
    write_padded_header(out, st);
    size_t header_size = (size_t)ftell(out);
    bool cut = ferror(out);
    if (fclose(out) || cut)
        return error_set(err, "%s: its header is longer than the %d bytes there are for it", name,
                         SAFETENSORS_HEADER - LENGTH_BYTES);
    bytes_put_le64(bytes, header_size);
    *size = LENGTH_BYTES + header_size + data_size;
    for (int i = 0; i < st->tensor_count; i++)
        put_numbers(bytes + LENGTH_BYTES + header_size + st->tensors[i].begin, &st->tensors[i]);
    return 0;
}

/* --- reading --- */

/* A reader and what its messages need; how many tensors there are, and their bytes. */
struct parser {
    struct json_reader json;
    struct safetensors *st;
    const char *name;
    struct error *err;
    int tensors;
    uint64_t bytes, end; /* of all tensors together; where the last of them ends in the data */
};

static int refuse_json(struct parser *p, const char *wanted)
{
    return error_set(p->err, "%s: header is damaged at byte %zu: wanted %s", p->name,
                     p->json.at + LENGTH_BYTES, wanted);
}

/* After a member of an object: true when another follows. */
static bool another(struct parser *p)
{
    return json_expect(&p->json, ',');
}

/* "key":"value". A value that is a number, true, false or null breaks the format's rule, but is no
 * damage. */
static int parse_string(struct parser *p)
{
    struct safetensors *st = p->st;
    struct safetensors_entry spare, *entry = &spare;
    bool key_cut, value_cut = false, full = st->metadata_count == SAFETENSORS_METADATA;
    if (!full)
        entry = &st->metadata[st->metadata_count];
    if (!json_string_cut(&p->json, entry->key, sizeof entry->key, &key_cut) ||
        !json_expect(&p->json, ':'))
        return refuse_json(p, "\"key\":\"value\"");
    bool text = json_next_is(&p->json, '"');
    entry->begin = p->json.at + 1;
    if (text ? !json_string_cut(&p->json, entry->value, sizeof entry->value, &value_cut)
             : !json_scalar(&p->json, entry->value, sizeof entry->value))
        return refuse_json(p, "\"key\":\"value\"");
    entry->end = p->json.at - 1;
    if (!key_cut && safetensors_get(st, entry->key))
        return error_set(p->err, "%s: metadata key %s appears twice", p->name, entry->key);
    if (full || key_cut || value_cut || !text)
        st->overfull = true;
    else
        st->metadata_count++;
    return 0;
}

static int parse_metadata(struct parser *p)
{
    char null[8];
    if (json_next_is(&p->json, 'n') && json_scalar(&p->json, null, sizeof null) &&
        !strcmp(null, "null"))
        return 0;
    if (!json_expect(&p->json, '{'))
        return refuse_json(p, "{ after __metadata__");
    if (json_expect(&p->json, '}'))
        return 0;
    do
        if (parse_string(p))
            return -1;
    while (another(p));
    return json_expect(&p->json, '}') ? 0 : refuse_json(p, ", or } after a metadata string");
}

/* Counts the numbers that the sizes read so far make. MANY stands for all that is more than any
 * offset reaches, however few bits a number has. */
static void multiply(uint64_t *count, uint64_t size)
{
    const uint64_t MANY = (uint64_t)1 << 57;
    *count = size && *count > MANY / size ? MANY : *count * size;
}

static bool parse_shape(struct parser *p, struct safetensors_tensor *tensor)
{
    int rank = 0;
    tensor->count = 1;
    if (!json_expect(&p->json, '['))
        return false;
    if (!json_next_is(&p->json, ']'))
        do {
            uint64_t size;
            if (!json_integer(&p->json, &size))
                return false;
            if (rank < SAFETENSORS_RANK)
                tensor->shape[rank] = size;
            multiply(&tensor->count, size);
            rank++;
        } while (another(p));
    set_rank(tensor, rank);
    p->st->overfull |= rank > SAFETENSORS_RANK;
    return json_expect(&p->json, ']');
}

static bool parse_offsets(struct parser *p, uint64_t *begin, uint64_t *end)
{
    return json_expect(&p->json, '[') && json_integer(&p->json, begin) &&
           json_expect(&p->json, ',') && json_integer(&p->json, end) && json_expect(&p->json, ']');
}

/* The type, or TYPES if the format has none of that name. */
static int find_type(const char *dtype)
{
    int type = 0;
    while (type < TYPES && strcmp(dtype, types[type].name) != 0)
        type++;
    return type;
}

/* The tensor must have the bytes that its shape needs. */
static int take_offsets(struct parser *p, struct safetensors_tensor *tensor, uint64_t begin,
                        uint64_t end)
{
    if (begin > SIZE_MAX || end > SIZE_MAX)
        return error_set(p->err, "%s: tensor %s is larger than memory can address", p->name,
                         tensor->name);
    if (end < begin || (end - begin) * 8 != tensor->count * types[tensor->type].bits)
        return error_set(
            p->err, "%s: tensor %s of %s numbers of type %s cannot be at bytes %s to %s", p->name,
            tensor->name, safetensors_shape(tensor).text, safetensors_type(tensor),
            format_count((long long)begin).text, format_count((long long)end).text);
    tensor->begin = (size_t)begin;
    tensor->end = (size_t)end;
    p->bytes += end - begin;
    p->end = end > p->end ? end : p->end;
    return 0;
}

/* {"dtype":"F32","shape":[…],"data_offsets":[begin,end]}, the three in any order, each once. */
static int parse_tensor(struct parser *p, struct safetensors_tensor *tensor)
{
    enum { DTYPE = 1, SHAPE = 2, OFFSETS = 4, ALL = 7 };
    int seen = 0, field;
    uint64_t begin = 0, end = 0;
    if (!json_expect(&p->json, '{'))
        return refuse_json(p, "{ after a tensor's name");
    do {
        char key[16], dtype[16] = "";
        if (!json_string(&p->json, key, sizeof key) || !json_expect(&p->json, ':'))
            return refuse_json(p, "\"dtype\", \"shape\" or \"data_offsets\"");
        bool good;
        if (!strcmp(key, "dtype")) {
            field = DTYPE;
            good = json_string(&p->json, dtype, sizeof dtype);
            tensor->type = find_type(dtype);
            if (good && tensor->type == TYPES)
                return error_set(p->err, "%s: tensor %s has dtype %s, which is none of the format",
                                 p->name, tensor->name, dtype);
        } else if (!strcmp(key, "shape")) {
            field = SHAPE;
            good = parse_shape(p, tensor);
        } else if (!strcmp(key, "data_offsets")) {
            field = OFFSETS;
            good = parse_offsets(p, &begin, &end);
        } else {
            return error_set(p->err, "%s: tensor %s has an unknown field %s", p->name, tensor->name,
                             key);
        }
        if (!good || seen & field)
            return refuse_json(p, "dtype, a shape of whole numbers, and two offsets, once each");
        seen |= field;
    } while (another(p));
    if (!json_expect(&p->json, '}'))
        return refuse_json(p, ", or } after a tensor's field");
    if (seen != ALL)
        return error_set(p->err, "%s: tensor %s lacks its dtype, shape or data_offsets", p->name,
                         tensor->name);
    return take_offsets(p, tensor, begin, end);
}

/* "name":{…}. Of a name that is too long, the beginning is kept. */
static int parse_member(struct parser *p, bool *metadata_seen)
{
    struct safetensors *st = p->st;
    struct safetensors_tensor tensor = {.rank = 0};
    bool cut;
    if (!json_string_cut(&p->json, tensor.name, sizeof tensor.name, &cut) ||
        !json_expect(&p->json, ':'))
        return refuse_json(p, "a tensor's name");
    if (!strcmp(tensor.name, "__metadata__")) {
        if (*metadata_seen)
            return error_set(p->err, "%s: __metadata__ appears twice in the header", p->name);
        *metadata_seen = true;
        return parse_metadata(p);
    }
    if (!cut && safetensors_find(st, tensor.name))
        return error_set(p->err, "%s: tensor %s appears twice in the header", p->name, tensor.name);
    if (parse_tensor(p, &tensor))
        return -1;
    p->tensors++;
    st->overfull |= cut || st->tensor_count == SAFETENSORS_TENSORS;
    if (st->tensor_count < SAFETENSORS_TENSORS)
        st->tensors[st->tensor_count++] = tensor;
    return 0;
}

static int parse_header(struct parser *p)
{
    bool metadata_seen = false;
    if (!json_expect(&p->json, '{'))
        return refuse_json(p, "{");
    if (!json_next_is(&p->json, '}'))
        do
            if (parse_member(p, &metadata_seen))
                return -1;
        while (another(p));
    if (!json_expect(&p->json, '}'))
        return refuse_json(p, ", or } after a tensor");
    while (!json_at_end(&p->json) && p->json.text[p->json.at] == '\0') /* padding of some */
        p->json.at++;
    if (!json_at_end(&p->json))
        return refuse_json(p, "nothing but spaces after the header");
    return p->tensors ? 0 : error_set(p->err, "%s: another network's: has no tensors", p->name);
}

/* What a transfer in text mode makes of a file: a return before each line feed, or UTF-8 of bytes
 * that were none. NULL if it is not that. */
static const char *mangled(const uint8_t *bytes, size_t size)
{
    size_t feeds = 0, returns = 0, codes = 0, at;
    for (at = 0; at < size; at++) {
        feeds += bytes[at] == '\n';
        returns += bytes[at] == '\n' && at && bytes[at - 1] == '\r';
    }
    if (feeds && feeds == returns)
        return "each line feed in it has become two bytes: copy it in binary mode";
    for (at = 0; at < size; codes++) {
        uint32_t code;
        at += utf8_decode(&code, bytes + at, size - at);
        if (code == UTF8_NONE)
            return NULL;
    }
    return codes < size && memchr(bytes, 0, size)
               ? "it has become UTF-8 text: copy it in binary mode"
               : NULL;
}

/* The file must end where its last tensor does. */
static int check_size(const struct parser *p, const uint8_t *bytes, size_t size)
{
    uint64_t needed = LENGTH_BYTES + p->st->header_size + p->end;
    if (size == needed)
        return 0;
    const char *cause = size > needed ? mangled(bytes, size) : NULL;
    return error_set(p->err, "%s: %s: it needs %s bytes, the file has %s%s%s", p->name,
                     size < needed ? "cut short or damaged" : "too long",
                     format_count((long long)needed).text, format_count((long long)size).text,
                     cause ? ": " : "", cause ? cause : "");
}

/* Where a tensor is in the data. */
struct extent {
    size_t begin, end;
    const char *name;
};

static int in_order(const void *one, const void *other)
{
    const struct extent *a = one, *b = other;
    return a->begin != b->begin ? (a->begin > b->begin) - (a->begin < b->begin)
                                : (a->end > b->end) - (a->end < b->end);
}

/* Each tensor starts where the one before it in the data ends. In a file with more tensors than
 * there is room for, their bytes must add up. */
static int check_tiling(const struct parser *p)
{
    struct extent extents[SAFETENSORS_TENSORS];
    int count = p->st->tensor_count;
    size_t at = 0;
    if (p->tensors > SAFETENSORS_TENSORS)
        return p->bytes == p->st->data_size
                   ? 0
                   : error_set(p->err, "%s: its tensors have %s bytes, its data %s", p->name,
                               format_count((long long)p->bytes).text,
                               format_count((long long)p->st->data_size).text);
    for (int i = 0; i < count; i++) {
        const struct safetensors_tensor *tensor = &p->st->tensors[i];
        extents[i] = (struct extent){tensor->begin, tensor->end, tensor->name};
    }
    qsort(extents, (size_t)count, sizeof *extents, in_order);
    for (int i = 0; i < count; at = extents[i++].end)
        if (extents[i].begin != at)
            return error_set(p->err, "%s: tensor %s starts at byte %s of the data, wanted %s",
                             p->name, extents[i].name,
                             format_count((long long)extents[i].begin).text,
                             format_count((long long)at).text);
    return 0;
}

/* Where the header begins with a brace, maybe after spaces. */
static bool has_brace(const uint8_t *bytes, size_t size)
{
    size_t at = LENGTH_BYTES;
    while (at < size && at < KIND_HEAD && bytes[at] && strchr(" \t\r\n", bytes[at]))
        at++;
    return at < size && bytes[at] == '{';
}

static int refuse_kind(const uint8_t *bytes, size_t size, const char *name, struct error *err)
{
    const char *kind = kind_of(bytes, size).name;
    bool near = size > 2 * LENGTH_BYTES && memchr(bytes + LENGTH_BYTES, '{', LENGTH_BYTES);
    const char *cause = near && !kind ? mangled(bytes, size) : NULL;
    return error_set(err, "%s: not a model: wanted a safetensors file%s%s%s%s", name,
                     kind ? ", found what looks like " : "", kind ? kind : "", cause ? ": " : "",
                     cause ? cause : "");
}

int safetensors_parse(struct safetensors *st, const uint8_t *bytes, size_t size, const char *name,
                      struct error *err)
{
    *st = (struct safetensors){0};
    uint64_t header_size = size >= LENGTH_BYTES ? bytes_get_le64(bytes) : 0;
    if (size <= LENGTH_BYTES || header_size >= UINT32_MAX || !has_brace(bytes, size))
        return refuse_kind(bytes, size, name, err);
    if (header_size > size - LENGTH_BYTES)
        return error_set(err,
                         "%s: cut short or damaged: its header needs %s bytes, the file has %s",
                         name, format_count((long long)header_size + LENGTH_BYTES).text,
                         format_count((long long)size).text);
    if (header_size > LARGEST_HEADER)
        return error_set(err, "%s: another network's: a header of %s bytes, wanted at most %s",
                         name, format_count((long long)header_size).text,
                         format_count(LARGEST_HEADER).text);
    st->header = bytes + LENGTH_BYTES;
    st->header_size = (size_t)header_size;
    st->data = st->header + header_size;
    st->data_size = size - LENGTH_BYTES - st->header_size;
    struct parser parser = {.json = {.text = (const char *)st->header, .size = st->header_size},
                            .st = st,
                            .name = name,
                            .err = err};
    return parse_header(&parser) || check_size(&parser, bytes, size) || check_tiling(&parser) ? -1
                                                                                              : 0;
}

size_t safetensors_limit(const uint8_t *head, size_t size)
{
    return size > LENGTH_BYTES && has_brace(head, size) ? SIZE_MAX : 0;
}
