/* Did you mean …? The nearest of some names to a word that is none of them. */
#ifndef MNIST_SUGGEST_H
#define MNIST_SUGGEST_H

/* A search: begins as {.word = word}. */
struct suggest {
    const char *word;    /* as it was typed */
    const char *nearest; /* the nearest name so far; NULL: none is near */
    int cost;            /* how far that is */
};

/* Looks at a name, which must outlive the search. It is near if a slip of the hand or two, one in
 * three letters, lead from one to the other (optimal string alignment, after Damerau 1964: letters
 * inserted, left out, taken for another or swapped), or if one begins like the other: "ep" and
 * "epoch-count" are near "epochs". Of equally near names the first stays. */
void suggest_look(struct suggest *suggest, const char *name);

#endif
