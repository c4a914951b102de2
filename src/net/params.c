#include "mnist/net/params.h"

#include <math.h>

#include "mnist/base/rng.h"

const struct param param_table[PARAM_TENSORS] = {
    {"fc1.weight", INPUTS, HIDDEN1, FC1_WEIGHT},  {"fc1.bias", 1, HIDDEN1, FC1_BIAS},
    {"fc2.weight", HIDDEN1, HIDDEN2, FC2_WEIGHT}, {"fc2.bias", 1, HIDDEN2, FC2_BIAS},
    {"fc3.weight", HIDDEN2, CLASSES, FC3_WEIGHT}, {"fc3.bias", 1, CLASSES, FC3_BIAS},
};

void params_transpose(float *to, const float *from, int rows, int cols)
{
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < cols; c++)
            to[c * rows + r] = from[r * cols + c];
}

void params_to_file(float *to, const float *params)
{
    for (int t = 0; t < PARAM_TENSORS; t++) {
        const struct param *param = &param_table[t];
        params_transpose(to + param->offset, params + param->offset, param->rows, param->cols);
    }
}

void params_from_file(float *to, const float *file)
{
    for (int t = 0; t < PARAM_TENSORS; t++) {
        const struct param *param = &param_table[t];
        params_transpose(to + param->offset, file + param->offset, param->cols, param->rows);
    }
}

void params_init(float *params, uint64_t seed)
{
    struct rng rng;
    rng_seed(&rng, seed, RNG_INIT, 0);
    for (int t = 0; t < PARAM_TENSORS; t++) {
        const struct param *param = &param_table[t];
        float deviation = sqrtf(2.0f / (float)param->rows);
        for (int i = 0; i < param->rows * param->cols; i++)
            params[param->offset + i] =
                PARAM_IS_WEIGHT(param) ? deviation * rng_normal(&rng) : 0.0f;
    }
}
