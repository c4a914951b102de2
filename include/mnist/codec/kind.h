/* What kind a file is, judged by its bytes, whatever its name. */
#ifndef MNIST_KIND_H
#define MNIST_KIND_H

#include <stddef.h>
#include <stdint.h>

/* What the bytes look like, for the message that refuses them: "a gzip file", "a zip archive", "an
 * HTML or XML page", "an IDX file of images", "a safetensors file", …; NULL if they look like
 * nothing known. */
const char *kind_of(const uint8_t *bytes, size_t size);

#endif
