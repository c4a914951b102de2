/* What training computes, for other programs to check: gradients MODEL DIR N [STEPS].
 *
 * Without STEPS, writes the gradient of the mean loss over the first N test images of DIR. With
 * them, writes the parameters after this many steps of Adam (lr 1e-3, l2 1e-4) on the same images.
 * Both are PARAM_COUNT floats in the machine's byte order, laid out as param_table says. */
#include <stdio.h>
#include <stdlib.h>

#include "mnist/base/memory.h"
#include "mnist/net/network.h"
#include "mnist/net/step.h"
#include "mnist/store/model.h"

/* With beta1 = 0, Adam's first moment is the gradient itself. */
static const float *gradient(struct network *network, const struct batch *batch)
{
    const struct step step = {.lr = 1e-3f};
    network->adam.beta1 = 0.0f;
    step_run(network, batch, &step);
    return network->m;
}

static const float *steps(struct network *network, const struct batch *batch, int count)
{
    const struct step step = {.lr = 1e-3f, .l2 = 1e-4f};
    for (int i = 0; i < count; i++)
        step_run(network, batch, &step);
    return network->params;
}

static int write_floats(const float *values)
{
    return fwrite(values, sizeof *values, PARAM_COUNT, stdout) != PARAM_COUNT || fflush(stdout);
}

int main(int argc, char **argv)
{
    struct error err;
    struct model model;
    struct dataset dataset;
    struct network network;
    struct batch batch;
    if (argc < 4)
        return 2;
    int size = atoi(argv[3]), failed = 1;
    struct team *team = team_create(2, &err);
    int *indices = mem_alloc((size_t)size, sizeof *indices, &err);
    if (!team || !indices || model_load(&model, argv[1], &err) ||
        dataset_load(&dataset, argv[2], DATASET_TEST, team, &err) ||
        batch_create(&batch, size, &err) || network_create(&network, size, team, &err)) {
        fprintf(stderr, "gradients: %s\n", err.text);
        return 1;
    }
    if (size <= dataset.count) {
        for (int i = 0; i < size; i++)
            indices[i] = i;
        batch_fill(&batch, &dataset, indices, size);
        network_set_params(&network, model.params);
        failed = write_floats(argc > 4 ? steps(&network, &batch, atoi(argv[4]))
                                       : gradient(&network, &batch));
    }
    network_destroy(&network);
    batch_destroy(&batch);
    dataset_free(&dataset);
    model_free(&model);
    mem_free(indices);
    team_destroy(team);
    return failed;
}
