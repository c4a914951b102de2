#!/bin/sh
# contention.sh [ROUNDS [SEED]]: two, four and eight programs at once on the files of one folder, stopped and killed at
# random instants: every file is whole at every instant, each is claimed by one run alone, a run that is not refused
# gives the model of an undisturbed one, and what is left is taken away by the next. tests/tools/contention.py has the
# rules; a round that failed is repeated by `contention.sh 1 SEED`, as far as chance allows.
. "$(dirname "$0")/../tools/suite.sh"
cd "$work" || exit 1

. "$REPO/tests/tools/small_data.sh"
mkdir stage
small_data data || exit 1

contend() {
    cd stage && "$python" "$REPO/tests/tools/contention.py" "$work/between.so" "$work/data" "$@"
}

if ! find_python; then
    skip 'all: there is no python3'
    finish
fi
compile -shared -fPIC -O1 "$REPO/tests/tools/between.c" -o between.so -ldl || exit 1
ASAN_OPTIONS=${ASAN_OPTIONS:-allocator_may_return_null=1}:verify_asan_link_order=0
export ASAN_OPTIONS
check "${1:-100} rounds" contend "${1:-100}" ${2:+"$2"}
finish
