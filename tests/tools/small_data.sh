# small_data FOLDER: a data set that can be trained on again and again: 256 training and 64 test images of the sample.
small_data() {
    mkdir -p "$1"
    for file in 'train-images-idx3-ubyte 256 16 784' 'train-labels-idx1-ubyte 256 8 1' \
        't10k-images-idx3-ubyte 64 16 784' 't10k-labels-idx1-ubyte 64 8 1'; do
        set -- "$1" $file
        gzip -dc "$SAMPLE/$2.gz" | head -c $(($4 + $3 * $5)) >"$1/$2" || return
        printf '%b' "$(printf '\\%03o' 0 0 $(($3 / 256)) $(($3 % 256)))" | dd of="$1/$2" bs=1 seek=4 conv=notrunc 2>/dev/null
    done
}
