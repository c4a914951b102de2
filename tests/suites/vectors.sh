#!/bin/sh
# The kernels' loops are vector code: the object files that the Makefile makes, with each compiler
# for each instruction set, are disassembled. tests/tools/vectors.py says what must be vectors, and
# when it is.
. "$(dirname "$0")/../tools/suite.sh"
[ "$MODE" = release ] || exit 0 # only there is code meant to be fast

# vectors COMPILER KERNELS BYTES OBJDUMP
vectors() {
    folder=$work/$4-${1%% *}
    object=$folder/src/net/kernels_$2.o
    "$MAKE" -C "$REPO" CC="$1" CFLAGS=-gdwarf-4 BUILD="$folder" "$object" >"$work/build.log" 2>&1 ||
        { cat "$work/build.log" && return 1; }
    "$python" "$REPO/tests/tools/vectors.py" "$REPO" "$4" "$object" "$3"
}

# x86_64 COMPILER: AVX-512 in half registers, as the Makefile asks for.
x86_64() {
    check "$1, baseline" vectors "$1" baseline 16 objdump
    check "$1, AVX2" vectors "$1" avx2 32 objdump
    check "$1, AVX-512" vectors "$1" avx512 32 objdump
}

# neon COMPILER PACKAGES
neon() {
    if have "${1%% *}" && have $arm-gcc && have $arm-objdump; then
        check "$1, NEON" vectors "$1" baseline 16 $arm-objdump
    else
        skip "$1, NEON: needs Debian's $2"
    fi
}

find_python re || {
    skip "disassembly: needs Debian's python3"
    finish
}
for compiler in gcc clang; do
    if ! have $compiler || ! have objdump; then
        skip "$compiler: needs Debian's $compiler and binutils"
        continue
    fi
    case $($compiler -dumpmachine) in
    x86_64-*linux*) x86_64 $compiler ;;
    esac
done
arm=aarch64-linux-gnu
neon $arm-gcc gcc-$arm
neon "clang --target=$arm" "clang and gcc-$arm"
finish
