#!/bin/sh
# predict.sh [mnist]: mnist-predict on pictures that NumPy makes. The sample's test images in files of their own are
# predicted as mnist-eval does; or all of MNIST's, and 500 enlarged to 200×300, dark on light, off centre, turned, with
# noise.
. "$(dirname "$0")/../tools/suite.sh"

if ! find_python numpy; then
    skip 'all: there is no python3 with NumPy'
    finish
fi
PYTHONDONTWRITEBYTECODE=1
export PYTHONDONTWRITEBYTECODE
pictures() {
    "$python" "$REPO/tests/tools/predict.py" "$@"
}

if [ "${1:-}" != mnist ]; then
    mnist-train --epochs 2 --quiet --data "$SAMPLE" --out "$work/sample.bin" >"$work/report" || exit 1
    check 'the sample, 1,000 images' pictures same "$work/sample.bin" "$SAMPLE"
    finish
fi
if [ ! -f "$REPO/data/mnist/t10k-images-idx3-ubyte" ]; then
    skip 'MNIST, 10,000 images; 500 enlarged: data/mnist is not there: make data'
    finish
fi

# A short recipe, with more stretching than usual: 200×300 makes digits narrow. scripts/predict.sh asks the best model.
mnist-train --augment --scale 0.25 --epochs 40 --patience 0 --dropout 0 --batch 256 --lr 4e-3 --quiet \
    --data "$REPO/data/mnist" --out "$work/model.bin" >"$work/report" || exit 1
check 'MNIST, 10,000 images' pictures same "$work/model.bin" "$REPO/data/mnist"
check '500 enlarged to 200×300' pictures own "$work/model.bin" "$REPO/data/mnist" 1 0.97
finish
