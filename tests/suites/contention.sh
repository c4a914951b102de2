#!/bin/sh
# contention.sh [ROUNDS [SEED]]: two, four and eight programs at once on the files of one folder, stopped and killed at
# random instants: every file is whole at every instant, each is claimed by one run alone, a run that is not refused
# gives the model of an undisturbed one, and what is left is taken away by the next. tests/tools/contention.py has the
# rules; a round that failed is repeated by `contention.sh 1 SEED`, as far as chance allows.
. "$(dirname "$0")/../tools/suite.sh"
cd "$work" || exit 1

# A data set small enough to be tried again and again.
mkdir data stage
cut_file() {
    gzip -dc "$SAMPLE/$1.gz" | head -c $(($2 + $3 * $4)) >"data/$1" || exit 1
    printf '%b' "$(printf '\\%03o' 0 0 $(($4 / 256)) $(($4 % 256)))" |
        dd of="data/$1" bs=1 seek=4 conv=notrunc 2>/dev/null
}
cut_file train-images-idx3-ubyte 16 784 256
cut_file train-labels-idx1-ubyte 8 1 256
cut_file t10k-images-idx3-ubyte 16 784 64
cut_file t10k-labels-idx1-ubyte 8 1 64

contend() {
    cd stage && "$python" "$REPO/tests/tools/contention.py" "$work/between.so" "$work/data" "$@"
}

if ! find_python; then
    skip 'all: there is no python3'
    finish
fi
"$CC" -shared -fPIC -O1 "$REPO/tests/tools/between.c" -o between.so -ldl || exit 1
ASAN_OPTIONS=${ASAN_OPTIONS:-allocator_may_return_null=1}:verify_asan_link_order=0
export ASAN_OPTIONS
check "${1:-100} rounds" contend "${1:-100}" ${2:+"$2"}
finish
