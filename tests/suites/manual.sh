#!/bin/sh
# src/man is what the program says of itself: the pages, and what bash, zsh and fish offer at the end of a line.
. "$(dirname "$0")/../tools/suite.sh"
[ "$MODE" = release ] || exit 0 # the same texts in any mode
man=$REPO/src/man
commands=$(cd "$REPO" && ls src/cli/cmd_*.c | sed 's/.*cmd_//; s/\.c$//')
mkdir "$work/here" && cd "$work/here" && touch model.bin 'more of it.bin' && mkdir folder || exit 1

# --- src/man follows the program ---

# In a copy, with this build's program: `make test` leaves build/mnist as it is, or is not.
up_to_date() {
    mkdir -p "$work/copy/src" "$work/copy/include/mnist/base" && cp -R "$REPO/scripts" "$work/copy" && cp -R "$man" "$work/copy/src" &&
        cp "$REPO/include/mnist/base/version.h" "$work/copy/include/mnist/base" && cp -RP "$work/bin" "$work/copy/build" || return
    sh "$work/copy/scripts/manual.sh" && diff -r "$man" "$work/copy/src/man" ||
        { echo 'sh scripts/manual.sh brings src/man up to date' && return 1; }
}

# options_of COMMAND: a line each as help has it, such as "-o --out FILE".
options_of() {
    COLUMNS=80 mnist-$1 --help | sed -n 's/^  \(-.,\)\{0,1\} *\(--[a-z0-9-]*\)\( [A-Z][A-Z,]*\)\{0,1\}\( .*\)\{0,1\}$/\1 \2\3/p' | tr -d , | sed 's/^ //'
}

# The page of each command has its options, its summary, and no other option.
page_has_options() {
    options_of $1 | tr -d ' ' | sort >wanted
    sed -n '/^\.SH OPTIONS/,/^\.SH EXAMPLES/{/^\.TP/{n;s/\\f.//g;s/\\//g;s/[ ,]//g;p;};}' "$man/mnist-$1.1" | sort >found
    [ "$(wc -l <wanted)" -gt 8 ] && sed 's/,//g' wanted | diff - found || return
    printf 'mnist\\-%s \\- %s\n' $1 "$(mnist help | sed -n "s/^  mnist $1  *//p")" >wanted
    sed -n '/^\.SH NAME/{n;p;}' "$man/mnist-$1.1" | diff wanted -
}

# --- The pages ---

# renders PAGE: without a warning, and no line is wider than 80 columns.
renders() {
    {
        if have groff; then
            groff -man -Tutf8 -ww -z "$1" 2>&1
            groff -man -Tascii -P-cbou "$1" | awk 'length($0) > 80 {print "over 80 columns: " $0}'
        fi
        if have mandoc; then
            mandoc -T lint -W warning "$1"
            mandoc -T ascii "$1" | awk '{gsub(/.\010/, "")} length($0) > 80 {print "mandoc, over 80 columns: " $0}'
        fi
    } >rendering
    cat rendering
    [ ! -s rendering ]
}

# copies PAGE: what a reader would copy out of it is spelt so that no formatter makes typographic signs of it.
copies() {
    awk '
        function say(what) {print FILENAME ":" FNR ": " what ": " $0; bad = 1}
        /^\.\\"/ {next}
        /^\.EX/ {example = 1; next}
        /^\.EE/ {example = 0}
        /--/ {say("an option is \\-\\-")}
        example {
            if (/^[.\047]/) say("is taken for a macro")
            rest = $0
            gsub(/\\(-|e|\([a-z][a-z])/, "", rest)
            if (rest ~ /[-\047`^~\\]/) say("a character that needs an escape")
        }
        END {exit bad}' "$1"
}

# tells_version PAGE: that of include/mnist/base/version.h.
tells_version() {
    version=$(sed -n 's/^#define MNIST_VERSION "\(.*\)"/\1/p' "$REPO/include/mnist/base/version.h")
    sed -n '/^\.TH /p' "$1" | grep -F "\"mnist $version\"" || {
        echo "its .TH wants \"mnist $version\""
        false
    }
}

# --- What the shells offer ---

# LINE: WORDS. Lines of two dashes stand for all long options.
lines() {
    cat <<'END'
mnist : train eval show predict help
mnist pr: predict
mnist help : train eval show predict
mnist-train --sch: --schedule
mnist-train --schedule : constant cosine step
mnist-train --schedule=c: --schedule=constant --schedule=cosine
mnist train --preset b: best
mnist train --epochs :
mnist-train --epochs 5 --preset : none best
mnist-train --data : folder
mnist-train --data=f: --data=folder
mnist-eval mod: model.bin
mnist eval --split : test train
mnist eval mod: model.bin
mnist-eval model.bin --da: --data
mnist-show --weights mo: model.bin more_of_it.bin
mnist-train -o mod: model.bin
mnist-show m:
mnist-predict model.bin mo: model.bin more_of_it.bin
END
    for command in $commands; do
        echo "mnist-$command --: $(options_of $command | grep -o -e '--[a-z0-9-]*' | tr '\n' ' ')"
    done
}

bash_offers() {
    bash "$REPO/tests/tools/complete.bash" "$man/mnist.bash" "$1"
}

zsh_offers() {
    [ -e ../zsh ] || { cp "$man/mnist.zsh" "$work/_mnist" &&
        lines | sed 's/:[^:]*$//' | timeout 120 zsh -f "$REPO/tests/tools/complete.zsh" "$work" >../zsh; }
    awk -v line="= $1" '/^= / {ours = $0 == line; next} ours' ../zsh
}

fish_offers() {
    HOME=$work fish --no-config -c 'source $argv[1]; complete -C $argv[2]' "$man/mnist.fish" "$1" | cut -f 1
}

# offers SHELL: a value may come with its option, a folder with a slash, a space as it is or quoted.
offers() {
    lines | while IFS= read -r row; do
        line=${row%:*}
        "$1_offers" "$line" | sed '/^$/d; s,/$,,; s/^--[a-z]*=//; s/\\\{0,1\} /_/g' | sort -u >found
        for word in ${row##*:}; do echo "${word#--*=}"; done | sort -u | diff - found >differs || { echo "$line" && cat differs; }
    done >wrong
    [ ! -s wrong ] || { cat wrong && return 1; }
}

check 'src/man is up to date' up_to_date
for command in $commands; do check "page: the options of $command" page_has_options $command; done
for manual in "$man"/*.[1-9]; do
    name=${manual##*/}
    check "$name: the version is the program's" tells_version "$manual"
    check "$name: what may be copied is what was meant" copies "$manual"
    if have groff || have mandoc; then
        check "$name: no warning, no line over 80 columns" renders "$manual"
    else
        skip "$name: how it looks: needs groff or mandoc (Debian: groff-base, mandoc)"
    fi
done

for shell in bash zsh fish; do
    if have $shell; then
        check "$shell offers commands, options, values and files" offers $shell
    else
        skip "completion: needs $shell (Debian's $shell)"
    fi
done
finish
