#include "mnist/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "mnist/idx.h"
#include "mnist/options.h"

bool terminal_is_live(FILE *stream)
{
    const char *term = getenv("TERM");
    return isatty(fileno(stream)) && term && *term && strcmp(term, "dumb") != 0;
}

bool terminal_colors(FILE *stream, int choice)
{
    const char *no_color = getenv("NO_COLOR");
    if (choice == COLOR_AUTO)
        return terminal_is_live(stream) && !(no_color && *no_color);
    return choice == COLOR_ALWAYS;
}

int terminal_width(void)
{
    struct winsize size;
    if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col > 0)
        return size.ws_col;
    const char *columns = getenv("COLUMNS");
    long width = columns ? strtol(columns, NULL, 10) : 0;
    return width > 0 && width < 10000 ? (int)width : 80;
}

/* Half the height keeps the proportions, as a character is about twice as high as wide: 28×14
 * characters a digit, so that two and more stand side by side. */
static void picture_row(char row[IDX_SIDE + 1], const uint8_t *pixels, int line)
{
    static const char ramp[] = " .:-=+*#%@";
    const uint8_t *upper = pixels + 2 * line * IDX_SIDE, *lower = upper + IDX_SIDE;
    for (int x = 0; x < IDX_SIDE; x++)
        row[x] = ramp[(upper[x] + lower[x]) * (int)(sizeof ramp - 1) / 511];
    row[IDX_SIDE] = '\0';
}

/* One line of the grid: line -2 and -1 are the titles, 0 … 13 the pictures'. Spaces are owed until
 * something follows them, so that no line ends in them. */
static void print_line(FILE *out, const struct picture *pictures, int count, int line)
{
    int owed = 0;
    for (int i = 0; i < count; i++) {
        char row[IDX_SIDE + 1];
        const char *cell = row;
        if (line < 0)
            cell = pictures[i].title[line + 2];
        else
            picture_row(row, pictures[i].pixels, line);
        int inked = (int)strlen(cell);
        while (inked > 0 && cell[inked - 1] == ' ')
            inked--;
        if (inked > 0) {
            fprintf(out, "%*s%.*s", owed, "", inked, cell);
            owed = 0;
        }
        owed += IDX_SIDE + 2 - inked;
    }
    putc('\n', out);
}

void terminal_pictures(FILE *out, const struct picture *pictures, int count, int width)
{
    int across = (width + 2) / (IDX_SIDE + 2);
    bool second = false;
    for (int i = 0; i < count; i++)
        second = second || pictures[i].title[1][0];
    if (across < 1)
        across = 1;
    for (int from = 0; from < count; from += across) {
        int here = count - from < across ? count - from : across;
        for (int line = -2; line < IDX_SIDE / 2; line++)
            if (line != -1 || second)
                print_line(out, pictures + from, here, line);
    }
}
