#include "mnist/base/error.h"

#include <stdarg.h>
#include <stdio.h>

#include "mnist/base/utf8.h"

int error_set(struct error *err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (vsnprintf(err->text, sizeof err->text, format, args) < 0)
        err->text[0] = '\0';
    va_end(args);
    utf8_plain(err->text, sizeof err->text, err->text);
    return -1;
}
