#!/bin/sh
# NumPy reads the model file by itself and must come to the predictions, probabilities and figures that the program
# tells: on all of MNIST's test images where data/mnist is there, and on the sample's.
. "$(dirname "$0")/../tools/suite.sh"

# witness DATA ACCURACY: trains on it for two epochs and compares.
witness() {
    mnist-train --epochs 2 --quiet --data "$1" --out "$work/model.bin" >"$work/report" &&
        "$python" "$REPO/tests/tools/witness_numpy.py" "$work/model.bin" "$1" "$2"
}

if ! find_python numpy; then
    skip 'all: there is no python3 with NumPy'
    finish
fi
PYTHONDONTWRITEBYTECODE=1
export PYTHONDONTWRITEBYTECODE
check 'sample, 1,000 images' witness "$SAMPLE" 0.6
[ "$MODE" = release ] || finish # the others are slow, and the sample has told
if [ ! -f "$REPO/data/mnist/t10k-images-idx3-ubyte" ]; then
    skip 'MNIST, 10,000 images: data/mnist is not there: make data'
else
    check 'MNIST, 10,000 images' witness "$REPO/data/mnist" 0.93
fi
finish
