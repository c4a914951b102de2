/* Training timed epoch by epoch, and prediction. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include "mnist/cli/options.h"
#include "mnist/data/dataset.h"
#include "mnist/net/params.h"

/* What every run trains, whatever the defaults of mnist-train are. */
#define MEASURE_RECIPE                                                                \
    PARAMS_ARCHITECTURE ", Adam, learning rate 1e-3, L2 1e-4, batch 128, no dropout," \
                        " no smoothing, plain images"

enum { MEASURE_BATCH = 128, MEASURE_EPOCHS = 32 };

/* One configuration, and what was measured of it. */
struct measure {
    int images, batch, threads;
    int epochs;                             /* at most MEASURE_EPOCHS */
    double seconds;                         /* an epoch: their median */
    double forward, backward, update, wait; /* shares of threads × time */
};

/* Trains on `images` of a data set with the kernels that `common` asks for and sets `seconds`.
 * One more epoch comes first: it warms caches and threads up and is not counted. -1 with err filled
 * when the kernels or the memory are not there. */
int measure_seconds(struct measure *measure, const struct common_options *common,
                    const struct dataset *dataset, struct error *err);

/* The same with each task timed, which costs a little, for half as many epochs: sets the shares. */
int measure_shares(struct measure *measure, const struct common_options *common,
                   const struct dataset *dataset, struct error *err);

/* Both; a data set that has too few images is repeated. */
int measure_all(struct measure *measure, const struct common_options *common,
                const struct dataset *dataset, struct error *err);

/* *seconds that one thread takes to predict an image, the median of several runs. */
int measure_prediction(double *seconds, const struct common_options *common,
                       const struct dataset *dataset, struct error *err);

/* Pixels of an image that are not 0, on average: the kernels skip the others. */
double measure_ink(const struct dataset *dataset);

/* The median; sorts the values. */
double measure_median(double *values, int n);

#endif
