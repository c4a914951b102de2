#include <math.h>
#include <stdint.h>
#include <string.h>

#include "mnist/net/params.h"
#include "mnist/report/weight_picture.h"

#include "../test.h"

TEST(weight_picture, "weight_picture: scale and ends")
{
    float values[INPUTS * 2];
    uint8_t pixels[INPUTS];
    for (int i = 0; i < INPUTS * 2; i++)
        values[i] = i % 2 ? 1000.0f : (float)(i / 2 - 392) / 100.0f;
    weight_picture_draw(pixels, values, 2, 2.0f);
    check(pixels[392] == 128, "zero is %d", pixels[392]);
    check(pixels[392 + 100] == 128 + 64 && pixels[392 - 100] == 128 - 64, "halves are %d and %d",
          pixels[492], pixels[292]);
    check(pixels[392 + 200] == 255 && pixels[392 - 200] == 1, "ends are %d and %d", pixels[592],
          pixels[192]);
    check(pixels[0] == 1 && pixels[783] == 255, "beyond: %d and %d", pixels[0], pixels[783]);
    const float four[] = {1.0f, -1.0f, 3.0f, -3.0f}, none[] = {0.0f, 0.0f};
    check(fabs((double)weight_picture_scale(four, 4) - 4.0 * sqrt(5.0)) < 1e-5, "scale %g",
          (double)weight_picture_scale(four, 4));
    memset(values, 0, sizeof values);
    weight_picture_draw(pixels, values, 1, weight_picture_scale(none, 2));
    check(pixels[0] == 128 && pixels[783] == 128, "nothing is %d", pixels[0]);
}
