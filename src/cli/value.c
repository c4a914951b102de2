#include "mnist/cli/value.h"

#include <errno.h>
#include <float.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mnist/base/format.h"
#include "mnist/cli/command.h"

/* Takes decimal digits after an optional minus only; strtoll would take spaces and a plus, too. */
static bool parse_integer(const char *text, long long *value)
{
    const char *digits = text + (*text == '-');
    if (!*digits || strspn(digits, "0123456789") != strlen(digits))
        return false;
    errno = 0;
    *value = strtoll(text, NULL, 10);
    return errno == 0;
}

int value_int(const char *program, const char *what, const char *text, double min, double max,
              int *value)
{
    long long n;
    if (!parse_integer(text, &n) || (double)n < min || (double)n > max)
        return command_refuse(program, "%s '%s': give a whole number from %.0f to %.0f", what, text,
                              min, max);
    *value = (int)n;
    return 0;
}

static int parse_seed(const char *program, const char *what, const char *text, uint64_t *value)
{
    errno = 0;
    *value = strtoull(text, NULL, 10);
    if (!*text || strspn(text, "0123456789") != strlen(text) || errno)
        return command_refuse(program, "%s '%s': give a whole number from 0 to %" PRIu64, what,
                              text, UINT64_MAX);
    return 0;
}

/* Takes digits, point and exponent only; strtof takes spaces, hexadecimal, "nan" and "inf", too. */
static bool read_float(const char *text, double min, double max, float *value)
{
    char *end;
    float number = strtof(text, &end);
    if (!*text || strspn(text, "0123456789+-.eE") != strlen(text) || *end ||
        !(number >= (float)min && number <= (float)max))
        return false;
    *value = number + 0.0f; /* -0 becomes 0 */
    return true;
}

static int parse_float(const char *program, const char *what, const char *text, double min,
                       double max, float *value)
{
    char pointed[64];
    float ignored;
    if (read_float(text, min, max, value))
        return 0;
    snprintf(pointed, sizeof pointed, "%s", text);
    char *comma = strchr(pointed, ',');
    if (comma)
        *comma = '.';
    if (comma && read_float(pointed, min, max, &ignored))
        return command_refuse(program, "%s '%s': the decimal point is '.': give %s", what, text,
                              pointed);
    bool is_comma = comma && read_float(pointed, (double)-FLT_MAX, (double)FLT_MAX, &ignored);
    return command_refuse(program, "%s '%s': %sgive a number from %s to %s", what, text,
                          is_comma ? "the decimal point is '.': " : "", format_figure(min).text,
                          format_figure(max).text);
}

/* Both numbers are one word: "--shift 2 -2" has two, of which the second looks like an option. */
static int parse_pair(const char *program, const char *what, const char *text,
                      const struct option_spec *spec)
{
    char x[32], y[32];
    float *value = spec->value;
    int length = 0;
    if (sscanf(text, "%31[^, ],%31[^, ]%n", x, y, &length) != 2 || text[length])
        return command_refuse(program, "%s '%s': give %s in one word, such as 2,-1", what, text,
                              spec->unit);
    return parse_float(program, what, x, spec->min, spec->max, &value[0]) ||
           parse_float(program, what, y, spec->min, spec->max, &value[1]);
}

static int parse_choice(const char *program, const char *what, const char *text,
                        const struct option_spec *spec)
{
    char list[128] = "";
    for (int i = 0; spec->choices[i]; i++) {
        if (!strcmp(text, spec->choices[i])) {
            *(int *)spec->value = i;
            return 0;
        }
        size_t used = strlen(list);
        const char *between = i == 0 ? "" : spec->choices[i + 1] ? ", " : " or ";
        snprintf(list + used, sizeof list - used, "%s%s", between, spec->choices[i]);
    }
    return command_refuse(program, "%s '%s': give %s", what, text, list);
}

int value_set(const char *program, const struct option_spec *spec, const char *text)
{
    char what[64];
    snprintf(what, sizeof what, "--%s", spec->name);
    if (spec->given)
        *spec->given = true;
    switch (spec->kind) {
    case OPTION_FLAG:
    case OPTION_NO:
        *(bool *)spec->value = spec->kind == OPTION_FLAG;
        return 0;
    case OPTION_INT:
        return value_int(program, what, text, spec->min, spec->max, spec->value);
    case OPTION_SEED:
        return parse_seed(program, what, text, spec->value);
    case OPTION_FLOAT:
        return parse_float(program, what, text, spec->min, spec->max, spec->value);
    case OPTION_PAIR:
        return parse_pair(program, what, text, spec);
    case OPTION_CHOICE:
        return parse_choice(program, what, text, spec);
    case OPTION_STRING:
    default:
        if (!*text)
            return command_refuse(program, "%s: an empty value: give %s", what, spec->unit);
        *(const char **)spec->value = text;
        return 0;
    }
}
