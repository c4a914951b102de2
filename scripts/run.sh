#!/bin/sh
# What `make run` does once the program is built: brings MNIST, trains, evaluates, shows: scripts/run.sh
#
# Without a network it makes do with the small sample in data/sample.
set -u
. "$(dirname -- "$0")/common.sh"
built mnist-train mnist-eval mnist-show
data=data/mnist
sh scripts/get-mnist.sh
code=$?
[ $code -le 128 ] || exit $code # a signal, which meant all of this
if [ $code -ne 0 ]; then
    data=data/sample
    echo "training on the small sample in data/sample instead" >&2
fi

build/mnist-train --data "$data" --out model.bin --report build/report.html || exit
echo
echo 'What it gets wrong:'
report=$(build/mnist-eval --data "$data" model.bin --misclassified 4) || exit
printf '%s\n' "$report" | sed '1,/^test: /d'
echo
echo 'Five digits and what the model says:'
build/mnist-show 5 --data "$data" --split test --model model.bin || exit
cat <<EOF

The model is in model.bin, and build/report.html shows how it learnt and what it got wrong: open it in a browser. Next, try:
  build/mnist-eval model.bin --data $data
  build/mnist-show 6 --data $data --digit 7 --random --split test --model model.bin
  build/mnist-train --help
EOF
