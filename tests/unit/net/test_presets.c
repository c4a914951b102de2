/* src/net/presets.c: recipes. */
#include "../test.h"
#include "mnist/net/presets.h"

TEST(presets_limits, "presets: every option is one that a file may have; the seed is the run's")
{
    for (int p = 0; p < PRESETS; p++) {
        struct train_options options = train_options_usual(), again;
        options.seed = 42;
        presets_apply(&options, &presets_table[p]);
        check(options.seed == 42, "preset %s takes the seed", presets_table[p].name);
        again = options;
        for (int i = 0; i < TRAIN_OPTIONS; i++)
            check(train_options_parse(&again, i, train_options_text(&options, i).text),
                  "preset %s: %s is beyond its limits", presets_table[p].name,
                  train_options_table[i].name);
    }
}
