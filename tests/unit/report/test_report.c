#include <stdint.h>
#include <string.h>

#include "mnist/base/file_read.h"
#include "mnist/net/evaluation.h"
#include "mnist/net/network.h"
#include "mnist/net/params.h"
#include "mnist/report/report.h"

#include "../networks.h"
#include "../test.h"

/* A report is complete if a network is always right, always wrong, or never answers some class. */
TEST(report_extremes, "report: networks that know all, nothing, one digit")
{
    struct scene *s = scene_new();
    for (int guess = 0; guess < 3; guess++) {
        struct error err;
        struct evaluation e;
        float params[PARAM_COUNT] = {0};
        struct file file;
        params[FC3_BIAS + (guess ? 9 : 0)] = 50.0f;
        params[FC1_BIAS + 5] = 1.0f;
        params[FC1_WEIGHT + 6] = 1.0f; /* of unit 6, from the first pixel */
        params[FC1_BIAS + 7] = params[FC1_WEIGHT + 7] = -1.0f;
        for (int i = 0; i < SCENE_IMAGES; i++)
            s->labels[i] = guess == 2 ? 9 : (uint8_t)(i % 9);
        network_set_params(&s->network, params);
        if (!check(!evaluation_create(&e, SCENE_IMAGES, &err), "%s", err.text))
            return;
        evaluation_run(&e, &s->network, &s->dataset);
        check(e.metrics.correct == (guess == 2   ? SCENE_IMAGES
                                    : guess == 1 ? 0
                                                 : SCENE_IMAGES / 9),
              "%d right", e.metrics.correct);
        const struct report report = {.heading = "test report",
                                      .split = "test",
                                      .command = "mnist-eval",
                                      .dataset = &s->dataset,
                                      .evaluation = &e,
                                      .network = &s->network};
        const char *path = test_path("report.html");
        if (check(!report_write(&report, path, &err) &&
                      !file_read(&file, path, 1 << 24, NULL, &err),
                  "%s", err.text)) {
            check(file.size > 80000 && !memcmp(file.bytes + file.size - 8, "</html>\n", 8),
                  "%zu bytes", file.size);
            file.bytes[file.size - 1] = '\0';
            const char *text = (const char *)file.bytes;
            check(strstr(text, " 127 of them, struck out, have the same answer") &&
                      strstr(text, "unit 4: silent whatever") &&
                      strstr(text, "unit 5: the same whatever") && strstr(text, "alt=\"unit 6\"") &&
                      strstr(text, "unit 7: silent whatever"),
                  "what is said of units with one answer");
            file_read_free(&file);
        }
        evaluation_free(&e);
    }
    scene_free(s);
}
