#!/bin/sh
# What mnist-model(5) says of a field is compared with what runs print and write, and with the source: each is documented
# under its heading, with its kind, with when it is null and when it is absent.
. "$(dirname "$0")/../tools/suite.sh"
[ "$MODE" = release ] || exit 0 # the same pages in any mode
cd "$work" || exit 1

page=$REPO/src/man/mnist-model.5

# Each item of a .TP list: HEADING, NAME and TEXT with tabs between. The heading is that of the section, and in JSON LINES
# that below it.
items() {
    awk '
        function plain(text) {
            gsub(/\\f[BIR]/, "", text)
            gsub(/\\-/, "-", text)
            return text
        }
        function tell(  i, n, name) {
            n = split(names, name, /[ ,]+/)
            for (i = 1; i <= n; i++) print heading "\t" name[i] "\t" text
            names = text = ""
        }
        /^\.(SH|SS|TP|PP)/ {if (names != "") tell()}
        /^\.SH/ {section = heading = plain(substr($0, 5)); next}
        /^\.SS/ {if (section == "JSON LINES") heading = plain(substr($0, 5)); next}
        /^\.TP/ {tag = 1; next}
        {
            line = plain($0)
            sub(/^\.[BI]R? /, "", line)
            gsub(/"/, "", line)
            if (tag) {if (/^\.B/) names = line}
            else if (names != "") text = text (text == "" ? "" : " ") line
            tag = 0
        }' "$page"
}

# --- JSON ---

train() {
    mnist-train --data "$SAMPLE" --quiet --json "$@"
}

# The 16 first images to test with: no 3 and no 8 is among them.
few() {
    mkdir few
    for part in images-idx3:16:784 labels-idx1:8:1; do
        IFS=: read -r name header size <<END
$part
END
        gzip -dc "$SAMPLE/t10k-$name-ubyte.gz" | head -c $((header + 16 * size)) >"few/t10k-$name-ubyte"
        printf '\000\000\000\020' | dd of="few/t10k-$name-ubyte" bs=1 seek=4 conv=notrunc 2>dd.log
    done
}

# picture NUMBER…: a picture of 28×28 of these greys, again and again, as PGM.
picture() {
    echo P2 28 28 255
    awk -v greys="$*" 'BEGIN {n = split(greys, grey, " "); for (i = 0; i < 784; i++) print grey[i % n + 1]}'
}

# fails COMMAND…: it must, with exit code 1.
fails() {
    "$@" 2>>failures
    [ $? -eq 1 ]
}

# Every object that there is, with and without each field that may be absent, in a file for each command.
runs() {
    few || return
    train --epochs 1 --schedule constant --seed 18446744073709551615 --augment --ema 0.9 --checkpoint run --log run.jsonl \
        >train && cmp run.jsonl train && cp run first.checkpoint || return
    train --epochs 2 --resume run --log run.jsonl >>train || return
    train --epochs 1 --val 0 --out plain.bin --checkpoint plain >>train || return
    fails train --max-seconds 1e-6 >>train || return
    fails train --lr 1e12 --out diverged.bin >>train || return
    cat run.jsonl >>train
    mnist-eval model.bin --data "$SAMPLE" --json --misclassified 2 >eval || return
    mnist-eval plain.bin --data few --json --shift 0.5,-1 --rotate 2.5 >>eval || return
    mnist-show 2 --data "$SAMPLE" --json --augment >show || return
    mnist-show 2 --data "$SAMPLE" --json --split test --model model.bin >>show || return
    mnist-show 2 --json --weights model.bin >weights || return
    picture 0 0 0 0 0 0 0 0 0 0 0 0 0 255 255 255 0 0 0 0 0 0 0 0 0 0 0 0 >one.pgm
    picture 9 >blank.pgm
    mnist-predict model.bin few/t10k-images-idx3-ubyte one.pgm --json >predict || return
    fails mnist-predict model.bin one.pgm blank.pgm broken.pgm --json --show >>predict
}

# The objects that a heading documents.
objects_of() {
    case $1 in
    'mnist-train: '*) grep "^{\"event\":\"${1#*: }\"" train ;;
    'mnist-show --weights') cat weights ;;
    *) cat "${1#mnist-}" ;;
    esac
}

# documented HEADING: its items are the fields of its objects, no more and no fewer, and of each the kind, whether it may be
# null and whether it may be absent.
documented() {
    objects_of "$1" >objects && python3 "$REPO/tests/tools/json_keys.py" --fields <objects >fields || return
    awk -F '\t' -v heading="$1" '
        function say(name, what) {print heading ": " name " " what; bad = 1}
        function is(kind, text) {return index(text, kind) == 1 || index(text, " or " kind) || index(text, " or a " kind)}
        NR == FNR {if ($1 == heading) text[$2] = tolower($3); next}
        !($1 in text) {if (!($1 in seen)) say($1, "is not documented"); seen[$1]; next}
        {
            seen[$1]
            was[$1, $2]
            real = loose = $2
            gsub(/integer/, "number", real)
            sub(/of [0-9]+ /, "of ", loose)
            if ($2 !~ /^(absent|null)$/ && !is($2, text[$1]) && !is(real, text[$1]) && !is(loose, text[$1]))
                say($1, "is documented as \"" text[$1] "\", and is: " $2)
        }
        END {
            for (name in text) {
                if (!(name in seen)) {say(name, "is documented, and in none of the runs of this suite"); continue}
                if ((text[name] ~ /absent/) != ((name, "absent") in was))
                    say(name, text[name] ~ /absent/ ? "is always there" : "may be absent")
                if ((text[name] ~ /null/) != ((name, "null") in was))
                    say(name, text[name] ~ /null/ ? "is never null" : "may be null")
            }
            exit bad
        }' items fields
}

# Each name that the source gives to a value is documented, be it in a run or not: as an item, or in the text of what a
# safetensors file is.
source_names() {
    (cd "$REPO" && cat src/*/*.c) | tr -s '\n ' '  ' | awk '{
        while (match($0, /_put_[a-z]+\(&?[a-z_>.-]+, "[^"]*"/)) {
            split(substr($0, RSTART, RLENGTH), part, "\"")
            print part[2]
            $0 = substr($0, RSTART + RLENGTH)
        }
    }' | sort -u >names
    sed -n 's/^\.B \([a-z_]*\)$/\1/p' "$page" >known
    cut -f 2 items | sed 's/.*\[\]\.//' >>known
    grep -vxF -f known names | sed 's/$/ is put into JSON, and not documented/' >unknown
    cat unknown
    [ -s names ] && [ ! -s unknown ]
}

# same_words HEADING NAME WORD…: the text of an item has each of the words that the source has.
same_words() {
    text=$(awk -F '\t' -v heading="$1" -v name="$2" '$1 == heading && $2 == name {print $3}' items)
    item="$1: $2"
    shift 2
    [ $# -gt 0 ] || return
    for word; do
        case " $text" in
        *[!a-z0-9]"$word"[!a-z0-9]*) ;;
        *)
            echo "$item: lacks $word"
            return 1
            ;;
        esac
    done
}

words() {
    same_words 'mnist-train: end' stopped time \
        $(sed -n 's/.*const names\[\] = {\(.*\)};/\1/p' "$REPO/src/cli/train_output.c" | tr -d '",') &&
        same_words 'mnist-train: start' kernels \
            $(sed -n 's/.*const kernels_names\[\] = {"auto", \(.*\), NULL};/\1/p' "$REPO/src/net/kernels.c" | tr -d '",')
}

# --- files ---

# The header of a model or checkpoint.
header() {
    head -c $((8 + $(od -An -tu1 -N 2 "$1" | awk '{print $1 + 256 * $2}'))) "$1" | tail -c +9
}

# The metadata of a model or checkpoint: KEY and VALUE with a tab between.
metadata() {
    header "$1" | tr '{}' '\n\n' | sed -n '/"mnist_/p' | awk '{
        n = split(substr($0, 2, length($0) - 2), pair, /","/)
        for (i = 1; i <= n; i++) {
            sub(/":"/, "\t", pair[i])
            print pair[i]
        }
    }'
}

# keys KIND FILE…: the items of a kind of file are the keys of these, no more and no fewer; each value is of the item's
# type and, where the page names the value, that one; what is not in all of the files may be absent.
keys() {
    what=$1
    shift
    for file; do
        echo file
        metadata "$file"
    done >values
    awk -F '\t' -v what="$what" '
        function say(name, found) {print what ": " name " " found; bad = 1}
        function good(text, value) {
            if (text ~ /^Integer: [0-9]/) return substr(text, 10) + 0 == value
            if (text ~ /^Integer/) return value ~ /^[0-9]+$/
            if (text ~ /^Number/) return value ~ /^[0-9]+(\.[0-9]+)?(e[-+][0-9]+)?$/
            if (text ~ /^CRC-32/) return length(value) == 8 && value !~ /[^0-9a-f]/
            return text ~ /^String/ && index(text, value)
        }
        NR == FNR {
            version = what == "checkpoint" ? "mnist_format_version" : ""
            if (($1 == "METADATA" && $2 != version) || ($1 == "CHECKPOINTS" && what == "checkpoint" && $2 !~ /\.$/))
                text[$2] = $3
            next
        }
        $1 == "file" {files++; next}
        !($1 in text) {say($1, "is not documented"); next}
        {
            count[$1]++
            if (!good(text[$1], $2)) say($1, "is documented as \"" text[$1] "\", and is: " $2)
        }
        END {
            for (name in text) {
                if (!count[name]) say(name, "is documented, and in none of the files of this suite")
                else if ((text[name] ~ /Absent/) != (count[name] < files))
                    say(name, text[name] ~ /Absent/ ? "is always there" : "may be absent")
            }
            exit bad || !files
        }' items values
}

# What version 1.0 did not write is named where the page tells of 1.0; checksums are told together.
earlier() {
    gzip -dc "$REPO/tests/earlier/model-1.0.bin.gz" >model-1.0.bin || return
    gzip -dc "$REPO/tests/earlier/checkpoint-1.0.gz" >checkpoint-1.0 || return
    sed -n '/^\.SH STABILITY/,/^\.PP/p' "$page" | tr -s ' ,' '\n\n' >told
    for pair in model.bin:model-1.0.bin first.checkpoint:checkpoint-1.0; do
        metadata "${pair%:*}" | cut -f 1 | sort >now
        metadata "${pair#*:}" | cut -f 1 | sort >then
        comm -23 now then | grep -v '_crc32$'
        comm -13 now then
    done | sort -u >differ
    grep -vxF -f told differ
    [ -s differ ] && ! grep -qvxF -f told differ
}

# limits: of each option, those that mnist-train tells are those of the metadata.
limits() {
    sed -n 's/^    {"\([a-z0-9_]*\)", TRAIN_[A-Z]*, TRAIN_.*/\1/p' "$REPO/src/net/train_options.c" >options
    while read -r name; do
        said=$(mnist-train --augment "--$(echo "$name" | tr _ -)=-1e30" 2>&1 | sed 's/.*: give //')
        said=${said##* from }
        grep -q -e "^METADATA	$name	.*[,:] $said: " -e "^METADATA	$name	.*[,:] $said\.$" items || echo "$name: wants $said"
    done <options >wrong
    cat wrong
    [ -s options ] && [ ! -s wrong ]
}

# The examples of the page as they are printed, one after another, each after a line "example".
examples() {
    awk '
        /^\.EX/ {example = 1; print "example"; next}
        /^\.EE/ {example = 0}
        example {
            gsub(/\\-/, "-")
            gsub(/\\\(aq/, "\047")
            gsub(/\\e/, "\\")
            print
        }' "$page"
}

# example LINE: the one that begins with it.
example() {
    examples | awk -v line="$1" '
        $0 == "example" {first = 1; next}
        first {wanted = $0 == line; first = 0}
        wanted {print; found = 1}
        END {exit !found}'
}

# Names, types, shapes and places of a model's tensors; the names of a checkpoint's, and the columns of its history.
tensors() {
    header model.bin | tr '}' '\n' | sed -n -e 's/,"data_offsets":\[\(.*\),\(.*\)\]$/ \1 \2/' \
        -e 's/.*"\([a-z0-9.]*\)":{"dtype":"\(.*\)","shape":/\1 \2 /p' >told
    examples | awk '$2 == "F32" {print $1, $2, $3, $4, $5}' | diff - told || return
    grep -q "^8 + N  $(awk 'END {print $5}' told) bytes" "$page" || {
        echo 'the number of bytes is wrong'
        return 1
    }
    header first.checkpoint | tr '{}' '\n\n' | sed -n -e '/"__metadata__":$/d' -e '/"fc[0-9.a-z]*":$/d' \
        -e 's/.*"\([a-z]*\.*\)[a-z0-9.]*":$/\1/p' | uniq >told
    (awk -F '\t' '$1 == "CHECKPOINTS" && $2 ~ /\.$/ {print $2}' items && echo history) | diff - told || return
    columns=$(sed -n 's/^    {"\([a-z_]*\)", COLUMN_.*/\1/p' "$REPO/src/net/train.c" | grep -vx best |
        awk '{printf "%s%s", between, $0; between = ", "}')
    [ -n "$columns" ] && tr '\n' ' ' <"$page" | grep -qF "columns: $columns," || {
        echo "the columns are not $columns"
        false
    }
}

# crc32: that of stdin, as the end of what gzip makes of it tells.
crc32() {
    gzip -c | tail -c 8 | od -An -tx1 | awk '{print $4 $3 $2 $1}'
}

# The sums of the data are those of what the page says that they are of.
data_sums() {
    for part in train_images:train-images-idx3:16 train_labels:train-labels-idx1:8 test_images:t10k-images-idx3:16 \
        test_labels:t10k-labels-idx1:8; do
        IFS=: read -r key name header <<END
$part
END
        sum=$(gzip -dc "$SAMPLE/$name-ubyte.gz" | tail -c +$((header + 1)) | crc32)
        header first.checkpoint | grep -q "\"${key}_crc32\":\"$sum\"" || {
            echo "${key}_crc32 is not $sum"
            return 1
        }
    done
}

# longer FILE NAME BYTES: a copy of FILE with this many bytes, of which the new ones take no room.
longer() {
    cp "$1" "$2" && dd if=/dev/null of="$2" bs=1 seek="$3" 2>dd.log
}

# limit NAME: that of the source; that of a text has room for the NUL at its end.
limit() {
    sed -n "s/^ *SAFETENSORS_$1 = \([0-9]*\),.*/\1/p" "$REPO/include/mnist/codec/safetensors.h"
}

# What is refused by its size, is so from the sizes on that the page names.
sizes() {
    longer model.bin large.bin 67108865 && longer run large.checkpoint 134217729 || return
    longer run.jsonl large.jsonl 1073741825 || return
    {
        printf '\001\000\020\000\000\000\000\000{'
        awk 'BEGIN {for (i = 0; i < 16384; i++) printf "%64s", ""}'
    } >large.header
    fails mnist-eval large.bin && fails mnist-eval large.header && fails mnist-train --quiet --resume large.checkpoint &&
        fails mnist-train --quiet --data "$SAMPLE" --out new.bin --log large.jsonl || return
    rm large.*
    sed -n '/^\.SH LIMITS/,/^\.SH EXAMPLES/p' "$page" | tr -s '\n ' '  ' >text
    tail -n 4 failures |
        sed -n -e 's/.*more than the \([0-9,]*\) .*/more than \1 /p' -e 's/.*at most \([0-9,]*\)$/more than \1 /p' >told
    echo "more than $(limit TENSORS) tensors or $(limit METADATA) strings" >>told
    echo "key of more than $(($(limit NAME) - 1)) bytes, a value of more than $(($(limit VALUE) - 1))," >>told
    while read -r words; do
        grep -qF -e "$words" text || echo "LIMITS lacks: $words"
    done <told >wrong
    cat wrong
    [ "$(wc -l <told)" -eq 6 ] && [ ! -s wrong ]
}

# The page's Python agrees with both checksums of a model and of a checkpoint, and with none where a byte is another.
checksums() {
    example 'import json, re, zlib' >checksums.py || return
    mkdir sums
    for file in first.checkpoint model.bin; do
        cp $file sums/model.bin && (cd sums && python3 ../checksums.py) || return
    done
    for at in 49 9999; do
        cp model.bin sums/model.bin && printf x | dd of=sums/model.bin bs=1 seek=$at conv=notrunc 2>dd.log
        (cd sums && python3 ../checksums.py) >log 2>&1 && echo "another byte $at is not seen" && return 1
    done
    grep -q AssertionError log
}

# What the page reads with NumPy is what the program says the weights are.
reads_a_weight() {
    example 'import json' >read.py || return
    "$python" read.py && "$python" read.py | grep -qx '(128, 784) 18446744073709551615' || return
    mnist-show 128 --json --weights model.bin >units && cat >>read.py <<'END'
shown = [json.loads(line)["weights"] for line in open("units")]
assert (weight == np.array(shown, "<f4")).all(), "mnist-show has other weights"
END
    "$python" read.py
}

# The page's lines for jq print what is in the log.
reads_the_log() {
    example 'tail -n 1 run.jsonl | jq .test_acc' >jq.sh && sh jq.sh >printed || return
    sed -n 's/.*"event":"end".*"test_acc":\([0-9.]*\),.*/\1/p' run.jsonl | tail -n 1 >told
    sed -n 's/.*"event":"epoch".*"val_loss":\([0-9.]*\),.*/\1/p' run.jsonl >>told
    [ "$(wc -l <told)" -eq 3 ] && diff told printed
}

items >items
check 'there are runs to compare with' runs
check 'every name that the source puts into JSON' source_names
check 'the words of the source' words
if have python3; then
    cut -f 1 items | sed -n '/^mnist-/p' | uniq >headings
    while read -r heading; do
        check "the fields of $heading" documented "$heading"
    done <headings
    check 'its Python checks the checksums' checksums
else
    skip 'JSON, and its Python for the checksums: needs python3'
fi
check 'the keys of a model' keys model model.bin plain.bin
check 'the keys of a checkpoint' keys checkpoint first.checkpoint run plain
check 'what version 1.0 did not write' earlier
check 'the limits of the options' limits
check 'the tensors' tensors
check 'the checksums of the data' data_sums
check 'sizes that are refused' sizes
if find_python numpy; then
    check 'its Python reads a weight' reads_a_weight
else
    skip 'its Python reads a weight: needs NumPy (Debian: python3-numpy)'
fi
if have jq; then
    check 'its jq reads the log' reads_the_log
else
    skip 'its jq reads the log: needs jq'
fi
finish
