# Pictures for the cases of mnist-predict, made of the sample's test images.

# pixels INDEX: one a line
pixels() {
    mnist-show 1 --split test --start "$1" --json --data "$SAMPLE" | sed 's/.*"pixels":\[//;s/\].*//' | tr , '\n'
}

# pgm SIDE: pixels become a plain PGM
pgm() {
    echo "P2 $1 $1 255"
    cat
}

# enlarge FACTOR: of 28×28 pixels
enlarge() {
    awk -v f="$1" '{p[NR - 1] = $1}
        END {for (y = 0; y < 28 * f; y++) for (x = 0; x < 28 * f; x++) print p[int(y / f) * 28 + int(x / f)]}'
}

blank() {
    awk 'BEGIN {print "P2 20 30 255"; for (i = 0; i < 600; i++) print 180 + i % 3}'
}
