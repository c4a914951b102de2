#!/bin/sh
# Every way of losing work, by its kind: as root, where the suite runs as root, and as another user.
#
# In the folder of each check, `earlier.bin` is a model, `data` is small, and model.bin is what must not be lost.
. "$(dirname "$0")/../tools/suite.sh"
. "$REPO/tests/tools/small_data.sh"
chmod 755 "$work"
small_data "$work/data" || exit 1
D=$work/data
compile -shared -fPIC -O1 "$REPO/tests/tools/fail_files.c" -o "$work/fail_files.so" || exit 1
mnist-train --epochs 2 --data "$D" --quiet --out "$work/earlier.bin" --checkpoint "$work/ended.checkpoint" >"$work/report" || exit 1
mnist-train --epochs 50 --patience 0 --schedule constant --max-seconds 0.1 --data "$D" --quiet --out "$work/long.bin" \
    --checkpoint "$work/long.checkpoint" >"$work/report" || exit 1
chmod 644 "$work"/*.bin "$work"/*.checkpoint

# A run that lasts until it is told to end; its first epoch takes a moment.
endless="--epochs 1000000 --patience 0 --batch 16 --schedule constant --quiet --data $D"

limit=
have timeout && limit='timeout -k 5 20'

# A shell starts what runs in the background with SIGINT ignored; this undoes it.
fresh='env --default-signal=INT'
$fresh true 2>/dev/null || {
    skip "all of it: env has no --default-signal: package coreutils"
    finish
}

# train …: a short run
train() {
    $limit mnist-train --epochs 2 --data "$D" --quiet "$@"
}

# refused WORDS COMMAND…: it ends with 1 and one line of complaint with these words, and nothing is here that was not here,
# nor is anything gone or changed.
refused() {
    words=$1
    shift
    snapshot >../before
    "$@" >../stdout 2>../stderr
    code=$?
    snapshot | diff ../before - || return
    [ $code -eq 1 ] && [ "$(wc -l <../stderr)" -eq 1 ] && grep -q -e "$words" ../stderr && [ ! -s ../stdout ] ||
        { echo "wanted: $words; exit code $code of $*" && cat ../stderr && return 1; }
}

# What is here: names, kinds, modes, owners, links and contents.
snapshot() {
    find . ! -name . -exec ls -ldn {} + | sed 's/  */ /g' | cut -d ' ' -f 1,2,3,4,9-
    find . -type f -exec cksum {} + 2>/dev/null
}

# nothing_left: neither temporary file nor lock is here.
nothing_left() {
    ! ls -d .*.mnist-* 2>/dev/null
}

# is_whole MODEL
is_whole() {
    mnist-eval "$1" --data "$D" --quiet >../figures || return
}

# wait_for COMMAND…: until it succeeds, ten seconds at the most.
wait_for() {
    for _ in $(seq 200); do
        "$@" >/dev/null 2>&1 && return
        sleep 0.05
    done
    echo "waited in vain for: $*"
    return 1
}

# begin OPTION…: an endless run in the background, $pid, that has trained an epoch.
begin() {
    rm -f ../begun
    $fresh mnist-train $endless --json "$@" >../begun 2>../begun.err &
    pid=$!
    wait_for grep -q '"event":"epoch"' ../begun || { cat ../begun.err && return 1; }
}

# ended: waits for $pid, which should not last; sets code.
ended() {
    wait_for gone "$pid" || kill -KILL "$pid"
    wait "$pid" 2>/dev/null
    code=$?
}

# --- what is in the way of the temporary file ---

# put KIND AT: something that is no leftover of ours.
put() {
    case $1 in
    link) ln -s mine "$2" ;;
    hard) ln mine "$2" ;;
    folder) mkdir "$2" ;;
    pipe) mkfifo "$2" ;;
    esac
}

in_the_way() {
    echo mine >mine
    for ending in mnist-tmp mnist-lock; do
        for kind in link hard folder pipe; do
            for option in --out --checkpoint --report; do
                [ $option != --report ] || [ $ending = mnist-tmp ] || continue
                put $kind .x.$ending
                refused "x.$ending: .*move it away" train $option x || return
                rm -rf .x.*
            done
            [ $ending = mnist-tmp ] || continue
            put $kind .x.mnist-tmp
            refused 'move it away' mnist-eval ../earlier.bin --data "$D" --report x || return
            rm -rf .x.*
        done
    done
}

# Names that earlier versions wrote to first are nothing special.
other_names() {
    cp ../earlier.bin r.tmp && cp ../earlier.bin x.tmp && mnist-eval r.tmp --data "$D" --report r >../stdout &&
        train --out x >../stdout && cmp r.tmp ../earlier.bin && cmp x.tmp ../earlier.bin && nothing_left
}

# What a killed run left is taken away.
leftovers() {
    for file in model.bin run html; do
        echo rubbish >.$file.mnist-tmp
        : >.$file.mnist-lock
    done
    rm .html.mnist-lock
    train --checkpoint run --report html >../stdout && cmp model.bin ../earlier.bin && nothing_left
}

# --- two runs ---

second_run() {
    begin --out a.bin --checkpoint a.run --log a.log || return
    : >../failed
    for options in '--out a.bin' '--out ./a.bin' "--out $PWD/a.bin" '--checkpoint a.run' '--out a.run' '--checkpoint a.bin' \
        '--resume a.run' '--resume a.run --out b.bin'; do
        $limit mnist-train --epochs 2 --data "$D" --quiet $options >../stdout 2>../stderr
        [ $? -eq 1 ] && [ "$(wc -l <../stderr)" -eq 1 ] && grep -q "process $pid is writing it: wait for its end, or name another file\$" ../stderr && [ ! -s ../stdout ] ||
            { echo "$options" && cat ../stderr; } >>../failed
    done
    train --log a.log --out b.bin >../stdout 2>../stderr
    [ $? -eq 1 ] && grep -q "a.log: process $pid is writing it" ../stderr || cat ../stderr >>../failed
    [ ! -e b.bin ] || echo 'the second run has written' >>../failed
    kill -INT "$pid"
    ended
    cat ../failed
    [ $code -eq 130 ] && [ ! -s ../failed ] && is_whole a.bin && nothing_left && tail -n 1 a.log | grep -q '"event":"end"'
}

# --- modes ---

modes_kept() {
    for mode in 600 640 664 755; do
        for option in --out --checkpoint --report; do
            rm -f x && cp ../ended.checkpoint x && [ $option = --checkpoint ] || : >x
            chmod $mode x
            train $option x >../stdout || return
            ls -l x | grep -q "^$(case $mode in 600) echo -rw------- ;; 640) echo -rw-r----- ;; 664) echo -rw-rw-r-- ;; 755) echo -rwxr-xr-x ;; esac)" ||
                { ls -l x && return 1; }
        done
    done
}

read_only() {
    for mode in 444 440 400; do
        cp ../earlier.bin x && chmod $mode x && ln -sf x link
        for option in --out --report; do
            refused 'x: is read-only' train $option x && refused 'link: is read-only' train $option link || return
        done
        refused 'x: is read-only' mnist-eval ../earlier.bin --data "$D" --report x || return
        rm -f x && cp ../ended.checkpoint x && chmod $mode x && refused 'x: is read-only' train --checkpoint x || return
        rm -f x && echo '{"event":"start"}' >x && chmod $mode x && refused 'x: is read-only' train --log x || return
        rm -f x
    done
}

# --- what can be seen at the start ---

read_only_folder() {
    mkdir shut && cp ../earlier.bin shut/x && chmod 555 shut
    for option in --out --checkpoint --report; do
        refused 'cannot write in folder shut' train $option shut/x && refused 'cannot write in folder shut' train $option shut/new || return
    done
    refused 'cannot be opened for the log' train --log shut/new && chmod 755 shut
}

# Only that a name is free means that there is nothing.
hidden() {
    mkdir dark && cp ../earlier.bin dark/x && chmod 000 dark
    for option in --out --checkpoint --report --log; do
        $limit mnist-train --epochs 2 --data "$D" --quiet $option dark/x >../stdout 2>../stderr
        [ $? -eq 1 ] && [ "$(wc -l <../stderr)" -eq 1 ] && grep -q 'Permission denied' ../stderr || { cat ../stderr && return 1; }
    done
    chmod 755 dark && cmp dark/x ../earlier.bin
}

# What cannot be read may be a run that goes on.
unreadable() {
    cp ../long.checkpoint x && chmod 200 x
    for option in --out --checkpoint --report; do
        refused 'x: cannot be looked at' train $option x || return
    done
    refused 'x: cannot be looked at' mnist-eval ../earlier.bin --data "$D" --report x && chmod 600 x && cmp x ../long.checkpoint
}

# In root's sticky folder, $STICKY, another user may replace neither root's files nor what root left.
sticky() {
    for option in --out --checkpoint --report; do
        for name in theirs leftover; do
            (cd "$STICKY" && train $option $name) >../stdout 2>../stderr
            [ $? -eq 1 ] && [ "$(wc -l <../stderr)" -eq 1 ] && grep -q "$name.*another user" ../stderr || { cat ../stderr && return 1; }
        done
    done
    (cd "$STICKY" && train --out mine) >../stdout && cmp "$STICKY/mine" "$STICKY/theirs"
}

# A link that the kernel does not follow, as a stranger's in a sticky folder, is not followed by other means.
unfollowed() {
    echo aim >aim && ln -s aim planted
    for option in --out --checkpoint --report --log; do
        HIDDEN=planted LD_PRELOAD=$work/fail_files.so refused 'planted: cannot write: Permission denied' train $option planted || return
    done
}

# A limit on the size of files is seen as soon as a full disk.
no_room() {
    cp ../earlier.bin old
    for name in old new; do
        (ulimit -f 400 && refused "$name: no room" train --out $name) || return
    done
    nothing_left
}

# --- what only the rename can tell ---

saved_beside() {
    for errno in 16 18 26; do # EBUSY EXDEV ETXTBSY
        echo precious >model.bin && chmod 600 model.bin && rm -f *.saved*
        RENAME=$errno LD_PRELOAD=$work/fail_files.so train --json --log log >../stdout 2>../stderr
        code=$?
        [ $code -eq 1 ] && [ "$(wc -l <../stderr)" -eq 1 ] && grep -q 'the weights are in .*model.bin.saved$' ../stderr &&
            [ "$(cat model.bin)" = precious ] && cmp model.bin.saved ../earlier.bin && nothing_left &&
            grep -q '"event":"end".*"model":"[^"]*model.bin.saved"' ../stdout && grep -q 'model.bin.saved' log || { cat ../stderr && return 1; }
        ls -l model.bin.saved | grep -q '^-rw-------' || return
    done
    RENAME=16 LD_PRELOAD=$work/fail_files.so train >../stdout 2>../stderr
    [ $? -eq 1 ] && cmp model.bin.saved-2 ../earlier.bin && cmp model.bin.saved ../earlier.bin && grep -q 'model.bin.saved-2, ' ../stdout
}

# A folder has come where the model should go, a file has become read-only, the folder is shut: each since the start.
changed_since() {
    begin --out a.bin || return
    mkdir a.bin && kill -INT "$pid"
    ended
    [ $code -eq 1 ] && is_whole a.bin.saved || return
    cp ../earlier.bin b.bin
    begin --out b.bin || return
    chmod 444 b.bin && kill -INT "$pid"
    ended
    [ $code -eq 1 ] && is_whole b.bin.saved && cmp b.bin ../earlier.bin && nothing_left || return
    mkdir d
    begin --out d/c.bin || return
    rm -r d && kill -INT "$pid"
    ended
    [ $code -eq 1 ] && is_whole c.bin.saved && grep -q 'the weights are in c.bin.saved$' ../begun.err && nothing_left
}

# As root: a file that is a mount point, as containers have.
mounted() {
    echo host >host.bin && echo old >model.bin && unshare -m sh -c '
        mount --bind host.bin model.bin && mnist-train --epochs 2 --data "$1" --quiet >../stdout 2>../stderr
        [ $? -eq 1 ] && cmp model.bin.saved ../earlier.bin' sh "$D" && [ "$(cat host.bin)" = host ] && nothing_left
}

# As root: one folder by two names, neither of them a link.
mounted_twice() {
    mkdir a b && unshare -m sh -c '
        mount --bind a b && for option in --checkpoint --log --report; do
            mnist-train --epochs 2 --data "$1" --quiet --out a/x $option b/x >../stdout 2>../stderr
            [ $? -eq 1 ] && grep -q "are both a/x" ../stderr && [ ! -e a/x ] || exit 1
        done' sh "$D"
}

immutable() {
    cp ../earlier.bin x && chattr +i x && refused 'x: cannot write' train --out x
    result=$?
    chattr -i x
    return $result
}

# --- what has not been judged ---

# A blank training set and inked test images: with this rate the loss is finite on the first alone.
unjudgeable_data() {
    cp "$D"/* . || return
    { head -c 16 "$D/train-images-idx3-ubyte" && head -c 200704 /dev/zero; } >train-images-idx3-ubyte
    { head -c 16 "$D/t10k-images-idx3-ubyte" && head -c 50176 /dev/zero | tr '\000' '\377'; } >t10k-images-idx3-ubyte
}

judged() {
    cp ../earlier.bin model.bin
    train --epochs 100000 --batch 1 --max-seconds 1e-6 >../stdout 2>../stderr
    [ $? -eq 1 ] && grep -q 'model.bin stays as it was: give more --max-seconds$' ../stderr && [ ! -s ../stdout ] && cmp model.bin ../earlier.bin || return
    mkdir strange && (cd strange && unjudgeable_data) || return
    for model in model.bin new.bin; do
        $limit mnist-train --data strange --epochs 1 --batch 256 --val 0 --lr 1e12 --l2 1e-3 --quiet --out $model >../stdout 2>../stderr
        [ $? -eq 1 ] && grep -q 'the loss on the test set is not finite' ../stderr && [ ! -s ../stdout ] || { cat ../stderr && return 1; }
    done
    cmp model.bin ../earlier.bin && [ -s new.bin ] && nothing_left
}

# $1: whether the earlier model is there from the start, or comes while the first epoch lasts.
stopped_early() {
    [ "$1" = comes ] || cp ../earlier.bin model.bin
    rm -f ../begun && mkfifo ../begun
    mnist-train --epochs 100000 --batch 1 --data "$REPO/data/sample" --json --quiet >../begun 2>../stderr &
    pid=$!
    exec 3<../begun
    read -r start <&3
    [ "$1" != comes ] || cp ../earlier.bin model.bin
    kill -TERM $pid
    ended
    exec 3<&-
    rm ../begun
    [ $code -eq 143 ] && cmp model.bin ../earlier.bin && grep -q 'model.bin stays as it was$' ../stderr && nothing_left
}

# --- what is replaced is told ---

told() {
    mnist-train --epochs 2 --data "$D" 2>../first >../stdout && mnist-train --epochs 1 --data "$D" 2>../second >../stdout || return
    ! grep replaces ../first && grep -Eqx 'replaces model.bin: [0-9.]+% validation, epoch [12] of 2' ../second &&
        mnist-train --epochs 1 --data "$D" --val 0 2>../third >../stdout && grep -Eqx 'replaces model.bin: [0-9.]+% validation, epoch 1 of 1' ../third &&
        mnist-train --epochs 1 --data "$D" 2>../third >../stdout && grep -qx 'replaces model.bin: epoch 1 of 1' ../third &&
        echo text >model.bin && mnist-train --epochs 1 --data "$D" 2>../third >../stdout && grep -q '^replaces model.bin, which is ' ../third
}

unfinished() {
    cp ../long.checkpoint run && cp ../ended.checkpoint ended && cp ../earlier.bin model && train --log log --out logged >../stdout
    for option in --out --checkpoint --report; do
        refused 'log is a log' train $option log || return
    done
    refused 'log is a log' mnist-eval ../earlier.bin --data "$D" --report log || return
    refused 'run: holds a run .*--checkpoint,.*--resume run$' train --checkpoint run &&
        refused 'run is a checkpoint' train --out run && refused 'run is a checkpoint' train --report run &&
        refused 'run is a checkpoint' mnist-eval ../earlier.bin --data "$D" --report run &&
        refused 'model is a model' train --checkpoint model && refused 'model is a model' train --report model &&
        refused 'model is a model' mnist-eval ../earlier.bin --data "$D" --report model &&
        refused 'run: holds a run' mnist-train --resume ended --checkpoint run --data "$D" --quiet || return
    cp ../long.checkpoint same && mnist-train --resume run --checkpoint same --max-seconds 0.01 --data "$D" --quiet >../stdout &&
        train --checkpoint ended --out out >../stdout && cmp out ../earlier.bin
}

# The same recipe, but further on, or on other data: that is not the run that goes on.
not_the_same() {
    mkdir d && cp "$D"/* d && printf '\7' | dd of=d/train-images-idx3-ubyte bs=1 seek=1000 conv=notrunc 2>/dev/null || return
    again="--max-seconds 0.2 --quiet --out ../out.bin"
    mnist-train --epochs 50000 --patience 0 --schedule constant --data d $again --checkpoint other >../stdout &&
        mnist-train --epochs 50000 --patience 0 --schedule constant --data "$D" $again --checkpoint run >../stdout || return
    cp run further && mnist-train --resume further --data "$D" $again >../stdout || return
    for theirs in further other; do
        refused "$theirs: holds a run .*--resume $theirs$" mnist-train --resume run --checkpoint $theirs --data "$D" $again || return
    done
    mnist-train --resume further --checkpoint run --data "$D" $again >../stdout
}

# The command that is printed after Ctrl-C is pasted.
resumed() {
    begin --checkpoint 'a run' --out 'it'\''s.bin' --log log || return
    kill -INT "$pid"
    ended
    [ $code -eq 130 ] && mnist-train $endless --epochs 3 --checkpoint b --out b.bin --max-seconds 1e-6 2>../stderr >../stdout
    rm -f b b.bin
    begin_loud --checkpoint 'a run2' --out 'it'\''s.bin' --log log2 || return
    kill -INT "$pid"
    ended
    command=$(sed -n 's/^to go on: //p' ../begun.err)
    echo "$command"
    grep -Eq '  model     it.s.bin, .* parameters, weights of epoch [0-9]+; stopped in epoch [0-9]+ of 1000000 by a signal$' ../begun &&
        (PATH=$PATH eval "$command --max-seconds 0.1 --quiet") >../stdout && grep -c '"event":"start"' log2 | grep -qx 1
}

begin_loud() {
    $fresh mnist-train --epochs 1000000 --patience 0 --batch 16 --schedule constant --data "$D" "$@" >../begun 2>../begun.err &
    pid=$!
    wait_for grep -q '^ *2 ' ../begun.err
}

# --- signals ---

signals() {
    for name in INT TERM HUP XCPU; do
        rm -f model.bin report.html
        begin --report report.html || return
        kill -$name "$pid"
        ended
        [ $code -eq $((128 + $(number $name))) ] && is_whole model.bin && tail -n 1 report.html | grep -q '</html>' &&
            tail -n 1 ../begun | grep -q '"stopped":"signal"' || { echo "$name: $code" && return 1; }
        begin || return
        kill -$name "$pid" && sleep 0.005 && kill -INT "$pid" 2>/dev/null
        kill -TERM "$pid" 2>/dev/null
        ended
        # Of two that come at once, either may be the first.
        { [ $code -eq $((128 + $(number $name))) ] || [ $code -eq 130 ]; } && is_whole model.bin && nothing_left || { echo "$name, twice: $code" && return 1; }
    done
}

number() {
    case $1 in INT) echo 2 ;; TERM) echo 15 ;; HUP) echo 1 ;; XCPU) echo 24 ;; esac
}

ignored() {
    for name in INT TERM HUP XCPU; do
        (trap '' $name && exec mnist-train --epochs 400 --patience 0 --data "$D" --quiet --json --out $name.bin >../begun 2>&1) &
        pid=$!
        wait_for grep -q '"event":"epoch"' ../begun && kill -$name $pid
        ended
        [ $code -eq 0 ] && grep -q '"epochs_run":400,"stopped":"completed"' ../begun || { echo "$name: $code" && return 1; }
        rm ../begun
    done
}

# --- an output is no input ---

inputs_kept() {
    mkdir d && cp "$D"/* d && cp ../earlier.bin model && cp ../long.checkpoint run
    ln d/train-images-idx3-ubyte hard && ln -s d/t10k-labels-idx1-ubyte link
    for name in d/train-images-idx3-ubyte d/t10k-labels-idx1-ubyte ./d/../d/train-labels-idx1-ubyte hard link; do
        for option in --out --checkpoint --report --log; do
            refused "$name is a file of the data" mnist-train --epochs 2 --data d --quiet $option $name || return
        done
        refused "$name is a file of the data" mnist-eval model --data d --report $name || return
    done
    ln model model2
    refused 'model2 is the model itself' mnist-eval model --data d --report model2 &&
        refused 'model is the model itself' mnist-eval /dev/stdin --data d --report model <model || return
    for text in '{"colour": "blue"}' '{}' 'text' '{"event":"end"}'; do
        echo "$text" >settings.json
        refused 'settings.json: not a log' train --log settings.json || return
    done
}

# --- pipes ---

pipes() {
    mkfifo p
    $limit cat ../long.checkpoint >p &
    $limit mnist-train --resume p --data "$D" --quiet --max-seconds 0.05 >../stdout 2>../stderr || { cat ../stderr && return 1; }
    grep -q 'p is a pipe: no checkpoint is kept unless --checkpoint names one' ../stderr && [ -p p ] && [ "$(wc -l <../stderr)" -eq 1 ] || return
    $limit cat ../long.checkpoint >p &
    $limit mnist-train --resume p --checkpoint kept --data "$D" --quiet --max-seconds 0.05 >../stdout 2>../stderr && [ -s kept ] && [ ! -s ../stderr ] || return
    $limit cat p >got &
    train --log p >../stdout && wait $! && tail -n 1 got | grep -q '"event":"end"' || return
    mkdir d && cp "$D"/* d && rm d/t10k-images-idx3-ubyte && mkfifo d/t10k-images-idx3-ubyte
    $limit gzip -c "$D/t10k-images-idx3-ubyte" >d/t10k-images-idx3-ubyte &
    $limit mnist-train --epochs 2 --data d --quiet --out piped >../stdout && cmp piped ../earlier.bin
}

# What others write to as well is no model; a run goes on from the file that was its stdin, by that file's name.
streams() {
    for option in --out --checkpoint; do
        train $option x >x 2>../stderr && return 1
        grep -q -e "$option x is where this program's stdout goes" ../stderr && [ ! -s x ] || return
        train $option x 2>x && return 1
        grep -q -e "$option x is where this program's stderr goes" x && rm x || return
    done
    cp ../long.checkpoint run
    mnist-train --resume /dev/stdin --data "$D" --max-seconds 0.2 <run >../stdout 2>../stderr || return
    grep -q "^to go on: mnist-train --resume $PWD/run " ../stderr && ! cmp -s run ../long.checkpoint || return
    mnist-train --epochs 1000000 --patience 0 --batch 16 --data "$D" --checkpoint /dev/null --max-seconds 0.2 >../stdout 2>../stderr && ! grep -q 'to go on' ../stderr && nothing_left
}

# waits_end CODE OPTION…: a run that waits for a pipe's other end is ended by the first signal.
wait_ends() {
    $fresh mnist-train --epochs 2 --data "$D" --quiet "$@" >../stdout 2>../stderr &
    pid=$!
    sleep 0.5
    kill -0 $pid && kill -INT $pid
    ended
    [ $code -eq 130 ] || { echo "$*: exit code $code" && cat ../stderr && return 1; }
}

gone() {
    ! kill -0 "$1" 2>/dev/null
}

waits() {
    mkfifo p && mkdir d && cp "$D"/* d && rm d/train-labels-idx1-ubyte && mkfifo d/train-labels-idx1-ubyte
    wait_ends --resume p && wait_ends --log p && wait_ends --data d && nothing_left
}

# --- file systems without fsync ---

unsynced() {
    for errno in 22 38 95; do # EINVAL ENOSYS EOPNOTSUPP
        SYNC_FILE=$errno SYNC_FOLDER=$errno LD_PRELOAD=$work/fail_files.so train >../stdout && cmp model.bin ../earlier.bin || return
    done
    for errno in 5 28 122; do # EIO ENOSPC EDQUOT
        SYNC_FOLDER=$errno LD_PRELOAD=$work/fail_files.so train >../stdout && cmp model.bin ../earlier.bin || return
        SYNC_FILE=$errno LD_PRELOAD=$work/fail_files.so train --out new >../stdout 2>../stderr
        [ $? -eq 1 ] && [ "$(wc -l <../stderr)" -eq 1 ] && [ ! -e new ] && [ ! -e new.saved ] && nothing_left || return
    done
}

unlocked() {
    for errno in 22 37 38 95; do # EINVAL ENOLCK ENOSYS EOPNOTSUPP
        echo left >.model.bin.mnist-tmp
        LOCK=$errno LD_PRELOAD=$work/fail_files.so train --checkpoint run --log log --report html >../stdout && cmp model.bin ../earlier.bin &&
            rm run && nothing_left || return
    done
    grep -c '"event":"end"' log | grep -qx 4
}

# --- all of it ---

# here NAME FUNCTION ARGUMENT…: in a folder of its own.
here() {
    name=$1
    shift
    mkdir "$work/$1" && cd "$work/$1" || exit 1
    check "$name$whose" "$@"
    cd "$work" && [ -n "${KEEP:-}" ] || rm -rf "${work:?}/$1"
}

# The sanitizers want to come first among what is loaded.
preload=yes
[ "$MODE" = release ] || [ "$MODE" = debug ] || preload=

all() {
    here 'what is in the way of the temporary file or lock stays' in_the_way
    here 'names that look like it' other_names
    here 'leftovers are taken away' leftovers
    here 'a second run is refused' second_run
    here 'modes are kept' modes_kept
    here 'read-only files stay' read_only
    if [ "$(id -u)" -ne 0 ]; then
        here 'a folder that may not be written' read_only_folder
        here 'a folder that may not be entered' hidden
        here 'a file that may not be read' unreadable
        [ -z "${STICKY:-}" ] || here 'a sticky folder' sticky
    fi
    here 'no room for a model' no_room
    [ -z "$preload" ] || here 'a link that may not be followed' unfollowed
    [ -z "$preload" ] || here 'what only the rename can tell' saved_beside
    here 'what has changed since the start' changed_since
    here 'only judged weights replace' judged
    here 'a stop in the first epoch replaces nothing' stopped_early stays
    here 'nor what has come since the start' stopped_early comes
    here 'what is replaced is told' told
    here 'unfinished runs are not replaced' unfinished
    here 'other runs of the same recipe are not replaced' not_the_same
    here 'the command that goes on' resumed
    here 'every signal that means end, once and twice' signals
    here 'signals that the parent ignores' ignored
    here 'an output is no input' inputs_kept
    here 'pipes are read once' pipes
    here 'a model shares no stream, and a checkpoint has a name' streams
    here 'a signal ends a wait' waits
    [ -z "$preload" ] || here 'a file system without fsync' unsynced
    [ -z "$preload" ] || here 'a file system without locks' unlocked
}

whose=
if [ "${1:-}" = as-user ]; then
    whose=', as another user'
    all
    finish
fi
all
if [ "$(id -u)" -eq 0 ]; then
    if have chattr && : >"$work/probe" && chattr +i "$work/probe" 2>/dev/null; then
        chattr -i "$work/probe"
        here 'a file that cannot be changed' immutable
    else
        skip 'a file that cannot be changed: chattr +i does not work here'
    fi
    if have unshare && unshare -m true 2>/dev/null; then
        here 'a file that is a mount point' mounted
        here 'a folder that is mounted twice' mounted_twice
    else
        skip 'a file or a folder that is a mount point: needs leave to mount'
    fi
    if have setpriv; then
        # It may not be able to enter this repository.
        mkdir -p "$work/house/build/$MODE" "$work/house/src/cli" "$work/house/tests" "$work/house/data"
        cp "$REPO/build/$MODE/mnist" "$work/house/build/$MODE"
        cp "$REPO"/src/cli/cmd_*.c "$work/house/src/cli"
        cp -R "$REPO/tests/tools" "$REPO/tests/suites" "$work/house/tests"
        cp -R "$SAMPLE" "$work/house/data"
        export STICKY="$work/sticky folder"
        mkdir "$STICKY" && chmod 1777 "$STICKY" && cp "$work/earlier.bin" "$STICKY/theirs" && chmod 666 "$STICKY/theirs"
        : >"$STICKY/.leftover.mnist-tmp"
        setpriv --reuid=65534 --regid=65534 --clear-groups sh "$work/house/tests/suites/lost.sh" as-user || failures=1
    else
        skip 'as another user: setpriv is missing: package util-linux'
    fi
fi
finish
