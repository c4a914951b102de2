#!/bin/sh
# Measures mnist-train against NumPy, PyTorch and scikit-learn: scripts/bench-peers.sh --help
set -u
if ! command -v python3 >/dev/null 2>&1; then
    echo 'bench-peers.sh: no python3: install it, and the peers to compare with' >&2
    exit 1
fi
exec python3 "$(dirname -- "$0")/bench_peers.py" "$@"
