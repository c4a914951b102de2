/* The network's parameters: one flat block of floats, and one table that says what is where.
 *
 * Letters for sizes, in all of net: B samples; K inputs and N outputs of a layer. (K,N) after a
 * name is its shape, row after row. Weights are W (K,N), a row for each input, so that one input
 * touches one contiguous row; files hold the transpose. Allocation, initialisation, saving,
 * printing and tests all loop over the table below.
 *
 * Read next: kernels, the arithmetic of a layer; forward, from pixels to probabilities; network,
 * the memory; step, one step of training with its calculus; train, a run of many steps. */
#ifndef MNIST_PARAMS_H
#define MNIST_PARAMS_H

#include <stdint.h>

#include "mnist/data/image.h"

enum { INPUTS = IMAGE_PIXELS, HIDDEN1 = 128, HIDDEN2 = 64, CLASSES = IMAGE_CLASSES };

/* The same sizes as text. */
#define PARAMS_ARCHITECTURE "784-128-64-10"

/* Where each tensor starts in the block; PARAM_COUNT = 109,386 is the block's length. */
enum {
    FC1_WEIGHT = 0,
    FC1_BIAS = FC1_WEIGHT + INPUTS * HIDDEN1,
    FC2_WEIGHT = FC1_BIAS + HIDDEN1,
    FC2_BIAS = FC2_WEIGHT + HIDDEN1 * HIDDEN2,
    FC3_WEIGHT = FC2_BIAS + HIDDEN2,
    FC3_BIAS = FC3_WEIGHT + HIDDEN2 * CLASSES,
    PARAM_COUNT = FC3_BIAS + CLASSES,
    PARAM_TENSORS = 6
};

struct param {
    const char *name; /* as in PyTorch: "fc1.weight" */
    int rows, cols;   /* weights: (K,N) inputs × outputs; biases: (1,N) */
    int offset;       /* of its first float in the block */
};

extern const struct param param_table[PARAM_TENSORS];

/* True for a weight matrix, false for a bias. L2 acts on weights alone. */
#define PARAM_IS_WEIGHT(param) ((param)->rows > 1)

/* to (cols,rows) = from (rows,cols) transposed. */
void params_transpose(float *to, const float *from, int rows, int cols);

/* Convert a whole block (PARAM_COUNT) to the layout of files, and back: there each tensor is in the
 * same place, but weights are (outputs, inputs). `to` overlaps no input. */
void params_to_file(float *to, const float *params);
void params_from_file(float *to, const float *file);

/* params (PARAM_COUNT) = initial values: weights normal with variance 2/K, which keeps the size of
 * activations through ReLU layers (He et al. 2015, eq. 10), biases 0. */
void params_init(float *params, uint64_t seed);

#endif
