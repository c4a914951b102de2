#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mnist/base/file_read.h"
#include "mnist/base/version.h"
#include "mnist/store/run_log.h"

#include "../files.h"
#include "../test.h"

static struct train_options made_options(void)
{
    struct train_options options = train_options_usual();
    options.seed = UINT64_MAX;
    options.val = 2;
    return options;
}

static struct run_log_start made_start(const struct train_options *options)
{
    return (struct run_log_start){.data = "a \"folder\"",
                                  .kernels = "baseline",
                                  .train_images = 5,
                                  .val_images = 2,
                                  .test_images = 3,
                                  .threads = 4,
                                  .options = options};
}

static struct train_epoch made_epoch(int epoch)
{
    return (struct train_epoch){.epoch = epoch,
                                .train_loss = 0.5,
                                .train_acc = 0.75,
                                .val_loss = 0.25,
                                .val_acc = 0.875,
                                .lr = 0.002f,
                                .seconds = 0.125,
                                .val_seconds = 0.0625,
                                .images_per_s = 40};
}

#define OPTIONS(epochs, lr)                                                                    \
    "\"epochs\":" epochs ",\"lr\":" lr ",\"batch\":128,\"l2\":0.0003,\"dropout\":0.1,"         \
    "\"patience\":10,\"val\":2,\"schedule\":\"cosine\",\"warmup\":0,\"label_smoothing\":0.01," \
    "\"ema\":0,\"rotate\":0,\"scale\":0,\"shear\":0,\"shift\":0,\"elastic\":0,"                \
    "\"seed\":\"18446744073709551615\""
#define START                                                                                \
    "{\"event\":\"start\",\"version\":\"" MNIST_VERSION "\",\"parameters\":109386,\"data\":" \
    "\"a \\\"folder\\\"\",\"train_images\":5,\"val_images\":2,\"test_images\":3," OPTIONS(   \
        "40", "0.003") ",\"threads\":4,\"kernels\":\"baseline\"}\n"
#define EPOCH(n)                                                                  \
    "{\"event\":\"epoch\",\"epoch\":" n ",\"train_loss\":0.5,\"train_acc\":0.75," \
    "\"val_loss\":0.25,\"val_acc\":0.875,\"lr\":0.002,\"seconds\":0.125,"         \
    "\"val_seconds\":0.0625,\"images_per_s\":40}\n"

/* Opens the log as a run with two epochs behind it does, and compares what is in it then. */
static void check_log(const char *what, const char *before, bool goes_on, const char *wanted)
{
    const char *path = test_path("run.log");
    struct train_options options = made_options();
    struct run_log_start start = made_start(&options);
    struct train_epoch history[] = {made_epoch(1), made_epoch(2)};
    struct train_state from = {.epochs_run = 2, .history = history};
    struct error err = {""};
    struct file file;
    test_write(path, before, strlen(before));
    FILE *log = run_log_open(path, &start, goes_on ? &from : NULL, &err);
    if (!check(log != NULL, "%s: %s", what, err.text) ||
        !check(!fclose(log) && !file_read(&file, path, 1 << 20, NULL, &err), "%s: %s", what,
               err.text))
        return;
    check(file.size == strlen(wanted) && !memcmp(file.bytes, wanted, file.size),
          "%s: the log is now\n%.*s", what, (int)file.size, (const char *)file.bytes);
    file_read_free(&file);
}

/* A run that goes on replaces the lines of its first half, and no others, however they are spelt.
 */
TEST(run_log_goes_on, "run_log: going on with a log")
{
    static const char lines[] = START EPOCH("1") EPOCH("2");
    static const struct {
        const char *what, *last; /* start in the log, after a line that stays */
        bool same;
    } rows[] = {
        {"its own start", START, true},
        {"fewer epochs", "{\"event\":\"start\"," OPTIONS("2", "0.003") "}\n", true},
        {"the event at the end", "{" OPTIONS("40", "0.003") ",\"event\":\"start\"}\n", true},
        {"white space, and members that are not known",
         "{ \"x\" : null ,\"y\":\"z\", \"event\" : \"start\", " OPTIONS("40", "0.003") " }\n",
         true},
        {"its own first epoch", START EPOCH("1") EPOCH("2") EPOCH("3"), true},
        {"another first epoch", START "{\"event\":\"epoch\",\"epoch\":1,\"train_loss\":0.25}\n",
         false},
        {"another rate", "{\"event\":\"start\"," OPTIONS("40", "0.002") "}\n", false},
        {"a rate that cannot be", "{\"event\":\"start\"," OPTIONS("40", "-1") "}\n", false},
        {"no rate", "{\"event\":\"start\",\"epochs\":40}\n", false},
        {"a line with no end", "{\"event\":\"start\"," OPTIONS("40", "0.003") "\n", false},
        {"rubbish behind", "{\"event\":\"start\"," OPTIONS("40", "0.003") "}x\n", false},
        {"another start behind it, told after something nested",
         START "{\"v\":[1],\"event\":\"start\"}\n", false},
        {"no start", "{\"event\":\"stop\"," OPTIONS("40", "0.003") "}\n", false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char before[4096], wanted[8192];
        static const char other[] = "{\"event\":\"start\",\"of\":\"another run\"}\n",
                          rest[] = "{\"event\":\"epoch\"}\n{\"event\":\"end\",\"c\":[[1]]}\n";
        snprintf(before, sizeof before, "%s%s%s", other, rows[i].last, rest);
        snprintf(wanted, sizeof wanted, "%s%s", rows[i].same ? other : before, lines);
        check_log(rows[i].what, before, true, wanted);
        snprintf(wanted, sizeof wanted, "%s%s", before, START);
        check_log(rows[i].what, before, false, wanted);
    }
}

TEST(run_log_open, "run_log: logs that are new, cut off, or none")
{
    struct train_options options = made_options();
    struct run_log_start start = made_start(&options);
    struct error err = {""};
    const char *path = test_path("not.log");
    check_log("empty", "", false, START);
    check_log("cut off", "{\"event\":\"start\"}\n{\"event\":\"epo", false,
              "{\"event\":\"start\"}\n" START);
    check_log("a last line without its newline", START "{\"event\":\"end\",\"confusion\":[[1]]}",
              false, START "{\"event\":\"end\",\"confusion\":[[1]]}\n" START);
    check_log("the same, and going on", START EPOCH("1") "{\"event\":\"end\"}", true,
              START EPOCH("1") EPOCH("2"));
    check_log("cut off in the first line", "{\"event\":\"st", true, START EPOCH("1") EPOCH("2"));
    check_log("another run since", START "{\"event\":\"start\"}\n", true,
              START "{\"event\":\"start\"}\n" START EPOCH("1") EPOCH("2"));
    static const char *const others[] = {"text\n",
                                         "{\"epochs\": 3, \"cut\": \"no",
                                         "{}\n",
                                         "{\"event\":\"stop\"}\n{",
                                         "{\"event\":\"epo",
                                         "\n"};
    for (size_t i = 0; i < COUNT(others); i++) {
        test_write(path, others[i], strlen(others[i]));
        check(!run_log_open(path, &start, NULL, &err), "%s was taken for a log", others[i]);
        check_refused(-1, &err, "not.log: not a log", others[i]);
        check_content(path, others[i], strlen(others[i]));
    }
    test_write(path, "", 0);
    check(!chmod(path, 0400), "cannot set a mode");
    check(!run_log_open(path, &start, NULL, &err), "a read-only log was opened");
    check_refused(-1, &err, "not.log: is read-only", "a log that may not be written");
    check(!run_log_open(test_path("no/log"), &start, NULL, &err), "no folder, yet a log");
    check_refused(-1, &err, "cannot be opened for the log", "no folder");
}

/* POSIX locks belong to a process, so the other run is a child. */
TEST(run_log_locked, "run_log: a second run is refused and told who writes")
{
    struct train_options options = made_options();
    struct run_log_start start = made_start(&options);
    struct error err = {""};
    const char *path = test_path("locked.log");
    char text[4096], wanted[64];
    int status = -1;
    FILE *log = run_log_open(path, &start, NULL, &err);
    if (!check(log != NULL, "%s", err.text))
        return;
    snprintf(wanted, sizeof wanted, "process %d is writing it", (int)getpid());
    pid_t child = fork();
    if (child == 0) {
        FILE *second = run_log_open(path, &start, NULL, &err);
        _exit(second ? 1 : strstr(err.text, wanted) ? 0 : 2);
    }
    waitpid(child, &status, 0);
    check_int(status, 0);
    fclose(log);
    snprintf(text, sizeof text, "%s", START);
    check_content(path, text, strlen(text));
}

/* Undefined figures are null, and what was not done is left out. */
TEST(run_log_lines, "run_log: the lines of a run that diverged, and of one that did not")
{
    char text[2048] = "";
    struct metrics test = {0};
    for (int i = 0; i < 4; i++)
        metrics_add(&test, (uint8_t)i, (const float[CLASSES]){[1] = 1.0f}, 0.5f);
    struct train_result result = {.best = {.epoch = 2}, .epochs_run = 3, .seconds = 1.5};
    struct run_log_end end = {.result = &result, .stopped = "early", .peak_bytes = UINT64_MAX};
    struct train_epoch epoch = made_epoch(7);
    FILE *out = fmemopen(text, sizeof text, "w");
    if (!check(out != NULL, "no memory"))
        return;
    result.images_per_s = (double)NAN;
    run_log_write_epoch(out, &epoch, false);
    run_log_write_end(out, &end);
    end.test = &test, end.model = "m.bin", end.weights_crc32 = 0xbeef;
    run_log_write_end(out, &end);
    fclose(out);
    static const char
        rest[] = "0,0,0,0,0,0],[",
        wanted[] =
            "{\"event\":\"epoch\",\"epoch\":7,\"train_loss\":0.5,\"train_acc\":0.75,\"lr\":0.002,"
            "\"seconds\":0.125,\"val_seconds\":0.0625,\"images_per_s\":40}\n"
            "{\"event\":\"end\",\"best_epoch\":2,\"epochs_run\":3,\"stopped\":\"early\","
            "\"seconds\":1.5,"
            "\"images_per_s\":null,\"peak_bytes\":\"18446744073709551615\"}\n"
            "{\"event\":\"end\",\"best_epoch\":2,\"epochs_run\":3,\"stopped\":\"early\","
            "\"test_loss\":0.5,\"test_acc\":0.25,\"confusion\":[[0,1,0,0,";
    check(!strncmp(text, wanted, strlen(wanted)), "it wrote %s", text);
    check(strstr(text, rest) && strstr(text, "0]],\"seconds\":1.5,"), "it wrote %s", text);
    check(strstr(text, ",\"model\":\"m.bin\",\"weights_crc32\":\"0000beef\"}\n"), "it wrote %s",
          text);
}
