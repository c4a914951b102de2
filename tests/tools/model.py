"""Reading what the program writes, with nothing of the program's: model files, IDX files, JSON Lines."""
import gzip
import json
import os
import struct
import subprocess
import zlib

import numpy as np


def read_model(path):
    """The tensors of a safetensors file by name, and its metadata; the CRC-32 of the tensor bytes must be right."""
    with open(path, "rb") as file:
        size, = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(size))
        data = file.read()
    metadata = header.pop("__metadata__")
    assert metadata["crc32"] == "%08x" % zlib.crc32(data), "the CRC-32 in the metadata is not that of the tensors"
    return {name: np.frombuffer(data, "<f4")[t["data_offsets"][0] // 4:t["data_offsets"][1] // 4].reshape(t["shape"])
            for name, t in header.items()}, metadata


def read_idx(folder, name):
    """An IDX file of bytes as an array, plain or gzipped."""
    path = os.path.join(folder, name)
    with (open(path, "rb") if os.path.exists(path) else gzip.open(path + ".gz")) as file:
        data = file.read()
    rank = data[3]
    return np.frombuffer(data, np.uint8, offset=4 + 4 * rank).reshape(struct.unpack(">%di" % rank, data[4:4 + 4 * rank]))


def read_test_set(folder):
    """Pixels (count, 784) of 0 … 255 and labels (count)."""
    images = read_idx(folder, "t10k-images-idx3-ubyte")
    return images.reshape(len(images), -1), read_idx(folder, "t10k-labels-idx1-ubyte")


def run_json(*command):
    """The objects that a command prints, one a line."""
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    return [json.loads(line) for line in output.splitlines()]
