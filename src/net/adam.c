#include "mnist/net/adam.h"

void adam_init(struct adam *adam)
{
    *adam = (struct adam){
        .beta1 = 0.9f, .beta2 = 0.999f, .epsilon = 1e-8f, .power1 = 1.0, .power2 = 1.0};
}

void adam_skip(struct adam *adam, int64_t steps)
{
    for (int64_t t = 0; t < steps; t++) {
        adam->power1 *= (double)adam->beta1;
        adam->power2 *= (double)adam->beta2;
    }
}

struct adam_step adam_next(struct adam *adam, float lr, float l2)
{
    adam_skip(adam, 1);
    return (struct adam_step){
        .beta1 = adam->beta1,
        .beta2 = adam->beta2,
        .epsilon = adam->epsilon,
        .rate = (float)((double)lr / (1.0 - adam->power1)),
        .root = 1.0f / sqrtf((float)(1.0 - adam->power2)),
        .l2 = l2,
    };
}
