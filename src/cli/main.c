#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mnist/base/version.h"
#include "mnist/cli/command.h"
#include "mnist/cli/options.h"
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

static int print_help(void)
{
    puts("Usage: mnist COMMAND [OPTION]...\n\n"
         "Trains, examines and ships the dense " PARAMS_ARCHITECTURE
         " classifier of handwritten digits.\n");
    for (int i = 0; i < COMMANDS; i++)
        printf("  mnist %-8s %s\n", commands[i].name, commands[i].summary);
    puts("\nEach is also a program of its own: mnist-train is mnist train.\n"
         "mnist help COMMAND, or COMMAND --help, tells its options; mnist --version, the version.");
    return command_finish("mnist", EXIT_DONE);
}

/* Runs a command under the name that the user knows; its arguments follow argv[0]. */
static int run_command(int command, int argc, char **argv)
{
    char name[32];
    snprintf(name, sizeof name, "mnist-%s", commands[command].name);
    argv[0] = name;
    return commands[command].run(argc, argv);
}

static int refuse(const char *word)
{
    if (!*word)
        return options_refuse("mnist", "which command: see mnist help");
    return options_refuse("mnist", "no command '%s': see mnist help", word);
}

static int help(int argc, char **argv)
{
    static char option[] = "--help";
    if (argc < 2)
        return print_help();
    int command = find_command(argv[1]);
    if (command < 0)
        return refuse(argv[1]);
    argv[1] = option;
    return run_command(command, 2, argv);
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
    /* A closed pipe is then an ordinary write error, which need not cost a model. */
    signal(SIGPIPE, SIG_IGN);
    /* The same for a write beyond a limit on file sizes. */
    signal(SIGXFSZ, SIG_IGN);
    const char *slash = argc ? strrchr(argv[0], '/') : NULL;
    const char *name = argc ? (slash ? slash + 1 : argv[0]) : "mnist";
    int command = strncmp(name, "mnist-", 6) ? -1 : find_command(name + 6);
    if (command >= 0)
        return run_command(command, argc, argv);
    const char *word = argc > 1 ? argv[1] : "";
    if (!strcmp(word, "--version")) {
        puts("mnist " MNIST_VERSION);
        return command_finish("mnist", EXIT_DONE);
    }
    if (!strcmp(word, "help") || !strcmp(word, "--help") || !strcmp(word, "-h"))
        return help(argc - 1, argv + 1);
    command = find_command(word);
    if (command >= 0)
        return run_command(command, argc - 1, argv + 1);
    return refuse(word);
}
