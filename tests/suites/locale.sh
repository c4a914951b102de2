#!/bin/sh
# Where numbers are written with a comma, ours keep their point: all that is said and written there, the model byte for
# byte, is what it is elsewhere, and a run that began there goes on here. Both sides use UTF-8.
. "$(dirname "$0")/../tools/suite.sh"
cd "$work" || exit 1

# The locale is made here: it takes no rights, and no machine needs to have it.
mkdir locales
comma="LOCPATH=$work/locales LC_ALL=de_DE.UTF-8"
have localedef && localedef -i de_DE -f UTF-8 locales/de_DE.UTF-8 >localedef.log 2>&1
if [ "$(env $comma locale decimal_point 2>/dev/null)" != , ]; then
    skip 'a comma for a point: needs localedef and de_DE (Debian: locales)'
    finish
fi

# Times are another each time; a comma in one of them would be left.
timeless() {
    sed -E 's/"(seconds|val_seconds|images_per_s|peak_bytes)":[0-9.]+/"\1":T/g; /^  training  [0-9.]+ /d'
}

# everything FOLDER VARIABLE=VALUE…: what each command says and writes in that environment.
everything() (
    mkdir "$1" && cd "$1" || exit
    shift
    unset LC_ALL
    export "$@"
    mnist-train --epochs 2 --lr 2.5e-3 --augment --data "$SAMPLE" --log log --checkpoint checkpoint >report 2>progress || { cat progress && exit 1; }
    mnist-train --epochs 1 --dropout .25 --json --data "$SAMPLE" --out json.bin >json 2>/dev/null || exit
    mnist-eval model.bin --misclassified 3 --shift 0.5,-1.5 --data "$SAMPLE" >eval || exit
    mnist-eval model.bin --misclassified 3 --json --data "$SAMPLE" >eval.json || exit
    mnist-show 3 --model model.bin --data "$SAMPLE" >show || exit
    mnist-show 3 --model model.bin --json --data "$SAMPLE" >show.json || exit
    mnist-train --help >help
    mnist-train --lr 0,5 2>refusal
    for said in report json log; do timeless <$said >$said.timeless && rm $said; done
    cut -c 1-60 progress >progress.timeless && rm progress
)

same_everything() {
    name=$1
    shift
    everything "$name" "$@" && mv "$name/checkpoint" "$name.checkpoint" && diff -r here "$name"
}

# goes_on CHECKPOINT VARIABLE=VALUE…: in that environment, and ends with the same model.
goes_on() {
    cp "$1" going && shift && env "$@" mnist-train --resume going --data "$SAMPLE" --quiet --out gone.bin >/dev/null && cmp gone.bin here/model.bin
}

check 'with a point' everything here LC_ALL=C.UTF-8
[ $failures -eq 0 ] || finish
mv here/checkpoint here.checkpoint
check 'LC_ALL with a comma' same_everything all $comma
check 'LC_NUMERIC with a comma' same_everything numeric "LOCPATH=$work/locales" LANG=C.UTF-8 LC_NUMERIC=de_DE.UTF-8
check 'from a point to a comma' goes_on here.checkpoint $comma
check 'from a comma to a point' goes_on all.checkpoint LC_ALL=C.UTF-8
finish
