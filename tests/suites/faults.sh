#!/bin/sh
# What may go wrong outside: memory that is not given, at every place where it is asked for; a full disk; limits on
# memory, files and file sizes; folders that may not be written. Each time one clear line, exit code 1, the earlier
# model untouched, and no partial file.
. "$(dirname "$0")/../tools/suite.sh"
cd "$work" || exit 1

# A command that never ends fails.
limit=
have timeout && limit='timeout 60'

. "$REPO/tests/tools/small_data.sh"
small_data data || exit 1
mnist-train --epochs 2 --data data --quiet --out earlier.bin --checkpoint earlier.checkpoint >report || exit 1

{ echo P1 9 12 && printf '%s\n' 000000000 001111100 001000100 000000100 000001000 000010000 000010000 000100000 000100000 000100000 \
    000000000 000000000; } >digit.pgm

# No temporary file and no lock is here.
nothing_left() {
    ! ls -d .*.mnist-* 2>/dev/null
}

# failed_well [NEW]: the last command said one line and ended with 1, and left the earlier model (or, when it failed
# only after that was saved, the new one) and no temporary file.
failed_well() {
    [ $code -eq 1 ] || { echo "exit code $code" && cat stderr && return 1; }
    [ "$(wc -l <stderr)" -eq 1 ] || { cat stderr && return 1; }
    { cmp -s model.bin "${1:-earlier.bin}" || cmp model.bin earlier.bin; } && nothing_left
}

# every_allocation COMMAND…: fails the first allocation, the second, … until there is none left to fail.
every_allocation() {
    n=0
    "$@" >stdout && cp model.bin new.bin || return
    while :; do
        n=$((n + 1))
        cp earlier.bin model.bin && rm -f checkpoint log
        FAIL_ALLOC=$n LD_PRELOAD=$work/fail_alloc.so "$@" >stdout 2>stderr
        code=$?
        [ $code -ne 0 ] || break
        failed_well new.bin && grep -q 'out of memory' stderr || { echo "allocation $n" && cat stderr && return 1; }
        ! grep -q '^test set' stdout || cmp model.bin new.bin || { echo "allocation $n: trained, but lost" && return 1; }
    done
    echo "$n allocations"
    [ $n -gt 3 ]
}

# modest FILE COMMAND…: reads FILE, which is its stdin as well, without any allocation of more than 64 MiB, the size of the file
# and, where that is set, MORE bytes, whether it takes it or refuses it in one line.
modest() {
    file=$1
    shift
    LARGEST_ALLOC=$((67108864 + ${MORE:-0} + $(wc -c <"$file"))) LD_PRELOAD=$work/fail_alloc.so $limit "$@" <"$file" >stdout 2>stderr
    code=$?
    [ $code -le 1 ] && ! grep -q 'out of memory' stdout stderr && { [ $code -eq 0 ] || [ "$(wc -l <stderr)" -le 1 ]; } || {
        echo "$file: $*: exit code $code" && cat stderr && return 1
    }
}

# piped FILE COMMAND…: the same, where the file comes through a FIFO, named fifo.
piped() {
    cat "$1" >fifo 2>/dev/null &
    modest "$@"
    result=$?
    kill $! 2>/dev/null
    wait
    return $result
}

# every_way FILE…: pictures and IDX files, by name, on stdin, and through pipes.
every_way() {
    for each in "$@"; do
        modest "$each" mnist-predict earlier.bin "$each" && modest "$each" mnist-predict earlier.bin - &&
            modest "$each" sh -c "cat $each | mnist-predict earlier.bin -" && piped "$each" mnist-predict earlier.bin fifo || return
    done
}

# Models and checkpoints, likewise.
models_every_way() {
    for way in modest piped; do
        name=claim.bin good=earlier.bin checkpoint=earlier.checkpoint
        [ $way = modest ] || name=fifo good=fifo checkpoint=fifo
        $way claim.bin mnist-eval $name --data data && $way claim.bin mnist-train --resume $name --data data &&
            $way earlier.bin mnist-show --weights $good && grep -q fc1 stdout &&
            $way earlier.checkpoint mnist-train --resume $checkpoint --data data --out again.bin || return
    done
}

# Files that declare more than they have, the most that each format can; and the largest that is read.
modest_all() {
    printf 'P5 8192 8192 255\n' >claim.pgm
    printf 'P3 16384 4096 65535\n1 2 3' >claim.ppm
    { printf 'P4 8192 8192\n' && head -c 8388608 /dev/zero; } >whole.pbm
    printf '\000\000\010\003\177\377\377\377\000\000\000\034\000\000\000\034' >claim-idx
    printf '\377\377\017\000\000\000\000\000{"a":{"dtype":"F32","shape":[9007199254740992],"data_offsets":[0,9007199254740992]}}' >claim.bin
    for claim in claim.pgm claim.ppm claim-idx claim.bin; do
        gzip -c $claim >$claim.gz && every_way $claim $claim.gz || return
    done
    modest whole.pbm mnist-predict earlier.bin whole.pbm && piped whole.pbm mnist-predict earlier.bin fifo && models_every_way || return
    ! LARGEST_ALLOC=8000000 LD_PRELOAD=$work/fail_alloc.so mnist-predict earlier.bin whole.pbm >stdout 2>stderr && grep -q 'out of memory' stderr
}

# An IDX header of this many images, given as printf's octal escapes.
idx_head() {
    printf '\000\000\010\003'"$1"'\000\000\000\034\000\000\000\034'
}

# Small files that hold much. zeros.gz is 16 MiB, and a gzip file may have any number of such members.
bombs() {
    head -c 16777216 /dev/zero | gzip -c >zeros.gz
    for i in 1 2 3 4 5 6 7 8; do cat zeros.gz zeros.gz zeros.gz zeros.gz zeros.gz zeros.gz zeros.gz zeros.gz; done >gib.gz
    { printf 'P6 8192 8192 65535\n' | gzip -c && cat gib.gz; } >members.gz
    { printf 'P6 4096 4096 65535\n' && head -c 100663296 /dev/zero; } | gzip -c >whole.gz
    { printf 'P5 2 2 255\n' | gzip -c && cat gib.gz; } >longer.gz
    { printf 'P2 2 2 255 #' | gzip -c && cat gib.gz; } >comment.gz
    { idx_head '\000\002\000\000' | gzip -c && cat gib.gz; } >images.gz
    { idx_head '\000\000\000\002' | gzip -c && cat gib.gz; } >two.gz
    { idx_head '\000\002\000\000' | gzip -c && cat zeros.gz; } >cut.gz
    gzip -c gib.gz >twice.gz
    for bomb in gib members whole longer comment images two twice; do
        every_way $bomb.gz && [ $code -eq 1 ] || { echo "$bomb: exit code $code" && return 1; }
    done
}

# The largest picture of one byte a pixel is taken, packed as well as it can be.
largest_packed() {
    { printf 'P5 8192 8192 255\n' && head -c 67108864 /dev/zero; } | gzip -9c >largest.gz
    piped largest.gz mnist-predict earlier.bin fifo && grep -q 'the picture is empty' stdout
}

# A data set, gzipped: what its head declares, if that is there; of 980 MiB that it declares, the 144 MiB that are there.
modest_data() {
    mkdir -p bombs && cp data/train-labels* bombs && ln -sf ../fifo bombs/t10k-images-idx3-ubyte && cp data/t10k-labels* bombs || return
    for each in gib two cut twice; do
        cp $each.gz bombs/train-images-idx3-ubyte && modest $each.gz mnist-show --data bombs && [ $code -eq 1 ] &&
            piped $each.gz mnist-eval earlier.bin --data bombs && [ $code -eq 1 ] || return
    done
    { idx_head '\000\024\000\000' | gzip -c && for i in 1 2 3 4 5 6 7 8 9; do cat zeros.gz; done; } >part.gz
    cp part.gz bombs/train-images-idx3-ubyte && MORE=150994944 modest part.gz mnist-show --data bombs && [ $code -eq 1 ] || return
    cp images.gz bombs/train-images-idx3-ubyte && MORE=102760464 modest images.gz mnist-show --data bombs && [ $code -eq 1 ]
}

# large_says WORDS: the 1.4 million images are refused in one line, which has WORDS.
large_says() {
    modest $images mnist-show --data large && [ $code -eq 1 ] && grep -q "^mnist-show: $images: $1" stderr || { cat stdout stderr && return 1; }
}

# A plain file may be larger than any other, if its head says so: 1.4 million images, all but the last pixel of which is a hole.
large_data() {
    images=large/train-images-idx3-ubyte labels=large/train-labels-idx1-ubyte
    mkdir -p large && cp data/t10k* large && idx_head '\000\025\134\300' >$images && printf '\000\000\010\001\000\025\134\300' >$labels &&
        truncate -s 1400008 $labels && truncate -s 1097600015 $images || return
    large_says 'cut short: 1,400,000 images need 1,097,600,016 bytes, the file has 1,097,600,015: fetch it again' || return
    printf '\377' >>$images
    modest $images mnist-show 1 --data large --start 1399999 --json && grep -q '"index":1399999,.*,0,0,255]}' stdout &&
        modest $images mnist-train --data large --max-seconds 0.001 --quiet --out large.bin && [ -s large.bin ] || { cat stdout stderr && return 1; }
    truncate -s 1097600017 $images && large_says '1,097,600,017 bytes, more than the 1,097,600,016 such a file may have' &&
        printf '\073\232\312\001' | dd of=$images bs=1 seek=4 conv=notrunc 2>/dev/null &&
        large_says 'a count of 1,000,000,001, wanted 1 to 1,000,000,000' && : >$images && truncate -s 1097600016 $images &&
        large_says 'not an IDX file of images (magic 2051): it looks like nothing but zeros' || return
    rm -r large large.bin
}

# endless COMMAND…: what it prints without end is refused on stdin, and through a pipe in a data set.
endless() {
    "$@" 2>/dev/null | LARGEST_ALLOC=67108864 LD_PRELOAD=$work/fail_alloc.so $limit mnist-predict earlier.bin - >stdout 2>stderr
    code=$?
    [ $code -eq 1 ] && [ "$(wc -l <stderr)" -eq 1 ] && ! grep -q 'out of memory' stderr || { echo "$*: exit code $code" && cat stderr && return 1; }
    "$@" >fifo 2>/dev/null &
    LARGEST_ALLOC=67108864 LD_PRELOAD=$work/fail_alloc.so $limit mnist-eval earlier.bin --data bombs >stdout 2>stderr
    code=$?
    kill $! 2>/dev/null
    wait
    [ $code -eq 1 ] && [ "$(wc -l <stderr)" -eq 1 ] && ! grep -q 'out of memory' stderr || { echo "$*: exit code $code" && cat stderr && return 1; }
}

# endless_after TEXT: a beginning, given as printf takes it, and then no end of zeros.
endless_after() {
    endless sh -c "printf '$1'; cat /dev/zero"
}

endless_all() {
    endless yes && endless cat /dev/zero && endless sh -c 'cat /dev/urandom | gzip -c' && endless sh -c 'while cat zeros.gz; do :; done' || return
    for head in 'P5 2 2 255 ' 'P2 2 2 255 #' 'P5 #' '\037\213' '\037\213\010\010\000\000\000\000\000\003\001' \
        '\000\000\010\003\000\000\000\002\000\000\000\034\000\000\000\034' '\000\000\010\001\000\000\000\002'; do
        endless_after "$head" || return
    done
    endless sh -c 'gzip -c digit.pgm; cat /dev/zero' && endless sh -c "{ printf 'P5 2 2 255 '; cat /dev/urandom; } | gzip -c"
}

# limited WORDS COMMAND…: with WORDS in its one line of complaint.
limited() {
    words=$1
    shift
    cp earlier.bin model.bin
    "$@" >stdout 2>stderr
    code=$?
    failed_well && grep -q "$words" stderr || { cat stderr && return 1; }
}

small_files() (
    ulimit -f 200
    mnist-train --epochs 1 --data data --quiet "$@"
)

# There is room for the model.
small_checkpoint() (
    ulimit -f 1000
    rm -f checkpoint model.bin
    mnist-train --epochs 2 --data data --quiet --checkpoint checkpoint
)

little_memory() (
    ulimit -v 10000
    mnist-train --epochs 1 --data "$SAMPLE" --quiet --threads 1
)

# Room for one open file, which the log takes.
few_files() (
    exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
    ulimit -n 4
    mnist-train --epochs 1 --data data --quiet --log log
)

# What is written while the clock stands is read again, and no figure is infinite.
stopped_clock() {
    rm -f clock.log clock.checkpoint
    for run in "--epochs 2 --checkpoint clock.checkpoint --schedule constant" "--resume clock.checkpoint --epochs 3"; do
        LD_PRELOAD=$work/stopped_clock.so mnist-train $run --data data --out clock.bin --log clock.log --report clock.html \
            >stdout 2>stderr || { cat stderr && return 1; }
        ! grep -i 'inf\|nan' clock.log stdout stderr || return
        LD_PRELOAD=$work/stopped_clock.so mnist-eval clock.bin --data data >stdout 2>stderr || return
    done
    grep -c '"seconds":1e-09' clock.log
}

# trained FILE: the run said that FILE could not be written, once, and ended with 1; but it saved its model, whole.
trained() {
    [ $code -eq 1 ] && [ "$(wc -l <stderr)" -eq 1 ] && grep -q "^mnist-train: $1: .*: No space left on device\$" stderr &&
        grep -q '^test set' stdout && cmp model.bin earlier.bin && nothing_left || { echo "exit code $code" && cat stderr && return 1; }
}

# What is accessory costs nothing but itself: no part of it is left, but for a log, which ends in whole lines next time.
accessory() {
    for option in --checkpoint --report; do
        rm -f model.bin
        mnist-train --epochs 2 --data data --quiet $option full/accessory >stdout 2>stderr
        code=$?
        trained full/accessory && [ "$(ls -A full)" = model.bin ] || return
    done
    head -c 200000 /dev/zero | tr '\0' x >full/rest
    while echo '{"event":"start"}' >>full/log; do :; done 2>/dev/null
    truncate -s -5000 full/log && truncate -s -6000 full/rest && rm -f model.bin
    mnist-train --epochs 60 --patience 0 --data data --quiet --out many.bin --log full/log >stdout 2>stderr
    code=$?
    [ $code -eq 1 ] && [ "$(wc -l <stderr)" -eq 1 ] && grep -q '^mnist-train: full/log: the log cannot be written (No space left' stderr &&
        mnist-eval many.bin --data data >stdout && rm full/rest full/log
}

full_disk() {
    mkdir -p full && mount -t tmpfs -o size=600k none full 2>/dev/null || return 1
    cp earlier.bin full/model.bin
    limited 'No space left' mnist-train --epochs 1 --data data --quiet --out full/model.bin &&
        cmp full/model.bin earlier.bin && [ "$(ls -A full)" = model.bin ] && accessory
    result=$?
    umount full
    return $result
}

# Room for one checkpoint: the second, which must not replace the first before it is whole, finds none.
full_in_the_middle() {
    mkdir -p full && mount -t tmpfs -o size=3000k none full 2>/dev/null || return 1
    rm -f model.bin
    mnist-train --epochs 2 --data data --quiet --checkpoint full/checkpoint >stdout 2>stderr
    code=$?
    trained full/checkpoint && [ "$(ls -A full)" = checkpoint ] && cp full/checkpoint left &&
        mnist-train --resume left --data data --quiet --out gone.bin >report && cmp gone.bin earlier.bin
    result=$?
    umount full
    return $result
}

# Files of 1,800,192 bytes are enough for a checkpoint, and for a log that had been long before but for one epoch.
full_log() {
    awk 'BEGIN {printf "{\"event\":\"start\"}\n"; for (i = 0; i < 17995; i++) printf "{\"event\":\"end\"%84s}\n", ""}' >log
    rm -f model.bin
    small_log >stdout 2>stderr
    [ $? -eq 1 ] && [ "$(wc -l <stderr)" -eq 1 ] && grep -q '^mnist-train: log: the log cannot be written (File too large)' stderr &&
        cmp model.bin earlier.bin && mnist-train --resume checkpoint --data data --quiet --out gone.bin >report && cmp gone.bin earlier.bin
}

small_log() (
    ulimit -f 3516
    mnist-train --epochs 2 --data data --quiet --log log --checkpoint checkpoint
)

forbidden() {
    mkdir -p shut && mount -t tmpfs -o ro none shut 2>/dev/null || return 1
    limited 'Read-only' mnist-train --epochs 1 --data data --quiet --out shut/model.bin &&
        limited 'Read-only' mnist-train --epochs 1 --data data --quiet --checkpoint shut/checkpoint &&
        limited 'Read-only' mnist-train --epochs 1 --data data --quiet --log shut/log
    result=$?
    umount shut
    return $result
}

# The system starts no more threads (EAGAIN, EPERM): the others do the work, and whoever asked for a number is told.
no_threads() {
    for code in 11 1; do
        for threads in 0 2; do
            export THREADS=$threads CODE=$code
            LD_PRELOAD=$work/fail_threads.so mnist-train --epochs 2 --data data --quiet --threads 8 >stdout 2>stderr || return
            echo "mnist-train: the system has started only $((threads + 1)) of 8 threads" | diff - stderr || return
            cmp model.bin earlier.bin || return
            LD_PRELOAD=$work/fail_threads.so mnist-train --epochs 2 --data data --json >stdout 2>stderr || return
            cmp model.bin earlier.bin || return
            ! grep 'started only' stderr || return
            LD_PRELOAD=$work/fail_threads.so mnist-eval model.bin --data data >stdout 2>stderr && [ ! -s stderr ] || return
        done
    done
}

# The sanitizers bring an allocator, and address space, of their own.
if [ "$MODE" = release ] || [ "$MODE" = debug ]; then
    compile -shared -fPIC -O1 "$REPO/tests/tools/fail_alloc.c" -o fail_alloc.so || exit 1
    check 'no memory: train' every_allocation mnist-train --epochs 2 --data data --quiet --threads 2 --augment --ema 0.9 --checkpoint checkpoint --log log --report report.html
    check 'no memory: resume' every_allocation mnist-train --resume earlier.checkpoint --data data --quiet --threads 1 --checkpoint checkpoint
    check 'no memory: eval' every_allocation mnist-eval earlier.bin --data data --misclassified 3 --shift 1,1 --threads 2 --report report.html
    check 'no memory: predict' every_allocation mnist-predict earlier.bin --show --threads 2 digit.pgm
    check 'no memory: predict, IDX' every_allocation mnist-predict earlier.bin --json --threads 2 data/t10k-images-idx3-ubyte
    check 'no memory: show' every_allocation mnist-show 3 --data data --model earlier.bin --augment
    check 'no memory: show --weights' every_allocation mnist-show --weights earlier.bin
    mkfifo fifo
    check 'no more memory than 64 MiB and the size of the file' modest_all
    check 'no more memory than that: small files that hold much' bombs
    check 'no more memory than that: the largest picture, packed' largest_packed
    check 'no more memory than that: a data set, and what it declares' modest_data
    if [ "$(awk '/^MemAvailable/ {print $2}' /proc/meminfo 2>/dev/null || echo 0)" -gt 2000000 ]; then
        check 'no more memory than that: 1.4 million images' large_data
    else
        skip '1.4 million images: needs 2 GB of free memory'
    fi
    check 'no more memory than that, and an end: what comes without end' endless_all
    check 'too little memory' limited 'out of memory' little_memory
    compile -shared -fPIC -O1 "$REPO/tests/tools/stopped_clock.c" -o stopped_clock.so || exit 1
    check 'a clock that stands' stopped_clock
    compile -shared -fPIC -O1 "$REPO/tests/tools/fail_threads.c" -o fail_threads.so -ldl || exit 1
    check 'no more threads' no_threads
fi
check 'a limit on file sizes' limited 'File too large' small_files
check 'a limit on file sizes, that of the checkpoint' limited 'checkpoint: cannot write .*File too large' small_checkpoint
check 'a limit on file sizes, reached half-way by the log' full_log
check 'too few open files' limited 'Too many open files' few_files
if mkdir -p probe && mount -t tmpfs none probe 2>/dev/null; then
    umount probe
    check 'a full disk' full_disk
    check 'a disk that fills up half-way' full_in_the_middle
    check 'a read-only folder' forbidden
else
    skip 'a full disk, a read-only folder: needs leave to mount a tmpfs'
fi
finish
