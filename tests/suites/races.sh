#!/bin/sh
# ThreadSanitizer over training, evaluation and the unit tests that use threads.
. "$(dirname "$0")/../tools/suite.sh"
[ "$MODE" = release ] || exit 0 # it is a build of its own
cd "$work" || exit 1

compiler=
for candidate in clang gcc; do
    echo 'int main(void) { return 0; }' >probe.c
    if have $candidate && $candidate -fsanitize=thread probe.c -o probe 2>/dev/null && ./probe; then
        compiler=$candidate
        break
    fi
done
if [ -z "$compiler" ]; then
    skip 'ThreadSanitizer: needs clang or gcc with it'
    finish
fi
if ! (cd "$REPO" && "$MAKE" -j2 MODE=tsan CC=$compiler BUILD="$work/tsan" "$work/tsan/mnist" "$work/tsan/unit") >build.log 2>&1; then
    not_ok 'builds with ThreadSanitizer'
    sed 's/^/# /' build.log
    finish
fi
export TSAN_OPTIONS='exitcode=66 halt_on_error=1'
check 'training with 4 threads' "$work/tsan/mnist" train --threads 4 --epochs 2 --dropout 0.1 --augment --ema 0.9 --quiet --data "$SAMPLE" --out model.bin
check 'training with 4 threads, reference kernels' "$work/tsan/mnist" train --threads 4 --epochs 1 --simd reference --quiet --data "$SAMPLE" --out model.bin
check 'evaluation with 4 threads' "$work/tsan/mnist" eval model.bin --threads 4 --quiet --data "$SAMPLE"
check 'prediction with 4 threads' "$work/tsan/mnist" predict model.bin --threads 4 --json "$SAMPLE/t10k-images-idx3-ubyte.gz"
check 'the thread team' "$work/tsan/unit" team
finish
