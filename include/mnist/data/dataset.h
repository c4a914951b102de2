/* A data set: images, their labels, and for each image which of its pixels hold ink. */
#ifndef MNIST_DATASET_H
#define MNIST_DATASET_H

#include <stdbool.h>
#include <stdint.h>

#include "mnist/base/error.h"
#include "mnist/base/file_read.h"
#include "mnist/data/augment.h"
#include "mnist/data/image.h"

/* What tells one data set from another: how many images, and the CRC-32 of their pixels and of
 * their labels, as the files hold them. */
struct dataset_sums {
    int count;
    uint32_t images_crc32, labels_crc32;
};

struct dataset {
    int count;
    const uint8_t *pixels;                /* (count, 784) */
    const uint8_t *labels;                /* (count) 0 … 9; NULL: unknown, for prediction only */
    uint64_t *masks;                      /* (count, IMAGE_WORDS) */
    struct file images_file, labels_file; /* the files that pixels and labels point into */

    /* Set by dataset_digest. */
    struct dataset_sums sums;
    bool framed; /* as MNIST's digits are: nine in ten have an empty outermost ring of pixels */
    uint32_t *hashes; /* (count) of each image's pixels: images that are equal have equal ones */
};

enum dataset_split { DATASET_TRAIN, DATASET_TEST };

/* A split's two IDX files, by their magic numbers. */
enum dataset_kind { DATASET_LABELS = 2049, DATASET_IMAGES = 2051 };

/* What comes packed or through a pipe may have 1 GiB, over a million images. A plain file may have
 * as much as its header says, if it is as large as that. */
enum { DATASET_LARGEST_FILE = 1 << 30, DATASET_MOST_IMAGES = 1000000000 };

/* Reads one of the files, already unpacked: checks magic, type, rank, 28×28, a count of at least 1,
 * the exact length and, for labels, that each is 0 … 9. *values, count × 784 pixels (0 paper … 255
 * ink) or count labels, points into `bytes`, which stays the caller's. `name` is for messages. */
int dataset_parse(const uint8_t **values, int *count, const uint8_t *bytes, size_t size,
                  enum dataset_kind kind, const char *name, struct error *err);

/* A file_limit: what an IDX file of images or labels has that begins with this head. */
size_t dataset_limit(const uint8_t *head, size_t size);

/* Writes into `path` (PATH_MAX) where one of a split's files is that dataset_load reads: the first
 * that is there, be it one that cannot be opened. False if there is none. */
bool dataset_find(char *path, const char *folder, enum dataset_split split, enum dataset_kind kind);

/* Loads one split: files named {train,t10k}-{images-idx3,labels-idx1}-ubyte, or with a dot
 * (images.idx3), with or without .gz, in `folder`, in a folder in it with the file's own name, in
 * `folder`/raw or in `folder`/MNIST/raw. The bytes tell whether a file is gzipped, not the name.
 * The team (NULL: the caller alone) shares the work. The caller gives the data set to
 * dataset_free. */
int dataset_load(struct dataset *dataset, const char *folder, enum dataset_split split,
                 struct team *team, struct error *err);

/* Whether dataset_load finds both files, valid or not: it looks for both before it reads any. */
bool dataset_is_there(const char *folder, enum dataset_split split);

/* Makes a data set without labels of images (count,784), which stay the caller's. The caller gives
 * it to dataset_free. -1 with err filled when memory is short. */
int dataset_unlabelled(struct dataset *dataset, const uint8_t *pixels, int count,
                       struct error *err);

void dataset_free(struct dataset *dataset);

/* Finds out what a data set with labels is known by. -1 with err filled when memory is short. */
int dataset_digest(struct dataset *dataset, struct team *team, struct error *err);

/* *shared = how many of the test images are training images too, byte for byte: figures on those
 * say nothing about new images. After dataset_digest of both. -1 with err filled when all are, or
 * when memory is short. */
int dataset_check_distinct(const struct dataset *train, const struct dataset *test, int *shared,
                           struct error *err);

/* Augments all images of a data set that was loaded, where they are: all in the same way, or each
 * as augment_image does. Cannot fail. */
void dataset_map(struct dataset *dataset, const struct augment_map *map, struct team *team);
void dataset_augment(struct dataset *dataset, const struct augment *augment, uint64_t seed,
                     int epoch, struct team *team);

#endif
