#!/bin/sh
# ThreadSanitizer over every command that uses threads, and the unit tests of the team.
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
ln -s "$SAMPLE" sample
threads="--threads 4 --data sample"
check 'training' tsan/mnist train $threads --epochs 1 --schedule constant --dropout 0.1 --augment --ema 0.9 --checkpoint checkpoint --log log
check 'going on' tsan/mnist train $threads --resume checkpoint --epochs 2 --log log
check 'training, reference kernels' tsan/mnist train $threads --epochs 1 --simd reference --quiet
check 'training, stopped in time' tsan/mnist train $threads --max-seconds 0.5 --out stopped.bin
check 'evaluation' tsan/mnist eval model.bin $threads --shift 1,1 --misclassified 3
check 'pictures' tsan/mnist show 5 $threads --model model.bin --augment
check 'prediction' tsan/mnist predict model.bin --threads 4 --json "$SAMPLE/t10k-images-idx3-ubyte.gz"
check 'the thread team' "$work/tsan/unit" team
finish
