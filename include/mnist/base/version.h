/* The version of the program. */
#ifndef MNIST_VERSION_H
#define MNIST_VERSION_H

#define MNIST_VERSION "1.0.0"

#endif
