#include <string.h>

#include "mnist/base/error.h"

#include "../test.h"

TEST(error_set, "error: one clean line")
{
    struct error err;
    char text[2 * sizeof err.text];
    check_int(error_set(&err, "%s is %d", "x", 5), -1);
    check_string(err.text, "x is 5");
    error_set(&err, "a\nb\tc\r\x1b[31m\x7f%s", "\n d\xc3\xa9j\xc3\xa0");
    check_string(err.text, "a?b?c??[31m?? d\xc3\xa9j\xc3\xa0");
    memset(text, 'y', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    check_int(error_set(&err, "%s", text), -1);
    text[sizeof err.text - 1] = '\0';
    check_string(err.text, text);
    error_set(&err, "%s", "");
    check_string(err.text, "");
}
