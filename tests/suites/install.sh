#!/bin/sh
# install.sh [elsewhere]: make install and uninstall, and a checkout, in folders of any name; or the suites in
# such a checkout that read or make files by its name.
. "$(dirname "$0")/../tools/suite.sh"
root="$work/a root" # with a space, as some people's folders have
strange="it's a \"checkout\"; touch pwned & # \$(touch pwned) \`touch pwned\` \\ R&D"

# copy_checkout: what the repository has, in the folder $work/$strange.
copy_checkout() {
    mkdir -p "$work/$strange/data/mnist" &&
        cp -Rp "$REPO/Makefile" "$REPO/README.md" "$REPO/LICENSE" "$REPO/include" "$REPO/src" "$REPO/scripts" "$REPO/tests" "$work/$strange" &&
        cp -R "$REPO/data/README.md" "$REPO/data/pictures" "$REPO/data/sample" "$work/$strange/data"
}

# no_command_ran: whether no name was taken for one.
no_command_ran() {
    [ -z "$(find "$work" -name pwned)" ] || { echo 'a name was run as a command' && return 1; }
}

if [ "${1:-}" = elsewhere ]; then
    everything() {
        copy_checkout && cd "$work/$strange" || return
        cp "$REPO"/data/mnist/* data/mnist 2>/dev/null
        mkdir build && cp -Rp "$REPO/build/$MODE" build || return # none of its names is the folder's
        sed -E -i.all '/^[|] `(unit|kill|same_bytes|install|get_mnist)/d' tests/README.md || return
        "$MAKE" -j2 CC="$CC" && "$MAKE" CC="$CC" test && build/mnist --version && no_command_ran
    }
    check 'the suites, in a checkout whose folder has a strange name' everything
    finish
fi

make_it() {
    "$MAKE" -s -C "$REPO" MODE="$MODE" CC="$CC" "$@" DESTDIR="$root" PREFIX=/opt/mnist
}

# From another folder, found by its full name and through PATH.
installed_runs() {
    mkdir -p "$work/elsewhere" && cd "$work/elsewhere" || return
    "$root/opt/mnist/bin/mnist-show" 2 --data "$SAMPLE" >full || return
    (PATH=$root/opt/mnist/bin:/usr/bin:/bin && mnist-show 2 --data "$SAMPLE") >short || return
    cmp full "$REPO/tests/cli/show-2/stdout" && cmp short full || return
    "$root/opt/mnist/bin/mnist-train" --epochs 1 --quiet --data "$SAMPLE" >report || return
    "$root/opt/mnist/bin/mnist-eval" model.bin --data "$SAMPLE" >report || return
    "$root/opt/mnist/bin/mnist" --version
}

installed_files() {
    (cd "$root" && find . ! -type d | sort | tr '\n' ' ')
}

wanted_files='bin/mnist bin/mnist-eval bin/mnist-predict bin/mnist-show bin/mnist-train share/mnist/get-mnist.sh
share/man/man1/mnist.1 share/man/man1/mnist-train.1 share/man/man5/mnist-model.5 share/zsh/site-functions/_mnist
share/bash-completion/completions/mnist share/bash-completion/completions/mnist-train
share/fish/vendor_completions.d/mnist.fish share/fish/vendor_completions.d/mnist-train.fish'

# Commands that are added later need not be told here, but each file must be of one of these kinds, and links lead somewhere.
install_is_right() {
    make_it install || return
    for file in $wanted_files; do
        [ -s "$root/opt/mnist/$file" ] || { echo "$file is not there" && return 1; }
    done
    installed_files | tr ' ' '\n' |
        grep -vE '^(\./opt/mnist/(bin/mnist(-[a-z]+)?|share/(mnist/get-mnist\.sh|man/man[15]/mnist(-[a-z]+)?\.[15]|zsh/site-functions/_mnist|(bash-completion/completions|fish/vendor_completions\.d)/mnist(-[a-z]+)?(\.fish)?))|)$' >"$work/more"
    [ ! -s "$work/more" ] || { echo "installed too much: $(cat "$work/more")" && return 1; }
    [ -z "$(find -L "$root" -type l)" ]
}

# What is said without data is a command that the installed script understands; where the script is not, another.
installed_script() {
    mkdir -p "$work/elsewhere" && cd "$work/elsewhere" || return
    "$root/opt/mnist/bin/mnist-show" 2>said && return 1
    [ ! -e /proc/self/exe ] || grep -q "fetch the four files: sh '$root/opt/mnist/share/mnist/get-mnist.sh' data/mnist$" said ||
        { cat said && return 1; }
    sh "$root/opt/mnist/share/mnist/get-mnist.sh" --help | grep -q 'Brings the four MNIST files' || return
    ! "$REPO/build/$MODE/mnist" show 2>said && { [ ! -e /proc/self/exe ] || grep -qE "files: sh .*/scripts/get-mnist.sh'? data/mnist$" said; } ||
        { cat said && return 1; }
    rm "$root/opt/mnist/share/mnist/get-mnist.sh" && ! "$root/opt/mnist/bin/mnist-show" 2>said && grep -q 'files: (mkdir .* curl' said
}

uninstall_is_right() {
    echo mine >"$root/opt/mnist/bin/another-program"
    make_it uninstall || return
    [ "$(installed_files)" = './opt/mnist/bin/another-program ' ] && [ ! -e "$root/opt/mnist/share/mnist" ] || {
        echo "left: $(cd "$root" && find .)"
        return 1
    }
}

# modes FOLDER: of it and what is in it, as ls writes them, sorted, each once.
modes() {
    find "$1" -exec ls -ld {} + | cut -c 1-10 | sort -u | tr '\n' ' '
}

# What install makes is for everybody, whatever the umask; what was there keeps its mode.
modes_are_right() {
    rm -rf "$root" && mkdir -p "$root/opt" && chmod 700 "$root" "$root/opt" && (umask 077 && make_it install) || return
    [ "$(modes "$root/opt/mnist")" = '-rw-r--r-- -rwxr-xr-x drwxr-xr-x lrwxrwxrwx ' ] || { modes "$root/opt/mnist" && return 1; }
    [ "$(find "$root" -prune -perm 700)" ] && [ "$(find "$root/opt" -prune -perm 700)" ]
}

# A folder in a file's place, or no room: install says so, ends, and leaves what was there.
install_in_the_way() {
    make_it install && rm "$root/opt/mnist/bin/mnist-show" && mkdir "$root/opt/mnist/bin/mnist-show" || return
    echo earlier >"$root/opt/mnist/bin/mnist"
    ! make_it install 2>"$work/said" && grep -q 'mnist-show is a folder' "$work/said" || { cat "$work/said" && return 1; }
    [ "$(ls -A "$root/opt/mnist/bin/mnist-show")" = '' ] && grep -q earlier "$root/opt/mnist/bin/mnist"
    result=$?
    rmdir "$root/opt/mnist/bin/mnist-show"
    return $result
}

install_without_room() {
    make_it install && cp "$root/opt/mnist/bin/mnist" "$work/earlier" && echo >>"$root/opt/mnist/bin/mnist" || return
    ! (ulimit -f 8 && make_it install) && [ "$(find "$root" -name '*.new*')" = '' ] &&
        [ "$(wc -c <"$root/opt/mnist/bin/mnist")" -eq $(($(wc -c <"$work/earlier") + 1)) ]
}

as_other() {
    (umask 077 && setpriv --reuid=65534 --regid=65534 --clear-groups "$@")
}

# Into a folder of another user's, by that user; what is root's is refused, and nothing of it is touched.
as_other_user() {
    theirs="$work/theirs & it's"
    chmod 711 "$work" && mkdir "$theirs" "$work/locked" && chown 65534:65534 "$theirs" || return
    set -- "$MAKE" -s -C "$REPO" MODE="$MODE" CC="$CC" PREFIX=/p
    as_other "$@" install DESTDIR="$theirs" && [ "$(modes "$theirs/p")" = '-rw-r--r-- -rwxr-xr-x drwxr-xr-x lrwxrwxrwx ' ] &&
        as_other "$@" uninstall DESTDIR="$theirs" && [ -z "$(find "$theirs" ! -type d)" ] || return
    ! as_other "$@" install DESTDIR="$work/locked" && [ -z "$(ls -A "$work/locked")" ]
}

check 'make install' install_is_right
check 'the installed program runs' installed_runs
check 'the installed script is told' installed_script
check 'make install over an older one' install_is_right
check 'make uninstall' uninstall_is_right
check 'make uninstall where nothing is' make_it uninstall
check 'make install with umask 077' modes_are_right
if have setpriv && as_other test -r "$REPO/build/$MODE/flags" 2>/dev/null; then
    check 'make install as another user than root' as_other_user
elif [ "$(id -u)" -eq 0 ]; then
    skip "make install as another user: needs setpriv (Debian's util-linux), and a checkout that others may read"
fi
check 'make install over a folder' install_in_the_way
check 'make install without room' install_without_room

# --- Folders of any name ---

# A compiler that is quick: what it makes is a program that does little. Its folder has a strange name, too.
fake="$work/R&D; it's cc/cc"
mkdir "${fake%/cc}" && cat >"$fake" <<'END' && chmod 755 "$fake" || exit 1
#!/bin/sh
[ "${1:-}" != -dumpmachine ] || echo x86_64-fake-linux
while [ $# -gt 0 ]; do
    [ "$1" != -o ] || [ "$2" = /dev/null ] || { printf '#!/bin/sh\necho ok fake\n' >"$2" && chmod 755 "$2"; }
    shift
done
END

# A machine without a network.
mkdir "$work/offline"
for tool in npm curl wget; do printf '#!/bin/sh\nexit 1\n' >"$work/offline/$tool" && chmod 755 "$work/offline/$tool"; done

make_there() {
    (cd "$work/$strange" && PATH=$work/offline:$PATH "$MAKE" -s CC="$fake" "$@") </dev/null && no_command_ran
}

link_is() {
    [ "$(readlink "$work/$strange/build/mnist")" = "$1" ] || { ls -l "$work/$strange/build" && return 1; }
}

# Of the table of suites there, one is left.
test_there() {
    sed -i.all '/^| `/{/^| `unit` | release | test |/!d;}' "$work/$strange/tests/README.md" && make_there MODE=asan test &&
        link_is release/mnist && make_there MODE=debug && link_is debug/mnist &&
        make_there BUILD=build/other && link_is debug/mnist && make_there && link_is release/mnist
}

run_there() {
    make_there run >"$work/said" 2>&1 && link_is release/mnist && grep -q 'no source answered' "$work/said" && grep -q 'small sample' "$work/said" &&
        [ "$(grep -c '^ok fake' "$work/said")" -eq 2 ] || { cat "$work/said" && return 1; }
}

install_there() {
    for name in "it's; touch pwned;" 'R&D "b"\' '`touch pwned` #x %y' '*?[a] (b) <c> |d' ' a=b:c,d ' ../-x; do
        there="$work/names/$name"
        mkdir -p "$work/names" && make_there install DESTDIR="$there" PREFIX="/usr;'$name" >"$work/said" || return
        [ -x "$there/usr;'$name/bin/mnist-eval" ] || { echo "not in $there" && return 1; }
        make_there uninstall DESTDIR="$there" PREFIX="/usr;'$name" && [ -z "$(find "$there" ! -type d)" ] || return
    done
    chmod 700 "$work/$strange/build/release/mnist" && make_there install DESTDIR=-x && [ "$(modes "$work/$strange/-x/usr/local/bin/mnist")" = '-rwxr-xr-x ' ]
}

# refused WORDS ARGUMENT…: one line, with WORDS, before anything is made or run.
refused() {
    words=$1
    shift
    find "$work/$strange" | sort >"$work/before"
    ! make_there "$@" >"$work/said" 2>&1 && [ "$(wc -l <"$work/said")" -eq 1 ] && grep -q "$words" "$work/said" ||
        { echo "$@" && cat "$work/said" && return 1; }
    find "$work/$strange" | sort | diff "$work/before" - && no_command_ran
}

names_refused() {
    for name in 'a$b' '$(shell touch pwned)'; do
        for variable in DESTDIR PREFIX BUILD CC MODE; do refused "$variable has a \\$" "$variable=$name" install || return; done
        (export DESTDIR="$name" && refused 'DESTDIR has a \$' uninstall) || return
    done
    for variable in DESTDIR PREFIX BUILD CC; do refused "$variable has a newline" "$variable=x
touch pwned
" install || return; done
    for name in 'a b' 'a ' 'touch pwned;' 'a&b' "a'b" 'a"b' 'a\b' 'a#b' 'a:b' 'a%b' 'a=b' '`touch pwned`' -x ''; do
        refused 'BUILD is ' "BUILD=$name" || return
    done
    for name in "$fake-none" 'touch-no-such; touch pwned' ''; do refused 'there is no such program' "CC=$name" -B || return; done
}

check 'a checkout whose folder has a strange name' copy_checkout
check 'make there' make_there
check 'make test and its build leave build/mnist alone' test_there
check 'make run there' run_there
check 'make install, make uninstall to folders of any name' install_there
check 'names that make cannot take are refused' names_refused

finish
