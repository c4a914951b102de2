/* How the report looks. */
#ifndef MNIST_REPORT_STYLE_H
#define MNIST_REPORT_STYLE_H

#include <stdio.h>

/* Writes the <style> element: light and dark, narrow and wide, screen and paper. */
void report_style_write(FILE *out);

#endif
