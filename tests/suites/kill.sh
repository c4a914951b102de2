#!/bin/sh
# kill.sh [KILLS]: training killed with SIGKILL at random instants, 200 times, and resumed each time: the checkpoint and the
# model are whole at every instant, the log has each epoch once, no temporary files pile up, and the final model is
# byte for byte that of an undisturbed run.
. "$(dirname "$0")/../tools/suite.sh"
[ "$MODE" = release ] || exit 0 # a matter of instants, not of instructions
cd "$work" || exit 1
kills_wanted=${1:-200}

options="--epochs 30 --batch 64 --dropout 0.1 --ema 0.99 --augment --patience 0 --threads 2 --quiet"

undisturbed() {
    mnist-train $options --data "$SAMPLE" --out whole.bin --log whole.log >report
}

# epochs_logged LOG: their numbers
epochs_logged() {
    sed -n 's/^{"event":"epoch","epoch":\([0-9]*\),.*}$/\1/p' "$1"
}

finished() {
    cmp model.bin ../whole.bin || return
    epochs_logged log | diff - ../epochs || return
    grep -c '"event":"start"' log | grep -qx 1 && tail -n 1 log | grep -q '"event":"end".*}$'
}

# One life: trains or goes on until it is killed after $1 seconds, or is done.
live() {
    if [ -e checkpoint ]; then
        set -- "$1" --resume checkpoint
    else
        rm -f log # killed before there was a checkpoint: a new run
        set -- "$1" --checkpoint checkpoint $options
    fi
    instant=$1
    shift
    mnist-train "$@" --quiet --data "$SAMPLE" --out model.bin --log log >report 2>&1 &
    pid=$!
    if [ "$instant" != undisturbed ]; then
        sleep "$instant"
        kill -KILL $pid 2>/dev/null
    fi
    wait $pid 2>/dev/null
    code=$?
    [ $code -eq 137 ] || [ $code -eq 0 ] || cat report
}

killed() {
    epochs_logged whole.log >epochs
    mkdir run && cd run || return 1
    kills=0 runs=0
    for instant in $(awk -v n="$kills_wanted" 'BEGIN {srand(7); for (i = 0; i < n * 2; i++) print rand() * 0.25}'); do
        live "$instant"
        case $code in
        137)
            kills=$((kills + 1))
            [ $((kills % 10)) -ne 0 ] || (whole_here) || return
            ;;
        0)
            runs=$((runs + 1))
            finished || return
            rm -f checkpoint model.bin log
            ;;
        *) return 1 ;;
        esac
        [ $kills -lt "$kills_wanted" ] || break
    done
    while [ ! -e model.bin ] || [ -e checkpoint ]; do
        live undisturbed
        [ $code -eq 0 ] && finished || return
        runs=$((runs + 1))
        rm -f checkpoint
    done
    echo "$kills kills, $runs runs ended"
    [ $kills -gt 0 ]
}

# In the folder of the run: the model and the checkpoint can be read, and nothing piles up.
whole_here() {
    [ "$(ls | wc -l)" -le 7 ] || { ls && return 1; }
    [ ! -e model.bin ] || mnist-eval model.bin --data "$SAMPLE" >/dev/null || return
    [ ! -e checkpoint ] || mnist-train --resume checkpoint --max-seconds 0.001 --quiet --data "$SAMPLE" \
        --checkpoint ../copy --out ../other.bin >/dev/null
}

check 'a run that nobody disturbs' undisturbed
check "killed $kills_wanted times" killed
finish
