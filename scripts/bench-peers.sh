#!/bin/sh
# Times mnist-train beside NumPy, PyTorch and scikit-learn on this machine: scripts/bench-peers.sh [OPTION]...
#
# An epoch with all processors, an epoch on one thread, and the time from the start to 98% validation accuracy, in turns.
# Each peer has the threads and the kernels that are fastest for it. Needs python3 with the peers (Debian's python3-numpy,
# python3-torch, python3-sklearn, libopenblas0-pthread); one that is missing is skipped, and said to be.
#
# `python3 scripts/bench_peers.py --help` tells the options: --quick, --simd avx2 (which holds the peers to AVX2, too),
# --json, --rounds, --epochs, --data, --program, --reference-blas.
set -u
. "$(dirname -- "$0")/common.sh"
built mnist-train
command -v python3 >/dev/null 2>&1 || {
    echo 'bench-peers.sh: python3 is not there: install it, and the peers to compare with' >&2
    exit 1
}
exec python3 scripts/bench_peers.py "$@"
