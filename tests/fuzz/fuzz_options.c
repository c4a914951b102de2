/* The words of a command line, one a line: refused with exit code 2, or every value is within
 * its limits. */
#include "fuzz.h"
#include "mnist/cli/options.h"
#include "mnist/net/train_options.h"

enum { WORDS = 32 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct common_options common = options_common();
    struct augment_options augment = options_augment();
    struct augment strength;
    uint64_t seed = 1;
    float rate = 0.5f;
    int count = 3, schedule = 0, first = 0;
    const struct option_spec specs[] = {
        OPTION_WHOLE("epochs", "N", &count, 1, EPOCHS_MAX, "", NULL),
        OPTION_REAL("lr", "F", &rate, LR_MIN, LR_MAX, ""),
        OPTION_NAME("schedule", "NAME", &schedule, schedule_names, ""),
        OPTION_SEEDS("seed", &seed, ""),
        OPTIONS_AUGMENT(augment),
        OPTIONS_COMMON(common),
    };
    const struct usage usage = {.program = "fuzz",
                                .arguments = "[COUNT]",
                                .description = "",
                                .examples = "",
                                .max_arguments = 2,
                                .specs = specs,
                                .spec_count = sizeof specs / sizeof specs[0]};
    char *text = text_of(bytes, size), program[] = "fuzz", *words[WORDS + 1] = {program}, *rest;
    int word_count = 1;
    for (char *word = strtok_r(text, "\n", &rest); word && word_count < WORDS;
         word = strtok_r(NULL, "\n", &rest))
        words[word_count++] = word;
    words[word_count] = NULL;
    int code = options_parse(&usage, word_count, words, &first);
    require(code == -1 || code == 0 || code == 2, "another exit code");
    if (code == -1) {
        require(count >= 1 && count <= EPOCHS_MAX, "--epochs beyond its limits");
        require(rate >= (float)LR_MIN && rate <= (float)LR_MAX, "--lr beyond its limits");
        require(schedule >= 0 && schedule < 3 && common.threads >= 1 &&
                    common.threads <= TEAM_MAX_THREADS,
                "a choice that is none");
        require(first >= 1 && first <= word_count, "arguments that are none");
        if (!options_augment_strength("fuzz", &augment, &strength))
            require(strength.rotate >= 0 && strength.rotate <= (float)AUGMENT_MAX_ROTATE &&
                        strength.elastic >= 0 && strength.elastic <= (float)AUGMENT_MAX_ELASTIC,
                    "a strength beyond its limits");
    }
    free(text);
    return 0;
}
