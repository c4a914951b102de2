#!/bin/sh
# The share of 500 test digits that a model recognises after they were enlarged to 200×300, made dark on light paper, put
# off centre, turned by up to 10 degrees and given noise, for seeds 1 to 5: scripts/predict.sh [MODEL]
#
# Without MODEL it trains the best one first. Needs python3 with NumPy.
set -eu
. "$(dirname -- "$0")/common.sh"
built mnist-train mnist-eval mnist-predict
. tests/tools/find_python.sh
find_python numpy || {
    echo 'predict.sh: no python3 has NumPy: install it (Debian: python3-numpy)' >&2
    exit 1
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
model=${1:-$work/model.bin}
[ $# -gt 0 ] || build/mnist-train --preset best --quiet --out "$model" >"$work/report"
build/mnist-eval "$model" --json >"$work/report" # tells what is wrong with it, if anything is
PATH=$PWD/build:$PATH
for seed in 1 2 3 4 5; do
    PYTHONDONTWRITEBYTECODE=1 "$python" tests/tools/predict.py own "$model" data/mnist "$seed" 0
done >"$work/shares"
awk '{print; sum += $3} END {printf "mean of %d seeds: %.1f%%\n", NR, sum / NR}' "$work/shares"
