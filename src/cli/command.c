#include "mnist/cli/command.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mnist/base/file_read.h"
#include "mnist/base/memory.h"
#include "mnist/cli/terminal.h"
#include "mnist/codec/gzip.h"
#include "mnist/data/image.h"

int command_fail(const char *program, const struct error *err)
{
    fprintf(terminal_stderr(), "%s: %s\n", program, err->text);
    return EXIT_FAILED;
}

int command_refuse(const char *program, const char *format, ...)
{
    struct error err = {""};
    va_list args;
    char text[sizeof err.text];
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    error_set(&err, "%s", text);
    command_fail(program, &err);
    return EXIT_USAGE;
}

int command_advise(struct error *err, const char *format, ...)
{
    struct error cause = *err, advice;
    va_list args;
    va_start(args, format);
    vsnprintf(advice.text, sizeof advice.text, format, args);
    va_end(args);
    return error_set(err, "%s: %s", cause.text, advice.text);
}

int command_advise_line(struct error *err, const char *what,
                        void (*write)(FILE *out, const void *context), const void *context)
{
    struct error cause = *err;
    size_t size;
    char *line = mem_print(write, context, &size, "a hint", err);
    if (line)
        error_set(err, "%s: %s%s", cause.text, what, line);
    free(line);
    return -1;
}

void command_write_resume(FILE *out, const void *path)
{
    fputs("mnist-train --resume", out);
    command_write_word(out, path);
}

/* Writes into `path` (PATH_MAX) where the script is that fetches the four files: below the working
 * folder, or near the program, PREFIX/bin/mnist or a checkout's build/release/mnist. False if it is
 * in none of these places, or the system does not tell where the program is. */
static bool find_script(char *path)
{
    /* below the folder with the program, the one that has it, and the next */
    static const char *const below[] = {"", "share/mnist/get-mnist.sh", "scripts/get-mnist.sh"};
    enum { LONGEST = 32 };
    snprintf(path, PATH_MAX, "%s", below[2]);
    if (!access(path, R_OK))
        return true;
    ssize_t length = readlink("/proc/self/exe", path, PATH_MAX - LONGEST);
    path[length < 0 ? 0 : length] = '\0';
    for (size_t up = 0; up < sizeof below / sizeof below[0]; up++) {
        char *slash = strrchr(path, '/');
        if (!slash)
            return false;
        snprintf(slash + 1, LONGEST, "%s", below[up]);
        if (*below[up] && !access(path, R_OK))
            return true;
        *slash = '\0';
    }
    return false;
}

/* Writes how to fetch the four files into the folder, as a command line. */
static void write_fetch(FILE *out, const void *context)
{
    char script[PATH_MAX];
    if (find_script(script)) {
        fputs("sh", out);
        command_write_word(out, script);
        command_write_word(out, context);
        return;
    }
    fputs("(mkdir -p", out);
    command_write_word(out, context);
    fputs(" && cd", out);
    command_write_word(out, context);
    fputs(" && curl -fL -o '#1-#2-ubyte.gz' 'https://storage.googleapis.com/cvdf-datasets/mnist/"
          "{train,t10k}-{images-idx3,labels-idx1}-ubyte.gz')",
          out);
}

/* Adds to err, which says that files are missing, what to type. */
static int advise_data(const char *folder, struct error *err)
{
    struct stat info;
    char what[128];
    if (!stat(folder, &info) && !S_ISDIR(info.st_mode))
        return command_advise(err, "--data names the one that has the four files");
    snprintf(what, sizeof what, "name another folder with --data%s, or fetch the four files: ",
             access("data/sample", R_OK) ? "" : " (data/sample is a small one)");
    return command_advise_line(err, what, write_fetch, folder);
}

int command_load_data(struct dataset *dataset, const char *folder, enum dataset_split split,
                      struct team *team, struct error *err)
{
    if (!dataset_load(dataset, folder, split, team, err))
        return 0;
    return dataset_is_there(folder, split) ? -1 : advise_data(folder, err);
}

static size_t head_alone(const uint8_t *head, size_t size)
{
    (void)head;
    (void)size;
    return 0;
}

struct kind command_kind(const char *path)
{
    struct stat info;
    struct file file = {0};
    struct error ignored = {""};
    if (stat(path, &info) || !S_ISREG(info.st_mode) ||
        file_read(&file, path, 0, head_alone, &ignored))
        return (struct kind){.use = KIND_RUBBISH};
    struct kind kind = kind_of(file.bytes, file.size);
    if (kind.use == KIND_GZIP &&
        !gzip_unpack(&file.bytes, &file.size, FILE_HEAD, head_alone, path, &ignored) && file.size) {
        kind = kind_of(file.bytes, file.size);
        kind.gzipped = true;
    }
    file_read_free(&file);
    return kind;
}

int command_load_model(struct model *model, const char *path, struct error *err)
{
    if (!model_load(model, path, err))
        return 0;
    if (model->is_checkpoint)
        return command_advise_line(err, "go on with ", command_write_resume, path);
    if (access(path, F_OK) && errno == ENOENT)
        return command_advise(err, "train one with mnist-train, or name another");
    const struct kind kind = command_kind(path);
    if (kind.use == KIND_MODEL && kind.gzipped)
        return command_advise(err, "it holds a safetensors file: unpack it first");
    if (kind.use == KIND_PICTURE || kind.use == KIND_IMAGE)
        return command_advise(err, "pictures come after the model: mnist-predict MODEL IMAGE...");
    if (kind.use == KIND_IDX || dataset_is_there(path, DATASET_TEST))
        return command_advise(err, "data comes after the model: mnist-eval MODEL --data DIR");
    return -1;
}

void command_write_word(FILE *out, const char *word)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                "_-+=:,./@%";
    putc(' ', out);
    if (*word == '-')
        fputs("./", out);
    if (*word && !word[strspn(word, plain)]) {
        fputs(word, out);
        return;
    }
    putc('\'', out);
    for (; *word; word++) {
        if (*word == '\'')
            fputs("'\\''", out);
        else
            putc(*word, out);
    }
    putc('\'', out);
}

void command_put_pixels(struct json_writer *json, const uint8_t *pixels)
{
    json_put_array(json, "pixels");
    for (int p = 0; p < IMAGE_PIXELS; p++)
        json_put_integer(json, NULL, pixels[p]);
    json_put_end(json);
}

int command_finish(const char *program, int code)
{
    if (!fflush(stdout) && !ferror(stdout))
        return code;
    int error = errno; /* of the write */
    fprintf(terminal_stderr(), "%s: cannot write to stdout: %s\n", program, strerror(error));
    return EXIT_FAILED;
}
