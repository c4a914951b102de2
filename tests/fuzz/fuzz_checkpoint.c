/* A checkpoint is refused with a message, or a run can go on from it: options within their
 * limits, all blocks there and finite, an epoch count that fits. */
#include <math.h>

#include "fuzz.h"
#include "mnist/data/batch.h"
#include "mnist/net/params.h"
#include "mnist/store/checkpoint.h"

static void check_block(const float *block)
{
    for (int i = 0; i < PARAM_COUNT; i++)
        require(isfinite(block[i]), "a number that is not finite");
}

static void try_bytes(const uint8_t *bytes, size_t size)
{
    struct checkpoint c;
    struct error err = {""};
    if (checkpoint_parse(&c, bytes, size, "file", &err)) {
        require(err.text[0] != '\0' && !c.state.params,
                "refused without a word, or with memory left");
        return;
    }
    require(c.options.batch >= 1 && c.options.batch <= BATCH_MAX, "a batch that cannot be");
    require(c.options.epochs >= c.state.epochs_run && c.state.epochs_run >= 1,
            "epochs that cannot be");
    require(c.state.best.epoch >= 1 && c.state.best.epoch <= c.state.epochs_run,
            "a best epoch that cannot be");
    check_block(c.state.params);
    check_block(c.state.m);
    check_block(c.state.v);
    check_block(c.state.best_params);
    for (int i = 0; i < PARAM_COUNT; i++)
        require(c.state.v[i] >= 0, "a mean of squares below 0");
    require((c.state.average != NULL) == (c.options.ema > 0),
            "an average, or none, against the options");
    for (int e = 0; e < c.state.epochs_run; e++) {
        const struct train_epoch *epoch = &c.state.history[e];
        const double shares[] = {epoch->train_acc, epoch->val_acc},
                     losses[] = {epoch->train_loss, epoch->val_loss};
        const double others[] = {epoch->seconds, epoch->val_seconds, epoch->images_per_s,
                                 (double)epoch->lr};
        for (int i = 0; i < 2; i++) {
            require(shares[i] >= 0 && shares[i] <= 1, "a share that cannot be");
            require(losses[i] >= 0 && losses[i] <= 3.5e38, "a loss that cannot be");
        }
        for (int i = 0; i < 4; i++)
            require(others[i] >= 0 && others[i] <= 1e15, "a figure that cannot be");
        require(epoch->seconds > 0, "a time that cannot be");
    }
    checkpoint_free(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    return as_is_and_put_right(bytes, size, try_bytes);
}
