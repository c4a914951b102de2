#!/bin/sh
# What `mnist-train OPTION...` gives over seeds 1 to 5, on the test set as it is, moved by 2 pixels in each of 8
# directions, and turned by 15 degrees either way, with calibration: scripts/robust.sh --preset best
set -eu
. "$(dirname -- "$0")/common.sh"
built mnist-train mnist-eval
model=$(mktemp)
trap 'rm -f "$model" "$model.rows"' EXIT

# eval NAME OPTION...: the figure of that name in mnist-eval's JSON
eval_figure() {
    name=$1
    shift
    build/mnist-eval "$model" --json "$@" | sed "s/.*\"$name\":\\([0-9.e-]*\\).*/\\1/"
}

for seed in 1 2 3 4 5; do
    events=$(build/mnist-train --json --quiet --seed "$seed" --out "$model" "$@")
    seconds=$(printf '%s\n' "$events" | sed -n '$s/.*"seconds":\([0-9.]*\).*/\1/p')
    row="$seed $(eval_figure accuracy) $(eval_figure loss) $(eval_figure calibration_error) $(eval_figure coverage)"
    for shift in -2,-2 -2,0 -2,2 0,-2 0,2 2,-2 2,0 2,2; do
        row="$row $(eval_figure accuracy --shift $shift)"
    done
    echo "$row $(eval_figure accuracy --rotate -15) $(eval_figure accuracy --rotate 15) $seconds"
done >"$model.rows"

awk "$percent"'
function add(name, value) {
    sum[name] += value
    squares[name] += value * value
}
function mean(name) { return sum[name] / NR }
function deviation(name) {
    v = (squares[name] - NR * mean(name) * mean(name)) / (NR - 1)
    return sqrt(v > 0 ? v : 0)
}
function tell(text, name, scale, digits) {
    printf "%-44s %.*f (standard deviation %.*f)\n", text, digits, scale * mean(name), digits, scale * deviation(name)
}
BEGIN {
    print "coverage: with 0.1% wrong; moved by 2 pixels: the mean and the worst of 8; turned by 15°: the mean of both"
    printf "%4s  %8s  %6s  %6s  %9s  %7s  %7s  %7s  %7s\n", "seed", "accuracy", "loss", "ECE", "coverage", "moved", "worst",
        "turned", "seconds"
}
{
    moved = 0
    worst = 1
    for (i = 6; i <= 13; i++) {
        moved += $i / 8
        worst = $i < worst ? $i : worst
    }
    turned = ($14 + $15) / 2
    printf "%4d  %7.2f%%  %.4f  %5.2f%%  %8.2f%%  %6.2f%%  %6.2f%%  %6.2f%%  %7.1f\n", $1, percent($2), $3, percent($4),
        percent($5), percent(moved), percent(worst), percent(turned), $16
    add("accuracy", $2)
    add("loss", $3)
    add("ece", $4)
    add("coverage", $5)
    add("moved", moved)
    add("turned", turned)
    add("seconds", $16)
}
END {
    print ""
    tell("test accuracy, %", "accuracy", 100, 3)
    tell("negative log-likelihood, nats", "loss", 1, 4)
    tell("expected calibration error, %", "ece", 100, 2)
    tell("coverage at 0.1% risk, %", "coverage", 100, 2)
    tell("moved by 2 pixels, 8 directions, %", "moved", 100, 2)
    tell("turned by 15 degrees, %", "turned", 100, 2)
    tell("seconds a run", "seconds", 1, 1)
}' "$model.rows"
