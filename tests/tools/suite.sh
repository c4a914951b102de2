# What each suite starts with: . "$(dirname "$0")/../tools/suite.sh"
#
# Sets REPO (this repository), MODE, CC, MAKE, SAMPLE (data/sample) and work, a folder of this run's own that is removed
# at the end, unless KEEP=1 is in the environment. The commands of MODE's build come first on PATH. A suite reports with
# ok, not_ok, skip and check, and ends with finish.
set -u
REPO=$(CDPATH= cd -- "$(dirname -- "$0")/../.." && pwd) || exit 1
MODE=${MODE:-release} CC=${CC:-cc} MAKE=${MAKE:-make}
SAMPLE=$REPO/data/sample LC_ALL=C TERM=dumb
export REPO MODE CC MAKE SAMPLE LC_ALL TERM
unset MNIST_DATA COLUMNS NO_COLOR FORCE_COLOR CLICOLOR_FORCE POSIXLY_CORRECT MAKEFLAGS MFLAGS CDPATH

suite=$(basename "$0" .sh)
failures=0

ok() {
    echo "ok $suite: $*"
}

not_ok() {
    echo "not ok $suite: $*"
    failures=$((failures + 1))
}

# skip NAME: WHY
skip() {
    echo "skip $suite: $*"
}

# check NAME COMMAND…: ok when the command succeeds; otherwise what it printed explains.
check() {
    check_name=$1
    shift
    if "$@" >"$work/check.log" 2>&1; then
        ok "$check_name"
    else
        not_ok "$check_name (exit code $?)"
        sed 's/^/# /' "$work/check.log"
    fi
}

finish() {
    [ "$failures" -eq 0 ]
    exit
}

have() {
    command -v "$1" >/dev/null 2>&1
}

# compile ARGUMENT…: CC with them, which is a program, or a program and its options.
compile() {
    if have "$CC"; then "$CC" "$@"; else $CC "$@"; fi
}

. "$REPO/tests/tools/find_python.sh"

[ -x "$REPO/build/$MODE/mnist" ] || {
    not_ok "build/$MODE/mnist is not there: make MODE=$MODE"
    exit 1
}
# make and LD_PRELOAD would take a TMPDIR of several words for several names.
case ${TMPDIR:-} in *[!A-Za-z0-9_/.+-]*) TMPDIR=/tmp ;; esac
work=$(mktemp -d) || exit 1
clean_up() {
    if [ -n "${KEEP:-}" ]; then echo "# kept: $work"; else rm -rf "$work"; fi
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
mkdir "$work/bin"
ln -s "$REPO/build/$MODE/mnist" "$work/bin/mnist"
for command in "$REPO"/src/cli/cmd_*.c; do
    command=${command##*/cmd_}
    ln -s mnist "$work/bin/mnist-${command%.c}"
done
PATH=$work/bin:$PATH
