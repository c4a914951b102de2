#include <string.h>
#include <unistd.h>

#include "mnist/base/memory.h"
#include "mnist/store/checkpoint.h"
#include "mnist/store/earlier.h"
#include "mnist/store/model.h"

#include "../test.h"

static struct train_options options_of(int epochs, int patience)
{
    struct train_options options = train_options_usual();
    options.epochs = epochs;
    options.patience = patience;
    options.val = 10;
    return options;
}

/* Saves the checkpoint of a run after `epochs_run` epochs, the best of which was `best`. */
static bool save_run(const char *path, struct train_options options, int epochs_run, int best)
{
    struct error err = {""};
    struct train_epoch history[4];
    float *zeros = mem_calloc(PARAM_COUNT, sizeof *zeros, &err);
    struct run_data data = {.train = {.count = 100}, .tells_test = true};
    for (int e = 0; e < epochs_run; e++)
        history[e] = (struct train_epoch){.epoch = e + 1,
                                          .lr = 0.1f,
                                          .seconds = 1,
                                          .images_per_s = 1,
                                          .val_acc = 0.5,
                                          .best = e < best};
    struct train_state state = {.epochs_run = epochs_run,
                                .history = history,
                                .best = history[best - 1],
                                .params = zeros,
                                .m = zeros,
                                .v = zeros,
                                .best_params = zeros,
                                .average = zeros};
    bool good = zeros && !checkpoint_save(&state, &options, &data, path, &err);
    mem_free(zeros);
    return check(good, "%s", err.text);
}

TEST(earlier_checkpoint, "earlier: a checkpoint, and whether its run has ended")
{
    static const struct {
        const char *what;
        int epochs, patience, run, best;
        bool goes_on;
    } rows[] = {
        {"epochs left", 4, 0, 3, 1, true},           {"all run", 3, 0, 3, 1, false},
        {"out of patience", 4, 2, 3, 1, false},      {"patience left", 4, 3, 3, 1, true},
        {"the last was the best", 4, 1, 3, 3, true},
    };
    const char *path = test_path("earlier");
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct earlier earlier;
        struct error err = {""};
        test_case("%s", rows[i].what);
        if (!save_run(path, options_of(rows[i].epochs, rows[i].patience), rows[i].run,
                      rows[i].best))
            return;
        check(!earlier_look(&earlier, path, &err), "%s", err.text);
        check_int(earlier.kind, EARLIER_CHECKPOINT);
        check_int(earlier_goes_on(&earlier), rows[i].goes_on);
        check_int(earlier.epochs_run, rows[i].run);
        check_int(earlier.options.epochs, rows[i].epochs);
    }
}

TEST(earlier_model, "earlier: a model and what it tells")
{
    struct model model = {.options = options_of(7, 0),
                          .best = {.epoch = 5, .val_acc = 0.75, .val_loss = 0.125}};
    struct earlier earlier;
    struct error err = {""};
    const char *path = test_path("earlier");
    model.params = mem_calloc(PARAM_COUNT, sizeof(float), &err);
    if (!check(model.params && !model_save(&model, path, &err), "%s", err.text))
        return;
    model_free(&model);
    check(!earlier_look(&earlier, path, &err), "%s", err.text);
    check_int(earlier.kind, EARLIER_MODEL);
    check(earlier.described && !earlier_goes_on(&earlier), "not described");
    check_int(earlier.options.epochs, 7);
    check_int(earlier.best.epoch, 5);
    check_double(earlier.best.val_acc, 0.75);
    check_double(earlier.best.val_loss, 0.125);
}

TEST(earlier_other, "earlier: nothing, and something else")
{
    struct earlier earlier;
    struct error err = {""};
    const char *path = test_path("earlier-other");
    static const struct {
        const char *content;
        enum earlier_kind kind;
    } others[] = {{"x", EARLIER_OTHER},
                  {"{\"event\":\"start\"}\n", EARLIER_LOG},
                  {"{\"event\":\"stop\"}\n", EARLIER_OTHER},
                  {"<!DOCTYPE html>", EARLIER_OTHER}};
    check(!earlier_look(&earlier, path, &err), "%s", err.text);
    check_int(earlier.kind, EARLIER_NOTHING);
    test_write(path, "", 0);
    check(!earlier_look(&earlier, path, &err), "%s", err.text);
    check_int(earlier.kind, EARLIER_NOTHING);
    check(!earlier_look(&earlier, "/dev/null", &err), "%s", err.text);
    check_int(earlier.kind, EARLIER_NOTHING);
    for (size_t i = 0; i < COUNT(others); i++) {
        test_write(path, others[i].content, strlen(others[i].content));
        check(!earlier_look(&earlier, path, &err), "%s", err.text);
        check_int(earlier.kind, others[i].kind);
    }
    check_refused(earlier_look(&earlier, test_path("earlier-other/x"), &err), &err, "cannot write",
                  "a file as a folder");
}
