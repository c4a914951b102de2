#!/bin/sh
# Rubbish in: fuzz.sh [SECONDS]
#
# libFuzzer makes up files, command lines and whole runs for this many seconds (5) each, under the address and undefined-behaviour
# sanitizers, from the small corpora in tests/fuzz/corpus and from whole files made here. Memory is bounded: no target may allocate
# more than 64 MB at once. What is found is kept in build/.
. "$(dirname "$0")/../tools/suite.sh"
seconds=${1:-5}
cd "$work" || exit 1

if ! have clang || ! echo 'int LLVMFuzzerTestOneInput(const char *p, long n) {return p && n < 0;}' |
    clang -fsanitize=fuzzer -x c - -o probe 2>/dev/null; then
    skip 'needs clang with libFuzzer (Debian: clang and libclang-rt-14-dev)'
    finish
fi
. "$REPO/tests/fuzz/seeds.sh"
TMPDIR=$work
export TMPDIR

build() {
    "$MAKE" -s -j2 -C "$REPO" -f Makefile -f tests/fuzz/fuzz.mk MODE=asan CC=clang CFLAGS='-O2 -fsanitize=fuzzer-no-link' \
        BUILD=build/fuzz $(printf 'build/fuzz/tests/fuzz/libfuzzer_%s ' $targets)
}

# Whoever stops this stops them.
pids=
trap '[ -z "$pids" ] || kill $pids 2>/dev/null; clean_up' EXIT

start() {
    mkdir "found-$1"
    "$REPO/build/fuzz/tests/fuzz/libfuzzer_$1" -max_total_time="$seconds" -max_len=3000000 -malloc_limit_mb=64 -rss_limit_mb=1024 \
        -timeout=10 -print_final_stats=1 -close_fd_mask=3 -artifact_prefix="$REPO/build/finding-$1-" "found-$1" "seed-$1" >"log-$1" 2>&1 &
    pids="$pids $!"
}

# Two at a time; their exit codes go to files.
fuzz_all() {
    set -- $targets
    while [ $# -gt 0 ]; do
        pids=
        start "$1"
        [ $# -eq 1 ] || start "$2"
        for pid in $pids; do
            wait "$pid"
            echo $? >"code-$1"
            shift
        done
    done
    pids=
}

outcome() {
    [ "$(cat "code-$1")" = 0 ] || { tail -n 40 "log-$1" && return 1; }
}

# units TARGET: how many inputs it was given
units() {
    sed -n 's/^stat::number_of_executed_units: *//p' "log-$1"
}

check 'the targets build' build
fuzz_all
for target in $targets; do
    check "$target, $seconds s, $(units $target) inputs" outcome $target
done
finish
