/* `mnist train` from its command line to its last file, on 24 images: refused with exit code 2
 * before anything is written, failed with 1, or done with 0; what is then there is whole.
 *
 * A line of the input is an option (--lr=0.1) or a variable (COLUMNS=40), or asks for a
 * checkpoint (--checkpoint), which takes as long as all the rest; what is none of them is passed
 * over. Options that name files, and those that bound the work, come last, where they win. */
#include "command.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    make_folder();
    return 0;
}

/* Epochs and threads are taken from the input's size: any change of it tries others. */
static void add_fixed(struct words *words, size_t size, bool checkpoint)
{
    char word[32];
    snprintf(word, sizeof word, "--threads=%d", size % 8 ? 1 : 2);
    add_word(words, word);
    snprintf(word, sizeof word, "--epochs=%d", (int)(size % 4) + 1);
    add_word(words, word);
    add_file(words, "data", folder);
    add_file(words, "out", paths[MODEL]);
    if (checkpoint)
        add_file(words, "checkpoint", paths[CHECKPOINT]);
    add_file(words, "log", paths[LOG]);
    add_file(words, "report", paths[REPORT]);
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t room, unsigned seed)
{
    static const struct term checkpoint = {"--checkpoint", ""};
    draw_from(seed);
    const struct term *term = draw(3)   ? &run_terms[draw(RUN_TERMS)]
                              : draw(8) ? &telling_terms[draw(TELLING_TERMS)]
                                        : &checkpoint;
    return change_lines(bytes, size, room, term);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct words words;
    char *text = text_of(bytes, size), *rest;
    bool json = false, checkpoint = false;
    words.count = 0;
    add_word(&words, "mnist-train");
    remove_files(0, WRITTEN);
    reset_variables();
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        json = json || !strcmp(line, "--json");
        checkpoint = checkpoint || !strcmp(line, "--checkpoint");
        take_option(&words, line);
    }
    free(text);
    add_fixed(&words, size, checkpoint);
    int code = run_train(&words);
    check_files(code, json, 0);
    for (int i = 0; i < SAID && code == EXIT_USAGE; i++)
        require(!is_there(i), "refused, but a file is there");
    return 0;
}
