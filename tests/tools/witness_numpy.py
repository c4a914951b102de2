"""Checks a model file and what the program says of it against NumPy: witness_numpy.py MODEL DATA ACCURACY

The model must reach the accuracy: else the weights in the file are not those that were trained."""
import sys

import numpy as np

from model import read_model, read_test_set, run_json

SHAPES = {"fc1.weight": (128, 784), "fc1.bias": (128,), "fc2.weight": (64, 128), "fc2.bias": (64,),
          "fc3.weight": (10, 64), "fc3.bias": (10,)}


def forward(t, x):
    """Logits (count, 10)."""
    x = np.maximum(x @ t["fc1.weight"].T + t["fc1.bias"], 0)
    x = np.maximum(x @ t["fc2.weight"].T + t["fc2.bias"], 0)
    return x @ t["fc3.weight"].T + t["fc3.bias"]


def log_softmax(z):
    z = z - z.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


def check_figures(report, labels, predicted, loss):
    """What mnist-eval --json says: counts exactly, figures to the digits that it prints."""
    confusion = np.zeros((10, 10), int)
    np.add.at(confusion, (labels, predicted), 1)
    assert report["images"] == len(labels), report["images"]
    assert report["confusion"] == confusion.tolist(), "another confusion matrix"
    assert abs(report["accuracy"] - (predicted == labels).mean()) < 1e-8, report["accuracy"]
    assert abs(report["loss"] - loss) <= 1e-5, (report["loss"], loss)
    for c, figures in enumerate(report["classes"]):
        right, told, true = confusion[c, c], confusion[:, c].sum(), confusion[c].sum()
        wanted = [c, right / max(told, 1), right / max(true, 1), 2 * right / max(told + true, 1), true]
        found = [figures[key] for key in ("digit", "precision", "recall", "f1", "support")]
        assert np.abs(np.subtract(wanted, found)).max() < 1e-8, (wanted, found)


def check_mistakes(report, labels, predicted, p):
    """The misclassified images: all of them, the most confident first, of equals the earlier."""
    wrong = np.flatnonzero(predicted != labels)
    mistakes = report["misclassified"]
    assert sorted(m["index"] for m in mistakes) == wrong.tolist(), "other mistakes"
    order = [(-m["probability"], m["index"]) for m in mistakes]
    assert order == sorted(order), "mistakes out of order"
    for m in mistakes:
        i = m["index"]
        assert (m["digit"], m["predicted"]) == (labels[i], predicted[i]), m
        assert abs(m["probability"] - p[i, predicted[i]]) <= 1e-5, m


def main(model, data, accuracy):
    tensors, metadata = read_model(model)
    assert {name: t.shape for name, t in tensors.items()} == SHAPES, "other tensors or shapes"
    pixels, labels = read_test_set(data)
    logp = log_softmax(forward(tensors, pixels.astype(np.float32) / np.float32(255)))
    assert logp.dtype == np.float32
    p, predicted = np.exp(logp), logp.argmax(axis=1)

    shown = run_json("mnist-show", str(len(labels)), "--split", "test", "--model", model, "--data", data, "--json")
    assert [s["index"] for s in shown] == list(range(len(labels))), "other images"
    assert [s["digit"] for s in shown] == labels.tolist(), "other labels"
    assert all((np.array(s["pixels"]) == x).all() for s, x in zip(shown, pixels)), "other pixels"
    differ = [i for i, s in enumerate(shown) if s["predicted"] != predicted[i]]
    assert not differ, "other predictions for images %s" % differ[:10]
    worst = max(abs(s["probability"] - p[i, predicted[i]]) for i, s in enumerate(shown))
    assert worst <= 1e-5, "probabilities differ by %g" % worst

    assert (predicted == labels).mean() >= float(accuracy), "accuracy %g" % (predicted == labels).mean()
    loss = -logp[np.arange(len(labels)), labels].mean(dtype=np.float64)
    report, = run_json("mnist-eval", model, "--data", data, "--json", "--misclassified", str(len(labels)))
    assert report["weights_crc32"] == metadata["crc32"], report["weights_crc32"]
    check_figures(report, labels, predicted, loss)
    check_mistakes(report, labels, predicted, p)
    print("%d images, accuracy %.4f, loss %.6f; probabilities within %.1g, loss within %.1g"
          % (len(labels), report["accuracy"], loss, worst, abs(report["loss"] - loss)))


if __name__ == "__main__":
    main(*sys.argv[1:])
