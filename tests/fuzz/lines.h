/* Inputs of lines, and how they are changed: a line comes, goes or becomes another one. Of bytes
 * changed at random hardly any would be a name that means something, and a run of a whole
 * command takes too long to wait for them. */
#ifndef FUZZ_LINES_H
#define FUZZ_LINES_H

#include "fuzz.h"

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t room, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *bytes, size_t size, size_t room);

/* What a line may begin with, and what then follows: one of these words, NULL: numbers, "":
 * nothing. */
struct term {
    const char *name, *words;
};

static uint64_t fuzz_random;

/* The numbers drawn from now on are functions of the seed. */
static inline void draw_from(unsigned seed)
{
    fuzz_random = ((uint64_t)seed + 1) * 0x9e3779b97f4a7c15;
}

/* 0 … below-1. Xorshift (Marsaglia 2003). */
static inline size_t draw(size_t below)
{
    fuzz_random ^= fuzz_random << 13;
    fuzz_random ^= fuzz_random >> 7;
    fuzz_random ^= fuzz_random << 17;
    return (size_t)(fuzz_random >> 11) % below;
}

/* Those at limits, or any of some magnitude. */
static inline int print_number(char *to, size_t room)
{
    static const char *const limits[] = {"0",
                                         "1",
                                         "2",
                                         "3",
                                         "10",
                                         "128",
                                         "4096",
                                         "1000000",
                                         "2147483647",
                                         "-1",
                                         "0.5",
                                         "0.99",
                                         "1e9",
                                         "1e12",
                                         "1e15",
                                         "3.4028234e38",
                                         "4294967296",
                                         "18446744073709551615",
                                         "-0",
                                         "1e-9",
                                         "1e-12",
                                         "nan",
                                         "inf",
                                         "1e-45",
                                         "1.1754944e-38",
                                         "5e-324",
                                         "1.7976931348623157e308"};
    size_t way = draw(6);
    if (way < 4)
        return snprintf(to, room, "%s", limits[draw(sizeof limits / sizeof limits[0])]);
    if (way == 4)
        return snprintf(to, room, "%d", (int)draw(40));
    return snprintf(to, room, "%.3ge%d", (double)draw(1000) / 100, (int)draw(80) - 40);
}

/* One of the words, which single spaces part. */
static inline int print_word(char *to, size_t room, const char *words)
{
    size_t spaces = 0;
    for (const char *c = words; *c; c++)
        spaces += *c == ' ';
    for (size_t skip = draw(spaces + 1); skip > 0; skip--)
        words = strchr(words, ' ') + 1;
    return snprintf(to, room, "%.*s", (int)strcspn(words, " "), words);
}

static inline size_t print_line(char *to, size_t room, const struct term *term)
{
    int used = snprintf(to, room, "%s", term->name);
    if (term->words && *term->words)
        used += print_word(to + used, room - (size_t)used, term->words);
    for (size_t numbers = term->words ? 0 : 1 + draw(2) * draw(4); numbers > 0; numbers--) {
        used += print_number(to + used, room - (size_t)used);
        used += snprintf(to + used, room - (size_t)used, "%s", numbers > 1 ? " " : "");
    }
    to[used] = '\n';
    return (size_t)used + 1;
}

/* Makes one change, at a place drawn, with a new line of this kind where there is to be one.
 * Returns the new size. */
static inline size_t change_lines(uint8_t *bytes, size_t size, size_t room, const struct term *term)
{
    enum { INSERT, REPLACE, REMOVE, OTHER, WAYS };
    char line[320];
    size_t way = draw(WAYS + 2) % WAYS, start = size ? draw(size) : 0, end = start, added = 0;
    if (way == OTHER)
        return LLVMFuzzerMutate(bytes, size, room);
    while (start > 0 && bytes[start - 1] != '\n')
        start--;
    while (way != INSERT && end < size && bytes[end++] != '\n')
        ;
    end = way == INSERT ? start : end;
    if (way != REMOVE)
        added = print_line(line, sizeof line, term);
    if (size - (end - start) + added > room)
        return size;
    memmove(bytes + start + added, bytes + end, size - end);
    memcpy(bytes + start, line, added);
    return size - (end - start) + added;
}

#endif
