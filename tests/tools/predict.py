"""Pictures for mnist-predict, made with NumPy, and what it says of them.

predict.py same MODEL DATA           the test images as 28×28 PGM files, dark and light, are predicted as mnist-show and
                                     mnist-eval say, to the last digit of the probability
predict.py own MODEL DATA SEED LEAST 500 test digits as somebody might bring them, see enlarge(); at least the share LEAST
                                     must be recognised
"""
import os
import sys
import tempfile

import numpy as np

from model import read_test_set, run_json

WIDTH, HEIGHT, COUNT = 200, 300, 500


def bilinear(image, x, y):
    """The image (28,28) at the places x, y; 0 beyond its edge."""
    padded = np.pad(image.astype(float), 2)
    x, y = np.clip(x + 2, 0, 30.999), np.clip(y + 2, 0, 30.999)
    i, j = y.astype(int), x.astype(int)
    u, v = x - j, y - i
    return ((padded[i, j] * (1 - u) + padded[i, j + 1] * u) * (1 - v)
            + (padded[i + 1, j] * (1 - u) + padded[i + 1, j + 1] * u) * v)


def enlarge(image, rng):
    """28×28 becomes 200×300 (so half as high again as it was), turned by up to 10°, off centre by up to 24 and 36 pixels
    as far as the ink leaves room, dark on light paper of random levels, with normal noise of standard deviation 12."""
    angle = np.deg2rad(rng.uniform(-10, 10))
    shift = rng.uniform(-0.12, 0.12, 2) * (WIDTH, HEIGHT)
    paper, ink = rng.uniform(190, 250), rng.uniform(10, 80)
    while True:
        y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(float)
        x, y = x - (WIDTH - 1) / 2 - shift[0], y - (HEIGHT - 1) / 2 - shift[1]
        cosine, sine = np.cos(angle), np.sin(angle)
        drawn = bilinear(image, (cosine * x + sine * y) * 28 / WIDTH + 13.5,
                         (cosine * y - sine * x) * 28 / HEIGHT + 13.5)
        frame = np.concatenate([drawn[:2].ravel(), drawn[-2:].ravel(), drawn[:, :2].ravel(), drawn[:, -2:].ravel()])
        if frame.max() < 1 or abs(shift).max() < 1:
            break
        shift *= 0.8
    grey = paper + (ink - paper) * drawn / 255 + rng.normal(0, 12, drawn.shape)
    return np.clip(np.rint(grey), 0, 255).astype(np.uint8)


def write_pgm(path, grey):
    with open(path, "wb") as file:
        file.write(b"P5\n%d %d\n255\n" % (grey.shape[1], grey.shape[0]) + grey.tobytes())


def predictions(model, pictures):
    """What mnist-predict says of pictures in files of their own, many a call."""
    said = []
    with tempfile.TemporaryDirectory() as folder:
        names = [os.path.join(folder, "%d.pgm" % i) for i in range(len(pictures))]
        for name, grey in zip(names, pictures):
            write_pgm(name, grey)
        for start in range(0, len(names), 1000):
            said += run_json("mnist-predict", model, "--json", *names[start:start + 1000])
    assert [s["file"] for s in said] == names, "other files"
    return said


def same(model, data):
    pixels, labels = read_test_set(data)
    images = pixels.reshape(-1, 28, 28)
    shown = run_json("mnist-show", str(len(images)), "--split", "test", "--model", model, "--data", data, "--json")
    wanted = [(s["predicted"], s["probability"]) for s in shown]
    for what, pictures in ("as they are", images), ("dark on light", 255 - images):
        said = predictions(model, pictures)
        found = [(s["digit"], s["probability"]) for s in said]
        differ = [i for i, (f, w) in enumerate(zip(found, wanted)) if f != w]
        assert len(found) == len(wanted) and not differ, "%s: images %s" % (what, differ[:10])
        assert all(np.argmax(s["probabilities"]) == s["digit"] for s in said), "not the most probable"
        assert not any(s["cut_off"] for s in said), "cut off"
    report, = run_json("mnist-eval", model, "--data", data, "--json")
    confusion = np.zeros((10, 10), int)
    np.add.at(confusion, (labels, [digit for digit, _ in found]), 1)
    assert report["confusion"] == confusion.tolist(), "not as mnist-eval says"
    print("%d images, dark and light" % len(images))


def own(model, data, seed, least):
    pixels, labels = read_test_set(data)
    rng = np.random.default_rng(int(seed))
    chosen = rng.choice(len(labels), COUNT, replace=False)
    said = predictions(model, [enlarge(pixels[i].reshape(28, 28), rng) for i in chosen])
    right = np.array([s["digit"] == labels[i] for s, i in zip(said, chosen)])
    unclear = np.array([s.get("unclear", True) for s in said])
    print("seed %s: %.1f%% of %d recognised; %.1f%% unclear, of the others %.1f%% recognised"
          % (seed, 100 * right.mean(), COUNT, 100 * unclear.mean(), 100 * right[~unclear].mean()))
    assert right.mean() >= float(least), "fewer than %g%%" % (100 * float(least))


if __name__ == "__main__":
    {"same": same, "own": own}[sys.argv[1]](*sys.argv[2:])
