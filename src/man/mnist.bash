# Completion for bash. Lines between "made by" and "end" are printed by the program: scripts/manual.sh renews them.

# _mnist_rows COMMAND:WHAT: the words to offer, in `words`, or the kind of files, in `files`. WHAT is `options`, `operands`,
# or an option that takes a value; for others it fails.
_mnist_rows() {
    words='' files=''
    case $1 in
    # made by mnist-train --help=bash
    train:options) words='--epochs --lr --batch --l2 --dropout --patience --val --schedule --warmup --label-smoothing --ema --seed --preset --augment --rotate --scale --shear --shift --elastic --no-augment --data --out --checkpoint --resume --log --report --max-seconds --threads --simd --json --quiet --color --help --version' ;;
    train:--epochs) ;;
    train:--lr) ;;
    train:--batch) ;;
    train:--l2) ;;
    train:--dropout) ;;
    train:--patience) ;;
    train:--val) ;;
    train:--schedule) words='constant cosine step' ;;
    train:--warmup) ;;
    train:--label-smoothing) ;;
    train:--ema) ;;
    train:--seed) ;;
    train:--preset) words='none best' ;;
    train:--rotate) ;;
    train:--scale) ;;
    train:--shear) ;;
    train:--shift) ;;
    train:--elastic) ;;
    train:--data) files=-d ;;
    train:--out | train:-o) files=-f ;;
    train:--checkpoint) files=-f ;;
    train:--resume) files=-f ;;
    train:--log) files=-f ;;
    train:--report) files=-f ;;
    train:--max-seconds) ;;
    train:--threads) ;;
    train:--simd) words='auto baseline avx2 avx512 reference' ;;
    train:--color) words='auto always never' ;;
    train:operands) ;;
    # end
    # made by mnist-eval --help=bash
    eval:options) words='--split --misclassified --shift --rotate --style --data --report --threads --simd --json --quiet --color --help --version' ;;
    eval:--split) words='test train' ;;
    eval:--misclassified) ;;
    eval:--shift) ;;
    eval:--rotate) ;;
    eval:--style) words='auto ascii blocks' ;;
    eval:--data) files=-d ;;
    eval:--report) files=-f ;;
    eval:--threads) ;;
    eval:--simd) words='auto baseline avx2 avx512 reference' ;;
    eval:--color) words='auto always never' ;;
    eval:operands) files=-f ;;
    # end
    # made by mnist-show --help=bash
    show:options) words='--split --start --digit --random --seed --style --augment --rotate --scale --shear --shift --elastic --data --model --weights --threads --simd --json --quiet --color --help --version' ;;
    show:--split) words='train test' ;;
    show:--start) ;;
    show:--digit) ;;
    show:--seed) ;;
    show:--style) words='auto ascii blocks' ;;
    show:--rotate) ;;
    show:--scale) ;;
    show:--shear) ;;
    show:--shift) ;;
    show:--elastic) ;;
    show:--data) files=-d ;;
    show:--model) files=-f ;;
    show:--weights) files=-f ;;
    show:--threads) ;;
    show:--simd) words='auto baseline avx2 avx512 reference' ;;
    show:--color) words='auto always never' ;;
    show:operands) ;;
    # end
    # made by mnist-predict --help=bash
    predict:options) words='--show --style --threads --simd --json --quiet --color --help --version' ;;
    predict:--style) words='auto ascii blocks' ;;
    predict:--threads) ;;
    predict:--simd) words='auto baseline avx2 avx512 reference' ;;
    predict:--color) words='auto always never' ;;
    predict:operands) files=-f ;;
    # end
    *) return 1 ;;
    esac
}

_mnist() {
    local words files name command=${COMP_WORDS[0]##*/} word=${COMP_WORDS[COMP_CWORD]} option=${COMP_WORDS[COMP_CWORD - 1]}
    local -a commands=()
    # made by mnist --help=bash
    commands+=(train) # train on MNIST and write a model file
    commands+=(eval) # evaluate a model file
    commands+=(show) # show samples, or a model's weights, as pictures
    commands+=(predict) # read your own digits, from pictures of any size
    # end
    COMPREPLY=()
    if [[ $command == mnist ]]; then
        if ((COMP_CWORD == 1)); then
            words="${commands[*]} help"
            [[ $word != -* ]] || words='--help --version'
            COMPREPLY=($(compgen -W "$words" -- "$word"))
            return
        fi
        if [[ ${COMP_WORDS[1]} == help ]]; then
            ((COMP_CWORD == 2)) && COMPREPLY=($(compgen -W "${commands[*]}" -- "$word"))
            return
        fi
        command=${COMP_WORDS[1]}
    fi
    command=${command#mnist-}

    # bash makes three words of --data=x
    if [[ $word == = ]]; then
        word=''
    elif [[ $option == = ]] && ((COMP_CWORD > 1)); then
        option=${COMP_WORDS[COMP_CWORD - 2]}
    fi

    if [[ $option == -* ]] && _mnist_rows "$command:$option"; then
        :
    elif [[ $word == -* ]]; then
        _mnist_rows "$command:options"
    else
        _mnist_rows "$command:operands"
    fi
    if [[ $files ]]; then
        compopt -o filenames 2>/dev/null
        while IFS= read -r name; do COMPREPLY+=("$name"); done < <(compgen "$files" -- "$word")
    elif [[ $words ]]; then
        COMPREPLY=($(compgen -W "$words" -- "$word"))
    fi
}

complete -F _mnist mnist mnist-train mnist-eval mnist-show mnist-predict
