#include "mnist/net/presets.h"

const struct preset presets_table[PRESETS] = {
    {
        "best",
        {.epochs = 700,
         .batch = 512,
         .lr = 5e-3f,
         .l2 = 1e-5f,
         .dropout = 0.0f,
         .patience = 10,
         .val = 0,
         .schedule = SCHEDULE_COSINE,
         .warmup = 0,
         .label_smoothing = 0.0f,
         .augment = {.rotate = 12, .scale = 0.1f, .shear = 0.2f, .shift = 2, .elastic = 0.8f},
         .ema = 0.999f},
    },
};

void presets_apply(struct train_options *options, const struct preset *preset)
{
    uint64_t seed = options->seed;
    *options = preset->options;
    options->seed = seed;
}
