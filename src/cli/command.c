#include "mnist/cli/command.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "mnist/data/image.h"

int command_fail(const char *program, const struct error *err)
{
    fprintf(stderr, "%s: %s\n", program, err->text);
    return EXIT_FAILED;
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

int command_load_data(struct dataset *dataset, const char *folder, enum dataset_split split,
                      struct error *err)
{
    if (!dataset_load(dataset, folder, split, err))
        return 0;
    if (dataset_is_there(folder, split))
        return -1;
    return command_advise(err, "run scripts/get-mnist.sh, or name another folder with --data "
                               "(data/sample is a small one)");
}

int command_load_model(struct model *model, const char *path, struct error *err)
{
    if (!model_load(model, path, err))
        return 0;
    return model->is_checkpoint ? command_advise(err, "go on with mnist-train --resume %s", path)
                                : -1;
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
    fprintf(stderr, "%s: cannot write to stdout: %s\n", program, strerror(errno));
    return EXIT_FAILED;
}
