#compdef mnist mnist-train mnist-eval mnist-show mnist-predict
# Completion for zsh. Lines between "made by" and "end" are printed by the program: scripts/manual.sh renews them.

_mnist_options() {
    local -a rows
    case $1 in
    # made by mnist-train --help=zsh
    train) rows=(
        "--epochs=[passes over the training images, at most]:N: "
        "--lr=[learning rate, at the schedule's peak]:F: "
        "--batch=[images a step]:N: "
        "--l2=[adds F/2 times the sum of squared weights to the loss]:F: "
        "--dropout=[share of hidden units silenced in a step]:F: "
        "--patience=[epochs without a lower validation loss before it stops; 0: never]:N: "
        "--val=[images set aside for validation; 0: none, the last weights are kept]:N: "
        "--schedule=[learning rate over time]:NAME:(constant cosine step)"
        "--warmup=[epochs in which the learning rate rises to its peak]:N: "
        "--label-smoothing=[share of each target that is spread over all classes]:F: "
        "--ema=[keep an average of the weights with this decay a step; 0: the last weights]:F: "
        "--seed=[same seed and options, same model, byte for byte]:N: "
        "--preset=[a recipe; other options override it]:NAME:(none best)"
        "--augment[augment each image, afresh each time]"
        "--rotate=[turn by up to this many degrees]:DEG: "
        "--scale=[stretch each axis by up to this share]:F: "
        "--shear=[slant by up to this many pixels a pixel]:F: "
        "--shift=[move along each axis by up to this many pixels]:F: "
        "--elastic=[bend, by this many pixels of standard deviation]:F: "
        "--no-augment[no augmentation, whatever the preset says]"
        "--data=[folder with the four MNIST files]:DIR:_files -/"
        "(-o --out)-o+[model file to write]:FILE:_files"
        "(-o --out)--out=[model file to write]:FILE:_files"
        "--checkpoint=[write what --resume needs after each epoch]:FILE:_files"
        "--resume=[go on from a checkpoint, and keep it up to date]:FILE:_files"
        "--log=[append JSON Lines to this file]:FILE:_files"
        "--report=[write a report with curves and pictures, one HTML file]:FILE:_files"
        "--max-seconds=[stop after this time, keep the best weights; 0: no limit]:F: "
        "--threads=[threads: one a processor, up to 8, unless given; all give the same result]:N: "
        "--simd=[instruction set; each gives the same result]:SET:(auto baseline avx2 avx512 reference)"
        "--json[JSON Lines on stdout, and nothing else there]"
        "(-q --quiet)-q[warnings and errors alone on stderr]"
        "(-q --quiet)--quiet[warnings and errors alone on stderr]"
        "--color=[colours]:WHEN:(auto always never)"
        "(-h --help)-h[print help and exit]"
        "(-h --help)--help[print help and exit]"
        "(-V --version)-V[print the version and exit]"
        "(-V --version)--version[print the version and exit]"
    ) ;;
    # end
    # made by mnist-eval --help=zsh
    eval) rows=(
        "--split=[images to evaluate on]:NAME:(test train)"
        "--misclassified=[show the N most confident mistakes]:N: "
        "--shift=[first move the images this many pixels to the right and down]:X,Y: "
        "--rotate=[first turn the images counterclockwise]:DEG: "
        "--style=[how pictures are drawn]:NAME:(auto ascii blocks)"
        "--data=[folder with the four MNIST files]:DIR:_files -/"
        "--report=[write a report with pictures, one HTML file]:FILE:_files"
        "--threads=[threads: one a processor, up to 8, unless given; all give the same result]:N: "
        "--simd=[instruction set; each gives the same result]:SET:(auto baseline avx2 avx512 reference)"
        "--json[JSON Lines on stdout, and nothing else there]"
        "(-q --quiet)-q[warnings and errors alone on stderr]"
        "(-q --quiet)--quiet[warnings and errors alone on stderr]"
        "--color=[colours]:WHEN:(auto always never)"
        "(-h --help)-h[print help and exit]"
        "(-h --help)--help[print help and exit]"
        "(-V --version)-V[print the version and exit]"
        "(-V --version)--version[print the version and exit]"
        "*:file:_files"
    ) ;;
    # end
    # made by mnist-show --help=zsh
    show) rows=(
        "--split=[where the samples are from]:NAME:(train test)"
        "--start=[index of the first sample or unit]:I: "
        "--digit=[only this digit]:D: "
        "--random[draw the samples at random, from --start on]"
        "--seed=[which random samples, and which augmentations]:N: "
        "--style=[how pictures are drawn]:NAME:(auto ascii blocks)"
        "--augment[augment each image, afresh each time]"
        "--rotate=[turn by up to this many degrees]:DEG: "
        "--scale=[stretch each axis by up to this share]:F: "
        "--shear=[slant by up to this many pixels a pixel]:F: "
        "--shift=[move along each axis by up to this many pixels]:F: "
        "--elastic=[bend, by this many pixels of standard deviation]:F: "
        "--data=[folder with the four MNIST files]:DIR:_files -/"
        "--model=[add what this model says]:FILE:_files"
        "--weights=[show COUNT units \[128\] of this model's first layer instead]:MODEL:_files"
        "--threads=[threads: one a processor, up to 8, unless given; all give the same result]:N: "
        "--simd=[instruction set; each gives the same result]:SET:(auto baseline avx2 avx512 reference)"
        "--json[JSON Lines on stdout, and nothing else there]"
        "(-q --quiet)-q[warnings and errors alone on stderr]"
        "(-q --quiet)--quiet[warnings and errors alone on stderr]"
        "--color=[colours]:WHEN:(auto always never)"
        "(-h --help)-h[print help and exit]"
        "(-h --help)--help[print help and exit]"
        "(-V --version)-V[print the version and exit]"
        "(-V --version)--version[print the version and exit]"
    ) ;;
    # end
    # made by mnist-predict --help=zsh
    predict) rows=(
        "--show[show each picture as the network sees it]"
        "--style=[how pictures are drawn]:NAME:(auto ascii blocks)"
        "--threads=[threads: one a processor, up to 8, unless given; all give the same result]:N: "
        "--simd=[instruction set; each gives the same result]:SET:(auto baseline avx2 avx512 reference)"
        "--json[JSON Lines on stdout, and nothing else there]"
        "(-q --quiet)-q[warnings and errors alone on stderr]"
        "(-q --quiet)--quiet[warnings and errors alone on stderr]"
        "--color=[colours]:WHEN:(auto always never)"
        "(-h --help)-h[print help and exit]"
        "(-h --help)--help[print help and exit]"
        "(-V --version)-V[print the version and exit]"
        "(-V --version)--version[print the version and exit]"
        "*:file:_files"
    ) ;;
    # end
    *) return 1 ;;
    esac
    _arguments -s -S "${rows[@]}"
}

_mnist() {
    local -a commands
    commands=(
        # made by mnist --help=zsh
        "train:train on MNIST and write a model file"
        "eval:evaluate a model file"
        "show:show samples, or a model's weights, as pictures"
        "predict:read your own digits, from pictures of any size"
        # end
    )
    if [[ $service != mnist ]]; then
        _mnist_options "${service#mnist-}"
    elif ((CURRENT == 2)); then
        _describe command commands -- '(help:print\ the\ help)' && return
        _arguments '--help[print help and exit]' '--version[print the version and exit]'
    elif [[ $words[2] == help ]]; then
        ((CURRENT == 3)) && _describe command commands
    else
        local command=$words[2]
        shift words
        ((CURRENT--))
        _mnist_options "$command"
    fi
}

_mnist "$@"
