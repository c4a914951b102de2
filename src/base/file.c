#include "mnist/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mnist/base/memory.h"

extern char **environ;

/* --- reading --- */

static int grow(struct file *file, size_t *capacity, size_t wanted, struct error *err)
{
    uint8_t *bigger = mem_alloc(wanted, 1, err);
    if (!bigger)
        return -1;
    if (file->size)
        memcpy(bigger, file->bytes, file->size);
    mem_free(file->bytes);
    file->bytes = bigger;
    *capacity = wanted;
    return 0;
}

/* Reads fd to its end. `expected` is a first guess of the size; one byte more is asked for, so that
 * a right guess meets the end of the file without growing. */
static int read_all(struct file *file, int fd, const char *path, size_t expected, size_t limit,
                    struct error *err)
{
    size_t capacity = 0;
    *file = (struct file){0};
    if (grow(file, &capacity, expected + 1, err))
        return -1;
    for (;;) {
        if (file->size == capacity) {
            size_t doubled = capacity < 65536 ? 131072 : capacity * 2;
            if (grow(file, &capacity, doubled < limit ? doubled : limit + 1, err))
                break;
        }
        ssize_t got = read(fd, file->bytes + file->size, capacity - file->size);
        if (got == 0)
            return 0;
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            error_set(err, "%s: cannot read: %s", path, strerror(errno));
            break;
        }
        file->size += (size_t)got;
        if (file->size > limit) {
            error_set(err, "%s: more than the %zu bytes such a file may have", path, limit);
            break;
        }
    }
    file_free(file);
    return -1;
}

static int open_to_read(const char *path, struct stat *info, struct error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_set(err, "%s: cannot open: %s", path, strerror(errno));
    if (fstat(fd, info)) {
        error_set(err, "%s: cannot stat: %s", path, strerror(errno));
    } else if (S_ISDIR(info->st_mode)) {
        error_set(err, "%s: is a folder, not a file", path);
    } else {
        return fd;
    }
    close(fd);
    return -1;
}

int file_read(struct file *file, const char *path, size_t limit, struct error *err)
{
    struct stat info = {0};
    int fd = open_to_read(path, &info, err);
    if (fd < 0)
        return -1;
    int failed;
    if (S_ISREG(info.st_mode) && (uintmax_t)info.st_size > limit)
        failed = error_set(err, "%s: %jd bytes, more than the %zu such a file may have", path,
                           (intmax_t)info.st_size, limit);
    else
        failed =
            read_all(file, fd, path, S_ISREG(info.st_mode) ? (size_t)info.st_size : 0, limit, err);
    close(fd);
    return failed;
}

/* gzip -dc from `in` to `out`, its complaints to nowhere. An error number, or 0. */
static int spawn_gzip(int in, int out, pid_t *child)
{
    char name[] = "gzip", option[] = "-dc";
    char *argv[] = {name, option, NULL};
    posix_spawn_file_actions_t actions;
    int code = posix_spawn_file_actions_init(&actions);
    if (code)
        return code;
    code = posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    if (!code)
        code = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    if (!code)
        code = posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    if (!code)
        code = posix_spawn_file_actions_addclose(&actions, out);
    if (!code)
        code = posix_spawnp(child, name, &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    return code;
}

/* Starts `gzip -dc` with `in` as its input; *out is where its output can be read. */
static int start_gzip(int in, int *out, pid_t *child, struct error *err)
{
    int ends[2];
    if (pipe(ends))
        return error_set(err, "cannot make a pipe: %s", strerror(errno));
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    int code = spawn_gzip(in, ends[1], child);
    close(ends[1]);
    if (code) {
        close(ends[0]);
        return error_set(err, "cannot start gzip (%s): install it, or unpack the file",
                         strerror(code));
    }
    *out = ends[0];
    return 0;
}

/* 0 when the child ended well. gzip says 2 for trailing rubbish: then the file is not what it
 * claims either. */
static int wait_for(pid_t child)
{
    int status;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

/* Unpacks what can be read from fd. */
static int read_gzip(struct file *file, int fd, const char *name, size_t limit, struct error *err)
{
    int out = -1;
    pid_t child = -1;
    /* Where SIGCHLD is ignored, as some parents leave it, nobody could learn how gzip ended. */
    struct sigaction usual = {.sa_handler = SIG_DFL}, before;
    sigaction(SIGCHLD, &usual, &before);
    int failed = start_gzip(fd, &out, &child, err);
    if (!failed) {
        failed = read_all(file, out, name, 0, limit, err);
        close(out);
        if (wait_for(child) && !failed) {
            file_free(file);
            failed = error_set(err, "%s: a gzip file that is cut short or damaged: fetch it again",
                               name);
        }
    }
    sigaction(SIGCHLD, &before, NULL);
    return failed ? -1 : 0;
}

int file_read_gzip(struct file *file, const char *path, size_t limit, struct error *err)
{
    struct stat info = {0};
    int fd = open_to_read(path, &info, err);
    if (fd < 0)
        return -1;
    int failed = read_gzip(file, fd, path, limit, err);
    close(fd);
    return failed;
}

int file_read_stdin(struct file *file, size_t limit, struct error *err)
{
    return read_all(file, STDIN_FILENO, "-", 0, limit, err);
}

bool file_is_gzip(const struct file *file)
{
    return file->size >= 2 && file->bytes[0] == 0x1f && file->bytes[1] == 0x8b;
}

int file_unpack(struct file *file, const char *name, size_t limit, struct error *err)
{
    struct file packed = *file;
    *file = (struct file){0};
    FILE *temporary = tmpfile();
    int failed = !temporary || fwrite(packed.bytes, 1, packed.size, temporary) != packed.size ||
                 fflush(temporary) || lseek(fileno(temporary), 0, SEEK_SET);
    if (failed)
        error_set(err, "%s: cannot write a temporary file to unpack it: %s", name, strerror(errno));
    else
        failed = read_gzip(file, fileno(temporary), name, limit, err);
    if (temporary)
        fclose(temporary);
    file_free(&packed);
    return failed ? -1 : 0;
}

void file_free(struct file *file)
{
    mem_free(file->bytes);
    *file = (struct file){0};
}

/* A dot of the magic fits any byte. */
static bool fits(const uint8_t *bytes, const char *magic, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (magic[i] != '.' && bytes[i] != (uint8_t)magic[i])
            return false;
    return true;
}

const char *file_looks_like(const uint8_t *bytes, size_t size)
{
    static const struct {
        const char *magic;
        size_t size;
        const char *kind;
    } kinds[] = {
        {"\x1f\x8b", 2, "a gzip file"},
        {"PK\3\4", 4, "a zip archive"},
        {"PK\5\6", 4, "a zip archive"},
        {"\x80\2", 2, "a Python pickle"},
        {"\x89PNG", 4, "a PNG image"},
        {"\xff\xd8\xff", 3, "a JPEG image"},
        {"GIF8", 4, "a GIF image"},
        {"II*\0", 4, "a TIFF image"},
        {"MM\0*", 4, "a TIFF image"},
        {"RIFF....WEBP", 12, "a WebP image"},
        {"BM....\0\0\0\0", 10, "a BMP image"},
        {"....ftyphei", 11, "a HEIC image"},
        {"....ftypmif1", 12, "a HEIF image"},
        {"....ftypavif", 12, "an AVIF image"},
        {"\x93NUMPY", 6, "a NumPy array"},
        {"\x89HDF", 4, "an HDF5 file"},
        {"BZh", 3, "a bzip2 file"},
        {"\xfd"
         "7zXZ",
         5, "an xz file"},
        {"\x7f"
         "ELF",
         4, "a program"},
        {"version https://git-lfs", 23, "a Git LFS pointer"},
        {"\0\0\x08\x01", 4, "an IDX file of labels"},
        {"\0\0\x08\x03", 4, "an IDX file of images"},
    };
    if (size == 0)
        return "an empty file";
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (size >= kinds[i].size && fits(bytes, kinds[i].magic, kinds[i].size))
            return kinds[i].kind;
    if (size >= 9 && bytes[8] == '{' && !memcmp(bytes + 3, "\0\0\0\0\0", 5))
        return "a safetensors file";
    size_t start = 0;
    while (start < size && strchr(" \t\r\n", bytes[start]) && bytes[start])
        start++;
    if (start < size && bytes[start] == '<')
        return "an HTML or XML page";
    return NULL;
}

/* --- writing --- */

/* The folder a path is in: "." where it names none. */
static void folder_of(const char *path, char folder[PATH_MAX])
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        snprintf(folder, PATH_MAX, ".");
    else
        snprintf(folder, PATH_MAX, "%.*s", slash == path ? 1 : (int)(slash - path), path);
}

static int write_all(int fd, const uint8_t *bytes, size_t size)
{
    while (size) {
        ssize_t written = write(fd, bytes, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return -1;
        bytes += written;
        size -= (size_t)written;
    }
    return 0;
}

/* Opens and locks the temporary file. It has a fixed name, so that a killed run leaves one behind
 * at the most and the next run uses it up; the lock keeps two runs from writing it at once. Whoever
 * gets the lock of a file that was renamed meanwhile holds somebody's finished file, and tries
 * again. */
static int open_temporary(const char *temporary, struct error *err)
{
    for (int attempt = 0; attempt < 100; attempt++) {
        int fd = open(temporary, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
        if (fd < 0)
            return error_set(err, "%s: cannot write: %s", temporary, strerror(errno));
        struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        struct stat ours, named;
        /* A file system without locks (ENOLCK, ENOSYS) is no reason to lose a model. */
        if (fcntl(fd, F_SETLK, &lock) && (errno == EACCES || errno == EAGAIN)) {
            error_set(err, "%s: another run is writing it: give one of them another file",
                      temporary);
            close(fd);
            return -1;
        }
        if (!fstat(fd, &ours) && !stat(temporary, &named) && ours.st_ino == named.st_ino &&
            ours.st_dev == named.st_dev)
            return fd;
        close(fd);
    }
    return error_set(err, "%s: somebody keeps replacing it", temporary);
}

/* Makes the rename last. A folder that may be written but not read cannot be opened for it, and
 * some file systems say EINVAL: there the rename is all there is. */
static int sync_folder(const char *path, struct error *err)
{
    char folder[PATH_MAX];
    folder_of(path, folder);
    int fd = open(folder, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == EACCES ? 0
                               : error_set(err, "%s: written, but its folder cannot be synced: %s",
                                           path, strerror(errno));
    int failed = fsync(fd) && errno != EINVAL;
    if (failed)
        error_set(err, "%s: written, but its folder cannot be synced: %s", path, strerror(errno));
    close(fd);
    return failed ? -1 : 0;
}

/* The file that is written before it takes the name `path`. */
static int temporary_of(const char *path, char temporary[PATH_MAX], struct error *err)
{
    if (snprintf(temporary, PATH_MAX, "%s.tmp", path) >= PATH_MAX)
        return error_set(err, "%s: the path is too long", path);
    return 0;
}

static int write_atomically(const char *path, const void *bytes, size_t size, struct error *err)
{
    char temporary[PATH_MAX];
    if (temporary_of(path, temporary, err))
        return -1;
    int fd = open_temporary(temporary, err);
    if (fd < 0)
        return -1;
    int failed = ftruncate(fd, 0) || write_all(fd, bytes, size) || fsync(fd);
    failed = failed || rename(temporary, path);
    if (failed) {
        error_set(err, "%s: cannot write %zu bytes: %s", path, size, strerror(errno));
        unlink(temporary);
    }
    if (close(fd) && !failed)
        failed = error_set(err, "%s: cannot close: %s", path, strerror(errno));
    return failed ? -1 : sync_folder(path, err);
}

static int write_directly(const char *path, const void *bytes, size_t size, struct error *err)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    int failed = fd < 0 || write_all(fd, bytes, size);
    if (failed)
        error_set(err, "%s: cannot write: %s", path, strerror(errno));
    if (fd >= 0 && close(fd) && !failed)
        failed = error_set(err, "%s: cannot close: %s", path, strerror(errno));
    return failed ? -1 : 0;
}

/* The file that writing to `path` replaces: where a symbolic link leads, otherwise the path itself;
 * never a folder. *direct is set for what cannot be replaced, a device or a pipe: /dev/stdout leads
 * to one that has no path. */
static int resolve(const char *path, char target[PATH_MAX], bool *direct, struct error *err)
{
    struct stat info;
    if (*path == '\0')
        return error_set(err, "an empty path: name a file");
    bool exists = !stat(path, &info);
    if (exists && S_ISDIR(info.st_mode))
        return error_set(err, "%s: is a folder: name a file in it", path);
    *direct = exists && !S_ISREG(info.st_mode);
    if (!*direct && !lstat(path, &info) && S_ISLNK(info.st_mode)) {
        if (!realpath(path, target))
            return error_set(err, "%s: a symbolic link that leads nowhere: %s", path,
                             strerror(errno));
    } else if (snprintf(target, PATH_MAX, "%s", path) >= PATH_MAX) {
        return error_set(err, "%s: the path is too long", path);
    }
    return 0;
}

int file_write(const char *path, const void *bytes, size_t size, struct error *err)
{
    char target[PATH_MAX];
    bool direct = false;
    if (resolve(path, target, &direct, err))
        return -1;
    return direct ? write_directly(target, bytes, size, err)
                  : write_atomically(target, bytes, size, err);
}

int file_check_writable(const char *path, struct error *err)
{
    char target[PATH_MAX], temporary[PATH_MAX], folder[PATH_MAX];
    bool direct = false;
    if (resolve(path, target, &direct, err))
        return -1;
    if (direct)
        return access(target, W_OK) ? error_set(err, "%s: cannot write: %s", path, strerror(errno))
                                    : 0;
    if (temporary_of(target, temporary, err))
        return -1;
    /* A name that is too long shows here; that there is no such file yet is as it should be. */
    if (access(temporary, F_OK) && errno != ENOENT && errno != EACCES)
        return error_set(err, "%s: cannot write: %s", path, strerror(errno));
    folder_of(target, folder);
    if (access(folder, W_OK | X_OK))
        return error_set(err, "%s: cannot write in folder %s: %s", path, folder, strerror(errno));
    return 0;
}

/* The folder's real path and the name in it; false where there is no such folder. */
static bool real_name(const char *path, char real[PATH_MAX])
{
    char folder[PATH_MAX], real_folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    if (realpath(path, real))
        return true;
    folder_of(path, folder);
    return realpath(folder, real_folder) &&
           snprintf(real, PATH_MAX, "%s/%s", real_folder, slash ? slash + 1 : path) < PATH_MAX;
}

bool file_same(const char *a, const char *b)
{
    char real_a[PATH_MAX], real_b[PATH_MAX];
    struct stat info_a, info_b;
    bool there_a = !stat(a, &info_a), there_b = !stat(b, &info_b);
    if ((there_a && !S_ISREG(info_a.st_mode)) || (there_b && !S_ISREG(info_b.st_mode)))
        return false;
    if (there_a && there_b)
        return info_a.st_dev == info_b.st_dev && info_a.st_ino == info_b.st_ino;
    return real_name(a, real_a) && real_name(b, real_b) && !strcmp(real_a, real_b);
}
