"""What the peers share: options, thread limits, the data and the JSON lines they print.

Standard library only, for the thread limits must be set before a library that reads them is loaded.
"""
import argparse
import ctypes
import gzip
import json
import math
import os
import time
import zlib

THREAD_LIMITS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS",
                 "VECLIB_MAXIMUM_THREADS")


def process_age():
    """Seconds since this process was created; 0 where the system does not tell."""
    try:
        with open("/proc/self/stat", encoding="ascii", errors="replace") as file:
            ticks = int(file.read().rpartition(")")[2].split()[19])
        return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, AttributeError):
        return 0.0


BORN = time.perf_counter() - process_age()


def start(description):
    """Reads the command line and limits the threads."""
    parser = argparse.ArgumentParser(description=description.partition("\n")[0])
    add = parser.add_argument
    add("--data", default="data/mnist", metavar="DIR", help="folder with the MNIST files")
    add("--epochs", type=int, default=3, metavar="N")
    add("--threads", type=int, default=1, metavar="N")
    add("--batch", type=int, default=128, metavar="N")
    add("--lr", type=float, default=1e-3, metavar="F", help="learning rate, at the schedule's peak")
    add("--l2", type=float, default=1e-4, metavar="F",
        help="adds F/2 x the sum of squared weights to the loss")
    add("--label-smoothing", type=float, default=0.0, metavar="F",
        help="share of each target that is spread over all classes (NumPy alone)")
    add("--schedule", choices=("constant", "cosine"), default="cosine")
    add("--seed", type=int, default=1, metavar="N")
    add("--val", type=int, metavar="N",
        help="images set aside for validation [5000, or a tenth of fewer than 50000]")
    add("--check", action="store_true", help="compare matrix products with float64 first")
    options = parser.parse_args()
    for name in THREAD_LIMITS:
        os.environ[name] = str(options.threads)
    return options


def learning_rate(options, done):
    """The rate when this share of all steps is done."""
    if options.schedule == "constant":
        return options.lr
    return options.lr * 0.5 * (1 + math.cos(math.pi * done))


# --- data ---


def read_idx(folder, name, header):
    """The values of one IDX file, plain or gzipped, without its header."""
    path = os.path.join(folder, name)
    if os.path.exists(path):
        with open(path, "rb") as file:
            values = bytearray(os.path.getsize(path) - header)
            file.seek(header)
            file.readinto(values)
            return values
    with gzip.open(path + ".gz") as file:
        return bytearray(file.read()[header:])


def read(folder, part):
    """Pixels and labels of "train" or "t10k", one byte each."""
    return (read_idx(folder, part + "-images-idx3-ubyte", 16),
            read_idx(folder, part + "-labels-idx1-ubyte", 8))


def val_count(options, count):
    if options.val is not None:
        return options.val
    return 5000 if count >= 50000 else count // 10


# --- reports ---


def say(event, **fields):
    print(json.dumps({"event": event, **fields}), flush=True)


def share(right, count):
    """None where there is nothing to judge."""
    return round(int(right) / count, 6) if count else None


def epoch(number, seconds, val_acc, train_loss):
    say("epoch", epoch=number, seconds=round(seconds, 6), val_acc=val_acc,
        train_loss=round(float(train_loss), 6), elapsed=round(time.perf_counter() - BORN, 6))


def end(test_acc, parts):
    """The last event; parts are the arrays of the parameters."""
    bytes_of = b"".join(part.tobytes() for part in parts)
    say("end", test_acc=test_acc, parameters=sum(part.size for part in parts),
        weights_crc32=f"{zlib.crc32(bytes_of):08x}")


def product_error(np, product):
    """The largest error of the float32 products of a training step, relative to their size."""
    rng = np.random.default_rng(1)
    worst = 0.0
    for m, k, n in ((128, 784, 128), (784, 128, 128), (88, 784, 128), (128, 128, 64),
                    (128, 64, 128), (128, 64, 10), (64, 128, 10), (128, 10, 64)):
        a, b = (rng.standard_normal(shape, np.float32) for shape in ((m, k), (n, k)))
        for left, right in ((a, b.T), (np.asfortranarray(a), np.ascontiguousarray(b.T))):
            exact = left.astype(np.float64) @ right.astype(np.float64)
            error = np.abs(product(left, right) - exact).max() / np.abs(exact).max()
            worst = max(worst, float(error)) if error == error else math.inf
    return worst


def mapped_libraries():
    """Paths of the files mapped into this process; none where the system does not tell."""
    try:
        with open("/proc/self/maps", encoding="utf-8", errors="replace") as file:
            return sorted({line.split(None, 5)[5].strip() for line in file if ".so" in line})
    except OSError:
        return []


def openblas(path):
    """Version and kernel of the OpenBLAS in this library; None if it is another."""
    library = ctypes.CDLL(path)
    for prefix in ("", "scipy_"):
        for suffix in ("", "64_"):
            try:
                config, core = (getattr(library, f"{prefix}openblas_get_{what}{suffix}")
                                for what in ("config", "corename"))
            except AttributeError:
                continue
            config.restype = core.restype = ctypes.c_char_p
            return " ".join(config().decode().split()[:2] + [core().decode()])
    return None


def blas_kernel():
    """The BLAS loaded here and the kernel it chose, such as "OpenBLAS 0.3.21 SkylakeX"."""
    found = "unknown BLAS"
    for path in mapped_libraries():
        name = os.path.basename(path)
        if "blas" in name:
            kernel = openblas(path)
            if kernel:
                return kernel
            found = "BLIS" if "blis" in path else "reference BLAS" if "libblas" in name else found
        elif name.startswith(("libmkl_rt", "libmkl_core")):
            return "MKL"
        elif name.startswith("libblis"):
            return "BLIS"
    return found
