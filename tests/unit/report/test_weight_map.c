#include <math.h>
#include <stdint.h>
#include <string.h>

#include "mnist/net/params.h"
#include "mnist/report/weight_map.h"

#include "../test.h"

TEST(weight_map, "weight_map: scale and ends")
{
    float values[INPUTS * 2];
    uint8_t pixels[INPUTS];
    for (int i = 0; i < INPUTS * 2; i++)
        values[i] = i % 2 ? 1000.0f : (float)(i / 2 - 392) / 100.0f;
    weight_map(pixels, values, 2, 2.0f);
    check_int(pixels[392], 128);
    check_int(pixels[392 + 100], 128 + 64);
    check_int(pixels[392 - 100], 128 - 64);
    check_int(pixels[392 + 200], 255);
    check_int(pixels[392 - 200], 1);
    check_int(pixels[0], 1);
    check_int(pixels[783], 255);
    const float four[] = {1.0f, -1.0f, 3.0f, -3.0f}, none[] = {0.0f, 0.0f};
    check_near((double)weight_map_scale(four, 4), 4.0 * sqrt(5.0), 1e-5);
    memset(values, 0, sizeof values);
    weight_map(pixels, values, 1, weight_map_scale(none, 2));
    check_int(pixels[0], 128);
    check_int(pixels[783], 128);
}
