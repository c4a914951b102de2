#include "mnist/report/weight_picture.h"

#include <math.h>

#include "mnist/base/rmath.h"
#include "mnist/net/params.h"

float weight_picture_scale(const float *values, int count)
{
    double sum = 0.0;
    for (int i = 0; i < count; i++)
        sum += (double)values[i] * (double)values[i];
    return 4.0f * (float)sqrt(sum / count);
}

void weight_picture_draw(uint8_t *pixels, const float *values, int stride, float scale)
{
    for (int p = 0; p < INPUTS; p++) {
        float share = scale > 0.0f ? values[p * stride] / scale : 0.0f;
        pixels[p] = (uint8_t)rmath_whole((double)rintf(128.0f + 127.0f * share), 1, 255);
    }
}
