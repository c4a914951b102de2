#!/bin/sh
# What compilers and packagers ask for: their flags win, and whatever the build is, the weights are the same.
. "$(dirname "$0")/../tools/suite.sh"
[ "$MODE" = release ] || exit 0 # what is built here does not depend on the mode
cd "$work" || exit 1

cp -R "$REPO/Makefile" "$REPO/src" "$REPO/include" "$REPO/scripts" "$REPO/tests" . && mkdir data || exit 1

# gives VARIABLE=VALUE…: a build with them, and -O0 to be quick, trains the model of one epoch. No warning is printed.
gives() {
    rm -rf build
    "$MAKE" -j2 "$@" build/release/mnist >log 2>&1 || { cat log && return 1; }
    ! grep -i warning log || return
    build/release/mnist train --epochs 1 --data "$SAMPLE" --quiet --json --out model.bin >events || return
    grep -q '"weights_crc32":"bf5b2e6a"' events || { cat events && return 1; }
}

# is KIND VARIABLE=VALUE…: and what `file` calls it
is() {
    kind=$1
    shift
    gives "$@" || return
    file build/release/mnist | grep -q "$kind" || { file build/release/mnist && return 1; }
}

# lacks PATTERN: a compiler that knows none of these options
lacks() {
    cat >older <<END
#!/bin/sh
for word; do
    case \$word in $1) echo "unrecognized command line option '\$word'" >&2; exit 1 ;; esac
done
exec gcc "\$@"
END
    chmod +x older && gives CC="$work/older" CFLAGS='-O0 -Werror'
}

# by COMPILER: all that is compiled, as it is by default; no warning, the same weights, and the same bits from each kernel
by() {
    gives CC="$1" CFLAGS=-Werror || return
    "$MAKE" -j2 CC="$1" CFLAGS=-Werror build/release/unit build/release/bench >log 2>&1 || { cat log && return 1; }
    build/release/unit kernels
}

# others NAME: the compilers NAME-N on PATH, but for the one that is NAME
others() {
    usual=$("$1" -dumpversion 2>/dev/null | sed 's/[.].*//')
    (IFS=: && for folder in $PATH; do ls "$folder"; done) 2>/dev/null | grep -E "^$1-[0-9]+\$" | grep -vx "$1-$usual" | sort -u
}

# by_others NAME PACKAGE
by_others() {
    compilers=$(others "$1")
    [ -n "$compilers" ] || skip "another $1: needs one (Debian's $2)"
    for compiler in $compilers; do check "$compiler" by "$compiler"; done
}

from_environment() {
    (
        ARCH=amd64 MODE=prod V=1 Q=no SAY=no BUILD=elsewhere ROOMS=none COMPILE=false CFLAGS=-O0
        export ARCH MODE V Q SAY BUILD ROOMS COMPILE CFLAGS
        gives
    )
}

cleans_first() {
    : >build/stays && "$MAKE" -j2 CFLAGS=-O0 clean build/release/mnist >log 2>&1 && [ ! -e build/stays ] && [ -x build/release/mnist ]
}

check 'variables of the environment that are not for make' from_environment
check '`make clean` with another target' cleans_first
check '-D_FORTIFY_SOURCE in CPPFLAGS' gives CPPFLAGS=-D_FORTIFY_SOURCE=1 CFLAGS='-O1 -Werror'
if have file; then
    check '-no-pie, -Wp,-D_FORTIFY_SOURCE=3' is 'LSB executable' CFLAGS='-fno-pie -O1 -Wp,-D_FORTIFY_SOURCE=3 -Werror' LDFLAGS=-no-pie
    check '-static-pie' is 'static-pie' LDFLAGS=-static-pie CFLAGS=-O0
else
    skip "kinds of programs: needs file (Debian's file)"
fi
if have gcc; then
    check 'a compiler without AVX-512' lacks '-mavx512*|-mprefer-vector-width*'
    check 'a compiler without AVX' lacks '-mavx*'
else
    skip 'older compilers: needs gcc'
fi
by_others gcc gcc-11
by_others clang clang-22
finish
