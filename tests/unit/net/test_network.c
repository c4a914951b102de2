#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mnist/base/team.h"
#include "mnist/data/batch.h"
#include "mnist/net/kernels.h"
#include "mnist/net/metrics.h"
#include "mnist/net/network.h"
#include "mnist/net/params.h"

#include "../networks.h"
#include "../test.h"

/* --- NaN passes through --- */

/* A network whose weight at (pixel, unit) broke must say so in the loss of each image that has this
 * pixel, and not hide it behind a ReLU. */
static void nan_network_case(const struct made *made, float *params, const struct kernels *kernels,
                             int pixel, int unit)
{
    struct rig rig;
    struct batch batch;
    struct network_step step = {.lr = 1e-3f};
    float *broken = params + FC1_WEIGHT + pixel * HIDDEN1 + unit, kept = *broken, predicted[20];
    *broken = NAN;
    rig_new(&rig, 1, 20, kernels);
    batch_of(&batch, made, 0, 20);
    network_set_params(&rig.network, params);
    network_predict(&rig.network, &made->dataset, NULL, 20, NULL, predicted);
    network_train(&rig.network, &batch, &step);
    for (int s = 0; s < 20; s++) {
        bool finite = !made->pixels[s * INPUTS + pixel];
        float trained = rig.network.loss[s];
        check(isfinite(trained) == finite && isfinite(predicted[s]) == finite,
              "sample %d, unit %d: loss %g when trained, %g when predicted", s, unit,
              (double)trained, (double)predicted[s]);
    }
    *broken = kept;
    batch_destroy(&batch);
    rig_free(&rig);
}

TEST(nan_network, "network: NaN shows in the loss")
{
    struct made made;
    float *params = make(PARAM_COUNT, sizeof *params);
    int pixel = 0;
    made_images(&made, 20, SPARSE, 110);
    params_of(params, 110);
    while (!made.pixels[5 * INPUTS + pixel])
        pixel++;
    for (int set = 0; set < SETS; set++)
        for (int unit = 0; unit < HIDDEN1; unit += 13)
            nan_network_case(&made, params, kernel_set(set), pixel, unit);
    free(params);
    made_free(&made);
}

/* --- the network: setting, predicting, training --- */

/* What new parameters find must be as in a new network. */
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
    struct network_step step = {.lr = 1e-2f};
    float *once = NULL;
    for (int round = 0; round < 2; round++) {
        network_set_params(&rig.network, params);
        network_get_params(&rig.network, back);
        check_same("set and got", params, back, PARAM_COUNT);
        check_transposes(&rig.network);
        for (int i = 0; i < 3; i++)
            network_train(&rig.network, &batch, &step);
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

enum { PREDICT_COUNT = 100 };

/* p and losses of all PREDICT_COUNT images out of training steps that do not move (lr = 0). */
static void forward_by_training(float *p, float *loss, const struct made *made, const float *params,
                                const struct kernels *kernels)
{
    struct rig rig;
    struct batch batch;
    struct network_step step = {.lr = 0.0f};
    rig_new(&rig, 1, PREDICT_COUNT, kernels);
    network_set_params(&rig.network, params);
    batch_of(&batch, made, 0, PREDICT_COUNT);
    network_train(&rig.network, &batch, &step);
    memcpy(p, rig.network.p, PREDICT_COUNT * CLASSES * sizeof *p);
    memcpy(loss, rig.network.loss, PREDICT_COUNT * sizeof *loss);
    check_same("lr 0", rig.network.params, params, PARAM_COUNT);
    batch_destroy(&batch);
    rig_free(&rig);
}

/* network_predict for `count` images, by number or in reverse, against what training found. */
static void predict_case(const struct rig *rig, const struct made *made, int count, bool reverse,
                         const float *p, const float *loss)
{
    int indices[PREDICT_COUNT];
    struct guarded got_p = guarded_new(count * CLASSES), got_loss = guarded_new(count);
    struct guarded p_alone = guarded_new(count * CLASSES), loss_alone = guarded_new(count);
    const int *order = reverse ? indices : NULL;
    char what[64];
    for (int i = 0; i < count; i++)
        indices[i] = reverse ? PREDICT_COUNT - 1 - i : i;
    snprintf(what, sizeof what, "%d images%s, %d threads", count, reverse ? " by index" : "",
             team_threads(rig->team));
    network_predict(&rig->network, &made->dataset, order, count, got_p.at, got_loss.at);
    network_predict(&rig->network, &made->dataset, order, count, p_alone.at, NULL);
    network_predict(&rig->network, &made->dataset, order, count, NULL, loss_alone.at);
    for (int i = 0; i < count; i++) {
        check_same(what, got_p.at + i * CLASSES, p + indices[i] * CLASSES, CLASSES);
        check_same(what, got_loss.at + i, loss + indices[i], 1);
    }
    check_same(what, p_alone.at, got_p.at, count * CLASSES);
    check_same(what, loss_alone.at, got_loss.at, count);
    check_guards(what, &got_p);
    check_guards(what, &got_loss);
    guarded_free(&got_p);
    guarded_free(&got_loss);
    guarded_free(&p_alone);
    guarded_free(&loss_alone);
}

TEST(predict, "network: predicts what training computes")
{
    static const int counts[] = {1, 15, 16, 17, 100};
    static float p[PREDICT_COUNT * CLASSES], loss[PREDICT_COUNT];
    struct made made;
    float *params = make(PARAM_COUNT, sizeof *params);
    made_images(&made, PREDICT_COUNT, SPARSE, 150);
    params_of(params, 150);
    for (int set = 0; set < SETS; set++)
        for (int i = 0; i < THREAD_COUNTS; i++) {
            struct rig rig;
            forward_by_training(p, loss, &made, params, kernel_set(set));
            rig_new(&rig, thread_counts[i], 0, kernel_set(set));
            network_set_params(&rig.network, params);
            for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
                predict_case(&rig, &made, counts[c], false, p, loss);
                predict_case(&rig, &made, counts[c], true, p, loss);
            }
            check_same("predicting", rig.network.params, params, PARAM_COUNT);
            rig_free(&rig);
        }
    free(params);
    made_free(&made);
}

/* Predicting between two steps of training leaves no trace. */
TEST(predict_is_silent, "network: predicting leaves no trace")
{
    struct made made;
    struct batch batch;
    struct rig rig;
    float *params = make(PARAM_COUNT, sizeof *params), *without = NULL, loss[50];
    struct network_step step = {.lr = 1e-2f, .dropout = 0.2f};
    made_images(&made, 50, SPARSE, 160);
    batch_of(&batch, &made, 0, 20);
    params_of(params, 160);
    rig_new(&rig, 2, 20, kernel_set(0));
    for (int round = 0; round < 2; round++) {
        network_set_params(&rig.network, params);
        for (int i = 0; i < 3; i++) {
            network_train(&rig.network, &batch, &step);
            if (round == 1)
                network_predict(&rig.network, &made.dataset, NULL, 50, NULL, loss);
        }
        if (without)
            check_same("with predictions", rig.network.params, without, PARAM_COUNT);
        else
            without = copy_of(rig.network.params, PARAM_COUNT);
    }
    free(without);
    free(params);
    rig_free(&rig);
    batch_destroy(&batch);
    made_free(&made);
}

TEST(evaluate, "network: evaluation")
{
    struct made made;
    struct rig rig;
    struct error err = {""};
    struct metrics metrics;
    float p[30 * CLASSES], loss[30], *params = make(PARAM_COUNT, sizeof *params);
    int indices[30], correct = 0;
    double sum = 0.0;
    made_images(&made, 60, SPARSE, 170);
    params_of(params, 170);
    rig_new(&rig, 2, 0, kernel_set(0));
    network_set_params(&rig.network, params);
    for (int i = 0; i < 30; i++)
        indices[i] = 59 - 2 * i;
    network_predict(&rig.network, &made.dataset, indices, 30, p, loss);
    check(!network_evaluate(&rig.network, &made.dataset, indices, 30, &metrics, &err), "%s",
          err.text);
    for (int i = 0; i < 30; i++) {
        int truth = made.labels[indices[i]], said = metrics_argmax(p + i * CLASSES);
        sum += (double)loss[i];
        correct += said == truth;
        check(metrics.confusion[truth][said]-- > 0, "image %d is not in the confusion", i);
    }
    check(metrics.count == 30 && metrics.correct == correct && metrics.loss_sum == sum,
          "%d images, %d correct, loss %.17g; want 30, %d, %.17g", metrics.count, metrics.correct,
          metrics.loss_sum, correct, sum);
    check(!network_evaluate(&rig.network, &made.dataset, NULL, 60, &metrics, &err) &&
              metrics.count == 60,
          "all images: %d", metrics.count);
    free(params);
    rig_free(&rig);
    made_free(&made);
}
