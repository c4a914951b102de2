/* What a network looks for in a digit: the saliency of each pixel for each class. */
#ifndef MNIST_SALIENCY_H
#define MNIST_SALIENCY_H

#include "mnist/base/error.h"

struct dataset;
struct network;

/* saliency[c][p] = the mean, over the data set's images x of class c, of
 *   d(z[c] - mean_j z[j]) / dx[p],
 * how much ink at pixel p raises the logit z of the class against the mean of all. This is the
 * gradient of a class's score by the pixels (Simonyan, Vedaldi and Zisserman 2013, section 3), here
 * with its sign, and for many images instead of one. saliency (10,784) is 0 for a class without
 * images. -1 with err filled when memory is short. */
int saliency_of_classes(const struct network *network, const struct dataset *dataset,
                        float *saliency, struct error *err);

#endif
