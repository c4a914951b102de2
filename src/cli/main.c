#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mnist/cli/command.h"
#include "mnist/cli/help.h"
#include "mnist/cli/manual.h"
#include "mnist/cli/options.h"
#include "mnist/cli/suggest.h"
#include "mnist/cli/terminal.h"
#include "mnist/net/params.h"

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *summary;
} commands[] = {
    {"train", command_train, "train on MNIST and write a model file"},
    {"eval", command_eval, "evaluate a model file"},
    {"show", command_show, "show samples, or a model's weights, as pictures"},
    {"predict", command_predict, "read your own digits, from pictures of any size"},
};

enum { COMMANDS = sizeof commands / sizeof commands[0] };

static int find_command(const char *name)
{
    for (int i = 0; i < COMMANDS; i++)
        if (!strcmp(name, commands[i].name))
            return i;
    return -1;
}

static void print_help(FILE *out)
{
    int width = terminal_width(out);
    fputs("Usage: mnist COMMAND [OPTION]...\n\n", out);
    terminal_wrap(out,
                  "Trains, examines and ships the dense " PARAMS_ARCHITECTURE
                  " classifier of handwritten digits.",
                  0, 0, width);
    putc('\n', out);
    for (int i = 0; i < COMMANDS; i++) {
        int used = fprintf(out, "  mnist %-8s ", commands[i].name);
        terminal_wrap(out, commands[i].summary, used, used, width);
    }
    putc('\n', out);
    terminal_wrap(out, "Each is also a program of its own: mnist-train is mnist train.", 0, 0,
                  width);
    terminal_wrap(out,
                  "mnist help COMMAND, or COMMAND --help, tells its options; mnist --version, the "
                  "version.",
                  0, 0, width);
}

/* Runs a command under the name that the user knows; its arguments follow argv[0]. */
static int run_command(int command, int argc, char **argv)
{
    char name[32];
    snprintf(name, sizeof name, "mnist-%s", commands[command].name);
    argv[0] = name;
    return commands[command].run(argc, argv);
}

/* Refuses a word that is neither a command nor an option of the program itself. */
static int refuse_unknown(const char *word)
{
    static const char *const options[] = {"help", "version"};
    bool is_option = *word == '-';
    const char *what = is_option ? "option" : "command";
    struct suggest suggest = {.word = word + strspn(word, "-")};
    for (int i = 0; i < (is_option ? 2 : COMMANDS); i++)
        suggest_look(&suggest, is_option ? options[i] : commands[i].name);
    if (suggest.nearest)
        return command_refuse("mnist", "unknown %s '%s': did you mean %s%s?", what, word,
                              is_option ? "--" : "", suggest.nearest);
    return command_refuse("mnist", "unknown %s '%s'%s: see mnist help", what, word,
                          is_option ? ": a command's options stand after its name" : "");
}

static int refuse_more(const char *word)
{
    return command_refuse("mnist", "'%s' is one argument too many: see mnist help", word);
}

static bool is_help(const char *word)
{
    return !strcmp(word, "help") || !strcmp(word, "--help") || !strcmp(word, "-h");
}

/* mnist --help=FORM */
static int help_form(const char *text, int argc, char **argv)
{
    enum manual_form form;
    if (argc > 1)
        return refuse_more(argv[1]);
    if (manual_form("mnist", text, &form))
        return EXIT_USAGE;
    if (form == MANUAL_NONE)
        print_help(stdout);
    for (int i = 0; i < COMMANDS && form != MANUAL_NONE; i++)
        manual_print_command(commands[i].name, commands[i].summary, form);
    return command_finish("mnist", EXIT_DONE);
}

/* mnist help [COMMAND] */
static int help(int argc, char **argv)
{
    static char option[] = "--help";
    if (argc > 2)
        return refuse_more(argv[2]);
    if (argc < 2 || is_help(argv[1])) {
        print_help(stdout);
        return command_finish("mnist", EXIT_DONE);
    }
    int command = find_command(argv[1]);
    if (command < 0)
        return *argv[1] == '-' ? refuse_more(argv[1]) : refuse_unknown(argv[1]);
    argv[1] = option;
    return run_command(command, 2, argv);
}

static int version(int argc, char **argv)
{
    if (argc > 1)
        return refuse_more(argv[1]);
    help_print_version();
    return command_finish("mnist", EXIT_DONE);
}

/* If stdout or stderr was closed when the program started, the next file opened, such as a log,
 * would get their output. So their descriptors are taken, read-only: writing still fails. */
static void take_standard_places(void)
{
    int fd;
    do
        fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

int main(int argc, char **argv)
{
    take_standard_places();
    /* A write beyond a limit on file sizes is then an ordinary error. */
    signal(SIGXFSZ, SIG_IGN);
    const char *slash = argc ? strrchr(argv[0], '/') : NULL;
    const char *name = argc ? (slash ? slash + 1 : argv[0]) : "mnist";
    int command = strncmp(name, "mnist-", 6) ? -1 : find_command(name + 6);
    if (command >= 0)
        return run_command(command, argc, argv);
    if (argc < 2) {
        print_help(terminal_stderr());
        return EXIT_USAGE;
    }
    const char *word = argv[1];
    command = find_command(word);
    if (command >= 0)
        return run_command(command, argc - 1, argv + 1);
    if (is_help(word))
        return help(argc - 1, argv + 1);
    if (!strncmp(word, "--help=", strlen("--help=")))
        return help_form(word + strlen("--help="), argc - 1, argv + 1);
    if (!strcmp(word, "--version") || !strcmp(word, "-V"))
        return version(argc - 1, argv + 1);
    return refuse_unknown(word);
}
