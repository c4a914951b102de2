#include "mnist/cli/terminal.h"

#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "mnist/base/utf8.h"
#include "mnist/cli/options.h"
#include "mnist/cli/stop.h"
#include "mnist/data/image.h"

bool terminal_is_live(FILE *stream)
{
    const char *term = getenv("TERM");
    return isatty(fileno(stream)) && term && *term && strcmp(term, "dumb") != 0;
}

/* Whether a variable of the environment is neither empty nor `no`. */
static bool is_set(const char *name, const char *no)
{
    const char *value = getenv(name);
    return value && *value && strcmp(value, no) != 0;
}

bool terminal_colors(FILE *stream, int choice)
{
    if (choice != COLOR_AUTO)
        return choice == COLOR_ALWAYS;
    if (is_set("NO_COLOR", ""))
        return false;
    return is_set("FORCE_COLOR", "0") || is_set("CLICOLOR_FORCE", "0") || terminal_is_live(stream);
}

int terminal_width(FILE *stream)
{
    struct winsize size;
    if (!ioctl(fileno(stream), TIOCGWINSZ, &size) && size.ws_col > 0)
        return size.ws_col;
    const char *columns = getenv("COLUMNS");
    long width = columns ? strtol(columns, NULL, 10) : 0;
    return width > 0 && width < 10000 ? (int)width : 80;
}

int terminal_room(FILE *stream)
{
    return isatty(fileno(stream)) ? terminal_width(stream) : INT_MAX;
}

/* --- text in lines --- */

/* The columns that a word takes: those of its characters, but for what turns colours on and off. */
static int width_of(const char *word, size_t length)
{
    int width = utf8_length(word, length);
    for (size_t i = 0, from = 0; i < length; i++) {
        from = word[i] == '\033' ? i : from;
        if (word[from] == '\033' && word[i] == 'm') {
            width -= (int)(i + 1 - from);
            from = i;
        }
    }
    return width;
}

void terminal_wrap(FILE *out, const char *text, int column, int indent, int width)
{
    bool begun = false; /* there is a word to break after */
    for (;;) {
        int gap = (int)strspn(text, " ");
        const char *word = text + gap;
        size_t length = strcspn(word, " ");
        if (length == 0)
            break;
        int wide = width_of(word, length);
        if (begun && column + gap + wide > width) {
            putc('\n', out);
            gap = indent;
            column = 0;
        }
        fprintf(out, "%*s", gap, "");
        for (size_t i = 0, part; i < length; i += part + 1) {
            part = strcspn(word + i, " \t");
            fprintf(out, "%s%.*s", i ? " " : "", (int)part, word + i);
        }
        column += gap + wide;
        begun = true;
        text = word + length;
    }
    putc('\n', out);
}

void terminal_say(FILE *out, int column, int indent, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    terminal_wrap(out, text, column, indent, terminal_room(out));
}

/* --- the moving line --- */

/* Whether the moving line, or a ^C, is where the next output would be. */
static bool line_stands;
static int interrupts_seen;

void terminal_line(const char *text)
{
    fprintf(stderr, "\r\033[K%s", text);
    line_stands = true;
}

void terminal_margin(void)
{
    int interrupts = stop_signal() == SIGINT ? stop_count() : 0;
    bool echoed = interrupts > interrupts_seen;
    if (line_stands || (echoed && terminal_is_live(stderr)))
        fputs("\r\033[K", stderr);
    else if (echoed && isatty(fileno(stderr)))
        putc('\n', stderr);
    line_stands = false;
    interrupts_seen = interrupts;
}

FILE *terminal_stderr(void)
{
    terminal_margin();
    return stderr;
}

/* --- what can be shown --- */

bool terminal_is_unicode(void)
{
    const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *locale = getenv(names[i]);
        if (!locale || !*locale)
            continue;
        const char *dot = strchr(locale, '.'), *charset = dot ? dot + 1 : locale;
        return !strncasecmp(charset, "utf-8", 5) || !strncasecmp(charset, "utf8", 4);
    }
    return false;
}

const char *terminal_text(const char *unicode, const char *ascii)
{
    return terminal_is_unicode() ? unicode : ascii;
}

int terminal_put(FILE *out, const char *text)
{
    char piece[256];
    int width = 0;
    while (*text) {
        text = utf8_plain(piece, sizeof piece, text);
        fputs(piece, out);
        width += utf8_length(piece, strlen(piece));
    }
    return width;
}

/* --- pictures --- */

const char *const terminal_styles[] = {"auto", "ascii", "blocks", NULL};

struct picture_style terminal_style(int style, int color)
{
    const char *term = getenv("TERM"), *colorterm = getenv("COLORTERM");
    bool many = (colorterm && *colorterm) || (term && strstr(term, "256color"));
    bool able = many && terminal_is_live(stdout) && terminal_is_unicode();
    return (struct picture_style){
        .width = terminal_width(stdout),
        .blocks = style == STYLE_BLOCKS ||
                  (style == STYLE_AUTO && able && terminal_colors(stdout, color)),
    };
}

/* Two pixels high keeps the proportions, as a character is about twice as high as wide: a digit is
 * 28×14 characters, so that two or more fit side by side. */
static char character_of(int upper, int lower, bool map)
{
    static const char ramp[] = " .:-=+*#%@";
    enum { FAINT = 24, STRONG = 96 };
    int sum = upper + lower;
    if (!map)
        return ramp[sum * (int)(sizeof ramp - 1) / 511];
    sum -= 256;
    if (abs(sum) <= FAINT)
        return ' ';
    return abs(sum) <= STRONG ? (sum > 0 ? '+' : '-') : (sum > 0 ? '#' : '=');
}

/* The nearest of the terminal's 256 colours. */
static int color_of(int pixel, bool map)
{
    static const uint8_t more[] = {16, 52, 94, 130, 172, 214}, less[] = {16, 17, 24, 25, 32, 39};
    if (!map) {
        int level = (pixel * 25 + 127) / 255; /* black, 24 greys, white */
        return level == 0 ? 16 : level == 25 ? 231 : 231 + level;
    }
    int size = abs(pixel - 128) * 5 + 63;
    return pixel > 128 ? more[size / 127] : less[size / 127];
}

/* Writes line 0 … 13 of a picture in characters; returns the length without trailing spaces. */
static int write_characters(char row[IMAGE_SIDE], const uint8_t *pixels, int line, bool map)
{
    const uint8_t *upper = pixels + 2 * line * IMAGE_SIDE, *lower = upper + IMAGE_SIDE;
    int inked = 0;
    for (int x = 0; x < IMAGE_SIDE; x++) {
        row[x] = character_of(upper[x], lower[x], map);
        inked = row[x] == ' ' ? inked : x + 1;
    }
    return inked;
}

/* Prints the same in half blocks: the foreground is the upper pixel, the background the lower. */
static void print_blocks(FILE *out, const uint8_t *pixels, int line, bool map)
{
    const uint8_t *upper = pixels + 2 * line * IMAGE_SIDE, *lower = upper + IMAGE_SIDE;
    int front = -1, back = -1;
    for (int x = 0; x < IMAGE_SIDE; x++) {
        int next_front = color_of(upper[x], map), next_back = color_of(lower[x], map);
        if (next_front != front || next_back != back)
            fprintf(out, "\033[38;5;%d;48;5;%dm", next_front, next_back);
        front = next_front, back = next_back;
        fputs("\u2580", out);
    }
    fputs("\033[0m", out);
}

/* Prints one line of the grid: lines -2 and -1 are the titles, 0 … 13 the pictures. Spaces are held
 * back until something follows, so that no line ends in them. */
static void print_line(FILE *out, const struct picture *pictures, int count, int line,
                       struct picture_style style)
{
    int owed = 0;
    for (int i = 0; i < count; i++, owed += 2) {
        char row[IMAGE_SIDE];
        const char *cell = line < 0 ? pictures[i].title[line + 2] : row;
        bool blocks = line >= 0 && style.blocks;
        int inked = blocks      ? IMAGE_SIDE
                    : line >= 0 ? write_characters(row, pictures[i].pixels, line, style.map)
                                : (int)strlen(cell);
        if (inked > 0) {
            fprintf(out, "%*s", owed, "");
            owed = 0;
        }
        if (blocks)
            print_blocks(out, pictures[i].pixels, line, style.map);
        else
            fprintf(out, "%.*s", inked, cell);
        owed += IMAGE_SIDE - inked;
    }
    putc('\n', out);
}

void terminal_pictures(FILE *out, const struct picture *pictures, int count,
                       struct picture_style style)
{
    int across = (style.width + 2) / (IMAGE_SIDE + 2);
    bool second = false;
    for (int i = 0; i < count; i++)
        second = second || pictures[i].title[1][0];
    if (across < 1)
        across = 1;
    for (int from = 0; from < count; from += across) {
        int here = count - from < across ? count - from : across;
        for (int line = -2; line < IMAGE_SIDE / 2; line++)
            if (line != -1 || second)
                print_line(out, pictures + from, here, line, style);
    }
}
