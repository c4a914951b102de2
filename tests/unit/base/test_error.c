#include <string.h>

#include "mnist/base/error.h"

#include "../test.h"

TEST(error_set, "error: one clean line")
{
    struct error err;
    char text[2 * sizeof err.text];
    check(error_set(&err, "%s is %d", "x", 5) == -1, "error_set does not return -1");
    check(!strcmp(err.text, "x is 5"), "\"%s\"", err.text);
    error_set(&err, "a\nb\tc\r\x1b[31m\x7f%s", "\n d\xc3\xa9j\xc3\xa0");
    check(!strcmp(err.text, "a?b?c??[31m?? d\xc3\xa9j\xc3\xa0"), "\"%s\"", err.text);
    memset(text, 'y', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    check(error_set(&err, "%s", text) == -1, "error_set does not return -1");
    check(strlen(err.text) == sizeof err.text - 1 && err.text[sizeof err.text - 2] == 'y',
          "%zu characters", strlen(err.text));
    error_set(&err, "%s", "");
    check(err.text[0] == '\0', "\"%s\"", err.text);
}
