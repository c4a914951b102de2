#!/bin/sh
# run.sh test|test-all: runs the suites that the table in tests/README.md lists for that target, as many at once as there
# are processors, and adds up. Of each suite a line with its counts and its time, in the table's order, and below it what
# is worth reading: lines "not ok", "skip", and "#", which explain. The last line is "N passed, N failed, N skipped".
#
# A row's mode is the build that is tested; MODE=… other than release takes its place, for the suites of `test`.
set -u
CDPATH= cd -- "$(dirname -- "$0")/.." || exit 1
target=${1:-test} MODE=${MODE:-release} CC=${CC:-cc} MAKE=${MAKE:-make}
export MODE CC MAKE
export LC_ALL=C TERM="${TERM:-dumb}"
# Running out of memory is then an error to handle, not the end.
export ASAN_OPTIONS=allocator_may_return_null=1 TSAN_OPTIONS=allocator_may_return_null=1
unset MNIST_DATA COLUMNS NO_COLOR FORCE_COLOR CLICOLOR_FORCE MAKEFLAGS MFLAGS
work=$(mktemp -d) || exit 1
pids=
stop() {
    trap '' TERM
    [ -z "$pids" ] || kill -TERM $pids 2>/dev/null
    rm -rf "$work"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# MODE TARGET SECONDS SUITE ARGUMENT…, a line a suite
awk -F ' *[|] *' -v target="$target" -v mode="$MODE" '
    /^[|] `/ && (target == "test-all" || $4 == target) {
        gsub(/`/, "", $2)
        print (mode == "release" || $4 != "test" ? $3 : mode), $4, $5, $2
    }' tests/README.md >"$work/list"
count=$(wc -l <"$work/list")
[ "$count" -gt 0 ] || {
    echo "run.sh: no suites for '$target' in tests/README.md" >&2
    exit 1
}
jobs=$(getconf _NPROCESSORS_ONLN 2>/dev/null) || jobs=2
awk -v jobs="$jobs" -v target="$target" '
    {sum += $3; most = $3 > most ? $3 : most}
    END {
        s = sum / jobs > most ? sum / jobs : most
        printf "%s: %d suites, %d at a time, about %s\n", target, NR, jobs, s < 90 ? int(s + 0.5) " s" : int(s / 60 + 0.5) " min"
    }' "$work/list"

# The builds that the suites test; the program's links in build/ stay as they are.
for mode in $(cut -d ' ' -f 1 "$work/list" | sort -u); do
    "$MAKE" -j"$jobs" MODE="$mode" "build/$mode/mnist" "build/$mode/unit" >"$work/build" 2>&1 || {
        cat "$work/build"
        echo "not ok build: make MODE=$mode fails"
        echo '0 passed, 1 failed, 0 skipped'
        exit 1
    }
done

# run N: suite number N of the list, with its output in N.log and, when it has ended, its exit code and seconds in N.end.
run() {
    read -r MODE _ _ suite arguments <<END
$(sed -n "$1p" "$work/list")
END
    begin=$(date +%s)
    if [ "$suite" = unit ]; then
        suite=build/$MODE/unit
    else
        suite="sh tests/suites/$suite.sh"
    fi
    $suite $arguments >"$work/$1.log" 2>&1 </dev/null &
    trap 'kill $! 2>/dev/null' TERM
    wait $!
    code=$?
    # Whoever stopped the whole has taken the folder away.
    (echo $code $(($(date +%s) - begin)) >"$work/$1.new" && mv "$work/$1.new" "$work/$1.end") 2>/dev/null
}

passed=0 failed=0 skipped=0
# tell N: the line of a suite that has ended, and what is worth reading.
tell() {
    read -r mode _ _ suite <<END
$(sed -n "$1p" "$work/list")
END
    read -r code seconds <"$work/$1.end"
    if [ "$code" -ne 0 ] && ! grep -q '^not ok ' "$work/$1.log"; then
        echo "not ok $suite: ended with exit code $code" >>"$work/$1.log"
    fi
    good=$(grep -c '^ok ' "$work/$1.log") bad=$(grep -c '^not ok ' "$work/$1.log") left=$(grep -c '^skip ' "$work/$1.log")
    passed=$((passed + good)) failed=$((failed + bad)) skipped=$((skipped + left))
    [ "$mode" = release ] || suite="$suite, $mode"
    printf '%-24s %4d passed, %d failed, %d skipped %5d s\n' "$suite" "$good" "$bad" "$left" "$seconds"
    grep -v '^ok ' "$work/$1.log"
}

begin=$(date +%s) started=0 told=0
clear=
[ ! -t 1 ] || [ "$TERM" = dumb ] || clear=$(printf '\r\033[K')
export TERM=dumb
while [ $told -lt "$count" ]; do
    running=
    for n in $(awk -v a=$told -v b=$started 'BEGIN {for (n = a + 1; n <= b; n++) print n}'); do
        [ -e "$work/$n.end" ] || running="$running $n"
    done
    set -- $running
    while [ $# -lt "$jobs" ] && [ $started -lt "$count" ]; do
        started=$((started + 1))
        run $started &
        pids="$pids $!"
        set -- "$@" $started
    done
    while [ -e "$work/$((told + 1)).end" ]; do
        told=$((told + 1))
        printf %s "$clear"
        tell $told
    done
    [ -z "$clear" ] || printf '%s%d of %d suites, %d s: %.40s' "$clear" $((started - $#)) "$count" $(($(date +%s) - begin)) \
        "$(for n; do sed -n "$n{s/^[^ ]* [^ ]* [^ ]* //;p;}" "$work/list"; done | tr '\n' ' ')"
    [ $told -eq "$count" ] || sleep 0.2 2>/dev/null || sleep 1
done
pids=
printf '%s%s: %d s\n' "$clear" "$target" $(($(date +%s) - begin))
printf '%d passed, %d failed, %d skipped\n' $passed $failed $skipped
[ $failed -eq 0 ] && [ $passed -gt 0 ]
