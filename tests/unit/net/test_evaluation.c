#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mnist/base/team.h"
#include "mnist/data/batch.h"
#include "mnist/net/evaluation.h"
#include "mnist/net/metrics.h"
#include "mnist/net/network.h"
#include "mnist/net/params.h"
#include "mnist/net/step.h"

#include "../networks.h"
#include "../test.h"

/* --- probabilities and figures --- */

enum { PREDICT_COUNT = 100 };

/* p and losses of all PREDICT_COUNT images, from training steps that change nothing (lr = 0). */
static void forward_by_training(float *p, float *loss, const struct made *made, const float *params,
                                const struct kernels *kernels)
{
    struct rig rig;
    struct batch batch;
    struct step step = {.lr = 0.0f};
    rig_new(&rig, 1, PREDICT_COUNT, kernels);
    network_set_params(&rig.network, params);
    batch_of(&batch, made, 0, PREDICT_COUNT);
    step_run(&rig.network, &batch, &step);
    memcpy(p, rig.network.p, PREDICT_COUNT * CLASSES * sizeof *p);
    memcpy(loss, rig.network.loss, PREDICT_COUNT * sizeof *loss);
    check_same("lr 0", rig.network.params, params, PARAM_COUNT);
    batch_destroy(&batch);
    rig_free(&rig);
}

/* evaluation_predict for `count` images, by number or in reverse, against what training found. */
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
    evaluation_predict(&rig->network, &made->dataset, order, count, got_p.at, got_loss.at);
    evaluation_predict(&rig->network, &made->dataset, order, count, p_alone.at, NULL);
    evaluation_predict(&rig->network, &made->dataset, order, count, NULL, loss_alone.at);
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

TEST(predict, "evaluation: predicts what training computes")
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

/* Predicting between two training steps leaves no trace. */
TEST(predict_is_silent, "evaluation: predicting leaves no trace")
{
    struct made made;
    struct batch batch;
    struct rig rig;
    float *params = make(PARAM_COUNT, sizeof *params), *without = NULL, loss[50];
    struct step step = {.lr = 1e-2f, .dropout = 0.2f};
    made_images(&made, 50, SPARSE, 160);
    batch_of(&batch, &made, 0, 20);
    params_of(params, 160);
    rig_new(&rig, 2, 20, kernel_set(0));
    for (int round = 0; round < 2; round++) {
        network_set_params(&rig.network, params);
        for (int i = 0; i < 3; i++) {
            step_run(&rig.network, &batch, &step);
            if (round == 1)
                evaluation_predict(&rig.network, &made.dataset, NULL, 50, NULL, loss);
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

TEST(evaluate, "evaluation: figures of some images")
{
    struct made made;
    struct rig rig;
    struct metrics metrics;
    float all_p[60 * CLASSES], all_loss[60];
    float p[30 * CLASSES], loss[30], *params = make(PARAM_COUNT, sizeof *params);
    int indices[30], correct = 0;
    double sum = 0.0;
    made_images(&made, 60, SPARSE, 170);
    params_of(params, 170);
    rig_new(&rig, 2, 0, kernel_set(0));
    network_set_params(&rig.network, params);
    for (int i = 0; i < 30; i++)
        indices[i] = 59 - 2 * i;
    evaluation_predict(&rig.network, &made.dataset, indices, 30, p, loss);
    evaluation_measure(&rig.network, &made.dataset, indices, 30, p, loss, &metrics);
    for (int i = 0; i < 30; i++) {
        int truth = made.labels[indices[i]], said = metrics_argmax(p + i * CLASSES);
        sum += (double)loss[i];
        correct += said == truth;
        check(metrics.confusion[truth][said]-- > 0, "image %d is not in the confusion", i);
    }
    check(metrics.count == 30 && metrics.correct == correct && metrics.loss_sum == sum,
          "%d images, %d correct, loss %.17g; want 30, %d, %.17g", metrics.count, metrics.correct,
          metrics.loss_sum, correct, sum);
    evaluation_measure(&rig.network, &made.dataset, NULL, 60, all_p, all_loss, &metrics);
    check_int(metrics.count, 60);
    free(params);
    rig_free(&rig);
    made_free(&made);
}

/* --- answers --- */

/* Mistakes come first, most confident first; then the right answers in order; no image twice. */
static void check_order(const struct evaluation *e)
{
    bool seen[SCENE_IMAGES] = {false};
    for (int i = 0; i < SCENE_IMAGES; i++) {
        const struct answer *a = &e->answers[i], *before = i ? a - 1 : a;
        bool wrong = a->truth != a->predicted;
        check(a->index >= 0 && a->index < SCENE_IMAGES && !seen[a->index], "answer %d: image %d", i,
              a->index);
        seen[a->index] = true;
        check(wrong == (i < e->mistakes), "answer %d of %d mistakes", i, e->mistakes);
        if (i > 0 && i != e->mistakes)
            check(wrong ? before->probability >= a->probability : before->index < a->index,
                  "answers %d and %d are out of order", i - 1, i);
    }
}

TEST(evaluation, "evaluation: figures, answers and their order")
{
    struct scene *s = scene_new();
    struct evaluation e;
    struct error err;
    struct metrics metrics;
    float p[SCENE_IMAGES * CLASSES], loss[SCENE_IMAGES];
    if (!check(!evaluation_create(&e, SCENE_IMAGES, &err), "%s", err.text))
        return;
    for (int times = 0; times < 2; times++) /* nothing is left of the first time */
        evaluation_run(&e, &s->network, &s->dataset);
    evaluation_measure(&s->network, &s->dataset, NULL, SCENE_IMAGES, p, loss, &metrics);
    evaluation_predict(&s->network, &s->dataset, NULL, SCENE_IMAGES, p, NULL);
    check_bytes(&e.metrics, &metrics, sizeof metrics);
    check_bytes(e.p, p, sizeof p);
    check_int(e.mistakes, metrics.count - metrics.correct);
    check(e.coverage >= 0.0 && e.coverage <= 1.0, "coverage %g", e.coverage);
    for (int i = 0; i < SCENE_IMAGES; i++) {
        const struct answer *a = &e.answers[i];
        const float *of = p + a->index * CLASSES;
        check(a->truth == s->labels[a->index] && a->predicted == metrics_argmax(of) &&
                  a->probability >= of[a->predicted] && a->probability <= of[a->predicted],
              "answer %d", i);
    }
    check_order(&e);
    evaluation_free(&e);
    check(!e.p && !e.answers, "freed");
    scene_free(s);
}
