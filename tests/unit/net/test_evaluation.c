#include <string.h>

#include "mnist/net/evaluation.h"
#include "mnist/net/metrics.h"
#include "mnist/net/network.h"
#include "mnist/net/params.h"

#include "../networks.h"
#include "../test.h"

/* Mistakes first, the surest in front; then the right ones in order; nobody twice. */
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
    float p[SCENE_IMAGES * CLASSES];
    check(!evaluation_run(&e, &s->network, &s->dataset, &err), "%s", err.text);
    check(!network_evaluate(&s->network, &s->dataset, NULL, SCENE_IMAGES, &metrics, &err), "%s",
          err.text);
    network_predict(&s->network, &s->dataset, NULL, SCENE_IMAGES, p, NULL);
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
