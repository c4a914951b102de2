/* src/cli/suggest.c: what someone who mistyped a name meant. */
#include "mnist/cli/suggest.h"

#include <stddef.h>

#include "../test.h"

/* The nearest of some names; "" if none is near. */
static const char *nearest(const char *word)
{
    static const char *const names[] = {"epochs", "lr",  "l2",     "label-smoothing",
                                        "ema",    "log", "version"};
    struct suggest suggest = {.word = word};
    for (size_t i = 0; i < COUNT(names); i++)
        suggest_look(&suggest, names[i]);
    return suggest.nearest ? suggest.nearest : "";
}

TEST(suggest_nearest, "suggest: slips of the hand, beginnings, and what is too far")
{
    static const struct {
        const char *word, *wanted;
    } rows[] = {
        {"epoches", "epochs"}, /* a letter too many */
        {"epchs", "epochs"},   /* one too few */
        {"epodhs", "epochs"},  /* another one */
        {"epcohs", "epochs"},  /* two swapped */
        {"peohcs", "epochs"},  /* twice */
        {"pceosh", ""},        /* too often */
        {"EPOCHS", "epochs"},  /* upper case */
        {"label_smoothing", "label-smoothing"},
        {"ep", "epochs"},          /* how it begins */
        {"epoch-count", "epochs"}, /* how both begin */
        {"e", "epochs"},           /* of two that are as near, the first */
        {"em", "ema"},
        {"rl", "lr"},
        {"2", ""}, /* nothing of it is right */
        {"v", "version"},
        {"x", ""},
        {"", ""},
        {"elastic", ""},
        {"an-option-whose-name-is-longer-than-any", ""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        test_case("%s", rows[i].word);
        check_string(nearest(rows[i].word), rows[i].wanted);
    }
}
