#!/bin/sh
# Compilers' flags that change floating-point arithmetic: whoever builds with them is refused, by the compiler or by the
# program at its start, which names the flag; or the flag changes nothing, and the model has the same bytes. No other model
# ever.
. "$(dirname "$0")/../tools/suite.sh"
[ "$MODE" = release ] || exit 0 # it brings its own builds
cd "$work" || exit 1

train() {
    "$1" train --data "$SAMPLE" --epochs 1 --quiet --simd "$2" --out "$3"
}

# attempt COMPILER FLAGS: builds and trains with each of the kernels; what is said goes to `said`.
attempt() {
    rm -rf built && : >said
    (cd "$REPO" && "$MAKE" -j2 CC="$1" CFLAGS="-O2 $2" BUILD="$work/built" "$work/built/mnist") >build.log 2>&1 || {
        grep -q 'would not be the same everywhere' build.log || { cat build.log && return 1; }
        return 0
    }
    for simd in reference baseline auto; do
        rm -f other.bin
        train built/mnist $simd other.bin >report 2>said
        case $? in
        0) cmp right.bin other.bin || return ;;
        1) [ "$(wc -l <said)" -eq 1 ] && [ ! -e other.bin ] || { cat said && return 1; } ;;
        *) cat said && return 1 ;;
        esac
    done
}

# refused COMPILER FLAG NAME: attempt, and the flag is called by NAME.
refused() {
    attempt "$1" "$2" || return
    grep -q "was compiled with $3.*: compile it without" said || { echo "$3 is not named" && cat said && return 1; }
    ! built/mnist show 1 --data "$SAMPLE" >report 2>&1 && built/mnist --version >/dev/null && built/mnist train --help >/dev/null
}

train mnist auto right.bin >report || exit 1
for compiler in gcc clang; do
    if ! have $compiler || ! echo 'int main(void) {return 0;}' | $compiler -mfma -x c - -o probe 2>/dev/null; then
        skip "$compiler: needs $compiler for x86-64"
        continue
    fi
    check "$compiler: contraction" refused $compiler '-mfma -ffp-contract=fast' -ffp-contract=fast
    check "$compiler: reciprocals" refused $compiler -freciprocal-math -freciprocal-math
    check "$compiler: order of sums" refused $compiler '-fassociative-math -fno-signed-zeros -fno-trapping-math' -fassociative-math
    check "$compiler: NaN" refused $compiler -ffinite-math-only -ffinite-math-only
    check "$compiler: signs of zeros" refused $compiler -fno-signed-zeros -fno-signed-zeros
    check "$compiler: all of them" attempt $compiler -Ofast
    check "$compiler: the processor's own instructions" attempt $compiler '-march=native -fno-math-errno -frounding-math'
done
if have gcc; then
    check 'gcc: constants' refused gcc -fsingle-precision-constant -fsingle-precision-constant
    check 'gcc: unsafe, as a whole' attempt gcc -funsafe-math-optimizations
fi
finish
