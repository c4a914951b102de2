#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mnist/base/file_read.h"
#include "mnist/net/evaluation.h"
#include "mnist/net/network.h"
#include "mnist/net/params.h"
#include "mnist/net/train.h"
#include "mnist/report/report.h"

#include "../networks.h"
#include "../test.h"

/* The report on a scene whose network has these params (PARAM_COUNT), as text for the caller to
 * free; NULL if that failed. What `report` lacks is filled in. */
static char *report_on(struct scene *s, const float *params, struct report report)
{
    struct error err;
    struct evaluation e;
    struct file file;
    char *text = NULL;
    const char *path = test_path("report.html");
    network_set_params(&s->network, params);
    if (!check(!evaluation_create(&e, SCENE_IMAGES, &err), "%s", err.text))
        return NULL;
    evaluation_run(&e, &s->network, &s->dataset);
    report.heading = "test report";
    report.split = "test";
    report.command = "mnist-eval";
    report.dataset = &s->dataset;
    report.evaluation = &e;
    report.network = &s->network;
    if (check(!report_write(&report, path, &err) && !file_read(&file, path, 1 << 24, NULL, &err),
              "%s", err.text)) {
        text = malloc(file.size + 1);
        if (text) {
            memcpy(text, file.bytes, file.size);
            text[file.size] = '\0';
        }
        file_read_free(&file);
    }
    evaluation_free(&e);
    return text;
}

static void check_says(const char *text, const char *part, bool wanted)
{
    check(!strstr(text, part) != wanted, "it %s: %s", wanted ? "does not say" : "says", part);
}

/* A report is complete if a network is always right, always wrong, or never answers some class. */
TEST(report_extremes, "report: networks that know all, nothing, one digit")
{
    struct scene *s = scene_new();
    for (int guess = 0; guess < 3; guess++) {
        float params[PARAM_COUNT] = {0};
        params[FC3_BIAS + (guess ? 9 : 0)] = 50.0f;
        for (int i = 0; i < SCENE_IMAGES; i++)
            s->labels[i] = (uint8_t)(guess == 2 ? 9 : i % 9);
        char *text = report_on(s, params, (struct report){0});
        if (!text)
            break;
        size_t size = strlen(text);
        check(size > 80000 && !strcmp(text + size - 8, "</html>\n"), "%zu bytes", size);
        check_says(text, "9: no images", guess < 2);
        check_says(text, "9: nothing", guess == 2);
        check_says(text, "8: nothing", guess < 2);
        check_says(text, " Nothing: on average,", true);
        check_says(text, " A dash: ", true);
        check_says(text, "at full strength", false); /* all weights are 0 */
        free(text);
    }
    scene_free(s);
}

/* A unit with weights is drawn, though no image excites it; why others have none is told only of
 * networks that are known to have been trained with L2. */
TEST(report_units, "report: silent units, and units without weights")
{
    struct scene *s = scene_new();
    float params[PARAM_COUNT] = {0};
    params[FC1_BIAS + 5] = 1.0f;
    params[FC1_WEIGHT + 5] = 9e-7f;
    params[FC1_WEIGHT + 6] = 1.0f; /* of unit 6, from the first pixel */
    params[FC1_BIAS + 7] = params[FC1_WEIGHT + 7] = -10.0f;
    params[FC1_WEIGHT + 8] = -2e-6f;
    for (int known = 0; known < 2; known++) {
        char *text = report_on(s, params, (struct report){.l2 = known ? 3e-4f : 0.0f});
        if (!text)
            break;
        check_says(text, "a unit that no image can excite (2 of 128).", true);
        check_says(text, "nearer to 0 than 0.000001 (125 of 128).", !known);
        check_says(text, "(125 of 128): L2 shrank them, and no gradient kept them.", known);
        check_says(text, "<title>unit 4: no weights</title>", true);
        check_says(text, "<title>unit 5: no weights</title>", true);
        check_says(text, "<img class=map alt=\"unit 6\"", true);
        check_says(text, "<img class=map alt=\"unit 7: silent whatever the image\"", true);
        check_says(text, "<img class=map alt=\"unit 8: silent whatever the image\"", true);
        check_says(text, "at full strength from 0.127 on", true); /* 4 sqrt(101 / (784 * 128)) */
        free(text);
    }
    for (int i = 0; i < INPUTS * HIDDEN1; i++)
        params[FC1_WEIGHT + i] = 1.0f;
    char *text = report_on(s, params, (struct report){.l2 = 1.0f});
    if (text) {
        check_says(text, "L2 shrank", false);
        check_says(text, "can excite", false);
        free(text);
    }
    scene_free(s);
}

TEST(report_galleries, "report: few mistakes, few right answers, or all of one kind")
{
    static const struct {
        int mistakes;
        const char *wrong, *right;
    } cases[] = {
        {0, ">There is none.<", ">Drawn at random.<"},
        {1, ">Its only mistake.<", ">Drawn at random.<"},
        {2, ">All 2 mistakes, the surest first.<", ">Some that it got right<"},
        {24, ">All 24 mistakes, the surest first.<", ">All of them.<"},
        {25, ">The 24 of 25 mistakes that it was most sure of.<", ">What it got right<"},
        {44, ">The 24 of 44 mistakes that it was most sure of.<", ">A single one.<"},
        {45, ">The 24 of 45 mistakes that it was most sure of.<", ">Nothing.<"},
    };
    struct scene *s = scene_new();
    float params[PARAM_COUNT] = {0};
    params[FC3_BIAS] = 1.0f;
    for (size_t n = 0; n < COUNT(cases); n++) {
        for (int i = 0; i < SCENE_IMAGES; i++)
            s->labels[i] = i < cases[n].mistakes;
        char *text = report_on(s, params, (struct report){0});
        if (!text)
            break;
        check_says(text, cases[n].wrong, true);
        check_says(text, cases[n].right, true);
        free(text);
    }
    scene_free(s);
}

/* A paragraph does not explain what is not there. */
TEST(report_absent, "report: without validation, with every figure defined")
{
    struct scene *s = scene_new();
    const struct train_epoch history = {.epoch = 1, .train_loss = 1.0, .val_loss = 1.0};
    for (int i = 0; i < SCENE_IMAGES; i++) /* each digit is there */
        s->labels[i] = (uint8_t)(i % CLASSES);
    for (int validated = 0; validated < 2; validated++) {
        const struct report report = {
            .history = &history, .epochs = 1, .best_epoch = 1, .validated = validated};
        char *text = report_on(s, s->params, report);
        if (!text)
            break;
        check_says(text, "where they are on.", true);
        check_says(text, "those of the validation images", validated);
        check_says(text, "F1: their harmonic mean; it has no interval.", true);
        free(text);
    }
    scene_free(s);
}
