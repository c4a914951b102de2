#!/bin/sh
# Compares recipes on validation images alone: scripts/sweep.sh SEEDS OPTION... trains with seeds 1 to SEEDS, one thread
# each and as many at once as there are processors, and prints the means over the seeds of the last epoch. How the rows of
# scripts/TRIED.md were made. The options should say --val and --epochs, and --patience 0.
set -eu
CDPATH= cd -- "$(dirname -- "$0")/.."
seeds=$1
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
seq "$seeds" | xargs -P "$(getconf _NPROCESSORS_ONLN)" -I SEED sh -c \
    'seed=$1 work=$2; shift 2
    build/mnist-train --threads 1 --quiet --json --seed "$seed" --out "$work/$seed.bin" "$@" >"$work/$seed.json"' \
    train SEED "$work" "$@"
for seed in $(seq "$seeds"); do
    sed -n 's/.*"train_acc":\([^,]*\),"val_loss":\([^,]*\),"val_acc":\([^,]*\),.*/\1 \2 \3/p' "$work/$seed.json" | tail -n 1
done | awk -v options="$*" '
function percent(x) { # what is neither 0 nor 1 does not look like it
    return x <= 0 || x >= 1 ? 100 * x : x < 1e-4 ? 0.01 : x > 0.9999 ? 99.99 : 100 * x
}
{
    train += $1
    loss += $2
    val += $3
} END {
    printf "val acc %.3f%%, val loss %.5f, train acc %.2f%%, %d seeds: %s\n", percent(val / NR), loss / NR,
           percent(train / NR), NR, options
}'
