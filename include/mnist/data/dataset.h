/* A data set: images, their labels, and for each image which of its pixels hold ink. */
#ifndef MNIST_DATASET_H
#define MNIST_DATASET_H

#include <stdbool.h>
#include <stdint.h>

#include "mnist/base/error.h"
#include "mnist/codec/idx.h"
#include "mnist/data/augment.h"
#include "mnist/data/image.h"

struct dataset {
    int count;
    const uint8_t *pixels; /* (count, 784) */
    const uint8_t *labels; /* (count) 0 … 9; NULL: unknown, for prediction only */
    uint64_t *masks;       /* (count, IMAGE_WORDS) */
    uint8_t *augmented;    /* (count, 784) what pixels points to once augmented, else NULL */
    struct idx images_file, labels_file;
};

enum dataset_split { DATASET_TRAIN, DATASET_TEST };

/* Loads one split from `folder`: files named {train,t10k}-{images-idx3,labels-idx1}-ubyte, or with a
 * dot (images.idx3), .gz or not, in `folder`, in a folder of the file's own name, in `folder`/raw
 * or in `folder`/MNIST/raw. The caller gives it to dataset_free. */
int dataset_load(struct dataset *dataset, const char *folder, enum dataset_split split,
                 struct error *err);

/* A data set of images (count,784) that stay the caller's, without labels. The caller gives it to
 * dataset_free. */
int dataset_unlabelled(struct dataset *dataset, const uint8_t *pixels, int count,
                       struct error *err);

void dataset_free(struct dataset *dataset);

/* *shared = how many of the test images are training images too, byte for byte: figures on those
 * tell nothing of new images. -1 with err filled when all of them are, or when memory is short. */
int dataset_check_distinct(const struct dataset *train, const struct dataset *test, int *shared,
                           struct error *err);

/* Augments all images, in the same way or each in its own (as augment_image does). -1 with err filled
 * when memory is short. */
int dataset_map(struct dataset *dataset, const struct augment_map *map, struct error *err);
int dataset_augment(struct dataset *dataset, const struct augment *augment, uint64_t seed,
                    int epoch, struct error *err);

#endif
