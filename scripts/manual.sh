#!/bin/sh
# Brings src/man up to date: scripts/manual.sh. In its files, the lines between "made by COMMAND" and "end", which are
# comments, are replaced by what the program prints, and the version in the pages' first line is set. Run it whenever an
# option, a default or the version changes; the suite `manual` tells if it was forgotten.
set -eu
. "$(dirname -- "$0")/common.sh"
built mnist
unset MNIST_DATA # it would be the default
new=$(mktemp)
trap 'rm -f "$new"' EXIT
version=$(sed -n 's/.*MNIST_VERSION "\(.*\)"/\1/p' include/mnist/base/version.h)
for file in src/man/*.[15] src/man/mnist.*sh; do
    awk -v version="$version" '
        FNR == 1 && /^\.TH / {sub(/"mnist [^"]*"/, "\"mnist " version "\"")}
        /^[^a-z]*end$/ {made = 0}
        !made {print}
        /^[^a-z]*made by / {
            made = 1
            command = $0
            sub(/.*made by /, "build/", command)
            while ((command | getline line) > 0) print line
            if (close(command)) exit 1
        }' "$file" >"$new"
    cmp -s "$new" "$file" || cat "$new" >"$file"
done
