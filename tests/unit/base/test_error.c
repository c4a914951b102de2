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
    error_set(&err, "%s\xc2\x9b\u2028", "\u202egnp\xff");
    check_string(err.text, "?gnp???");
    memset(text, 'y', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    check_int(error_set(&err, "%s", text), -1);
    text[sizeof err.text - 1] = '\0';
    check_string(err.text, text);
    error_set(&err, "%s", "");
    check_string(err.text, "");
}

/* What is cut in a code point ends in '?', for each byte of it. */
TEST(error_cut, "error: a text that is too long is cut, and still UTF-8")
{
    for (size_t fits = 0; fits <= 4; fits++) {
        struct error err;
        char text[sizeof err.text + 8], wanted[sizeof err.text];
        size_t before = sizeof err.text - 1 - fits;
        memset(text, 'y', before);
        strcpy(text + before, "\U0001f600yyyy");
        memcpy(wanted, text, sizeof err.text);
        wanted[sizeof err.text - 1] = '\0';
        if (fits < 4)
            memset(wanted + before, '?', fits);
        error_set(&err, "%s", text);
        test_case("%zu of 4 bytes", fits);
        check_string(err.text, wanted);
    }
}
