#include "mnist/store/earlier.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "mnist/base/memory.h"
#include "mnist/base/path.h"
#include "mnist/store/checkpoint.h"
#include "mnist/store/model.h"
#include "mnist/store/run_log.h"

static void take_model(struct earlier *earlier, const struct model *model)
{
    earlier->kind = EARLIER_MODEL;
    earlier->described = model->described;
    earlier->options = model->options;
    earlier->best = model->best;
}

static void take_checkpoint(struct earlier *earlier, const struct checkpoint *checkpoint)
{
    earlier->described = true;
    earlier->options = checkpoint->options;
    earlier->best = checkpoint->state.best;
    earlier->epochs_run = checkpoint->state.epochs_run;
    earlier->train_data = checkpoint->data.train;
}

/* What cannot be opened is not known to be nothing of ours. */
static int take_head(struct earlier *earlier, const char *path, struct error *err)
{
    char head[RUN_LOG_HEAD];
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return error_set(err, "%s: cannot be looked at before it is replaced: %s", path,
                         strerror(errno));
    bool log = read(fd, head, sizeof head) == sizeof head && run_log_is(head, sizeof head);
    earlier->kind = log ? EARLIER_LOG : EARLIER_OTHER;
    close(fd);
    return 0;
}

int earlier_look(struct earlier *earlier, const char *path, struct error *err)
{
    struct path_target target;
    struct model model;
    struct checkpoint checkpoint;
    *earlier = (struct earlier){.kind = EARLIER_NOTHING};
    if (path_resolve(&target, path, err))
        return -1;
    if (!target.exists || target.stream || target.info.st_size == 0)
        return 0;
    if (take_head(earlier, path, err))
        return -1;
    if (earlier->kind == EARLIER_LOG)
        return 0;
    if (!model_load(&model, path, err)) {
        take_model(earlier, &model);
        model_free(&model);
        return 0;
    }
    if (!model.is_checkpoint)
        return mem_was_short(err) ? -1 : 0;
    earlier->kind = EARLIER_CHECKPOINT;
    if (checkpoint_load(&checkpoint, path, err))
        return mem_was_short(err) ? -1 : 0;
    take_checkpoint(earlier, &checkpoint);
    checkpoint_free(&checkpoint);
    return 0;
}

bool earlier_goes_on(const struct earlier *earlier)
{
    bool ended = earlier->described &&
                 train_has_ended(&earlier->options, earlier->epochs_run, earlier->best.epoch);
    return earlier->kind == EARLIER_CHECKPOINT && !ended;
}

const char *earlier_missed(const struct earlier *earlier)
{
    if (earlier->kind == EARLIER_MODEL)
        return "a model";
    if (earlier->kind == EARLIER_LOG)
        return "a log";
    return earlier_goes_on(earlier) ? "a checkpoint with epochs left" : NULL;
}
