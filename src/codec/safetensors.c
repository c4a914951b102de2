#include "mnist/codec/safetensors.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mnist/base/bytes.h"
#include "mnist/base/memory.h"
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

static const char *const type_names[] = {"F32", "F64"};

static size_t bytes_of(const struct safetensors_tensor *tensor)
{
    return tensor->type == SAFETENSORS_F64 ? sizeof(double) : sizeof(float);
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

void safetensors_add(struct safetensors *st, const char *name, enum safetensors_type type, int rank,
                     uint64_t rows, uint64_t cols, const void *values)
{
    if (st->tensor_count == SAFETENSORS_TENSORS) {
        st->overfull = true;
        return;
    }
    struct safetensors_tensor *tensor = &st->tensors[st->tensor_count++];
    *tensor = (struct safetensors_tensor){
        .type = type, .rank = rank, .shape = {rows, cols}, .values = values};
    if (snprintf(tensor->name, sizeof tensor->name, "%s", name) >= SAFETENSORS_NAME)
        st->overfull = true;
    tensor->begin = st->tensor_count > 1 ? tensor[-1].end : 0;
    tensor->end = tensor->begin + (size_t)(rows * cols) * bytes_of(tensor);
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
static void write_padded_header(FILE *out, const struct safetensors *st)
{
    write_header(out, st);
    while (ftell(out) % 8)
        putc(' ', out);
}

static void put_numbers(uint8_t *to, const struct safetensors_tensor *tensor)
{
    size_t count = (tensor->end - tensor->begin) / bytes_of(tensor);
    for (size_t i = 0; i < count; i++) {
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

/* A reader and what its messages need. */
struct parser {
    struct json_reader json;
    struct safetensors *st;
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
        entry->begin = p->json.at + 1;
        if (!json_string(&p->json, entry->value, sizeof entry->value))
            return refuse_json(p, "\"key\":\"value\"");
        entry->end = p->json.at - 1;
        if (safetensors_get(st, entry->key))
            return error_set(p->err, "%s: metadata key %s appears twice", p->name, entry->key);
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
                return error_set(p->err, "%s: __metadata__ appears twice in the header", p->name);
            if (parse_metadata(p))
                return -1;
            metadata_seen = true;
            continue;
        }
        if (safetensors_find(st, name))
            return error_set(p->err, "%s: tensor %s appears twice in the header", p->name, name);
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
static int check_tiling(const struct safetensors *st, const char *name, struct error *err)
{
    size_t at = 0, data_size = st->data_size;
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

int safetensors_parse(struct safetensors *st, const uint8_t *bytes, size_t size, const char *name,
                      struct error *err)
{
    *st = (struct safetensors){0};
    uint64_t header_size = size >= LENGTH_BYTES ? bytes_get_le64(bytes) : 0;
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
    st->header = bytes + LENGTH_BYTES;
    st->header_size = (size_t)header_size;
    st->data = st->header + header_size;
    st->data_size = size - LENGTH_BYTES - st->header_size;
    struct parser parser = {.json = {.text = (const char *)st->header, .size = st->header_size},
                            .st = st,
                            .name = name,
                            .err = err};
    return parse_header(&parser) || check_tiling(st, name, err) ? -1 : 0;
}
