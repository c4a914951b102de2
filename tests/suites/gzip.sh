#!/bin/sh
# Unpacking against two witnesses, Python's zlib and gzip(1): streams of every kind, changed ones, whole files, bombs.
. "$(dirname "$0")/../tools/suite.sh"

if ! find_python zlib || ! have gzip; then
    skip 'all: needs python3 with zlib, and gzip'
    finish
fi
PYTHONDONTWRITEBYTECODE=1
export PYTHONDONTWRITEBYTECODE

unpack=build/$MODE/tests/unpack
check 'unpack.c builds' "$MAKE" -s -C "$REPO" -f Makefile -f tests/tools/tools.mk MODE="$MODE" CC="$CC" "$unpack"
[ $failures -eq 0 ] || finish

witness() {
    check "$2" "$python" "$REPO/tests/tools/witness_gzip.py" "$1" "$REPO/$unpack"
}

witness streams 'what zlib packs: levels, strategies, windows, flush points'
witness damaged 'changed streams: zlib and we refuse the same ones'
witness files "gzip's files, every header, members, what is behind them"
witness flipped 'every byte of a file changed, every part of it'
case $MODE in
asan | tsan) skip 'more than the limit: a sanitizer takes all the memory that there is' ;;
*) witness bomb 'more than the limit, and less than is said' ;;
esac
finish
