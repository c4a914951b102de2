#!/bin/sh
# The commands on terminals of 40, 80 and 200 columns, narrower ones and one that is resized, in C and in UTF-8, on a dumb
# one and on none: tests/tools/screen.py has the rules.
. "$(dirname "$0")/../tools/suite.sh"

if ! find_python pty; then
    skip 'all: there is no python3'
    finish
fi
PYTHONDONTWRITEBYTECODE=1
export PYTHONDONTWRITEBYTECODE
cd "$work" || exit 1
mnist-train --epochs 2 --quiet --data "$SAMPLE" --out model.bin >report || exit 1
check 'every line fits, and nothing is left or glued' "$python" "$REPO/tests/tools/screen.py" "$SAMPLE" model.bin
finish
