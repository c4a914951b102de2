/* `mnist train --resume` from a sealed checkpoint that holds whatever a checkpoint may be made to
 * say: refused, failed or done, and what is then there is whole. The history of the run, which may
 * have thousands of epochs, goes through plot, log and report.
 * The input is no checkpoint, but says in lines how one is to differ from that of a run on the tiny
 * data set. A checkpoint has two megabytes, of which all but some hundred bytes are weights: bytes
 * changed at random in it are weights, and hardly ever two things at once. What its reader makes of
 * damaged bytes is fuzz_checkpoint's; here each input gets past the checksums, and every seed, a
 * near miss as well, is a few lines that can be read.
 *
 *   KEY TEXT             another metadata string
 *
 *   rows N               N epochs of history; all there were to be, unless a line says epochs
 *
 *   history.COLUMN V…    its numbers, over and over again down the column
 *
 *   TENSOR V…            numbers of a tensor, likewise; TENSOR@I V: of number I alone
 *
 *   log TEXT             a line of the log as it was before; the last of them is not whole
 *
 *   --NAME=VALUE, COLUMNS=…   options and variables, as in fuzz_train.c  */
#include "command.h"
#include "mnist/base/memory.h"

enum { ROWS = 4096 };

/* The checkpoint that is changed: what its header says, and its data with more rows of history,
 * the last tensor, than there were. */
static struct safetensors base;
static uint8_t *base_data;

/* The changed one. */
static struct safetensors st;
static uint8_t *data;
static bool epochs_said;

static struct safetensors_tensor *history_of(struct safetensors *of)
{
    return &of->tensors[of->tensor_count - 1];
}

static size_t numbers_of(const struct safetensors_tensor *t)
{
    return (size_t)(t->shape[0] * t->shape[1]);
}

static void set_row_count(struct safetensors_tensor *history, int rows)
{
    history->shape[0] = (uint64_t)rows;
    history->end = history->begin + sizeof(double) * numbers_of(history);
}

static void put_double(uint8_t *to, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    bytes_put_le64(to, bits);
}

static void put_float(uint8_t *to, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    bytes_put_le32(to, bits);
}

/* Takes the checkpoint apart. Its checksums, the last of its metadata, go: write_checkpoint adds
 * its own. */
static void take_base(const struct file *file)
{
    struct error err = {""};
    require(!safetensors_parse(&base, file->bytes, file->size, "base", &err),
            "a base that cannot be read");
    struct safetensors_tensor *history = history_of(&base);
    size_t room = history->begin + sizeof(double) * ROWS * TRAIN_COLUMNS,
           row = sizeof(double) * TRAIN_COLUMNS;
    require(!strcmp(history->name, "history") && history->shape[1] == TRAIN_COLUMNS,
            "a base of another form");
    base_data = malloc(room);
    data = malloc(room);
    require(base_data && data, "out of memory");
    memcpy(base_data, base.data, history->end);
    for (size_t at = history->end; at < room; at++)
        base_data[at] = base_data[at - row];
    base.data = NULL;
    base.metadata_count -= 2;
}

/* The base is what a run of two epochs on the tiny data set writes, with an average, so that all
 * tensors are there. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    static struct words words;
    (void)argc;
    (void)argv;
    make_folder();
    add_word(&words, "mnist-train");
    add_word(&words, "--epochs=2");
    add_word(&words, "--schedule=constant");
    add_word(&words, "--ema=0.9");
    add_word(&words, "--batch=4");
    add_word(&words, "--val=4");
    add_word(&words, "--quiet");
    add_file(&words, "data", folder);
    add_file(&words, "out", paths[MODEL]);
    add_file(&words, "checkpoint", paths[CHECKPOINT]);
    require(run_train(&words) == EXIT_DONE, "no base");
    struct file file = read_file(CHECKPOINT);
    take_base(&file);
    file_read_free(&file);
    return 0;
}

/* --- lines --- */

/* The next of the numbers in a text, from the first again after the last; 0 where there is none. */
static double next_number(const char *text, const char **at)
{
    char *end;
    double number = strtod(*at, &end);
    if (end == *at)
        number = strtod(text, &end);
    *at = end;
    return number;
}

/* Whether `name` is "history." and a column, which then has the text's numbers. */
static bool set_column(const char *name, const char *text)
{
    static const char prefix[] = "history.";
    uint8_t *history = data + history_of(&st)->begin;
    const char *at = text;
    for (int c = 0; c < TRAIN_COLUMNS; c++) {
        if (strncmp(name, prefix, sizeof prefix - 1) ||
            strcmp(name + sizeof prefix - 1, train_columns[c].name))
            continue;
        for (int row = 0; row < ROWS; row++)
            put_double(history + sizeof(double) * (size_t)(row * TRAIN_COLUMNS + c),
                       next_number(text, &at));
        return true;
    }
    return false;
}

/* Whether `name` is that of a tensor, or that and @I, which then has the text's numbers. */
static bool set_tensor(char *name, const char *text)
{
    const char *at = text;
    char *index = strchr(name, '@');
    if (index)
        *index++ = '\0';
    const struct safetensors_tensor *tensor = safetensors_find(&st, name);
    if (!tensor || tensor == history_of(&st))
        return false;
    size_t count = numbers_of(tensor), first = index ? strtoul(index, NULL, 10) % count : 0;
    for (size_t i = first; i < (index ? first + 1 : count); i++)
        put_float(data + tensor->begin + sizeof(float) * i, (float)next_number(text, &at));
    return true;
}

static void set_string(const char *key, const char *text)
{
    for (int i = 0; i < st.metadata_count; i++)
        if (!strcmp(st.metadata[i].key, key))
            snprintf(st.metadata[i].value, sizeof st.metadata[i].value, "%s", text);
    epochs_said = epochs_said || !strcmp(key, "epochs");
}

static void set_rows(const char *text)
{
    long rows = strtol(text, NULL, 10);
    set_row_count(history_of(&st), rows < 1 ? 1 : rows > ROWS ? ROWS : (int)rows);
}

static void add_log(const char *text)
{
    bool first = !is_there(LOG);
    FILE *log = fopen(paths[LOG], "a");
    require(log != NULL, "no room for a file");
    fprintf(log, "%s%s", first ? "" : "\n", text);
    fclose(log);
}

/* "name text" or "name": one change. */
static void take_line(char *line)
{
    char *space = strchr(line, ' '), none[] = "", *text = space ? space + 1 : none;
    if (space)
        *space = '\0';
    if (!strcmp(line, "rows"))
        set_rows(text);
    else if (!strcmp(line, "log"))
        add_log(text);
    else if (!set_column(line, text) && !set_tensor(line, text))
        set_string(line, text);
}

/* --- the run --- */

/* The checksums are put right afterwards. The data is as it lies in the file, and so this machine
 * is little-endian. */
static void write_checkpoint(void)
{
    char epochs[32];
    struct error err;
    size_t size;
    snprintf(epochs, sizeof epochs, "%d", (int)history_of(&st)->shape[0]);
    if (!epochs_said)
        set_string("epochs", epochs);
    safetensors_set(&st, "crc32", "--------");
    safetensors_set(&st, "header_crc32", "--------");
    for (int i = 0; i < st.tensor_count; i++)
        st.tensors[i].values = data + st.tensors[i].begin;
    size_t room = SAFETENSORS_HEADER + st.tensors[st.tensor_count - 1].end;
    uint8_t *bytes = mem_alloc(room, 1, &err);
    require(bytes != NULL, "out of memory");
    require(!safetensors_write(&st, bytes, room, &size, "changed", &err), "not written");
    uint8_t *right = put_right(bytes, size);
    write_file(CHECKPOINT, right, size);
    free(right);
    mem_free(bytes);
}

/* What there is left to train may be a million epochs: a moment of it must do. */
static void add_fixed(struct words *words)
{
    add_word(words, "--max-seconds=0.02");
    add_word(words, "--threads=1");
    add_file(words, "data", folder);
    add_file(words, "resume", paths[CHECKPOINT]);
    add_file(words, "out", paths[MODEL]);
    add_file(words, "log", paths[LOG]);
    add_file(words, "report", paths[REPORT]);
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t room, unsigned seed)
{
    static const char earlier[] =
        "{ {}  {\"event\":\"start\",\"lr\":0.003,\"threads\":1} {\"event\":\"start\"} x";
    static const struct term terms[] = {
        {"rows ", NULL},
        {"history.train_loss ", NULL},
        {"history.train_acc ", NULL},
        {"history.val_loss ", NULL},
        {"history.val_acc ", NULL},
        {"history.lr ", NULL},
        {"history.seconds ", NULL},
        {"history.val_seconds ", NULL},
        {"history.images_per_s ", NULL},
        {"history.best ", NULL},
        {"epochs ", NULL},
        {"best_epoch ", NULL},
        {"patience ", NULL},
        {"lr ", NULL},
        {"batch ", NULL},
        {"l2 ", NULL},
        {"dropout ", NULL},
        {"val ", NULL},
        {"schedule ", "cosine constant step"},
        {"warmup ", NULL},
        {"label_smoothing ", NULL},
        {"ema ", NULL},
        {"rotate ", NULL},
        {"elastic ", NULL},
        {"seed ", NULL},
        {"train_count ", NULL},
        {"numbers ", NULL},
        {"input ", "digits as-is other"},
        {"fc1.weight ", NULL},
        {"fc3.bias ", NULL},
        {"m.fc2.weight ", NULL},
        {"v.fc2.weight ", NULL},
        {"v.fc3.bias@3 ", NULL},
        {"best.fc1.weight ", NULL},
        {"best.fc3.weight ", NULL},
        {"best.fc3.bias ", NULL},
        {"average.fc3.bias ", NULL},
        {"log ", earlier},
    };
    draw_from(seed);
    const struct term *term = draw(5) ? &terms[draw(sizeof terms / sizeof terms[0])]
                                      : &telling_terms[draw(TELLING_TERMS)];
    return change_lines(bytes, size, room, term);
}

static void start_again(void)
{
    remove_files(0, WRITTEN);
    reset_variables();
    st = base;
    memcpy(data, base_data, history_of(&base)->begin + sizeof(double) * ROWS * TRAIN_COLUMNS);
    epochs_said = false;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct words words;
    char *text = text_of(bytes, size), *rest;
    bool json = false;
    words.count = 0;
    add_word(&words, "mnist-train");
    start_again();
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        json = json || !strcmp(line, "--json");
        if (!take_option(&words, line))
            take_line(line);
    }
    free(text);
    write_checkpoint();
    add_fixed(&words);
    check_files(run_train(&words), json, (int)history_of(&st)->shape[0]);
    return 0;
}
