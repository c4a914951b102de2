#include "mnist/codec/safetensors.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mnist/base/file_write.h"
#include "mnist/base/memory.h"
#include "mnist/base/rmath.h"
#include "mnist/codec/checksum.h"
#include "mnist/codec/json.h"
#include "mnist/codec/kind.h"

enum { LENGTH_BYTES = 8, LARGEST_HEADER = 1 << 20, CRC_DIGITS = 8 };

static const char HEADER_CRC_KEY[] = "header_crc32", ZEROS[] = "00000000";

/* --- what both directions share --- */

const char *safetensors_get(const struct safetensors *st, const char *key)
{
    for (int i = 0; i < st->metadata_count; i++)
        if (!strcmp(st->metadata[i].key, key))
            return st->metadata[i].value;
    return NULL;
}

const struct safetensors_tensor *safetensors_find(const struct safetensors *st, const char *name)
{
    for (int i = 0; i < st->tensor_count; i++)
        if (!strcmp(st->tensors[i].name, name))
            return &st->tensors[i];
    return NULL;
}

static const char *const type_names[] = {"F32", "F64"};

static size_t bytes_of(const struct safetensors_tensor *tensor)
{
    return tensor->type == SAFETENSORS_F64 ? sizeof(double) : sizeof(float);
}

static uint64_t little_endian(const uint8_t *p, size_t bytes)
{
    uint64_t value = 0;
    for (size_t b = bytes; b > 0; b--)
        value = value << 8 | p[b - 1];
    return value;
}

double safetensors_number(const struct safetensors *st, const struct safetensors_tensor *tensor,
                          size_t i)
{
    const uint8_t *at = st->data + tensor->begin + bytes_of(tensor) * i;
    uint64_t bits = little_endian(at, bytes_of(tensor));
    if (tensor->type == SAFETENSORS_F64) {
        double value;
        memcpy(&value, &bits, sizeof value);
        return value;
    }
    uint32_t low = (uint32_t)bits;
    float value;
    memcpy(&value, &low, sizeof value);
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

void safetensors_add(struct safetensors *st, const char *name, enum safetensors_type type, int rank,
                     uint64_t rows, uint64_t cols)
{
    if (st->tensor_count == SAFETENSORS_TENSORS) {
        st->overfull = true;
        return;
    }
    struct safetensors_tensor *tensor = &st->tensors[st->tensor_count++];
    *tensor = (struct safetensors_tensor){.type = type, .rank = rank, .shape = {rows, cols}};
    if (snprintf(tensor->name, sizeof tensor->name, "%s", name) >= SAFETENSORS_NAME)
        st->overfull = true;
    tensor->begin = st->tensor_count > 1 ? tensor[-1].end : 0;
    tensor->end = tensor->begin + (size_t)(rows * cols) * bytes_of(tensor);
}

static void write_header(FILE *out, const struct safetensors *st)
{
    struct json_writer json = {.out = out};
    char crc[CRC_DIGITS + 1];
    snprintf(crc, sizeof crc, "%08" PRIx32, st->crc32);
    json_put_object(&json, NULL);
    json_put_object(&json, "__metadata__");
    for (int i = 0; i < st->metadata_count; i++)
        json_put_string(&json, st->metadata[i].key, st->metadata[i].value);
    json_put_string(&json, "crc32", crc);
    json_put_string(&json, HEADER_CRC_KEY, ZEROS);
    json_put_end(&json);
    for (int i = 0; i < st->tensor_count; i++) {
        const struct safetensors_tensor *t = &st->tensors[i];
        json_put_object(&json, t->name);
        json_put_string(&json, "dtype", type_names[t->type]);
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
static void write_padded_header(FILE *out, const void *st)
{
    write_header(out, st);
    while (ftell(out) % 8)
        putc(' ', out);
}

/* The header's JSON with its checksum filled in. The caller frees it with free. */
static char *make_header(const struct safetensors *st, size_t *size, struct error *err)
{
    static const char what[] = "the header of a safetensors file";
    char *text = mem_print(write_padded_header, st, size, what, err);
    if (!text)
        return NULL;
    char digits[CRC_DIGITS + 1], key[32];
    snprintf(digits, sizeof digits, "%08" PRIx32, checksum_crc32(text, *size));
    /* It is there, and once: in any other string the quotes would be escaped. */
    snprintf(key, sizeof key, "\"%s\":\"", HEADER_CRC_KEY);
    char *place = strstr(text, key);
    if (place)
        memcpy(place + strlen(key), digits, CRC_DIGITS);
    return text;
}

static void put_little_endian(uint8_t *to, uint64_t value, size_t bytes)
{
    for (size_t b = 0; b < bytes; b++)
        to[b] = (uint8_t)(value >> (8 * b));
}

static void put_numbers(uint8_t *to, const struct safetensors_tensor *tensor, const void *values)
{
    size_t count = (tensor->end - tensor->begin) / bytes_of(tensor);
    for (size_t i = 0; i < count; i++) {
        uint64_t bits = 0;
        uint32_t low;
        if (tensor->type == SAFETENSORS_F64) {
            memcpy(&bits, (const double *)values + i, sizeof bits);
        } else {
            memcpy(&low, (const float *)values + i, sizeof low);
            bits = low;
        }
        put_little_endian(to + i * bytes_of(tensor), bits, bytes_of(tensor));
    }
}

/* Of no use to anybody, and so neither written nor read. */
static int check_finite(const struct safetensors *st, const char *name, struct error *err)
{
    for (int i = 0; i < st->tensor_count; i++) {
        const struct safetensors_tensor *t = &st->tensors[i];
        for (size_t f = 0; f < (t->end - t->begin) / bytes_of(t); f++)
            if (!rmath_is_finite_double(safetensors_number(st, t, f)))
                return error_set(err, "%s: value %zu of tensor %s is not finite", name, f, t->name);
    }
    return 0;
}

/* Puts header and tensors together, the tensors standing at `data` behind room for the header. */
static int write_file(const struct safetensors *st, uint8_t *data, size_t data_size,
                      const char *path, struct error *err)
{
    size_t header_size;
    char *header = make_header(st, &header_size, err);
    if (!header)
        return -1;
    int failed;
    if (header_size > LARGEST_HEADER) {
        failed = error_set(err, "%s: a header of %zu bytes, more than the %d one may have", path,
                           header_size, LARGEST_HEADER);
    } else {
        uint8_t *start = data - header_size - LENGTH_BYTES;
        put_little_endian(start, header_size, LENGTH_BYTES);
        memcpy(start + LENGTH_BYTES, header, header_size);
        failed = file_write(path, start, LENGTH_BYTES + header_size + data_size, err);
    }
    free(header);
    return failed;
}

int safetensors_save(struct safetensors *st, const void *const *values, const char *path,
                     struct error *err)
{
    if (st->overfull)
        return error_set(err, "%s: more metadata or tensors than one file has room for", path);
    size_t data_size = st->tensor_count ? st->tensors[st->tensor_count - 1].end : 0;
    size_t room = LENGTH_BYTES + LARGEST_HEADER + data_size;
    uint8_t *bytes = mem_alloc(room, 1, err);
    if (!bytes)
        return -1;
    /* The tensors first, at the end of the room: the header needs their checksum. */
    uint8_t *data = bytes + room - data_size;
    for (int i = 0; i < st->tensor_count; i++) {
        const struct safetensors_tensor *t = &st->tensors[i];
        put_numbers(data + t->begin, t, values[i]);
    }
    st->data = data;
    st->crc32 = checksum_crc32(data, data_size);
    int failed = check_finite(st, path, err) || write_file(st, data, data_size, path, err);
    st->data = NULL;
    mem_free(bytes);
    return failed ? -1 : 0;
}

/* --- reading --- */

/* A reader and what its messages need. */
struct parser {
    struct json_reader json;
    struct safetensors *st;
    size_t crc_digits; /* where in the header its own checksum is, in eight bytes; 0: nowhere */
    const char *name;
    struct error *err;
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

static int parse_metadata(struct parser *p)
{
    struct safetensors *st = p->st;
    if (!json_expect(&p->json, '{'))
        return refuse_json(p, "{ after __metadata__");
    if (json_expect(&p->json, '}'))
        return 0;
    do {
        if (st->metadata_count == SAFETENSORS_METADATA)
            return error_set(p->err, "%s: more than %d metadata strings", p->name,
                             SAFETENSORS_METADATA);
        struct safetensors_entry *entry = &st->metadata[st->metadata_count];
        if (!json_string(&p->json, entry->key, sizeof entry->key) || !json_expect(&p->json, ':') ||
            !json_next_is(&p->json, '"'))
            return refuse_json(p, "\"key\":\"value\"");
        size_t value = p->json.at + 1;
        if (!json_string(&p->json, entry->value, sizeof entry->value))
            return refuse_json(p, "\"key\":\"value\"");
        if (!strcmp(entry->key, HEADER_CRC_KEY) && p->json.at - 1 - value == CRC_DIGITS)
            p->crc_digits = value;
        if (safetensors_get(st, entry->key))
            return error_set(p->err, "%s: metadata key %s stands twice", p->name, entry->key);
        st->metadata_count++;
    } while (another(p));
    return json_expect(&p->json, '}') ? 0 : refuse_json(p, ", or } after a metadata string");
}

static bool parse_shape(struct parser *p, struct safetensors_tensor *tensor)
{
    tensor->shape[1] = 1;
    if (!json_expect(&p->json, '['))
        return false;
    do {
        if (tensor->rank == 2 || !json_integer(&p->json, &tensor->shape[tensor->rank]))
            return false;
        tensor->rank++;
    } while (another(p));
    return json_expect(&p->json, ']');
}

static bool parse_offsets(struct parser *p, uint64_t *begin, uint64_t *end)
{
    return json_expect(&p->json, '[') && json_integer(&p->json, begin) &&
           json_expect(&p->json, ',') && json_integer(&p->json, end) && json_expect(&p->json, ']');
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
            tensor->type =
                !strcmp(dtype, type_names[SAFETENSORS_F64]) ? SAFETENSORS_F64 : SAFETENSORS_F32;
            if (good && strcmp(dtype, type_names[tensor->type]))
                return error_set(p->err, "%s: tensor %s has dtype %s, wanted F32", p->name,
                                 tensor->name, dtype);
        } else if (!strcmp(key, "shape")) {
            field = SHAPE;
            good = !(seen & SHAPE) && parse_shape(p, tensor);
        } else if (!strcmp(key, "data_offsets")) {
            field = OFFSETS;
            good = parse_offsets(p, &begin, &end);
        } else {
            return error_set(p->err, "%s: tensor %s has an unknown field %s", p->name, tensor->name,
                             key);
        }
        if (!good || seen & field)
            return refuse_json(p, "dtype, a shape of one or two sizes, and two offsets, once each");
        seen |= field;
    } while (another(p));
    if (!json_expect(&p->json, '}'))
        return refuse_json(p, ", or } after a tensor's field");
    if (seen != ALL)
        return error_set(p->err, "%s: tensor %s lacks its dtype, shape or data_offsets", p->name,
                         tensor->name);
    if (begin > SIZE_MAX || end > SIZE_MAX)
        return error_set(p->err, "%s: tensor %s is larger than memory can address", p->name,
                         tensor->name);
    tensor->begin = (size_t)begin;
    tensor->end = (size_t)end;
    return 0;
}

static int parse_header(struct parser *p)
{
    struct safetensors *st = p->st;
    bool metadata_seen = false;
    if (!json_expect(&p->json, '{'))
        return refuse_json(p, "{");
    do {
        char name[SAFETENSORS_NAME];
        if (!json_string(&p->json, name, sizeof name) || !json_expect(&p->json, ':'))
            return refuse_json(p, "a tensor's name");
        if (!strcmp(name, "__metadata__")) {
            if (metadata_seen)
                return error_set(p->err, "%s: __metadata__ stands twice in the header", p->name);
            if (parse_metadata(p))
                return -1;
            metadata_seen = true;
            continue;
        }
        if (safetensors_find(st, name))
            return error_set(p->err, "%s: tensor %s stands twice in the header", p->name, name);
        if (st->tensor_count == SAFETENSORS_TENSORS)
            return error_set(p->err, "%s: more than %d tensors", p->name, SAFETENSORS_TENSORS);
        struct safetensors_tensor *tensor = &st->tensors[st->tensor_count];
        *tensor = (struct safetensors_tensor){0};
        memcpy(tensor->name, name, sizeof name);
        if (parse_tensor(p, tensor))
            return -1;
        st->tensor_count++;
    } while (another(p));
    if (!json_expect(&p->json, '}'))
        return refuse_json(p, ", or } after a tensor");
    return json_at_end(&p->json) ? 0 : refuse_json(p, "nothing but spaces after the header");
}

/* Each tensor starts where the one before it ends, has the bytes its shape needs, and the last ends
 * with the file. */
static int check_tiling(const struct safetensors *st, size_t data_size, const char *name,
                        struct error *err)
{
    size_t at = 0;
    for (int i = 0; i < st->tensor_count; i++) {
        const struct safetensors_tensor *t = &st->tensors[i];
        if (t->begin != at)
            return error_set(err, "%s: tensor %s starts at byte %zu of the data, wanted %zu", name,
                             t->name, t->begin, at);
        if (t->end < t->begin || t->end > data_size)
            return error_set(
                err, "%s: tensor %s ends at byte %zu of %zu: the file is cut short or damaged",
                name, t->name, t->end, data_size);
        size_t bytes = bytes_of(t);
        uint64_t numbers = (t->end - t->begin) / bytes;
        bool exact = (t->end - t->begin) % bytes == 0 && t->shape[0] && t->shape[1] &&
                     t->shape[0] <= numbers && t->shape[1] == numbers / t->shape[0] &&
                     numbers % t->shape[0] == 0;
        if (!exact)
            return error_set(
                err,
                "%s: tensor %s of %" PRIu64 "×%" PRIu64 " numbers of type %s cannot have %zu bytes",
                name, t->name, t->shape[0], t->shape[1], type_names[t->type], t->end - t->begin);
        at = t->end;
    }
    if (at != data_size)
        return error_set(err, "%s: too long: %zu bytes of data for %zu of tensors", name, data_size,
                         at);
    return 0;
}

static int check_crc(const struct safetensors *st, const char *key, uint32_t found,
                     const char *what, const char *name, struct error *err)
{
    char found_text[CRC_DIGITS + 1];
    const char *stored = safetensors_get(st, key);
    if (!stored)
        return error_set(err, "%s: no %s in its metadata: not a file that mnist wrote", name, key);
    snprintf(found_text, sizeof found_text, "%08" PRIx32, found);
    if (strcmp(stored, found_text))
        return error_set(err, "%s: damaged: %s has CRC-32 %s, wanted %s", name, what, found_text,
                         stored);
    return 0;
}

/* Of the header with the digits of this checksum as zeros, wherever they are; digits that are spelt in
 * another way than as eight bytes never come to the sum. */
static int header_crc32(uint32_t *crc, const uint8_t *header, size_t size, size_t digits,
                        struct error *err)
{
    uint8_t *copy = mem_alloc(size, 1, err);
    if (!copy)
        return -1;
    memcpy(copy, header, size);
    if (digits)
        memcpy(copy + digits, ZEROS, CRC_DIGITS);
    *crc = checksum_crc32(copy, size);
    mem_free(copy);
    return 0;
}

static int check_sums(struct safetensors *st, const struct parser *p, size_t data_size)
{
    uint32_t crc;
    if (header_crc32(&crc, (const uint8_t *)p->json.text, p->json.size, p->crc_digits, p->err))
        return -1;
    st->crc32 = checksum_crc32(st->data, data_size);
    if (check_crc(st, HEADER_CRC_KEY, crc, "the header", p->name, p->err) ||
        check_crc(st, "crc32", st->crc32, "the weights", p->name, p->err))
        return -1;
    return check_finite(st, p->name, p->err);
}

int safetensors_parse(struct safetensors *st, const uint8_t *bytes, size_t size, const char *name,
                      struct error *err)
{
    *st = (struct safetensors){0};
    uint64_t header_size = size >= LENGTH_BYTES ? little_endian(bytes, LENGTH_BYTES) : 0;
    if (size > LENGTH_BYTES && header_size > LARGEST_HEADER && header_size < UINT32_MAX &&
        bytes[LENGTH_BYTES] == '{')
        return error_set(err, "%s: a header of %" PRIu64 " bytes, more than the %d one may have",
                         name, header_size, LARGEST_HEADER);
    if (size <= LENGTH_BYTES || header_size > LARGEST_HEADER || bytes[LENGTH_BYTES] != '{') {
        const char *kind = kind_of(bytes, size);
        return error_set(err, "%s: not a model: wanted a safetensors file%s%s", name,
                         kind ? ", found what looks like " : "", kind ? kind : "");
    }
    if (header_size > size - LENGTH_BYTES)
        return error_set(err, "%s: cut short: a header of %" PRIu64 " bytes in a file of %zu", name,
                         header_size, size);
    const uint8_t *header = bytes + LENGTH_BYTES;
    struct parser parser = {.json = {.text = (const char *)header, .size = (size_t)header_size},
                            .st = st,
                            .name = name,
                            .err = err};
    if (parse_header(&parser))
        return -1;
    st->data = header + header_size;
    size_t data_size = size - LENGTH_BYTES - (size_t)header_size;
    if (check_tiling(st, data_size, name, err))
        return -1;
    return check_sums(st, &parser, data_size);
}
