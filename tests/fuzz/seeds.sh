# What the fuzz targets start from: . "$REPO/tests/fuzz/seeds.sh", in the folder $work
#
# Makes a folder seed-TARGET for each: its corpus, and whole files. Some are right but for one thing, so that whoever drops the
# check of it is found out at once.
targets='gzip idx image model checkpoint options train resume'

for target in $targets; do
    mkdir "seed-$target" && cp "$REPO/tests/fuzz/corpus/$target"/* "seed-$target" || exit 1
done

# near_miss KIND NAME SCRIPT: a seed, the whole file with its header changed by sed.
near_miss() {
    sed "$3" "whole.$1" >"seed-$1/$2" && ! cmp -s "whole.$1" "seed-$1/$2" || { echo "no near miss $2" && exit 1; }
}

# other_bytes NAME PLACE BYTES COUNT: a seed, the whole checkpoint with other bytes at that place from its end.
other_bytes() {
    { head -c $(($(wc -c <whole.checkpoint) - $2)) whole.checkpoint && printf "$3" &&
        tail -c $(($2 - $4)) whole.checkpoint; } >"seed-checkpoint/$1" || exit 1
}

mnist-train --epochs 2 --ema 0.9 --augment --checkpoint whole.checkpoint --out whole.model --quiet --data "$SAMPLE" >report || exit 1
cp whole.model seed-model && cp whole.checkpoint seed-checkpoint || exit 1
gzip -dc "$REPO/tests/earlier/model-1.0.bin.gz" >seed-model/earlier || exit 1
gzip -dc "$REPO/tests/earlier/checkpoint-1.0.gz" >seed-checkpoint/earlier || exit 1
near_miss model numbers 's/"numbers":"1"/"numbers":"x"/'
near_miss checkpoint numbers 's/"numbers":"1"/"numbers":"2"/'
near_miss model shape 's/"shape":\[128,784\]/"shape":[784,128]/'
near_miss model nine 's/"shape":\[10\],"data_offsets":\[437504,437544\]/"shape":[9],"data_offsets":[437504,437540]/'
head -c $(($(wc -c <seed-model/nine) - 4)) seed-model/nine >nine && mv nine seed-model # its bias is cut off
near_miss model rank 's/"shape":\[10\]/"shape":[10,1]/'
near_miss checkpoint best-0 's/"best_epoch":"[12]"/"best_epoch":"0"/'
near_miss checkpoint best-3 's/"best_epoch":"[12]"/"best_epoch":"3"/'
near_miss checkpoint epochs 's/"epochs":"2"/"epochs":"1"/'
near_miss checkpoint batch 's/"batch":"128"/"batch":"0"/'
near_miss checkpoint no-average 's/"ema":"0.9"/"ema":"0"/'
other_bytes no-time 32 '\0\0\0\0\0\0\0\0' 8  # the last epoch took 0 seconds: number 5 of the last 9
other_bytes moment 875272 '\0\0\200\277' 4  # a mean of squared gradients is -1: the first of v.fc3.bias
cp "$SAMPLE/t10k-labels-idx1-ubyte.gz" seed-gzip/labels || exit 1
gzip -dc seed-gzip/labels >seed-idx/labels || exit 1
{ printf '\0\0\010\003\0\0\0\012\0\0\0\034\0\0\0\034' &&
    gzip -dc "$SAMPLE/t10k-images-idx3-ubyte.gz" | tail -c +17 | head -c 7840; } >seed-idx/ten-images
. "$REPO/tests/tools/pictures.sh"
pixels 0 | enlarge 3 | pgm 84 >seed-image/digit && blank >seed-image/blank || exit 1
