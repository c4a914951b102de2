/* All that a command computes with: kernels, threads, a network, and the model in it. */
#ifndef MNIST_ENGINE_H
#define MNIST_ENGINE_H

#include "mnist/base/team.h"
#include "mnist/cli/options.h"
#include "mnist/net/kernels.h"
#include "mnist/net/network.h"
#include "mnist/store/model.h"

struct engine {
    const struct kernels *kernels;
    struct team *team;
    struct network network;
    struct model model; /* set by engine_load */
};

/* Finds the kernels that --simd asks for, and starts a team of --threads; a command calls this
 * first. -1 with err filled when this processor cannot run them, when this build's arithmetic is
 * not what it should be (mnist/net/proof.h), or when memory is short. */
int engine_find(struct engine *engine, const struct common_options *common, struct error *err);

/* After engine_find: makes a network that can train on batches of up to `capacity` (0: predict
 * only). */
int engine_start(struct engine *engine, int capacity, struct error *err);

/* After engine_find: gets ready to predict with the model in `path`. */
int engine_load(struct engine *engine, const char *path, struct error *err);

/* Probabilities p (count,10) of the data set's images indices (count; NULL: the first `count`). -1
 * with err filled when they are not finite, as with a model whose weights are too large; `path` is
 * the model's. */
int engine_predict(const struct engine *engine, const struct dataset *dataset, const int *indices,
                   int count, const char *path, float *p, struct error *err);

/* Frees all of it, even after a failure; an engine that is {0} is fine, too. */
void engine_close(struct engine *engine);

#endif
