/* What computes, as a command has it: kernels, threads, a network, and the model in it. */
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
    struct model model; /* with engine_load */
};

/* Finds the kernels that --simd asks for, the first thing a command does: -1 with err filled where
 * this processor lacks them, or where this build's arithmetic is not what it should be
 * (mnist/net/proof.h). */
int engine_find(struct engine *engine, const struct common_options *common, struct error *err);

/* After engine_find: a team of --threads, and a network that can train on batches of `capacity`
 * (0: predict only). */
int engine_start(struct engine *engine, const struct common_options *common, int capacity,
                 struct error *err);

/* After engine_find: all that it takes to predict with the model in `path`. */
int engine_load(struct engine *engine, const struct common_options *common, const char *path,
                struct error *err);

/* Probabilities p (count,10) of the data set's images `indices` (NULL: the first `count`). -1 with
 * err filled where they are not finite, as those of a model with too large weights; `path` is the
 * model's. */
int engine_predict(const struct engine *engine, const struct dataset *dataset, const int *indices,
                   int count, const char *path, float *p, struct error *err);

/* Frees all that there is of it, after a failure, too; {0} was never opened. */
void engine_close(struct engine *engine);

#endif
