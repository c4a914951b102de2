#!/bin/sh
# The program beside NumPy, PyTorch and scikit-learn, as a table in Markdown: scripts/compare-peers.sh
#
# All train the same network by one plain recipe: Adam, a learning rate of 1e-3, batches of 128, 10 epochs of all 60,000
# training images, the last weights. Accuracy and seconds are means over seeds 1 to 3; the seconds are those of the whole
# process, from outside. Seed 1 is then trained again, on one thread, and with vectors of 128 bits: does that give the same
# weights, bit for bit? What must be installed is what apt brings to a Debian that has nothing, recommendations left out.
#
# Needs python3 with the peers (Debian's python3-numpy, python3-torch, python3-sklearn, libopenblas0-pthread); the row of
# one that is missing is left out. Threads of theirs that wait are asleep, since on a busy machine those that spin are many
# times slower: OMP_WAIT_POLICY=ACTIVE in the environment lets them spin.
set -eu
. "$(dirname -- "$0")/common.sh"
built mnist-train
. tests/tools/find_python.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
recipe='--epochs 10 --lr 1e-3 --batch 128 --l2 0 --schedule constant --val 0'
processors=$(getconf _NPROCESSORS_ONLN)
export OMP_WAIT_POLICY="${OMP_WAIT_POLICY:-PASSIVE}"

# An OpenBLAS that is older than the processor takes kernels for 128 bits, unless it is told of wider vectors.
case ${OPENBLAS_CORETYPE:-}$(cat /proc/cpuinfo 2>/dev/null) in
[A-Z]*) ;;
*avx512bw*) export OPENBLAS_CORETYPE=SkylakeX ;;
*avx2*) export OPENBLAS_CORETYPE=Zen ;;
esac

# needs PACKAGE…: how many packages apt would bring for these, and their size
needs() {
    all=$(apt-get -s -o Dir::State::status=/dev/null -o APT::Install-Recommends=false install "$@" 2>/dev/null |
        sed -n 's/^Inst \([^ ]*\) .*/\1/p')
    [ -n "$all" ] || { echo — && return; }
    apt-cache show --no-all-versions $all | awk '
        /^Installed-Size:/ {kib += $2; count++}
        END {printf "%d packages, %.0f MB", count, kib * 1024 / 1e6}'
}

# figure NAME: its last value in the events of the run.
figure() {
    sed -n "s/.*\"$1\": *\"\\{0,1\\}\\([^,\"}]*\\).*/\\1/p" "$work/events" | tail -n 1
}

# run COMMAND…: its test accuracy, seconds, parameters, and the checksum of its weights
run() {
    begin=$(date +%s%N)
    "$@" >"$work/events"
    end=$(date +%s%N)
    echo "$(figure test_acc) $(((end - begin) / 1000000))e-3 $(figure parameters) $(figure weights_crc32)"
}

# narrower COMMAND…: the same with vectors of 128 bits
narrower() {
    case $(uname -m):$1 in
    x86_64:build/* | amd64:build/*) run "$@" --simd baseline ;;
    x86_64:* | amd64:*) run env OPENBLAS_CORETYPE=Nehalem ATEN_CPU_CAPABILITY=default "$@" ;;
    *) echo 'nothing narrower' ;;
    esac
}

# same RUN: whether its weights are those of the first one
same() {
    case ${1##* } in
    "$weights") echo yes ;;
    narrower) echo — ;;
    *) echo no ;;
    esac
}

# row NAME NEEDS COMMAND…
row() {
    name=$1 needs=$2
    shift 2
    for seed in 1 2 3; do
        run "$@" --threads "$processors" --seed $seed
    done >"$work/seeds"
    again=$(run "$@" --threads "$processors" --seed 1)
    single=$(run "$@" --threads 1 --seed 1)
    narrow=$(narrower "$@" --threads "$processors" --seed 1)
    read -r _ _ parameters weights <"$work/seeds"
    awk -v name="$name" -v parameters="${parameters%???},${parameters#???}" -v single="$single" '
    {
        sum += $1
        squares += $1 * $1
        time += $2
    } END {
        split(single, one, " ")
        variance = (squares - sum * sum / NR) / (NR - 1)
        printf "| %s | %.2f%% (%.2f%%) | %s | %.1f, %.1f |", name, 100 * sum / NR,
               100 * sqrt(variance > 0 ? variance : 0), parameters, time / NR, one[2]
    }' "$work/seeds"
    echo " $needs | $(same "$again") / $(same "$single") / $(same "$narrow") |"
}

# peer NAME MODULE: its row
peer() {
    if find_python "$2"; then
        row "$1" "$(needs "python3-$2" libopenblas0-pthread)" "$python" "scripts/peers/$2_mlp.py" $recipe
    else
        echo "compare-peers.sh: $1 is left out: no python3 has it (Debian: python3-$2)" >&2
    fi
}

size=$(wc -c <build/mnist | awk '{printf "%.1f MB", $1 / 1e6}')
ours='build/mnist-train --json --quiet'
echo "| | test accuracy (standard deviation) | parameters | seconds, $processors threads and one | to install, on a Debian that has nothing |" \
    'the same weights: run again / on one thread / with 128-bit vectors |'
echo '| --- | --- | --- | --- | --- | --- |'
row mnist-train "$(needs libc6) and $size; to build it $(needs gcc make libc6-dev)" \
    $ours --out "$work/model.bin" $recipe --dropout 0 --label-smoothing 0
peer NumPy numpy
peer PyTorch torch
peer scikit-learn sklearn
row 'mnist-train, its defaults' 'the same' $ours --out "$work/model.bin"
