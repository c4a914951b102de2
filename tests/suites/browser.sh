#!/bin/sh
# The report as a reader meets it: in headless Chromium, light and dark, wide and narrow, held against the JSON lines of
# the same run and against the model. SCREENSHOTS=FOLDER keeps what it looked like.
. "$(dirname "$0")/../tools/suite.sh"
[ "$MODE" = release ] || exit 0 # the same pages in any mode
cd "$work" || exit 1

# playwright-core where it is installed, here or in build/node (npm install --prefix build/node playwright-core).
find_playwright() {
    for playwright in "$REPO/build/node" "$REPO" "$(npm root -g 2>/dev/null)/.."; do
        [ -d "$playwright/node_modules/playwright-core" ] && return
    done
    return 1
}

# look NAME: opens NAME.html and compares it with NAME.json and NAME.eval
look() {
    node "$REPO/tests/tools/browser.mjs" "$playwright" "$chromium" "$1.html" "$1.json" "$1.eval" "$1.data" \
        ${SCREENSHOTS:+"$SCREENSHOTS/$1"}
}

chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome) || chromium=
if ! have node || ! find_playwright; then
    skip 'needs node and playwright-core (npm install --prefix build/node playwright-core)'
    finish
elif [ -z "$chromium" ]; then
    skip "needs Chromium (Debian's chromium)"
    finish
fi

data=$SAMPLE
[ ! -f "$REPO/data/mnist/t10k-images-idx3-ubyte" ] || data=$REPO/data/mnist
# train NAME MODEL DATA OPTION…
train() {
    name=$1 model=$2
    ln -s "$3" "$name.data"
    shift 3
    mnist-train --json --quiet --data "$name.data" --out "$model" --report "$name.html" "$@" >"$name.json" || exit 1
    evaluate "$name" "$model"
}
# evaluate NAME MODEL OPTION…
evaluate() {
    name=$1 model=$2
    shift 2
    mnist-eval "$model" --json --misclassified 24 --data "$name.data" "$@" >"$name.eval" || exit 1
}
train usual usual.bin "$data" --epochs 8
train unvalidated unvalidated.bin "$data" --epochs 3 --val 0 --augment --ema 0.99
train one "o'n&<e>.bin" "$data" --epochs 1
train long long.bin "$SAMPLE" --epochs 120 --patience 0 --batch 512
ln -s "$data" moved.data
evaluate moved usual.bin --shift 2,-1 --report moved.html
ln -s moved.eval moved.json
for name in usual unvalidated one long moved; do
    check "the report: $name" look $name
done
finish
