#!/bin/sh
# Makes data/sample from data/mnist: scripts/make-sample.sh
#
# The first 5,000 training and 1,000 test images with their labels, as gzipped IDX. The bytes are the same on every machine
# (gzip -n leaves name and time out).
set -eu
. "$(dirname -- "$0")/common.sh"

# sample NAME HEADER_BYTES BYTES_A_SAMPLE COUNT: a header with the new count, then that many samples.
sample() {
    {
        head -c 4 "data/mnist/$1"
        printf "\\$(printf %03o $(($4 >> 24 & 255)))\\$(printf %03o $(($4 >> 16 & 255)))"
        printf "\\$(printf %03o $(($4 >> 8 & 255)))\\$(printf %03o $(($4 & 255)))"
        head -c "$2" "data/mnist/$1" | tail -c +9
        tail -c +"$(($2 + 1))" "data/mnist/$1" | head -c $(($3 * $4))
    } | gzip -9n >"data/sample/$1.gz.new"
    mv "data/sample/$1.gz.new" "data/sample/$1.gz"
}

for name in train-images-idx3 train-labels-idx1 t10k-images-idx3 t10k-labels-idx1; do
    [ -f "data/mnist/$name-ubyte" ] || {
        echo "make-sample.sh: data/mnist/$name-ubyte is not there: run make data first" >&2
        exit 1
    }
done
mkdir -p data/sample
sample train-images-idx3-ubyte 16 784 5000
sample train-labels-idx1-ubyte 8 1 5000
sample t10k-images-idx3-ubyte 16 784 1000
sample t10k-labels-idx1-ubyte 8 1 1000
