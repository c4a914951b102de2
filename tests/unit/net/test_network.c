#include <stdlib.h>

#include "mnist/data/batch.h"
#include "mnist/net/network.h"
#include "mnist/net/params.h"
#include "mnist/net/step.h"

#include "../networks.h"
#include "../test.h"

/* New parameters must find everything as in a new network. */
TEST(set_params, "network: setting parameters starts afresh")
{
    struct made made;
    struct batch batch;
    struct rig rig;
    float *params = make(PARAM_COUNT, sizeof *params), *back = make(PARAM_COUNT, sizeof *back);
    params_of(params, 140);
    made_images(&made, 20, SPARSE, 140);
    batch_of(&batch, &made, 0, 20);
    rig_new(&rig, 1, 20, kernel_set(0));
    for (int i = 0; i < PARAM_COUNT; i++)
        back[i] = 0.0f;
    check_same("a new network", rig.network.params, back, PARAM_COUNT);
    struct step step = {.lr = 1e-2f};
    float *once = NULL;
    for (int round = 0; round < 2; round++) {
        network_set_params(&rig.network, params);
        network_get_params(&rig.network, back);
        check_same("set and got", params, back, PARAM_COUNT);
        check_transposes(&rig.network);
        for (int i = 0; i < 3; i++)
            step_run(&rig.network, &batch, &step);
        check_transposes(&rig.network);
        if (once)
            check_same("trained again", rig.network.params, once, PARAM_COUNT);
        else
            once = copy_of(rig.network.params, PARAM_COUNT);
    }
    check(first_difference(once, params, PARAM_COUNT) >= 0, "training changed nothing");
    free(once);
    free(params);
    free(back);
    rig_free(&rig);
    batch_destroy(&batch);
    made_free(&made);
}
