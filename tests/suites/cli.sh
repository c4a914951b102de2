#!/bin/sh
# The commands as a user meets them: cli.sh [--update] [CASE]...
#
# A case is a folder in tests/cli. Its `cmd` is run by sh in an empty folder, with the commands on PATH, and with
# $REPO, $SAMPLE (the folder data/sample) and $MODEL (a model of one epoch on it) set. What must come of it:
#   stdout, stderr   the exact text; nothing when there is no such file
#   stdout.pattern, stderr.pattern   instead: a shell pattern for each line
#   code             the exit code; 0 when there is no such file
# `needs` names commands, or files by their full path, without which the case is skipped.
#
# KEEP=1 keeps a folder for each case: stdout, stderr, code, and `here`, in which it ran.
# --update writes what came into stdout, stderr and code; patterns are left alone.
. "$(dirname "$0")/../tools/suite.sh"

update=no
if [ "${1:-}" = --update ]; then
    update=yes
    shift
fi

# A command that never ends fails its case and not the whole run.
limit=
have timeout && limit='timeout 300'

# match_lines PATTERNS TEXT: whether the files have as many lines, each line matching its pattern.
match_lines() {
    exec 3<"$1" 4<"$2"
    line=0
    while :; do
        line=$((line + 1))
        IFS= read -r pattern <&3
        no_pattern=$?
        IFS= read -r text <&4
        no_text=$?
        [ $no_pattern -ne 0 ] && [ $no_text -ne 0 ] && [ -z "$text" ] && return 0
        if [ $no_pattern -ne 0 ] || [ $no_text -ne 0 ]; then
            echo "line $line: wanted ${pattern:-the end}, found ${text:-the end}"
            return 1
        fi
        case $text in
        $pattern) ;;
        *)
            echo "line $line: wanted $pattern"
            echo "line $line: found  $text"
            return 1
            ;;
        esac
    done
}

# compare WHAT: the outcome $folder/WHAT with what the case says of it.
compare() {
    if [ -f "$case/$1.pattern" ]; then
        match_lines "$case/$1.pattern" "$folder/$1" && return
    elif [ -f "$case/$1" ]; then
        diff "$case/$1" "$folder/$1" && return
    else
        diff /dev/null "$folder/$1" && return
    fi
    echo "$1 is not what it should be (< wanted, > found)"
    return 1
}

compare_all() {
    [ -f "$case/code" ] || echo 0 >"$folder/wanted_code"
    [ -f "$case/code" ] && cp "$case/code" "$folder/wanted_code"
    bad=0
    diff "$folder/wanted_code" "$folder/code" || {
        echo "the exit code is not what it should be (< wanted, > found)"
        bad=1
    }
    compare stdout || bad=1
    compare stderr || bad=1
    return $bad
}

update_case() {
    for what in stdout stderr; do
        rm -f "$case/$what"
        [ -s "$folder/$what" ] && [ ! -f "$case/$what.pattern" ] && cp "$folder/$what" "$case/$what"
    done
    rm -f "$case/code"
    [ "$(cat "$folder/code")" = 0 ] || cp "$folder/code" "$case/code"
}

missing_need() {
    for need in $(cat "$case/needs" 2>/dev/null); do
        case $need in
        /*) [ -e "$need" ] ;;
        *) have "$need" ;;
        esac || {
            echo "$need"
            return
        }
    done
}

run_case() {
    case=$REPO/tests/cli/$1
    missing=$(missing_need)
    if [ -n "$missing" ]; then
        skip "$1: $missing is missing"
        return
    fi
    folder=$work/cases/$1
    mkdir -p "$folder/here"
    (cd "$folder/here" && exec $limit sh "$case/cmd") >"$folder/stdout" 2>"$folder/stderr" </dev/null
    echo $? >"$folder/code"
    [ $update = yes ] && update_case
    check "$1" compare_all
    [ -n "${KEEP:-}" ] || rm -rf "$folder"
}

# A program that is not in a checkout, whose scripts its messages would name.
rm "$work/bin/mnist" && cp "$REPO/build/$MODE/mnist" "$work/bin/mnist" || exit 1
MODEL=$work/model.bin
export MODEL
mnist-train --epochs 1 --quiet --data "$SAMPLE" --out "$MODEL" >"$work/log" 2>&1 || {
    not_ok "no model to test with: $(cat "$work/log")"
    exit 1
}

if [ $# -eq 0 ]; then
    for cmd in "$REPO"/tests/cli/*/cmd; do
        name=${cmd%/cmd}
        run_case "${name##*/}"
    done
else
    for name in "$@"; do
        if [ -f "$REPO/tests/cli/$name/cmd" ]; then
            run_case "$name"
        else
            not_ok "$name: no such case in tests/cli"
        fi
    done
fi
finish
