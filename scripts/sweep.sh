#!/bin/sh
# Compares recipes on validation images alone: scripts/sweep.sh SEEDS OPTION... trains with seeds 1 to SEEDS, one thread
# each and as many at once as there are processors, and prints the means over the seeds of the last epoch. How the rows of
# scripts/TRIED.md were made. The options should say --val and --epochs, and --patience 0.
set -eu
. "$(dirname -- "$0")/common.sh"
built mnist-train
seeds=${1:-}
case $seeds in
'' | 0* | *[!0-9]*)
    echo "sweep.sh: SEEDS is '$seeds': give how many: see sweep.sh --help" >&2
    exit 2
    ;;
esac
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
seq "$seeds" | xargs -P "$(getconf _NPROCESSORS_ONLN)" -I SEED sh -c \
    'seed=$1 work=$2; shift 2
    build/mnist-train --threads 1 --quiet --json --seed "$seed" --out "$work/$seed.bin" "$@" >"$work/$seed.json"' \
    train SEED "$work" "$@"
for seed in $(seq "$seeds"); do
    sed -n 's/.*"train_acc":\([^,]*\),"val_loss":\([^,]*\),"val_acc":\([^,]*\),.*/\1 \2 \3/p' "$work/$seed.json" | tail -n 1
done | awk -v options="$*" "$percent"'
{
    train += $1
    loss += $2
    val += $3
} END {
    printf "val acc %.3f%%, val loss %.5f, train acc %.2f%%, %d seeds: %s\n", percent(val / NR), loss / NR,
           percent(train / NR), NR, options
}'
