#!/bin/sh
# The report as a reader meets it: in headless Chromium, light and dark, wide and narrow, printed, and under the policy
# that Jenkins has for pages; held against the JSON lines of the same run and against the model. SCREENSHOTS=FOLDER keeps
# what it looked like.
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

PAPER=
if have pdftotext; then PAPER=yes; else skip "paper needs pdftotext (Debian's poppler-utils)"; fi
export PAPER

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
train long long.bin "$SAMPLE" --epochs 120 --patience 0 --batch 512 --l2 0.01
train dead dead.bin "$SAMPLE" --epochs 3 --lr 1
ln -s "$data" moved.data
evaluate moved usual.bin --shift 2,-1 --report moved.html
ln -s moved.eval moved.json
# subset NAME: an evaluation of the usual model on images that are chosen by tests/tools/subset.mjs
subset() {
    node "$REPO/tests/tools/subset.mjs" usual.bin "$data" "$1.data" "$1" || exit 1
    evaluate "$1" usual.bin --report "$1.html"
    ln -s "$1.eval" "$1.json"
}
subset right
subset odd
check 'a unit without weights is among them' grep -q 'Struck out is a unit .*: L2 shrank them' long.html
check 'a silent unit is among them' grep -q 'In a dashed frame is a unit' dead.html
check 'nothing to look for is among them' grep -q '3: nothing' dead.html
check 'a digit that is never guessed is among them' grep -q ' A dash: ' dead.html
check 'a bin of 0 of 2 is among them' grep -q '>2 images: [0-9.]*% sure, 0.00% right (0.00–65.76%)<' odd.html
check 'a digit without images is among them' grep -q '3: no images' right.html
check 'no mistake is among them' grep -q '>100.00%<.b> of' right.html
for name in usual unvalidated one long dead moved right odd; do
    check "the report: $name" look $name
done
finish
