#!/bin/sh
# A short look at every file and command line that comes from outside, with any compiler: what fuzz.sh starts from, and changed copies
# of it, go through the fuzz targets. What they find is kept in build/.
. "$(dirname "$0")/../tools/suite.sh"
cd "$work" || exit 1
. "$REPO/tests/fuzz/seeds.sh"
TMPDIR=$work
export TMPDIR

# A target that never ends fails.
limit=
have timeout && limit='timeout 120'

# look TARGET COPIES: at each of its seeds, and this many changed copies of each.
look() {
    $limit "$REPO/build/$MODE/tests/fuzz/driver_$1" "$2" "seed-$1"/* && return
    code=$?
    cp input "$REPO/build/$MODE/finding-$1" && echo "exit code $code, of build/$MODE/finding-$1"
    return $code
}

# Sanitizers take their time: fewer copies must do.
share=1
case $MODE in
asan | tsan) share=10 ;;
debug) share=4 ;;
esac

programs=$(printf "build/$MODE/tests/fuzz/driver_%s " $targets)
check 'the targets build' "$MAKE" -s -j2 -C "$REPO" -f Makefile -f tests/fuzz/fuzz.mk MODE="$MODE" CC="$CC" $programs
for target in $targets; do
    case $target in
    gzip) copies=5000 ;;
    idx) copies=2000 ;;
    image) copies=5000 ;;
    model) copies=200 ;;
    checkpoint) copies=20 ;;
    options) copies=20000 ;;
    train) copies=10 ;;
    resume) copies=3 ;;
    esac
    check "$target, each file and $((copies / share)) changed copies" look $target $((copies / share))
done
finish
