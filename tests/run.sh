#!/bin/sh
# Runs every test and adds up. Each suite prints a line a test, "ok NAME", "not ok NAME" or "skip NAME: why"; lines
# that start with "#" explain a failure. The last line is "N passed, N failed, N skipped".
#
# MODE picks the build that is tested (default release). Suites are the executables in tests/suites/.
set -u
cd "$(dirname "$0")/.." || exit 1
MODE=${MODE:-release} CC=${CC:-cc} MAKE=${MAKE:-make}
export MODE CC MAKE
export LC_ALL=C TERM=dumb
# Running out of memory is then an error to handle, not the end.
export ASAN_OPTIONS=allocator_may_return_null=1 TSAN_OPTIONS=allocator_may_return_null=1
unset MNIST_DATA COLUMNS NO_COLOR MAKEFLAGS MFLAGS
log=$(mktemp) && all=$(mktemp) || exit 1
trap 'rm -f "$log" "$all"' EXIT

for suite in "build/$MODE/unit" tests/suites/*; do
    printf '== %s\n' "$suite"
    "$suite" >"$log" 2>&1
    code=$?
    grep -v '^ok ' "$log"
    if [ $code -ne 0 ] && ! grep -q '^not ok ' "$log"; then
        echo "not ok $suite: ended with exit code $code" | tee -a "$log"
    fi
    cat "$log" >>"$all"
done

passed=$(grep -c '^ok ' "$all")
failed=$(grep -c '^not ok ' "$all")
skipped=$(grep -c '^skip ' "$all")
printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
