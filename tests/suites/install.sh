#!/bin/sh
# make install and uninstall, and the script that brings MNIST.
. "$(dirname "$0")/../tools/suite.sh"
root="$work/a root" # with a space, as some people's folders have

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

wanted_files='./opt/mnist/bin/mnist ./opt/mnist/bin/mnist-eval ./opt/mnist/bin/mnist-predict ./opt/mnist/bin/mnist-show ./opt/mnist/bin/mnist-train '

# Commands that are added later need not be told here, but each file must be a program or its link.
install_is_right() {
    make_it install || return
    for file in $wanted_files; do
        [ -x "$root/$file" ] || {
            echo "$file is not there"
            return 1
        }
    done
    if [ -n "$(find "$root" ! -type d ! -path '*/bin/mnist' ! -path '*/bin/mnist-*')" ]; then
        echo "installed too much: $(installed_files)"
        return 1
    fi
}

uninstall_is_right() {
    echo mine >"$root/opt/mnist/bin/another-program"
    make_it uninstall || return
    [ "$(installed_files)" = './opt/mnist/bin/another-program ' ] || {
        echo "left: $(installed_files)"
        return 1
    }
}

check 'make install' install_is_right
check 'the installed program runs' installed_runs
check 'make install over an older one' install_is_right
check 'make uninstall' uninstall_is_right
check 'make uninstall where nothing is' make_it uninstall

# --- scripts/get-mnist.sh ---

# A PATH without npm, curl and wget is a machine without a network.
mkdir "$work/tools"
for tool in sh dirname basename mkdir mktemp rm mv cp cat cut tr wc sed grep gzip tar sha256sum shasum openssl; do
    path=$(command -v $tool) && ln -s "$path" "$work/tools/$tool"
done

# fails_plainly DIR: exit code 1, nothing on stdout, one line that begins with the script's name on stderr (after the one
# that says what is being done), and nothing left behind.
fails_plainly() {
    (PATH=$work/tools && "$REPO/scripts/get-mnist.sh" "$1") >out 2>err </dev/null
    code=$?
    cat out err
    [ $code -eq 1 ] || echo "exit code $code"
    [ $code -eq 1 ] && [ ! -s out ] && [ "$(grep -c -v ': fetching MNIST' err)" -eq 1 ] &&
        grep -v ': fetching MNIST' err | grep -q '^get-mnist.sh: ' && [ -z "$(find . -name 'new*')" ]
}

silent_when_there() {
    (PATH=$work/tools && "$REPO/scripts/get-mnist.sh") >"$work/out" 2>&1 </dev/null
    code=$?
    cat "$work/out"
    [ $code -eq 0 ] && [ ! -s "$work/out" ]
}

mkdir "$work/get" && cd "$work/get" || exit 1
check 'get-mnist.sh without a network' fails_plainly nothing
mkdir damaged
echo damaged >damaged/t10k-labels-idx1-ubyte
check 'get-mnist.sh without a network, over damaged files' fails_plainly damaged
check 'damaged files stay while there is nothing better' grep -q damaged damaged/t10k-labels-idx1-ubyte
echo file >file
check 'get-mnist.sh to where nothing can be written' fails_plainly file/mnist
if [ -f "$REPO/data/mnist/t10k-labels-idx1-ubyte" ]; then
    check 'get-mnist.sh when all is there' silent_when_there
else
    skip 'get-mnist.sh when all is there: data/mnist is not there: make data'
fi
finish
