"""The peer in scikit-learn: MLPClassifier on float32 pixels, an epoch a partial_fit.

partial_fit keeps Adam's moments from epoch to epoch, which fit with warm_start does not. It cannot
change the learning rate within an epoch: a schedule's rate is that of the middle of the epoch.
"""
import time

import common

options = common.start(__doc__)

import numpy as np  # noqa: E402: after the limits on its threads
import sklearn  # noqa: E402
from sklearn.neural_network import MLPClassifier  # noqa: E402


def read(part):
    """Pixels from 0 to 1, and labels."""
    pixels, labels = (np.frombuffer(part, np.uint8) for part in common.read(options.data, part))
    return np.multiply(pixels.reshape(-1, 784), np.float32(1 / 255), dtype=np.float32), labels


def accuracy(model, x, labels):
    right = np.count_nonzero(model.predict(x) == labels) if len(x) else 0
    return common.share(right, len(x))


def main():
    common.say("library", peer="scikit-learn", version=sklearn.__version__,
               blas=common.blas_kernel())
    # The scan of all pixels for NaN before each epoch is no part of training.
    sklearn.set_config(assume_finite=True)
    rng = np.random.default_rng(options.seed)
    x, labels = read("train")
    order = rng.permutation(len(labels))
    val, train = np.split(order, [common.val_count(options, len(labels))])
    x, x_val = x[train], x[val]
    checked = {"product_error": common.product_error(np, np.matmul)} if options.check else {}
    common.say("start", threads=options.threads, train_images=len(train), val_images=len(val),
               **checked)

    # Its penalty is divided by the batch size, ours is not.
    model = MLPClassifier(hidden_layer_sizes=(128, 64), solver="adam", batch_size=options.batch,
                          learning_rate_init=common.learning_rate(options, 0.5 / options.epochs),
                          alpha=options.l2 * options.batch, random_state=options.seed)
    for epoch in range(1, options.epochs + 1):
        began = time.perf_counter()
        if epoch == 1:
            model.partial_fit(x, labels[train], classes=np.arange(10))
        else:
            rate = common.learning_rate(options, (epoch - 0.5) / options.epochs)
            model._optimizer.learning_rate_init = rate
            model.partial_fit(x, labels[train])
        seconds = time.perf_counter() - began
        common.epoch(epoch, seconds, accuracy(model, x_val, labels[val]), model.loss_)

    common.end(accuracy(model, *read("t10k")), model.coefs_ + model.intercepts_)


main()
