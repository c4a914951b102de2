/* Errors: one line of text for the person at the keyboard.
 *
 * Whatever touches a file, memory or an option takes a `struct error *`, returns 0 or -1, and on -1
 * has filled the text: what was expected, what was found, what to do. Only src/cli/ prints it. */
#ifndef MNIST_ERROR_H
#define MNIST_ERROR_H

struct error {
    char text[5120]; /* room for a path of PATH_MAX */
};

/* Fills err->text as printf would and returns -1, so that a failing function can end in
 * `return error_set(err, …)`. What utf8_plain does not let through (a newline in a path, a byte
 * that is no UTF-8) becomes '?': the text is one line that any terminal may be given. */
__attribute__((format(printf, 2, 3))) int error_set(struct error *err, const char *format, ...);

#endif
