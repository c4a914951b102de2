#!/bin/sh
# The same bytes on other machines: the program for 64-bit ARM, for big-endian s390x and with another C library, run
# here (under qemu's user emulation where it must be), writes the model that this machine's program writes. The checksum of its
# weights is also fixed below: it may change only where the numbers are meant to.
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

# same_as_here COMPILER EMULATOR
same_as_here() {
    (cd "$REPO" && "$MAKE" -j2 CC="$1" LDFLAGS=-static BUILD="$work/$1" "$work/$1/mnist") || return 1
    train there $2 "$work/$1/mnist" && cmp here-plain.bin there-plain.bin && cmp here-extras.bin there-extras.bin
}

check "weights_crc32 is $plain, and $extras with the extras" is_golden
for machine in aarch64 s390x; do
    if have $machine-linux-gnu-gcc && have qemu-$machine; then
        check $machine same_as_here $machine-linux-gnu-gcc qemu-$machine
    else
        skip "$machine: needs $machine-linux-gnu-gcc and qemu-$machine (Debian's gcc-$machine-linux-gnu and qemu-user)"
    fi
done
if have musl-gcc; then
    check musl same_as_here musl-gcc ''
else
    skip "musl: needs musl-gcc (Debian's musl-tools)"
fi
finish
