#!/bin/sh
# Memcheck over short runs of every command, good and failing: no error, and nothing left allocated. Helgrind and DRD over
# all that has threads: no race.
. "$(dirname "$0")/../tools/suite.sh"

case $MODE in
asan | tsan) finish ;; # they have a checker of their own
esac
if ! have valgrind; then
    skip 'all: valgrind is missing'
    finish
fi
cd "$work" || exit 1

# cut_file NAME HEADER_BYTES BYTES_A_SAMPLE COUNT: the first samples of a file of data/sample (COUNT below
# 65,536).
cut_file() {
    gzip -dc "$SAMPLE/$1.gz" >whole
    {
        head -c 4 whole
        printf "\\0\\0\\$(printf %03o $(($4 / 256)))\\$(printf %03o $(($4 % 256)))"
        head -c "$2" whole | tail -c +9
        tail -c +$(($2 + 1)) whole | head -c $(($3 * $4))
    } >"data/$1"
}

mkdir data
cut_file train-images-idx3-ubyte 16 784 256
cut_file train-labels-idx1-ubyte 8 1 256
cut_file t10k-images-idx3-ubyte 16 784 64
cut_file t10k-labels-idx1-ubyte 8 1 64

# under CODE TOOL_OPTION… PROGRAM ARGUMENT…: under valgrind the program ends with CODE. 99 is valgrind's own when it
# finds something.
under() {
    wanted=$1
    shift
    valgrind -q --error-exitcode=99 "$@" >report 2>valgrind.log
    found=$?
    [ $found -eq "$wanted" ] && return
    echo "exit code $found, wanted $wanted"
    head -n 200 valgrind.log
    return 1
}

memcheck() {
    wanted=$1
    program=$2
    shift 2
    under "$wanted" --leak-check=full --show-leak-kinds=all --errors-for-leak-kinds=all "$work/bin/$program" "$@"
}

check 'train' memcheck 0 mnist-train --epochs 1 --batch 32 --dropout 0.2 --threads 2 --data data
check 'train --json' memcheck 0 mnist-train --epochs 1 --batch 100 --val 0 --threads 1 --json --data data
check 'eval' memcheck 0 mnist-eval model.bin --misclassified 5 --data data
check 'eval --json' memcheck 0 mnist-eval model.bin --misclassified 5 --json --threads 2 --data data
check 'show' memcheck 0 mnist-show 3 --split test --random --model model.bin --data data
check 'show --json, gzipped data' memcheck 0 mnist-show 2 --json --digit 3 --data "$SAMPLE"
printf 'P1 4 5 0000 0110 0100 0100 0000' >digit.pbm
printf 'P5 9 9 255\n%081d' 0 >blank.pgm
printf 'P6 2 2 255\nshort' >short.ppm
check 'predict' memcheck 0 mnist-predict model.bin digit.pbm "$SAMPLE/t10k-images-idx3-ubyte.gz" --show
check 'predict --json' memcheck 0 mnist-predict model.bin data/t10k-images-idx3-ubyte digit.pbm --json --threads 2
check 'predict, nothing there and bad files' memcheck 1 mnist-predict model.bin blank.pgm short.ppm data/t10k-labels-idx1-ubyte data missing
check 'train --help' memcheck 0 mnist-train --help
check 'train, bad number' memcheck 2 mnist-train --lr 1e-3x
check 'train, no such data' memcheck 1 mnist-train --data no-such-folder
check 'train, too many images to validate' memcheck 1 mnist-train --val 256 --data data
check 'train, diverging' memcheck 1 mnist-train --lr 1e12 --data data
head -c 300000 model.bin >short.bin
check 'eval, model cut short' memcheck 1 mnist-eval short.bin --data data
check 'eval, model is a picture file' memcheck 1 mnist-eval data/t10k-images-idx3-ubyte --data data

# Both would take C11's atomics for plain variables: a build of its own tells them (tests/tools/helgrind/stdatomic.h).
# That they can complain is seen on the usual build, which does not. Valgrind 3.19 cannot read the DWARF 5 of clang.
run='train --epochs 1 --schedule constant --batch 32 --augment --ema 0.9 --checkpoint checkpoint --log log --data data'
telling="-gdwarf-4 -isystem tests/tools/helgrind"
if ! echo '#include <valgrind/helgrind.h>' | compile -E - >/dev/null 2>&1; then
    skip 'helgrind, drd: needs valgrind/helgrind.h (in Debian, valgrind has it)'
elif ! "$MAKE" -j2 -C "$REPO" MODE="$MODE" CC="$CC" BUILD="$work/told" CFLAGS="$telling" "$work/told/mnist" >build.log 2>&1; then
    not_ok 'builds for helgrind'
    sed 's/^/# /' build.log
else
    for tool in helgrind drd; do
        check "$tool: complains of atomics it is not told of" under 99 --tool=$tool "$work/bin/mnist" $run --threads 3
        rm -f checkpoint log
        for threads in 3 8; do
            check "$tool: train, $threads threads" under 0 --tool=$tool told/mnist $run --threads $threads
        done
        check "$tool: resume" under 0 --tool=$tool told/mnist train --resume checkpoint --epochs 2 --log log --threads 3 --data data
        check "$tool: eval" under 0 --tool=$tool told/mnist eval model.bin --shift 1,1 --threads 3 --data data
        check "$tool: show" under 0 --tool=$tool told/mnist show 5 --model model.bin --augment --threads 3 --data data
    done
fi

head -c 100000 data/train-images-idx3-ubyte >whole && mv whole data/train-images-idx3-ubyte
check 'show, data cut short' memcheck 1 mnist-show --data data
head -c 100000 "$SAMPLE/train-images-idx3-ubyte.gz" >data/train-images-idx3-ubyte
check 'show, gzipped data cut short' memcheck 1 mnist-show --data data
finish
