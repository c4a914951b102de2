#!/bin/sh
# The rules of the house that a reader relies on, each looked for in every file there is: what breaks one is named with its
# file and line. The plan of the rooms is in src/README.md.
. "$(dirname "$0")/../tools/suite.sh"
[ "$MODE" = release ] || exit 0 # the same source in any mode
cd "$REPO" || exit 1

# A room may use those before it; web, the second front door, all but cli.
rooms='base codec data net store report export cli web'
commands=$(ls src/cli/cmd_*.c | sed 's/.*cmd_//; s/\.c$//')

# FILE-STEM PREFIX: what else its exported names may begin with, and why.
other_prefixes() {
    cat <<'END'
main main        where a C program begins
memory mem_      used in every room, so it is short
params param_    a row of the table is one parameter
END
}

# HEADER: why it has no .c beside it.
header_only() {
    cat <<'END'
base/arithmetic.h     compiled into each file that includes it
base/bytes.h          inline functions of a line or two
base/version.h        one string
cli/usage.h           types that four modules share
END
}

code() {
    find "$@" -name '*.[ch]' -o -name '*.inc' | sort
}

# holds RULE: true when the rule finds nothing.
holds() {
    "$@" >"$work/found" || echo "$1: the search itself failed" >>"$work/found"
    [ ! -s "$work/found" ] || { cat "$work/found" && return 1; }
}

# Each include line names a room, the file's own or one before it.
includes() {
    awk -v rooms="$rooms" '
        function say(what) {print FILENAME ":" FNR ": " what}
        BEGIN {n = split(rooms, list); for (i = 1; i <= n; i++) rank[list[i]] = i}
        FNR == 1 {
            split(FILENAME, part, "/")
            room = part[1] == "src" ? part[2] : part[3]
            if (!(room in rank)) say("no room is called " room)
        }
        /^[ \t]*#[ \t]*include[ \t]*"/ {
            split($0, quoted, "\"")
            path = quoted[2]
            if (path !~ /^mnist\/[a-z_0-9]+\/[a-z_0-9]+\.h$/) {
                if (path !~ /^[a-z_0-9]+\.inc$/) say("names no room: \"" path "\", wanted \"mnist/ROOM/x.h\"")
                next
            }
            split(path, part, "/")
            if (!(part[2] in rank)) say("no room is called " part[2] ": " path)
            else if (rank[part[2]] > rank[room]) say(room " may not use " part[2] ": " path)
            else if (room == "web" && part[2] == "cli") say("web may not use cli: " path)
        }' $(code src include)
}

# Each header has its source, each unit test what it tests.
pairs() {
    for header in include/mnist/*/*.h; do
        name=${header#include/mnist/}
        header_only | grep -q "^$name " || [ -e "src/${name%h}c" ] ||
            echo "$header:1: there is no src/${name%h}c, and tests/suites/house.sh knows no reason"
    done
    for test in tests/unit/*/test_*.c; do
        name=${test#tests/unit/}
        name=${name%/*}/${name#*/test_}
        [ -e "src/$name" ] || [ -e "include/mnist/${name%c}h" ] || echo "$test:1: there is no src/$name to test"
    done
}

# The names that objects export, and those of inline functions in headers: FILE NAME, a line each.
exported() {
    objects=$(printf "build/$MODE/%s\n" src/*/*.c | grep -v /src/web/ | sed 's/c$/o/')
    ls $objects >"$work/objects" || return # all are built
    nm -A -g --defined-only -P $objects |
        awk -v at="build/$MODE/" '{print substr($1, length(at) + 1, length($1) - length(at) - 2) "c", $2}'
    awk 'match($0, /^static inline [^(]*\(/) {
        n = split(substr($0, 1, RLENGTH - 1), word, /[ *]+/)
        print FILENAME, word[n]
    }' include/mnist/*/*.h
}

# Each begins with the name of its file, or is it; those of cmd_x.c begin with command_x.
prefixes() {
    exported >"$work/exported" || return
    other_prefixes | awk '
        NR == FNR {other[$1] = $2; next}
        {
            stem = $1
            sub(/.*\//, "", stem)
            sub(/\.[ch]$/, "", stem)
            sub(/^cmd_/, "command_", stem)
            if ($2 != stem && index($2, stem "_") != 1 && (!(stem in other) || index($2, other[stem]) != 1))
                print $1, $2, stem "_"
        }' - "$work/exported" >"$work/wrong"
    while read -r file name prefix; do
        line=$(grep -n "\<$name\>" "$file" | head -n 1 | cut -d : -f 1)
        echo "$file:${line:-1}: $name is exported, and does not begin with $prefix"
    done <"$work/wrong"
}

# Strings below the front doors, those that the compiler joins as one, name no option, command or script. An option is "--"
# and a letter where a word may begin; var(--x) and --x:value are CSS.
strings() {
    below=$(for room in $rooms; do case $room in cli | web) ;; *) ls -d src/$room include/mnist/$room ;; esac; done 2>/dev/null)
    awk -v commands="$(echo $commands help | tr ' ' '|')" '
        function judge() {
            text = string
            string = ""
            gsub(/var\(--[a-z]|--[a-z]+:[^ ]/, "", text)
            if (text ~ /(^|[^!a-zA-Z0-9-])--[a-z%]/) say("an option", text)
            if (text ~ "mnist[ -](" commands ")([^a-z]|$)") say("a command", text)
            if (text ~ /(^|[^a-z])scripts\// || text ~ /[a-z]\.sh([^a-z]|$)/) say("a script", text)
        }
        function say(what, text) {
            print file ":" line ": names " what ", which only the front doors may: \"" text "\""
        }
        # What stands between two strings, if anything does, parts them.
        function between(text) {
            if (string != "" && text ~ /[^ \t]/) judge()
        }
        FNR == 1 {judge(); comment = 0; file = FILENAME}
        /^[ \t]*#[ \t]*include/ {next}
        {
            rest = $0
            for (;;) {
                if (comment) {
                    if (!(at = index(rest, "*/"))) next
                    comment = 0
                    rest = substr(rest, at + 2)
                }
                if (!match(rest, /\/[*\/]|"|\047/)) break
                kind = substr(rest, RSTART, RLENGTH)
                between(substr(rest, 1, RSTART - 1))
                rest = substr(rest, RSTART + RLENGTH)
                if (kind == "//") next
                if (kind == "/*") {comment = 1; continue}
                for (end = 1; end <= length(rest) && (c = substr(rest, end, 1)) != kind; end++)
                    if (c == "\\") end++
                if (kind == "\"") {
                    if (string == "") line = FNR
                    string = string substr(rest, 1, end - 1)
                } else
                    between("x")
                rest = substr(rest, end + 1)
            }
            between(rest)
        }
        END {judge()}' $(code $below)
}

# What the program says is ASCII, for terminals that show no more. Other characters stand in the report, which is UTF-8, and
# where there are two texts to choose from (terminal_text, unicode_marks); elsewhere by their code, as \u00b0.
ascii() {
    LC_ALL=C grep -n '"[^"]*[^ -~	][^"]*"' $(code src include | grep -v /report/) /dev/null |
        grep -vE 'unicode_marks|terminal_text\(|^[^"]*(/\*|:[0-9]*: \*)' |
        sed 's/$/: not ASCII/'
}

# Nothing prints on stderr but through terminal_stderr(), which removes the moving line first.
stderr() {
    grep -nE '(\(|, |= |\? |: |return )stderr[,);]' $(code src include) |
        grep -vE '^src/cli/terminal\.c:|terminal_(width|room|is_live|colors)\(stderr' |
        sed 's/$/: print through terminal_stderr()/'
}

# No line has more than 100 characters (not bytes: what continues one in UTF-8 does not count).
columns() {
    awk 'length($0) > 100 {
        line = $0
        gsub(/[\200-\277]/, "", line)
        if (length(line) > 100) print FILENAME ":" FNR ": " length(line) " columns, 100 are the most"
    }' $(code src include tests/unit tests/fuzz tests/tools scripts/bench)
}

# No function has more than 60 lines from its opening brace to its closing one.
functions() {
    awk '
        FNR == 1 {from = 0}
        /^\{/ {from = FNR}
        /^\}/ && from {
            if (FNR - from + 1 > 60) print FILENAME ":" from ": a function of " FNR - from + 1 " lines, 60 are the most"
            from = 0
        }' $(code src include)
}

# Nothing else lies at the top of the repository (where this is one: an archive has no list of its files).
top() {
    git ls-files 2>/dev/null | sed '/^\./d; s,/.*,,' | sort -u |
        grep -vxE 'Makefile|README.md|LICENSE|src|include|tests|data|scripts' | sed 's/$/: not of the house/'
}

# What src/README.md tells a student to read is there, and is an evening's reading: 2,500 lines at the most.
evening() {
    sed -n 's/^| [0-9]* | `\([a-z_0-9/.]*\)` | .*/\1/p' src/README.md | while read -r module; do
        case $module in
        *.h) ls "include/mnist/$module" ;;
        *.*) ls "src/$module" ;;
        *) ls "include/mnist/$module.h" "src/$module.c" ;;
        esac
    done >"$work/evening" 2>&1
    grep -v '^[a-z_0-9/.]*$' "$work/evening"
    [ -s "$work/evening" ] || echo 'src/README.md names nothing to read'
    xargs cat <"$work/evening" 2>/dev/null | awk 'END {if (NR > 2500) print "src/README.md: " NR " lines to read in an evening, 2500 are the most"}'
}

# says PATH SCRIPT [ARGUMENT]…: what a script says where nothing is built or downloaded
says() {
    (cd "$bare" && PATH=$1 && shift && exec sh "$@") >"$work/said" 2>&1 </dev/null
}

# Each script is in scripts/README.md. Its --help says what it is and how it is called, and does nothing; one that needs the
# program or the data says which command brings it, in one line.
scripts() {
    bare="$work/it's bare"
    mkdir "$bare" "$work/few" && cp -R scripts "$bare" || return
    for tool in sh dirname sed; do
        ln -s "$(command -v $tool)" "$work/few/$tool" || return
    done
    for script in scripts/*.sh; do
        name=${script#scripts/}
        says "$work/few" "$script" --help || echo "$script:2: --help ends with exit code $?"
        sed -n 1p "$work/said" | grep -q '^[A-Z]' && grep -q "$name" "$work/said" ||
            echo "$script:2: --help does not say what it is and how it is called"
        grep -q "^| .*\`$name" scripts/README.md || echo "$script:2: scripts/README.md does not name it"
        case $name in
        common.sh | get-mnist.sh | install.sh) continue ;;
        make-sample.sh) first='make data' ;;
        *) first='make' ;;
        esac
        says "$PATH" "$script"
        [ $? -eq 1 ] && [ "$(wc -l <"$work/said")" -eq 1 ] && grep -q "^$name: .* is not there: run $first first\$" "$work/said" ||
            { echo "$script:2: does not end with code 1 and one line, to run $first first:" && cat "$work/said"; }
    done
    diff -r scripts "$bare/scripts" && [ "$(ls "$bare")" = scripts ] || echo 'scripts:1: something was made'
}

check 'includes name a room, their own or one before it' holds includes
check 'each header has its source, each unit test what it tests' holds pairs
if have nm; then
    check 'exported names begin with the name of their file' holds prefixes
else
    skip "exported names: needs nm (Debian's binutils)"
fi
check 'no option, command or script in strings below the front doors' holds strings
check 'strings are ASCII' holds ascii
check 'what prints on stderr removes the moving line first' holds stderr
check 'no line over 100 columns' holds columns
check 'no function over 60 lines' holds functions
check 'nothing else at the top' holds top
check 'scripts tell their usage, and what must be run first' holds scripts
check "an evening's reading" holds evening
finish
