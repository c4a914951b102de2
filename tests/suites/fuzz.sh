#!/bin/sh
# Rubbish in: libFuzzer makes up files and command lines for FUZZ_SECONDS (5) each, under the address and
# undefined-behaviour sanitizers, from the small corpora in tests/fuzz/corpus and from whole files made here. Some are
# right but for one thing, so that whoever drops the check of it is found out at once. Memory is bounded: no target may
# allocate more than 64 MB at once.
. "$(dirname "$0")/../tools/suite.sh"
[ "$MODE" = asan ] || exit 0 # it brings its own build
cd "$work" || exit 1

if ! have clang || ! echo 'int LLVMFuzzerTestOneInput(const char *p, long n) {return p && n < 0;}' |
    clang -fsanitize=fuzzer -x c - -o probe 2>/dev/null; then
    skip 'needs clang with libFuzzer (Debian: clang and libclang-rt-14-dev)'
    finish
fi

(cd "$REPO" && "$MAKE" -j2 MODE=asan CC=clang CFLAGS=-fsanitize=fuzzer-no-link BUILD="$work/built" "$work/built/mnist") >build.log 2>&1 ||
    { cat build.log && exit 1; }
objects=$(find built/src -name '*.o' ! -name main.o)

mnist-train --epochs 2 --ema 0.9 --augment --checkpoint whole.checkpoint --out whole.model --quiet --data "$SAMPLE" >report || exit 1

# near_miss KIND NAME SCRIPT: a seed, the whole file with its header changed by sed.
near_miss() {
    sed "$3" "whole.$1" >"seed-$1/$2" && ! cmp -s "whole.$1" "seed-$1/$2" || { echo "no near miss $2" && exit 1; }
}

mkdir seed-idx seed-image seed-model seed-checkpoint seed-options
cp whole.model seed-model && cp whole.checkpoint seed-checkpoint || exit 1
near_miss model shape 's/"shape":\[128,784\]/"shape":[784,128]/'
near_miss model nine 's/"shape":\[10\],"data_offsets":\[437504,437544\]/"shape":[9],"data_offsets":[437504,437540]/'
head -c $(($(wc -c <seed-model/nine) - 4)) seed-model/nine >nine && mv nine seed-model # its bias is cut off
near_miss model rank 's/"shape":\[10\]/"shape":[10,1]/'
near_miss checkpoint best-0 's/"best_epoch":"[12]"/"best_epoch":"0"/'
near_miss checkpoint best-3 's/"best_epoch":"[12]"/"best_epoch":"3"/'
near_miss checkpoint epochs 's/"epochs":"2"/"epochs":"1"/'
near_miss checkpoint batch 's/"batch":"128"/"batch":"0"/'
near_miss checkpoint no-average 's/"ema":"0.9"/"ema":"0"/'
# Its last epoch took 0 seconds: number 5 of the last 9.
{ head -c $(($(wc -c <whole.checkpoint) - 32)) whole.checkpoint && printf '\0\0\0\0\0\0\0\0' && tail -c 24 whole.checkpoint; } \
    >seed-checkpoint/no-time

fuzz() {
    mkdir "found-$1"
    cp "$REPO/tests/fuzz/corpus/$1"/* "seed-$1"
    clang -std=c11 -D_XOPEN_SOURCE=700 -D_DEFAULT_SOURCE -g -O1 -pthread -fsanitize=fuzzer,address,undefined \
        -fno-sanitize-recover=all -I"$REPO/include" "$REPO/tests/fuzz/fuzz_$1.c" $objects -lm -o "fuzz_$1" || return
    "./fuzz_$1" -max_total_time="${FUZZ_SECONDS:-5}" -max_len=3000000 -malloc_limit_mb=64 -rss_limit_mb=1024 -timeout=10 \
        -print_final_stats=1 -close_fd_mask=1 "found-$1" "seed-$1" 2>log || { tail -n 40 log && return 1; }
    grep -E 'number_of_executed_units' log
}

for target in idx image model checkpoint options; do
    check "$target, ${FUZZ_SECONDS:-5} s" fuzz $target
done
finish
