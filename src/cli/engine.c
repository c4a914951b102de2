#include "mnist/cli/engine.h"

#include "mnist/base/rmath.h"
#include "mnist/cli/command.h"
#include "mnist/cli/terminal.h"
#include "mnist/net/evaluation.h"
#include "mnist/net/proof.h"

/* Any number of threads gives the same result, so whoever asked for none need not know. */
static void tell_missing(const struct team *team, const struct common_options *common)
{
    int threads = team_threads(team);
    if (common->threads_given && threads < common->threads)
        fprintf(terminal_stderr(), "%s: the system has started only %d of %d threads\n",
                common->program, threads, common->threads);
}

int engine_find(struct engine *engine, const struct common_options *common, struct error *err)
{
    const char *simd = kernels_names[common->simd];
    engine->kernels = kernels_find(simd);
    if (!engine->kernels)
        return error_set(
            err, "--simd %s: this processor, or this build, has no %s: give another, or auto", simd,
            simd);
    if (proof_check(engine->kernels, err))
        return -1;
    engine->team = team_create(common->threads, err);
    if (!engine->team)
        return -1;
    tell_missing(engine->team, common);
    return 0;
}

int engine_start(struct engine *engine, int capacity, struct error *err)
{
    if (network_create(&engine->network, capacity, engine->team, err))
        return -1;
    engine->network.kernels = engine->kernels;
    return 0;
}

int engine_load(struct engine *engine, const char *path, struct error *err)
{
    if (command_load_model(&engine->model, path, err) || engine_start(engine, 0, err))
        return -1;
    network_set_params(&engine->network, engine->model.params);
    return 0;
}

int engine_predict(const struct engine *engine, const struct dataset *dataset, const int *indices,
                   int count, const char *path, float *p, struct error *err)
{
    evaluation_predict(&engine->network, dataset, indices, count, p, NULL);
    for (size_t i = 0; i < (size_t)count * CLASSES; i++)
        if (!rmath_is_finite(p[i]))
            return error_set(err, "%s: its probabilities are not finite: retrain it", path);
    return 0;
}

void engine_close(struct engine *engine)
{
    network_destroy(&engine->network);
    team_destroy(engine->team);
    model_free(&engine->model);
    *engine = (struct engine){0};
}
