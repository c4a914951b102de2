#include "mnist/command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int command_fail(const char *program, const struct error *err)
{
    fprintf(stderr, "%s: %s\n", program, err->text);
    return EXIT_FAILED;
}

int command_finish(const char *program, int code)
{
    if (!fflush(stdout) && !ferror(stdout))
        return code;
    fprintf(stderr, "%s: cannot write to stdout: %s\n", program, strerror(errno));
    return EXIT_FAILED;
}
