"""Checks model, gradients and Adam against PyTorch: witness_torch.py WHAT GRADIENTS MODEL DATA

WHAT is "figures", "gradients" or "adam"; GRADIENTS is the program made of tests/tools/gradients.c."""
import subprocess
import sys

import numpy as np
import torch

from model import read_model, read_test_set, run_json

IMAGES = 64  # of the batch that is trained on


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = torch.nn.Linear(784, 128)
        self.fc2 = torch.nn.Linear(128, 64)
        self.fc3 = torch.nn.Linear(64, 10)

    def forward(self, x):
        return self.fc3(torch.relu(self.fc2(torch.relu(self.fc1(x)))))


def load(model, data):
    """The network with the file's weights, the test images as its inputs, and their labels."""
    net = Net()
    tensors, _ = read_model(model)
    net.load_state_dict({name: torch.from_numpy(t.copy()) for name, t in tensors.items()}, strict=True)
    pixels, labels = read_test_set(data)
    return net, torch.from_numpy(pixels.astype(np.float32)) / 255, torch.from_numpy(labels.astype(np.int64))


def ours(net, *command):
    """What the gradients program writes, by PyTorch's names and in PyTorch's shapes."""
    flat = np.frombuffer(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout, np.float32)
    result, at = {}, 0
    for name, t in net.named_parameters():
        part = flat[at:at + t.numel()]
        result[name] = torch.from_numpy((part.reshape(t.shape[::-1]).T if t.dim() == 2 else part).copy())
        at += t.numel()
    assert at == len(flat), "%d floats, wanted %d" % (len(flat), at)
    return result


def figures(_, model, data):
    net, x, labels = load(model, data)
    with torch.no_grad():
        z = net(x)
        loss = torch.nn.functional.cross_entropy(z.double(), labels).item()
    correct = (z.argmax(1) == labels).sum().item()
    report, = run_json("mnist-eval", model, "--data", data, "--json")
    found = sum(report["confusion"][c][c] for c in range(10))
    assert found == correct, "%d right, PyTorch %d" % (found, correct)
    assert abs(report["accuracy"] - correct / len(labels)) < 1e-8, report["accuracy"]
    assert abs(report["loss"] - loss) <= 1e-5, (report["loss"], loss)
    print("%d of %d right; loss within %.1g" % (correct, len(labels), abs(report["loss"] - loss)))


def gradients(program, model, data):
    net, x, labels = load(model, data)
    torch.nn.functional.cross_entropy(net(x[:IMAGES]), labels[:IMAGES]).backward()
    found = ours(net, program, model, data, str(IMAGES))
    for name, t in net.named_parameters():
        largest = t.grad.abs().max().item()
        assert largest > 1e-4, "%s: PyTorch's gradient is next to nothing" % name
        error = (found[name] - t.grad).abs().max().item() / largest
        assert error <= 1e-5, "%s: gradients differ by %g of the largest" % (name, error)
        print("%s: within %.1g of the largest, %.3g" % (name, error, largest))


def adam(program, model, data):
    steps = 5
    net, x, labels = load(model, data)
    before = {name: t.detach().clone() for name, t in net.named_parameters()}
    weights = [t for t in net.parameters() if t.dim() == 2]
    biases = [t for t in net.parameters() if t.dim() == 1]
    optimizer = torch.optim.Adam([{"params": weights, "weight_decay": 1e-4}, {"params": biases}], lr=1e-3)
    for _ in range(steps):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(net(x[:IMAGES]), labels[:IMAGES]).backward()
        optimizer.step()
    found = ours(net, program, model, data, str(IMAGES), str(steps))
    for name, t in net.named_parameters():
        moved = (t.detach() - before[name]).abs().max().item()
        assert moved > 1e-3, "%s: PyTorch's parameters hardly moved" % name
        # Adam moves a parameter by the sign of its gradient, whatever the size: where rounding is all there is to a
        # gradient, two right programs may differ by more.
        error = (found[name] - t.detach()).abs()
        worst, far = error.max().item(), (~(error <= 1e-6)).double().mean().item()
        assert worst <= 1e-4, "%s: parameters differ by %g after %d steps" % (name, worst, steps)
        assert far <= 1e-3, "%s: %.2g of the parameters differ by more than 1e-6" % (name, far)
        print("%s: within %.1g after moving %.2g, %.1g of them beyond 1e-6" % (name, worst, moved, far))


torch.set_num_threads(1)
{"figures": figures, "gradients": gradients, "adam": adam}[sys.argv[1]](*sys.argv[2:])
