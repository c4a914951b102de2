"""The peer in PyTorch: nn.Sequential and autograd, all parameters in one block, Adam in place.

Tried and slower: torch.optim.Adam with foreach=True, or over single tensors, or over the block;
the network under torch.jit.trace or torch.jit.script; float32 pixels in memory.
"""
import re
import time

import common

options = common.start(__doc__)

import numpy as np  # noqa: E402: after the limits on its threads
import torch  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional  # noqa: E402

torch.set_num_threads(options.threads)

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8


def build():
    network = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(),
                            nn.Linear(64, 10))
    for layer in network[::2]:
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        nn.init.zeros_(layer.bias)
    return network


def as_block(network):
    """Moves parameters and gradients into a flat tensor each; the network keeps views of them."""
    params = nn.utils.parameters_to_vector(network.parameters()).detach()
    grads = torch.zeros_like(params)
    at = 0
    for param in network.parameters():
        block = slice(at, at + param.numel())
        param.data, param.grad = params[block].view_as(param), grads[block].view_as(param)
        at = block.stop
    return params, grads


class Adam:
    def __init__(self, params, grads):
        self.params, self.grads, self.steps = params, grads, 0
        self.m, self.v, self.root = (torch.zeros_like(params) for _ in range(3))

    @torch.no_grad()
    def step(self, lr, l2):
        self.steps += 1
        root = (1 - BETA2**self.steps) ** 0.5
        rate = lr * root / (1 - BETA1**self.steps)
        self.grads.add_(self.params, alpha=l2)
        self.m.mul_(BETA1).add_(self.grads, alpha=1 - BETA1)
        self.v.mul_(BETA2).addcmul_(self.grads, self.grads, value=1 - BETA2)
        torch.sqrt(self.v, out=self.root).add_(EPSILON * root)
        self.params.addcdiv_(self.m, self.root, value=-rate)


def fetch(pixels, indices):
    return pixels.index_select(0, indices).to(torch.float32).mul_(1 / 255)


def read(part):
    pixels, labels = (torch.frombuffer(part, dtype=torch.uint8)
                      for part in common.read(options.data, part))
    return pixels.view(-1, 784), labels.long()


def accuracy(network, pixels, labels, indices):
    with torch.no_grad():
        right = (network(fetch(pixels, indices)).argmax(1) == labels[indices]).sum()
    return common.share(right, len(indices))


def kernel():
    """A PyTorch that brings its own BLAS says which at build time only."""
    found = common.blas_kernel()
    built = re.search(r"BLAS_INFO=(\w+)", torch.__config__.show())
    return built[1] if found.startswith("unknown") and built else found


def product(a, b):
    return (torch.from_numpy(a) @ torch.from_numpy(b)).numpy()


def main():
    common.say("library", peer="PyTorch", version=torch.__version__, blas=kernel())
    torch.manual_seed(options.seed)
    pixels, labels = read("train")
    order = torch.randperm(len(labels))
    val, train = order.tensor_split([common.val_count(options, len(labels))])
    checked = {"product_error": common.product_error(np, product)} if options.check else {}
    common.say("start", threads=options.threads, train_images=len(train), val_images=len(val),
               **checked)

    network = build()
    params, grads = as_block(network)
    adam = Adam(params, grads)
    for epoch in range(1, options.epochs + 1):
        began = time.perf_counter()
        batches = train[torch.randperm(len(train))].split(options.batch)
        total = torch.zeros(())
        for i, indices in enumerate(batches):
            grads.zero_()
            loss = functional.cross_entropy(network(fetch(pixels, indices)),
                                            labels.index_select(0, indices))
            loss.backward()
            done = (epoch - 1 + i / len(batches)) / options.epochs
            adam.step(common.learning_rate(options, done), options.l2)
            total.add_(loss.detach(), alpha=len(indices))
        loss = total.item() / len(train)
        seconds = time.perf_counter() - began
        common.epoch(epoch, seconds, accuracy(network, pixels, labels, val), loss)

    pixels, labels = read("t10k")
    test_acc = accuracy(network, pixels, labels, torch.arange(len(labels)))
    common.end(test_acc, [params.numpy()])


main()
