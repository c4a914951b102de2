#include "mnist/cli/suggest.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

enum { LONGEST = 32 }; /* longer words are near nothing */

/* Upper and lower case are the same, and so are the two dashes. */
static int letter_of(char c)
{
    return c == '_' ? '-' : tolower((unsigned char)c);
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* The distance of two words: cost[i][j] is that of the first i letters of a from the first j of
 * b. */
static int distance(const char *a, const char *b)
{
    int cost[LONGEST + 1][LONGEST + 1], m = (int)strlen(a), n = (int)strlen(b);
    for (int i = 0; i <= m; i++) {
        for (int j = 0; j <= n; j++) {
            cost[i][j] = i + j;
            if (!i || !j)
                continue;
            int x = letter_of(a[i - 1]), y = letter_of(b[j - 1]);
            cost[i][j] =
                least(least(cost[i - 1][j], cost[i][j - 1]) + 1, cost[i - 1][j - 1] + (x != y));
            if (i > 1 && j > 1 && x == letter_of(b[j - 2]) && y == letter_of(a[i - 2]))
                cost[i][j] = least(cost[i][j], cost[i - 2][j - 2] + 1);
        }
    }
    return cost[m][n];
}

/* What the beginnings of two words say: the number of letters of the shorter one with which the
 * other does not begin. One letter says nothing unless it is the whole word. */
static int beginning(const char *a, const char *b)
{
    int shorter = least((int)strlen(a), (int)strlen(b)), common = 0;
    while (common < shorter && letter_of(a[common]) == letter_of(b[common]))
        common++;
    return common > 1 || (common && common == shorter) ? shorter - common : LONGEST;
}

void suggest_look(struct suggest *suggest, const char *name)
{
    const char *word = suggest->word;
    size_t length = strlen(name);
    if (!*word || strlen(word) > LONGEST || length > LONGEST)
        return;
    int cost = least(distance(word, name), beginning(word, name));
    int most = length < 6 ? 1 : (int)length / 3;
    bool shares = cost < (int)strlen(word); /* a letter at least */
    if (cost <= most && shares && (!suggest->nearest || cost < suggest->cost)) {
        suggest->nearest = name;
        suggest->cost = cost;
    }
}
