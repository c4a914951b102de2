#!/bin/sh
# What tools find without running anything: clang-tidy (.clang-tidy), cppcheck and gcc's analyzer, all at zero.
. "$(dirname "$0")/../tools/suite.sh"
[ "$MODE" = release ] || exit 0 # the same source in any mode
cd "$REPO" || exit 1

flags='-std=c11 -D_GNU_SOURCE -Iinclude'

# The kernels are looked at once, with baseline vectors.
sources() {
    ls src/*/*.c | grep -v kernels_avx
}

tidy() {
    sources | xargs -P 2 -I FILE clang-tidy --quiet FILE -- $flags 2>/dev/null >"$work/tidy" || { cat "$work/tidy" && return 1; }
}

analyze() {
    sources | xargs -P 2 -I FILE sh -c "gcc $flags -O1 -fanalyzer -Werror -c \"\$1\" -o \"$work/\$(basename \"\$1\").o\"" gcc FILE
}

if have clang-tidy; then check clang-tidy tidy; else skip "clang-tidy: needs Debian's clang-tidy"; fi
if have cppcheck; then
    check cppcheck cppcheck --quiet --std=c11 --enable=warning,performance,portability --error-exitcode=1 -Iinclude -DNDEBUG src
else
    skip "cppcheck: needs Debian's cppcheck"
fi
if have gcc; then check 'gcc -fanalyzer' analyze; else skip '-fanalyzer: needs gcc'; fi
finish
