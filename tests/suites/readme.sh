#!/bin/sh
# README.md is true: what it names is there, its Python runs as printed, its pictures can be shown anywhere.
# tests/tools/readme.py has the rules.
. "$(dirname "$0")/../tools/suite.sh"
[ "$MODE" = release ] || exit 0 # the same text in any mode
PYTHONDONTWRITEBYTECODE=1
export PYTHONDONTWRITEBYTECODE

holds() {
    "$python" "$REPO/tests/tools/readme.py" "$1"
}

# What is printed on stderr, as by a warning, a reader would see, too.
blocks_run() {
    holds python 2>"$work/stderr"
    code=$?
    cat "$work/stderr"
    [ $code -eq 0 ] && [ ! -s "$work/stderr" ]
}

# A folder as after `make run`: model.bin, data/sample, and data/mnist, with the sample's images where those are missing.
prepare() {
    mkdir -p "$work/place/data" && cd "$work/place" && ln -s "$SAMPLE" data/sample || return
    if [ -f "$REPO/data/mnist/t10k-images-idx3-ubyte" ]; then
        ln -s "$REPO/data/mnist" data/mnist
    else
        mkdir data/mnist || return
        for file in "$SAMPLE"/*.gz; do
            name=${file##*/}
            gzip -dc "$file" >"data/mnist/${name%.gz}" || return
        done
    fi
    mnist-train --epochs 3 --quiet --data data/sample >report
}

if ! find_python ast; then
    skip 'all: there is no python3'
    finish
fi
check 'the files that it names are there' holds files
check 'the commands, options and targets that it names exist' holds commands
check 'no line of prose over 120 columns' holds width
check 'its pictures' holds pictures

if ! find_python numpy; then
    skip 'its Python: there is no python3 with NumPy'
    finish
elif ! find_python numpy torch; then
    skip 'its PyTorch: there is no python3 with PyTorch and NumPy'
    find_python numpy
fi
prepare || exit 1
check 'its Python runs as printed' blocks_run
grep '^# untried' "$work/check.log"
finish
