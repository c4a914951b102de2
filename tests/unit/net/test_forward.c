#include <stdlib.h>
#include <string.h>

#include "mnist/data/batch.h"
#include "mnist/net/forward.h"
#include "mnist/net/kernels.h"
#include "mnist/net/network.h"
#include "mnist/net/params.h"
#include "mnist/net/step.h"

#include "../networks.h"
#include "../test.h"

/* Compares all that forward_batch computes for `size` samples with what a step computes; the places
 * of other samples must stay as they were. */
static void batch_case(const struct made *made, const float *params, const struct kernels *kernels,
                       int size)
{
    struct rig rig;
    struct batch batch;
    struct forward f, blank;
    struct step still = {.lr = 0.0f};
    float p[FORWARD_CHUNK * CLASSES];
    batch_of(&batch, made, 3, size);
    rig_new(&rig, 1, FORWARD_CHUNK, kernels);
    network_set_params(&rig.network, params);
    step_run(&rig.network, &batch, &still);
    memset(&blank, 0xff, sizeof blank);
    f = blank;
    forward_batch(&f, kernels, params, &batch);
    check_same("a1", f.a1, rig.network.a1, size * HIDDEN1);
    check_same("a2", f.a2, rig.network.a2, size * HIDDEN2);
    check_same("p", f.p, rig.network.p, size * CLASSES);
    check_same("loss", f.loss, rig.network.loss, size);
    int others = FORWARD_CHUNK - size;
    check_same("other a1", f.a1 + size * HIDDEN1, blank.a1, others * HIDDEN1);
    check_same("other p", f.p + size * CLASSES, blank.p, others * CLASSES);
    memcpy(p, f.p, sizeof p);
    float *targets = batch.targets;
    batch.targets = NULL;
    f = blank;
    forward_batch(&f, kernels, params, &batch);
    batch.targets = targets;
    check_same("p without targets", f.p, p, FORWARD_CHUNK * CLASSES);
    batch_destroy(&batch);
    rig_free(&rig);
}

TEST(forward_batch, "forward: what a step computes, targets or none")
{
    struct made made;
    float *params = make(PARAM_COUNT, sizeof *params);
    made_images(&made, 20, SPARSE, 155);
    params_of(params, 155);
    for (int set = 0; set < SETS; set++)
        for (int size = 1; size <= FORWARD_CHUNK; size += 5)
            batch_case(&made, params, kernel_set(set), size);
    free(params);
    made_free(&made);
}

/* Of 20 images the second chunk has four. */
TEST(forward_images, "forward: the images of a data set, chunk by chunk")
{
    struct made made;
    struct batch batch;
    struct forward f, wanted;
    int backwards[20];
    float *params = make(PARAM_COUNT, sizeof *params);
    made_images(&made, 20, SPARSE, 156);
    params_of(params, 156);
    batch_of(&batch, &made, 16, 4);
    forward_batch(&wanted, kernel_set(1), params, &batch);
    check(forward_chunks(20) == 2 && forward_chunks(16) == 1, "%d chunks", forward_chunks(20));
    int last = forward_images(&f, kernel_set(1), params, &made.dataset, NULL, 20, 1);
    check(last == 4, "%d images in the second chunk", last);
    check_same("p", f.p, wanted.p, 4 * CLASSES);
    check_same("loss", f.loss, wanted.loss, 4);
    for (int i = 0; i < 20; i++)
        backwards[i] = 19 - i;
    int first = forward_images(&f, kernel_set(1), params, &made.dataset, backwards, 20, 0);
    check(first == FORWARD_CHUNK, "%d images in the first chunk", first);
    for (int i = 0; i < 4; i++)
        check_same("p by index", f.p + i * CLASSES, wanted.p + (3 - i) * CLASSES, CLASSES);
    batch_destroy(&batch);
    free(params);
    made_free(&made);
}
