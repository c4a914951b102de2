#!/bin/sh
# The share of 500 test digits that a model recognises after they were enlarged to 200×300, made dark on light paper, put
# off centre, turned by up to 10 degrees and given noise, for seeds 1 to 5: scripts/predict.sh [MODEL]
#
# Without MODEL it trains the best one first. Needs python3 with NumPy.
set -eu
. "$(dirname -- "$0")/common.sh"
built mnist-train mnist-predict
model=${1:-}
if [ -z "$model" ]; then
    model=$(mktemp)
    trap 'rm -f "$model"' EXIT
    build/mnist-train --preset best --quiet --out "$model" >/dev/null
fi
python=python3
"$python" -c 'import numpy' 2>/dev/null || python=/usr/bin/python3
PATH=$PWD/build:$PATH
for seed in 1 2 3 4 5; do
    PYTHONDONTWRITEBYTECODE=1 "$python" tests/tools/predict.py own "$model" data/mnist "$seed" 0
done | awk '{print; sum += $3} END {printf "mean of %d seeds: %.1f%%\n", NR, sum / NR}'
