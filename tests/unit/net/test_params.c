#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mnist/net/params.h"

#include "../networks.h"
#include "../test.h"

TEST(params_table, "params: the table tiles the block")
{
    static const int rows[] = {784, 1, 128, 1, 64, 1}, cols[] = {128, 128, 64, 64, 10, 10};
    static const char *const names[] = {"fc1.weight", "fc1.bias",   "fc2.weight",
                                        "fc2.bias",   "fc3.weight", "fc3.bias"};
    int at = 0;
    for (int t = 0; t < PARAM_TENSORS; t++) {
        const struct param *param = &param_table[t];
        test_case("tensor %d", t);
        check_string(param->name, names[t]);
        check(param->rows == rows[t] && param->cols == cols[t], "%s is %d×%d", param->name,
              param->rows, param->cols);
        check_int(param->offset, at);
        check(PARAM_IS_WEIGHT(param) == (t % 2 == 0), "%s: weight or bias?", param->name);
        at += param->rows * param->cols;
    }
    check(at == PARAM_COUNT && at == 109386, "%d parameters", at);
}

/* Parameter i is i, so that any wrong place shows. */
TEST(params_file, "params: the order of files, and back")
{
    float *params = make(PARAM_COUNT, sizeof *params), *file = make(PARAM_COUNT, sizeof *file),
          *back = make(PARAM_COUNT, sizeof *back);
    for (int i = 0; i < PARAM_COUNT; i++)
        params[i] = (float)i;
    params_to_file(file, params);
    int at = 0, wrong = 0;
    for (int t = 0; t < PARAM_TENSORS; t++)
        for (int out = 0; out < param_table[t].cols; out++)
            for (int in = 0; in < param_table[t].rows; in++)
                wrong +=
                    file[at++] != (float)(param_table[t].offset + in * param_table[t].cols + out);
    check_int(wrong, 0);
    params_from_file(back, file);
    check_same("there and back", back, params, PARAM_COUNT);
    free(params);
    free(file);
    free(back);
}

/* Mean 0, variance 2/K and 68.27% within one deviation, each to four standard errors. */
static void check_normal(const struct param *param, const float *w)
{
    int n = param->rows * param->cols, within = 0;
    double mean = 0.0, variance = 0.0, want = 2.0 / param->rows, deviation = sqrt(want);
    for (int i = 0; i < n; i++) {
        mean += (double)w[i] / n;
        within += fabs((double)w[i]) <= deviation;
    }
    for (int i = 0; i < n; i++)
        variance += ((double)w[i] - mean) * ((double)w[i] - mean) / n;
    check(fabs(mean) <= 4.0 * deviation / sqrt(n), "%s: mean %g", param->name, mean);
    check(fabs(variance - want) <= 4.0 * want * sqrt(2.0 / n), "%s: variance %g, not %g",
          param->name, variance, want);
    check(fabs((double)within / n - 0.6827) <= 4.0 * sqrt(0.6827 * 0.3173 / n),
          "%s: %d of %d within one deviation: not a normal distribution", param->name, within, n);
}

TEST(params_init, "params: initial values")
{
    float *params = make(PARAM_COUNT, sizeof *params);
    for (uint64_t seed = 1; seed <= 2; seed++) {
        for (int i = 0; i < PARAM_COUNT; i++)
            memcpy(params + i, &sentinel, sizeof sentinel);
        params_init(params, seed);
        for (int t = 0; t < PARAM_TENSORS; t++) {
            const struct param *param = &param_table[t];
            if (PARAM_IS_WEIGHT(param))
                check_normal(param, params + param->offset);
            for (int i = 0; !PARAM_IS_WEIGHT(param) && i < param->cols; i++)
                check(params[param->offset + i] == 0.0f, "%s[%d] = %g", param->name, i,
                      (double)params[param->offset + i]);
        }
    }
    free(params);
}

TEST(params_seed, "params: seeds")
{
    float *a = make(PARAM_COUNT, sizeof *a), *b = make(PARAM_COUNT, sizeof *b);
    params_init(a, 5);
    params_init(b, 5);
    check_same("one seed", a, b, PARAM_COUNT);
    params_init(b, 6);
    int same = 0;
    for (int i = FC1_WEIGHT; i < FC1_BIAS; i++)
        same += a[i] == b[i];
    check(same < 100, "two seeds share %d weights of fc1", same);
    /* No tensor repeats another. */
    same = 0;
    for (int i = 0; i < HIDDEN2 * CLASSES; i++)
        same += a[FC3_WEIGHT + i] * sqrtf(HIDDEN2) == a[FC2_WEIGHT + i] * sqrtf(HIDDEN1);
    check(same < 10, "fc3 repeats %d weights of fc2", same);
    free(a);
    free(b);
}
