"""The peer in NumPy: a step is a few dozen BLAS calls and ufuncs into buffers made once.

Tried and slower: float32 pixels in memory (four times the traffic of the bytes converted here),
Adam in blocks that fit the cache (the calls cost more than the misses), ReLU against a scalar
(NumPy's maximum has a fast loop for two arrays only), a one-hot matrix for the targets.
"""
import time

import common

options = common.start(__doc__)

import numpy as np  # noqa: E402: after the limits on its threads

LAYERS = (784, 128, 64, 10)
BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8


class Network:
    """Parameters, gradients and Adam's moments: a flat block each, weights before biases."""

    def __init__(self, rng):
        shapes = list(zip(LAYERS, LAYERS[1:]))
        self.weight_count = sum(rows * cols for rows, cols in shapes)
        count = self.weight_count + sum(LAYERS[1:])
        self.params, self.grads, self.m, self.v, self.work = (
            np.zeros(count, np.float32) for _ in range(5))
        self.weights, self.biases = self.views(self.params, shapes)
        self.weight_grads, self.bias_grads = self.views(self.grads, shapes)
        for weights in self.weights:
            weights[:] = rng.standard_normal(weights.shape, np.float32)
            weights *= np.float32((2 / len(weights)) ** 0.5)
        self.steps = 0

    def views(self, block, shapes):
        weights, biases, weight, bias = [], [], 0, self.weight_count
        for rows, cols in shapes:
            weights.append(block[weight : weight + rows * cols].reshape(rows, cols))
            biases.append(block[bias : bias + cols])
            weight += rows * cols
            bias += cols
        return weights, biases

    def adam(self, lr, l2):
        """The moments are kept without their factors 1 - BETA, which join the two scalars."""
        params, grads, m, v, work = self.params, self.grads, self.m, self.v, self.work
        self.steps += 1
        root = ((1 - BETA2) / (1 - BETA2**self.steps)) ** 0.5
        rate = lr * (1 - BETA1) / (1 - BETA1**self.steps) / root
        if l2:
            n = self.weight_count
            np.multiply(params[:n], np.float32(l2), out=work[:n])
            grads[:n] += work[:n]
        m *= np.float32(BETA1)
        m += grads
        grads *= grads
        v *= np.float32(BETA2)
        v += grads
        np.sqrt(v, out=work)
        work += np.float32(EPSILON / root)
        np.divide(m, work, out=work)
        work *= np.float32(rate)
        params -= work


class Pass:
    """The buffers for batches of one size."""

    def __init__(self, network, size):
        self.network, self.size = network, size
        self.bytes = np.empty((size, LAYERS[0]), np.uint8)
        self.x, self.h1, self.h2, self.p = (np.empty((size, n), np.float32) for n in LAYERS)
        self.d1, self.d2 = np.empty_like(self.h1), np.empty_like(self.h2)
        self.zero1, self.zero2 = np.zeros_like(self.h1), np.zeros_like(self.h2)
        self.on1, self.on2 = (np.empty(h.shape, bool) for h in (self.h1, self.h2))
        self.best = np.empty((size, 1), np.float32)
        self.ones = np.ones(size, np.float32)
        self.ones_out = np.ones((LAYERS[3], 1), np.float32)
        self.first = np.arange(size) * LAYERS[3]
        self.flat_p = self.p.ravel()

    def forward(self, pixels, indices):
        """Leaves the logits in p."""
        (w1, w2, w3), (b1, b2, b3) = self.network.weights, self.network.biases
        x, h1, h2, p = self.x, self.h1, self.h2, self.p
        pixels.take(indices, 0, self.bytes, "clip")
        np.copyto(x, self.bytes)
        x *= np.float32(1 / 255)
        np.matmul(x, w1, out=h1)
        h1 += b1
        np.maximum(h1, self.zero1, out=h1)
        np.matmul(h1, w2, out=h2)
        h2 += b2
        np.maximum(h2, self.zero2, out=h2)
        np.matmul(h2, w3, out=p)
        p += b3

    def softmax(self):
        p = self.p
        np.maximum.reduce(p, axis=1, keepdims=True, out=self.best)
        p -= self.best
        np.exp(p, out=p)
        np.matmul(p, self.ones_out, out=self.best)
        p /= self.best

    def backward(self, labels):
        """From the probabilities to all gradients; returns the probability of each label."""
        (g1, g2, g3), (c1, c2, c3) = self.network.weight_grads, self.network.bias_grads
        _, w2, w3 = self.network.weights
        x, h1, h2, p, d1, d2 = self.x, self.h1, self.h2, self.p, self.d1, self.d2
        at = self.first + labels
        right = self.flat_p[at]
        smoothing = options.label_smoothing
        self.flat_p[at] = right - np.float32(1 - smoothing)
        if smoothing:
            p -= np.float32(smoothing / LAYERS[-1])
        p *= np.float32(1 / self.size)
        np.matmul(h2.T, p, out=g3)
        np.matmul(self.ones, p, out=c3)
        np.matmul(p, w3.T, out=d2)
        np.greater(h2, self.zero2, out=self.on2)
        d2 *= self.on2
        np.matmul(h1.T, d2, out=g2)
        np.matmul(self.ones, d2, out=c2)
        np.matmul(d2, w2.T, out=d1)
        np.greater(h1, self.zero1, out=self.on1)
        d1 *= self.on1
        np.matmul(x.T, d1, out=g1)
        np.matmul(self.ones, d1, out=c1)
        return right


class Passes(dict):
    """A Pass for each size that is asked for."""

    def __init__(self, network):
        self.network = network

    def __missing__(self, size):
        self[size] = Pass(self.network, size)
        return self[size]

    def accuracy(self, pixels, labels, indices):
        right = 0
        for part in np.array_split(indices, 10) if len(indices) else ():
            judge = self[len(part)]
            judge.forward(pixels, part)
            right += np.count_nonzero(judge.p.argmax(axis=1) == labels[part])
        return common.share(right, len(indices))


def read(part):
    pixels, labels = (np.frombuffer(part, np.uint8) for part in common.read(options.data, part))
    return pixels.reshape(-1, LAYERS[0]), labels.astype(np.intp)


def main():
    common.say("library", peer="NumPy", version=np.__version__, blas=common.blas_kernel())
    rng = np.random.default_rng(options.seed)
    pixels, labels = read("train")
    order = rng.permutation(len(labels))
    val, train = np.split(order, [common.val_count(options, len(labels))])
    checked = {"product_error": common.product_error(np, np.matmul)} if options.check else {}
    common.say("start", threads=options.threads, train_images=len(train), val_images=len(val),
               **checked)

    network = Network(rng)
    batch = options.batch
    starts = range(0, len(train), batch)
    passes = Passes(network)
    right = np.empty(len(train), np.float32)
    for epoch in range(1, options.epochs + 1):
        began = time.perf_counter()
        order = rng.permutation(train)
        for i, start in enumerate(starts):
            indices = order[start : start + batch]
            step = passes[len(indices)]
            step.forward(pixels, indices)
            step.softmax()
            right[start : start + batch] = step.backward(labels[indices])
            done = (epoch - 1 + i / len(starts)) / options.epochs
            network.adam(common.learning_rate(options, done), options.l2)
        loss = -np.log(np.maximum(right, np.float32(1e-38))).mean()
        seconds = time.perf_counter() - began
        common.epoch(epoch, seconds, passes.accuracy(pixels, labels, val), loss)

    pixels, labels = read("t10k")
    test_acc = passes.accuracy(pixels, labels, np.arange(len(labels)))
    common.end(test_acc, [network.params])


main()
