#include "mnist/net/presets.h"

const struct preset presets_table[PRESETS] = {
    {
        "best",
        {.epochs = 700,
         .batch = 512,
         .lr = 5e-3f,
         .l2 = 1e-5f,
         .dropout = 0.0f,
         .val = 0,
         .label_smoothing = 0.0f,
         .augment = {.rotate = 12, .scale = 0.1f, .shear = 0.2f, .shift = 2, .elastic = 0.8f},
         .ema = 0.999f},
    },
};

bool presets_sets(int i)
{
    static const size_t left[] = {
        offsetof(struct train_options, seed), offsetof(struct train_options, patience),
        offsetof(struct train_options, schedule), offsetof(struct train_options, warmup)};
    for (size_t k = 0; k < sizeof left / sizeof left[0]; k++)
        if (train_options_table[i].offset == left[k])
            return false;
    return true;
}

void presets_apply(struct train_options *options, const struct preset *preset)
{
    for (int i = 0; i < TRAIN_OPTIONS; i++)
        if (presets_sets(i))
            train_options_parse(options, i, train_options_text(&preset->options, i).text);
}
