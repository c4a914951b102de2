#!/bin/sh
# Rubbish in: libFuzzer makes up files and command lines for FUZZ_SECONDS (5) each, under the address and
# undefined-behaviour sanitizers, from the small corpora in tests/fuzz/corpus and from whole files made here. Memory is
# bounded: no target may allocate more than 64 MB at once.
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

fuzz() {
    mkdir -p "found-$1" "seed-$1"
    cp "$REPO/tests/fuzz/corpus/$1"/* "seed-$1"
    [ ! -e "whole.$1" ] || cp "whole.$1" "seed-$1"
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
