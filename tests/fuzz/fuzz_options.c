/* The words of a command line, one a line: refused with exit code 2, or every value is within
 * its limits, and operands come first without a word being lost. */
#include <string.h>

#include "fuzz.h"
#include "mnist/base/team.h"
#include "mnist/cli/train_line.h"

enum { WORDS = 32 };

/* Of the limits a text cannot name: what was parsed is written and parsed again, as in a file. */
static void check_options(const struct train_line *line)
{
    struct train_options again = line->options;
    for (int i = 0; i < TRAIN_OPTIONS; i++)
        require((line->options.val == VAL_AUTO && train_options_at(&again, i) == &again.val) ||
                    train_options_parse(&again, i, train_options_text(&line->options, i).text),
                "an option beyond its limits");
}

/* The operands are brought forward: the words change places, and nothing else. */
static void check_words(char *const *words, char *const *before, int count)
{
    for (int i = 0; i < count; i++) {
        int found = 0;
        for (int j = 0; j < count; j++)
            found += words[j] == before[i];
        require(found == 1, "a word that is lost");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const struct train_options usual = train_options_usual();
    struct common_options common = options_common("mnist-train");
    struct train_line line;
    struct usage usage = {.program = "fuzz",
                          .arguments = "[COUNT]",
                          .description = "",
                          .examples = "",
                          .max_arguments = 2};
    char *text = text_of(bytes, size), program[] = "fuzz", *words[WORDS + 1] = {program}, *rest;
    char *before[WORDS + 1];
    int word_count = 1, operands = 0;
    train_line_begin(&line, &usual);
    train_line_add(&line, &usage, TRAIN_LEARNING);
    train_line_add(&line, &usage, TRAIN_AUGMENTATION);
    options_add_data(&usage, &common);
    options_add_common(&usage, &common);
    for (char *word = strtok_r(text, "\n", &rest); word && word_count < WORDS;
         word = strtok_r(NULL, "\n", &rest))
        words[word_count++] = word;
    words[word_count] = NULL;
    memcpy(before, words, sizeof before);
    int code = options_parse(&usage, word_count, words, &operands);
    check_words(words, before, word_count);
    require(code == -1 || code == 0 || code == 2, "another exit code");
    if (code == -1) {
        require(common.threads >= 1 && common.threads <= TEAM_MAX_THREADS, "threads that are none");
        require(operands >= 0 && operands <= usage.max_arguments, "operands that are none");
        if (!train_line_end("fuzz", &line))
            check_options(&line);
    }
    free(text);
    return 0;
}
