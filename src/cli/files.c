#include "mnist/cli/files.h"

#include <limits.h>
#include <string.h>

#include "mnist/base/path.h"
#include "mnist/data/dataset.h"

static int refuse_same(const struct files_use *a, const struct files_use *b, struct error *err)
{
    if (strncmp(a->name, "--", 2) != 0)
        return error_set(err, "%s %s is %s itself: name another file", b->name, b->path, a->name);
    return error_set(err, "%s and %s are both %s: give each a file of its own", a->name, b->name,
                     a->path);
}

/* The names beside the written file that writing uses: what stands there is taken for a
 * leftover. */
static int check_beside(const struct files_use *written, const struct files_use *read,
                        struct error *err)
{
    static const char *const endings[] = {PATH_TEMPORARY, PATH_LOCK};
    struct path_target target;
    char beside[PATH_MAX];
    if (path_resolve(&target, written->path, err))
        return -1;
    for (size_t i = 0; i < sizeof endings / sizeof endings[0] && !target.stream; i++) {
        if (path_beside(beside, target.path, endings[i], err))
            return -1;
        if (path_same(beside, read->path))
            return error_set(err, "%s %s is what %s %s is written to first: name another file",
                             read->name, read->path, written->name, written->path);
    }
    return 0;
}

static int check_data(const struct files_use *use, const char *folder, struct error *err)
{
    static const enum dataset_split splits[] = {DATASET_TRAIN, DATASET_TEST};
    static const enum dataset_kind kinds[] = {DATASET_IMAGES, DATASET_LABELS};
    char path[PATH_MAX];
    for (int i = 0; i < 4; i++)
        if (dataset_find(path, folder, splits[i / 2], kinds[i % 2]) && path_same(path, use->path))
            return error_set(err, "%s %s is a file of the data: name another file", use->name,
                             use->path);
    return 0;
}

int files_check(const struct files_use *uses, int count, const char *folder, struct error *err)
{
    for (int i = 0; i < count; i++) {
        if (uses[i].path && uses[i].written && check_data(&uses[i], folder, err))
            return -1;
        for (int j = 0; j < count; j++) {
            const struct files_use *a = &uses[i], *b = &uses[j];
            if (i == j || !a->path || !b->path)
                continue;
            if (i < j && (a->written || b->written) && path_same(a->path, b->path))
                return refuse_same(a, b, err);
            if (a->written && !b->written && check_beside(a, b, err))
                return -1;
        }
    }
    return 0;
}

int files_judge(const struct earlier *earlier, const char *option, const char *path,
                struct error *err)
{
    const char *missed = earlier_missed(earlier);
    return missed ? error_set(err, "%s %s is %s: name another file", option, path, missed) : 0;
}

int files_judge_report(const char *path, struct error *err)
{
    struct earlier earlier;
    return earlier_look(&earlier, path, err) || files_judge(&earlier, "--report", path, err) ? -1
                                                                                             : 0;
}
