#!/bin/sh
# Test accuracy, time and peak memory of training with seeds 1 to 5: scripts/accuracy.sh [OPTION of mnist-train]...
set -eu
. "$(dirname -- "$0")/common.sh"
built mnist-train
model=$(mktemp)
trap 'rm -f "$model" "$model.runs"' EXIT
for seed in 1 2 3 4 5; do
    events=$(build/mnist-train --json --quiet --seed "$seed" --out "$model" "$@")
    printf '%s\n' "$events" | sed -n \
        '$s/.*"epochs_run":\([0-9]*\).*"test_acc":\([0-9.]*\).*"seconds":\([0-9.]*\).*"peak_bytes":\([0-9]*\).*/\1 \2 \3 \4/p'
done >"$model.runs"
awk "$percent"'
{
    printf "seed %d: %.2f%% after %d epochs, %.1f s\n", NR, percent($2), $1, $3
    sum += $2; squares += $2 * $2; time += $3; peak = $4 > peak ? $4 : peak
} END {
    mean = sum / NR
    printf "mean of %d seeds: %.2f%%, standard deviation %.2f%%, %.1f s a run, peak memory %.0f MB\n", NR, percent(mean),
           100 * sqrt((squares - NR * mean * mean) / (NR - 1)), time / NR, peak / 1e6
}' "$model.runs"
