/* src/net/train_options.c: the table of training options. */
#include "../test.h"
#include "mnist/net/train_options.h"

#include <string.h>

static int row_named(const char *name)
{
    for (int i = 0; i < TRAIN_OPTIONS; i++)
        if (!strcmp(train_options_table[i].name, name))
            return i;
    check(false, "no option %s", name);
    return 0;
}

TEST(train_options_rows,
     "train_options: names differ, and so do places; defaults are within limits")
{
    struct train_options options = train_options_usual();
    options.augment = train_options_usual_augment();
    options.val = options.val == VAL_AUTO ? 0 : options.val;
    for (int i = 0; i < TRAIN_OPTIONS; i++) {
        struct train_options again = options;
        test_case("%s", train_options_table[i].name);
        check(train_options_parse(&again, i, train_options_text(&options, i).text), "is refused");
        check_bytes(&again, &options, sizeof again);
        for (int j = 0; j < i; j++)
            check(strcmp(train_options_table[i].name, train_options_table[j].name) != 0 &&
                      train_options_table[i].offset != train_options_table[j].offset,
                  "is option %d, too", j);
    }
}

TEST(train_options_parse, "train_options: a text is the one that its value is written as")
{
    static const struct {
        const char *name, *text;
        bool good;
    } rows[] = {
        {"epochs", "1", true},
        {"epochs", "1000000", true},
        {"epochs", "0", false},
        {"epochs", "1000001", false},
        {"epochs", "01", false},
        {"epochs", " 1", false},
        {"epochs", "1.0", false},
        {"epochs", "", false},
        {"epochs", "4294967297", false},
        {"batch", "8192", true},
        {"batch", "8193", false},
        {"lr", "0.003", true},
        {"lr", "3e-3", false},
        {"lr", "0", false},
        {"lr", "nan", false},
        {"lr", "inf", false},
        {"l2", "0", true},
        {"l2", "-0", false},
        {"l2", "1e+06", true},
        {"dropout", "0.99", true},
        {"dropout", "1", false},
        {"schedule", "step", true},
        {"schedule", "Step", false},
        {"schedule", "", false},
        {"seed", "0", true},
        {"seed", "-1", false},
        {"seed", "18446744073709551616", false},
        {"rotate", "180", true},
        {"rotate", "181", false},
        {"seed", "18446744073709551615", true},
        {"val", "0", true},
        {"val", "-1", false},
        {"elastic", "0.5", true},
    };
    for (size_t k = 0; k < COUNT(rows); k++) {
        struct train_options options = train_options_usual(), before = options;
        int i = row_named(rows[k].name);
        test_case("%s %s", rows[k].name, rows[k].text);
        check_int(train_options_parse(&options, i, rows[k].text), rows[k].good);
        if (rows[k].good)
            check_string(train_options_text(&options, i).text, rows[k].text);
        else
            check_bytes(&options, &before, sizeof options);
        check(!train_options_parse(&options, i, NULL), "a file may lack it");
    }
}

TEST(train_options_json, "train_options: as JSON")
{
    struct train_options options = train_options_usual();
    options.seed = UINT64_MAX;
    check_string(train_options_json(&options, row_named("lr")).text, "0.003");
    check_string(train_options_json(&options, row_named("schedule")).text, "\"cosine\"");
    check_string(train_options_json(&options, row_named("seed")).text, "\"18446744073709551615\"");
}

TEST(train_options_settle, "train_options: what depends on the number of images")
{
    static const struct {
        int images, val, batch, settled_val, settled_batch;
    } rows[] = {
        {60000, VAL_AUTO, 128, 5000, 128}, {50000, VAL_AUTO, 128, 5000, 128},
        {49999, VAL_AUTO, 128, 4999, 128}, {5, VAL_AUTO, 128, 0, 5},
        {60000, 0, 8192, 0, 8192},         {100, 40, 100, 40, 60},
    };
    for (size_t k = 0; k < COUNT(rows); k++) {
        struct train_options options = {.val = rows[k].val, .batch = rows[k].batch};
        test_case("row %zu", k);
        check_int(train_options_settle(&options, rows[k].images), 0);
        check_int(options.val, rows[k].settled_val);
        check_int(options.batch, rows[k].settled_batch);
    }
    struct train_options options = {.val = 100, .batch = 7}, before = options;
    check_int(train_options_settle(&options, 100), -1);
    check_bytes(&options, &before, sizeof options);
}
