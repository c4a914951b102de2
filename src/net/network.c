#include "mnist/net/network.h"

#include <stddef.h>
#include <string.h>

#include "mnist/base/memory.h"
#include "mnist/net/kernels.h"

/* Every block of floats that a network owns. */
static const struct block {
    size_t at; /* the offset of its pointer in struct network */
    int floats;
    /* Once in every network, once in those that train, or once per sample of the capacity. */
    enum { EVERY_NETWORK, TRAINED_NETWORK, EACH_SAMPLE } of;
} blocks[] = {
    {offsetof(struct network, params), PARAM_COUNT, EVERY_NETWORK},
    {offsetof(struct network, fc2_t), HIDDEN1 *HIDDEN2, EVERY_NETWORK},
    {offsetof(struct network, fc3_t), HIDDEN2 *CLASSES, EVERY_NETWORK},
    {offsetof(struct network, m), PARAM_COUNT, TRAINED_NETWORK},
    {offsetof(struct network, v), PARAM_COUNT, TRAINED_NETWORK},
    {offsetof(struct network, z1), HALVES *HIDDEN1, EACH_SAMPLE},
    {offsetof(struct network, a1), HIDDEN1, EACH_SAMPLE},
    {offsetof(struct network, a2), HIDDEN2, EACH_SAMPLE},
    {offsetof(struct network, p), CLASSES, EACH_SAMPLE},
    {offsetof(struct network, dz1), HIDDEN1, EACH_SAMPLE},
    {offsetof(struct network, dz2), HIDDEN2, EACH_SAMPLE},
    {offsetof(struct network, dz3), CLASSES, EACH_SAMPLE},
    {offsetof(struct network, loss), 1, EACH_SAMPLE},
};

enum { BLOCKS = sizeof blocks / sizeof blocks[0] };

static float **block_of(struct network *network, int i)
{
    return (float **)((char *)network + blocks[i].at);
}

static size_t block_length(int i, int capacity)
{
    int times = blocks[i].of == EVERY_NETWORK     ? 1
                : blocks[i].of == TRAINED_NETWORK ? capacity > 0
                                                  : capacity;
    return (size_t)times * (size_t)blocks[i].floats;
}

int network_create(struct network *network, int capacity, struct team *team, struct error *err)
{
    *network =
        (struct network){.kernels = kernels_find("auto"), .team = team, .capacity = capacity};
    for (int i = 0; i < BLOCKS; i++) {
        float **block = block_of(network, i);
        *block = mem_calloc(block_length(i, capacity), sizeof **block, err);
        if (!*block) {
            network_destroy(network);
            return -1;
        }
    }
    adam_init(&network->adam);
    return 0;
}

void network_destroy(struct network *network)
{
    for (int i = 0; i < BLOCKS; i++)
        mem_free(*block_of(network, i));
    *network = (struct network){0};
}

void network_set_params(struct network *network, const float *params)
{
    memcpy(network->params, params, PARAM_COUNT * sizeof *params);
    params_transpose(network->fc2_t, params + FC2_WEIGHT, HIDDEN1, HIDDEN2);
    params_transpose(network->fc3_t, params + FC3_WEIGHT, HIDDEN2, CLASSES);
    if (network->capacity) {
        memset(network->m, 0, PARAM_COUNT * sizeof *network->m);
        memset(network->v, 0, PARAM_COUNT * sizeof *network->v);
    }
    adam_init(&network->adam);
}

void network_restore(struct network *network, const float *params, const float *m, const float *v,
                     int64_t steps)
{
    network_set_params(network, params);
    memcpy(network->m, m, PARAM_COUNT * sizeof *m);
    memcpy(network->v, v, PARAM_COUNT * sizeof *v);
    adam_skip(&network->adam, steps);
}

void network_get_params(const struct network *network, float *params)
{
    memcpy(params, network->params, PARAM_COUNT * sizeof *params);
}
