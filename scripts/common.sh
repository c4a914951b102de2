#!/bin/sh
# What each script starts with: . "$(dirname -- "$0")/common.sh"
#
# Goes to the top of the repository. With --help it prints the script's opening comment. `percent`, for awk, is a share as
# the program writes it.
CDPATH= cd -- "$(dirname -- "$0")/.." || exit 1
case ${1:-} in
-h | --help)
    sed -n '2,/^[^#]/s/^# \{0,1\}//p' "scripts/${0##*/}"
    exit
    ;;
esac

# built PROGRAM…: each of them is in build.
built() {
    for program in "$@"; do
        [ -x "build/$program" ] || {
            echo "${0##*/}: build/$program is not there: run make first" >&2
            exit 1
        }
    done
}

percent='function percent(x) { # what is neither 0 nor 1 does not look like it
    return x <= 0 || x >= 1 ? 100 * x : x < 1e-4 ? 0.01 : x > 0.9999 ? 99.99 : 100 * x
}'
