#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "histories.h"

char page[PAGE_ROOM];

FILE *page_open(void)
{
    memset(page, 0, sizeof page);
    FILE *out = fmemopen(page, sizeof page - 1, "w");
    if (!out)
        abort();
    return out;
}

static const double values[VALUES] = {0.0, 5e-324,        1e-320, 1.0 - 0x1p-53,
                                      1.0, 1.0 + 0x1p-52, 1e20,   (double)FLT_MAX};

void make_history(struct train_epoch history[EPOCHS], int n)
{
    for (int e = 0; e < EPOCHS; e++, n /= VALUES) {
        double loss = values[n % VALUES];
        history[e] = (struct train_epoch){.epoch = e + 1,
                                          .train_loss = loss,
                                          .val_loss = values[(n + e) % VALUES],
                                          .train_acc = fmin(loss, 1.0 - 0x1p-53 * (n % 2)),
                                          .val_acc = e % 2 ? 1e-320 : 1.0,
                                          .lr = (float)fmin(loss, 1e12),
                                          .seconds = 1e-9,
                                          .images_per_s = 1.0};
    }
}

char *printed(void (*print)(FILE *out, const struct train_epoch *history, int count),
              const struct train_epoch *history, int count)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!check(out != NULL, "no memory"))
        return NULL;
    print(out, history, count);
    fclose(out);
    return text;
}
