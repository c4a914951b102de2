#include "mnist/codec/idx.h"

#include "mnist/base/bytes.h"

bool idx_parse(struct idx *idx, const uint8_t *bytes, size_t size)
{
    *idx = (struct idx){0};
    if (size < 4 || bytes[0] || bytes[1] || bytes[2] < 0x08 || bytes[2] == 0x0a || bytes[2] > 0x0e)
        return false;
    idx->type = bytes[2];
    idx->rank = bytes[3];
    idx->header_size = 4 + 4 * (size_t)idx->rank;
    if (size < idx->header_size)
        return true;
    for (int d = 0; d < idx->rank; d++)
        idx->sizes[d] = bytes_get_be32(bytes + 4 + 4 * d);
    idx->values = bytes + idx->header_size;
    return true;
}
