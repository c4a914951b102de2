#!/bin/sh
# same_bytes.sh [compilers]: one seed, one model, byte for byte. A run of one epoch on data/sample is repeated with other
# threads and other kernels, or in builds of all compilers, and every model file must equal the first.
. "$(dirname "$0")/../tools/suite.sh"
cd "$work" || exit 1

# train OUT OPTION…
train() {
    out=$1
    shift
    "$program" train --epochs 1 --data "$SAMPLE" --quiet --out "$out" "$@" >"$work/report"
}

# same REFERENCE OPTION…: trains once more and compares.
same() {
    reference=$1
    shift
    rm -f again.bin
    train again.bin "$@" && cmp "$reference" again.bin
}

# Kernels that this processor lacks are refused.
has_kernels() {
    ! mnist-train --simd "$1" --data "$SAMPLE" --epochs 1 --quiet 2>&1 | grep -q ' has no '
}

# same_everywhere KERNELS…: each of them, plain and with all extras.
same_everywhere() {
    for simd in "$@"; do
        same first.bin --threads 2 --simd "$simd" &&
            same extras.bin --threads 2 $extras --simd "$simd" || {
            echo "$simd kernels"
            return 1
        }
    done
}

# build COMPILER FLAGS: the whole program, apart from build/.
build() {
    rm -rf built
    (cd "$REPO" && "$MAKE" -j2 MODE=release CC="$1" CFLAGS="$2" BUILD="$work/built" "$work/built/mnist")
}

program=$REPO/build/$MODE/mnist
extras='--dropout 0.3 --augment --label-smoothing 0.1 --ema 0.9'
check 'trains' train first.bin --threads 1
check 'trains with all extras' train extras.bin --threads 1 $extras
[ $failures -eq 0 ] || finish
crc=$(mnist-eval first.bin --data "$SAMPLE" --json | sed 's/.*"weights_crc32":"\([0-9a-f]*\)".*/\1/')
echo "# weights_crc32 $crc"

# The list is in the help: --simd SET … auto, baseline, …, reference [auto].
kernels=
for simd in $(COLUMNS=1000 mnist-train --help | sed -n 's/^ *--simd .*: auto, \(.*\) \[.*/\1/p' | tr -d ,); do
    if has_kernels "$simd"; then
        kernels="$kernels $simd"
    else
        skip "$simd kernels: this processor lacks them"
    fi
done
[ -n "$kernels" ] || not_ok 'mnist-train --help names no kernels'

if [ "${1:-}" != compilers ]; then
    check 'again' same first.bin --threads 1
    for threads in 2 3 8; do
        check "$threads threads" same first.bin --threads $threads
        check "$threads threads, all extras" same extras.bin --threads $threads $extras
    done
    for simd in $kernels; do
        check "$simd kernels" same_everywhere "$simd"
    done
    finish
fi

# -march=native lets the compiler use fused multiply-add where the processor has it, which must not happen.
for compiler in gcc clang; do
    for flags in -O0 -O2 -O3 '-O3 -march=native'; do
        program=$work/built/mnist
        if ! have $compiler; then
            skip "$compiler $flags: $compiler is missing"
        elif ! build $compiler "$flags" >build.log 2>&1; then
            not_ok "$compiler $flags: does not build"
            sed 's/^/# /' build.log
        else
            check "$compiler $flags" same_everywhere $kernels
        fi
    done
done
finish
