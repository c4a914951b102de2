#!/bin/sh
# Makes the two pictures of README.md from one run of mnist-train on data/mnist, in data/pictures: scripts/pictures.sh
#
# training.svg is the run's terminal, of 80 columns, and report.png the top of its report. The speed that they show is this
# machine's, so nothing else should be running. Needs python3, node, Chromium, its font DejaVu (Debian's fonts-dejavu-core)
# and playwright-core (npm install --prefix build/node playwright-core).
set -eu
. "$(dirname -- "$0")/common.sh"
built mnist-train
# fail WHAT IS MISSING
fail() {
    echo "pictures.sh: $*" >&2
    exit 1
}
[ -f data/mnist/t10k-images-idx3-ubyte ] || fail 'data/mnist is not there: run make data first'
command -v python3 >/dev/null || fail 'python3 is not there'
command -v node >/dev/null && [ -d build/node/node_modules/playwright-core ] ||
    fail 'node or playwright-core is not there: npm install --prefix build/node playwright-core'
chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome) || fail 'Chromium is not there'

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/data"
ln -s "$PWD/data/mnist" "$work/data/mnist"
PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=tests/tools python3 scripts/pictures/training.py "$work" \
    mnist-train --report report.html >"$work/training.svg"
node scripts/pictures/report.mjs build/node "$chromium" "$work/report.html" "$work/report.png"
mkdir -p data/pictures
cp "$work/training.svg" "$work/report.png" data/pictures
wc -c data/pictures/*
