#!/bin/sh
# PyTorch takes the model file into a network of its own: figures, gradients and steps of Adam must be the program's.
. "$(dirname "$0")/../tools/suite.sh"

if ! find_python numpy torch; then
    skip 'all: there is no python3 with PyTorch and NumPy'
    finish
fi
PYTHONDONTWRITEBYTECODE=1
export PYTHONDONTWRITEBYTECODE

gradients=build/$MODE/tests/gradients
check 'gradients.c builds' "$MAKE" -s -C "$REPO" -f Makefile -f tests/tools/tools.mk MODE="$MODE" CC="$CC" "$gradients"
check 'trains' mnist-train --epochs 1 --quiet --data "$SAMPLE" --out "$work/model.bin"
[ $failures -eq 0 ] || finish
for what in figures gradients adam; do
    check $what "$python" "$REPO/tests/tools/witness_torch.py" $what "$REPO/$gradients" "$work/model.bin" "$SAMPLE"
done
finish
