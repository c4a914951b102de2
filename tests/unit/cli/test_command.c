#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mnist/cli/command.h"

#include "../histories.h"
#include "../test.h"

static const char *written(const char *word)
{
    FILE *out = page_open();
    command_write_word(out, word);
    fclose(out);
    return page;
}

TEST(write_word, "command: a path as one word")
{
    static const char *const rows[][2] = {
        {"model.bin", " model.bin"},
        {"/a-b/c_d+e=f:g,h@1%2", " /a-b/c_d+e=f:g,h@1%2"},
        {"", " ''"},
        {"-o", " ./-o"},
        {"-o p", " ./'-o p'"},
        {"two words", " 'two words'"},
        {"it's", " 'it'\\''s'"},
        {"'", " ''\\'''"},
        {"~", " '~'"},
        {"$HOME", " '$HOME'"},
        {"gr\xc3\xb6\xc3\x9f", " 'gr\xc3\xb6\xc3\x9f'"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        test_case("row %zu", i);
        check_string(written(rows[i][0]), rows[i][1]);
    }
}

/* Every byte except 0 and the one that separates the answers, at the start of a word and inside. */
TEST(write_word_for_shell, "command: a shell reads the word that was meant")
{
    char command[16384] = "printf '%s\\001'", wanted[4096] = "", got[4096] = "";
    for (int byte = 2; byte < 256; byte++) {
        const char words[][4] = {{(char)byte}, {'a', (char)byte, 'b'}};
        for (int w = 0; w < 2; w++) {
            strcat(command, written(words[w]));
            strcat(wanted, words[w][0] == '-' ? "./" : "");
            strcat(wanted, words[w]);
            strcat(wanted, "\001");
        }
    }
    FILE *shell = popen(command, "r");
    if (!check(shell != NULL, "no shell"))
        return;
    got[fread(got, 1, sizeof got - 1, shell)] = '\0';
    check_int(pclose(shell), 0);
    check_bytes(got, wanted, strlen(wanted) + 1);
}

TEST(advise, "command: advice follows the cause")
{
    struct error err = {"the file is gone"};
    check_int(command_advise(&err, "say %s %d", "it", 2), -1);
    check_string(err.text, "the file is gone: say it 2");
}
