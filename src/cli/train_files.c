#include "mnist/cli/train_files.h"

#include <string.h>
#include <unistd.h>

#include "mnist/base/file_write.h"
#include "mnist/base/path.h"
#include "mnist/cli/command.h"
#include "mnist/cli/files.h"
#include "mnist/net/params.h"

static const struct {
    const char *flag, *help, *none;
    bool written, replaced;
} file_options[TRAIN_FILES] = {
    [FILE_OUT] = {"--out", "model file to write", NULL, true, true},
    [FILE_CHECKPOINT] = {"--checkpoint", "write what --resume needs after each epoch", "none", true,
                         true},
    [FILE_RESUME] = {"--resume", "go on from a checkpoint, and keep it up to date", "none", false,
                     false},
    [FILE_LOG] = {"--log", "append JSON Lines to this file", "none", true, false},
    [FILE_REPORT] = {"--report", "write a report with curves and pictures, one HTML file", "none",
                     true, true},
};

void train_files_add(struct usage *usage, const char **files)
{
    for (int i = 0; i < TRAIN_FILES; i++) {
        struct option_spec spec = {.unit = "FILE", .kind = OPTION_STRING, .value = &files[i]};
        snprintf(spec.name, sizeof spec.name, "%s", file_options[i].flag + 2);
        spec.letter = i == FILE_OUT ? 'o' : 0;
        spec.group = GROUP_FILES;
        spec.help = file_options[i].help;
        spec.special_default = file_options[i].none;
        options_add(usage, &spec, 1);
    }
}

/* --- before anything is read --- */

/* A checkpoint may replace the one that the run resumes, and no other file another one. */
static int check_names(const struct train_request *request, struct error *err)
{
    const char *const *files = request->files;
    struct files_use uses[TRAIN_FILES];
    for (int i = 0; i < TRAIN_FILES; i++)
        uses[i] = (struct files_use){file_options[i].flag, files[i], file_options[i].written};
    if (files[FILE_CHECKPOINT] && files[FILE_RESUME] &&
        path_same(files[FILE_CHECKPOINT], files[FILE_RESUME])) {
        uses[FILE_RESUME].path = NULL;
        uses[FILE_CHECKPOINT].name = file_options[FILE_RESUME].flag; /* which was typed */
    }
    return files_check(uses, TRAIN_FILES, request->common.data, err);
}

/* Without --checkpoint a run keeps up what it resumes. A pipe cannot be kept up. A file can, by the
 * name that it has: a link such as /dev/stdin leads to it only until it is replaced. */
static void keep_up(struct train_files *files, struct train_request *request)
{
    const char **paths = request->files;
    struct path_target target;
    struct error ignored = {""};
    files->resumable = paths[FILE_RESUME];
    if (files->resumable && !path_resolve(&target, files->resumable, &ignored)) {
        snprintf(files->resumed, sizeof files->resumed, "%s", target.path);
        files->resumable = target.stream ? NULL : files->resumed;
    }
    if (!paths[FILE_CHECKPOINT])
        paths[FILE_CHECKPOINT] = files->resumable;
}

/* A file that others write to as well would be neither a model nor a checkpoint. */
static int check_stream(const char *path, enum train_file file, struct error *err)
{
    struct path_target target;
    if (path_resolve(&target, path, err))
        return -1;
    if (target.descriptor < 0 || (file != FILE_OUT && file != FILE_CHECKPOINT))
        return 0;
    return error_set(err, "%s %s is where this program's %s goes, too: name another file",
                     file_options[file].flag, path,
                     target.descriptor == STDOUT_FILENO ? "stdout" : "stderr");
}

int train_files_take(struct train_files *files, struct train_request *request, struct error *err)
{
    const size_t weights = PARAM_COUNT * sizeof(float); /* the rest can do without room */
    const char *const *paths = request->files;
    keep_up(files, request);
    if (check_names(request, err) || claim_take(&files->out_claim, paths[FILE_OUT], err) ||
        (paths[FILE_CHECKPOINT] &&
         claim_take(&files->checkpoint_claim, paths[FILE_CHECKPOINT], err)))
        return -1;
    for (int i = 0; i < TRAIN_FILES; i++)
        if (paths[i] && file_options[i].replaced &&
            (check_stream(paths[i], (enum train_file)i, err) ||
             file_write_check(paths[i], i == FILE_OUT ? weights : 0, err)))
            return -1;
    return 0;
}

/* --- what will be replaced --- */

/* Whether the resumed run has been there, so that nothing is lost. */
static bool has_been_there(const struct checkpoint *resumed, const struct earlier *earlier)
{
    const struct dataset_sums *here = &resumed->data.train, *there = &earlier->train_data;
    bool same = earlier->described && earlier->epochs_run <= resumed->state.epochs_run &&
                here->images_crc32 == there->images_crc32 &&
                here->labels_crc32 == there->labels_crc32;
    for (int i = 0; i < TRAIN_OPTIONS && same; i++)
        same = !strcmp(train_options_text(&earlier->options, i).text,
                       train_options_text(&resumed->options, i).text);
    return same;
}

static int refuse_unfinished(const struct earlier *earlier, const char *path, struct error *err)
{
    if (!earlier->described)
        return error_set(err,
                         "%s: holds a run of another version of mnist: name another file with "
                         "--checkpoint, or remove it",
                         path);
    error_set(err,
              "%s: holds a run that has got to epoch %d of %d: name another file with "
              "--checkpoint, remove it, or go on",
              path, earlier->epochs_run, earlier->options.epochs);
    return command_advise_line(err, "", command_write_resume, path);
}

int train_files_judge(struct train_files *files, const struct train_request *request,
                      const struct checkpoint *resumed, struct error *err)
{
    const char *const *paths = request->files, *checkpoint = paths[FILE_CHECKPOINT];
    struct earlier *out = &files->out, *left = &files->checkpoint;
    if (earlier_look(out, paths[FILE_OUT], err) ||
        (out->kind != EARLIER_MODEL && files_judge(out, "--out", paths[FILE_OUT], err)) ||
        (paths[FILE_REPORT] && files_judge_report(paths[FILE_REPORT], err)))
        return -1;
    if (!checkpoint || (paths[FILE_RESUME] && path_same(checkpoint, paths[FILE_RESUME])))
        return 0;
    if (earlier_look(left, checkpoint, err))
        return -1;
    if (!earlier_goes_on(left))
        return files_judge(left, "--checkpoint", checkpoint, err);
    return resumed && has_been_there(resumed, left) ? 0 : refuse_unfinished(left, checkpoint, err);
}

void train_files_release(struct train_files *files)
{
    claim_release(&files->out_claim);
    claim_release(&files->checkpoint_claim);
}
