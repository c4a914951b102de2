#include "mnist/base/path.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* The descriptor of our stdout or stderr if that is this file, else -1. Devices such as /dev/null
 * are opened by anybody, and are nobody's. */
static int own_descriptor(const struct stat *info)
{
    struct stat own;
    for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++)
        if (!S_ISCHR(info->st_mode) && !fstat(fd, &own) && same_file(info, &own))
            return fd;
    return -1;
}

const char *path_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* A name as path_beside makes it: such files are taken away as leftovers. */
static bool is_reserved(const char *path)
{
    const char *name = path_name(path), *dot = strrchr(name, '.');
    return *name == '.' && dot > name &&
           (!strcmp(dot + 1, PATH_TEMPORARY) || !strcmp(dot + 1, PATH_LOCK));
}

int path_resolve(struct path_target *target, const char *path, struct error *err)
{
    struct stat link;
    *target = (struct path_target){.descriptor = -1};
    if (*path == '\0')
        return error_set(err, "an empty path: name a file");
    target->exists = !stat(path, &target->info);
    /* Only this says that there is nothing: any other failure may hide a file. */
    if (!target->exists && errno != ENOENT)
        return error_set(err, "%s: cannot write: %s", path, strerror(errno));
    if (target->exists && S_ISDIR(target->info.st_mode))
        return error_set(err, "%s: is a folder: name a file in it", path);
    if (target->exists && (S_ISBLK(target->info.st_mode) || S_ISSOCK(target->info.st_mode)))
        return error_set(err, "%s: is a disk or a socket: name a file", path);
    if (target->exists) {
        target->descriptor = own_descriptor(&target->info);
        target->stream = !S_ISREG(target->info.st_mode) || target->descriptor >= 0;
    }
    if (!target->stream && !lstat(path, &link) && S_ISLNK(link.st_mode)) {
        if (!realpath(path, target->path))
            return error_set(err, "%s: a symbolic link that leads nowhere: %s", path,
                             strerror(errno));
    } else if (snprintf(target->path, PATH_MAX, "%s", path) >= PATH_MAX) {
        return error_set(err, "%s: the path is too long", path);
    }
    if (!target->stream && is_reserved(target->path))
        return error_set(err, "%s: such a name is for unfinished files: name another file", path);
    if (!target->stream && target->exists && !(target->info.st_mode & 0222))
        return error_set(err, "%s: is read-only: make it writable, or name another file", path);
    return 0;
}

int path_beside(char beside[PATH_MAX], const char *path, const char *ending, struct error *err)
{
    const char *name = path_name(path);
    int folder = (int)(name - path);
    if (snprintf(beside, PATH_MAX, "%.*s.%s.%s", folder, path, name, ending) >= PATH_MAX)
        return error_set(err, "%s: the path is too long", path);
    return 0;
}

void path_folder(char folder[PATH_MAX], const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        snprintf(folder, PATH_MAX, ".");
    else
        snprintf(folder, PATH_MAX, "%.*s", slash == path ? 1 : (int)(slash - path), path);
}

/* The path of the file itself, which need not exist yet. */
static void follow(const char *path, char followed[PATH_MAX])
{
    if (!realpath(path, followed))
        snprintf(followed, PATH_MAX, "%s", path);
}

bool path_same(const char *a, const char *b)
{
    char real_a[PATH_MAX], real_b[PATH_MAX], folder_a[PATH_MAX], folder_b[PATH_MAX];
    struct stat info_a, info_b;
    bool there_a = !stat(a, &info_a), there_b = !stat(b, &info_b);
    if ((there_a && !S_ISREG(info_a.st_mode)) || (there_b && !S_ISREG(info_b.st_mode)))
        return false;
    if (there_a && there_b && same_file(&info_a, &info_b))
        return true;
    /* What is not there yet, or was replaced between the two looks, has its name in a folder, which
     * may have several names as well. */
    follow(a, real_a);
    follow(b, real_b);
    path_folder(folder_a, real_a);
    path_folder(folder_b, real_b);
    return !strcmp(path_name(real_a), path_name(real_b)) && !stat(folder_a, &info_a) &&
           !stat(folder_b, &info_b) && same_file(&info_a, &info_b);
}

bool path_names(const char *path, int fd)
{
    struct stat named, opened;
    return !lstat(path, &named) && !fstat(fd, &opened) && same_file(&named, &opened);
}
