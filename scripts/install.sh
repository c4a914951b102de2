#!/bin/sh
# Puts files below ROOT, or takes them away, for the Makefile: scripts/install.sh ROOT install|uninstall MODE:FILE:SOURCE...
#
# A link is link:FILE:TARGET. Each file is replaced by a rename, so that one which is in use stays whole, and what is made is
# for everybody, whatever the umask.
set -eu
. "$(dirname -- "$0")/common.sh"
[ $# -gt 1 ] || {
    echo 'install.sh: run make install, which tells it what to put where' >&2
    exit 2
}
umask 022
root=$1 task=$2
shift 2
case $root in -*) root=./$root ;; esac

# split ITEM
split() {
    mode=${1%%:*} source=${1##*:} file=${1#*:}
    file=$root/${file%:*}
}

# Before anything is changed.
for item; do
    split "$item"
    [ ! -d "$file" ] || [ "$task" = uninstall ] || {
        printf '%s\n' "$file is a folder: move it away" >&2
        exit 1
    }
done

new= failed=0
trap '[ -z "$new" ] || rm -f "$new"' EXIT
trap 'exit 1' HUP INT PIPE TERM
for item; do
    split "$item"
    if [ "$task" = uninstall ]; then
        rm -f "$file" || failed=1
        continue
    fi
    mkdir -p "${file%/*}"
    new=$file.new.$$
    if [ "$mode" = link ]; then
        ln -s "$source" "$new"
    else
        cp "$source" "$new"
        chmod "$mode" "$new"
    fi
    mv -f "$new" "$file"
done
[ "$task" = install ] || rmdir "$root/share/mnist" 2>/dev/null || :
exit $failed
