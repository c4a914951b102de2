# Prints what bash offers at the end of a line: bash complete.bash FILE LINE. FILE is sourced; the line is made words as
# readline would make them, at spaces and at '='.
. "$1"
line=$2
COMP_WORDS=(${line//=/ = }) COMP_LINE=$line
[[ $line == *' ' ]] && COMP_WORDS+=('')
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_mnist
[[ ${#COMPREPLY[@]} -eq 0 ]] || printf '%s\n' "${COMPREPLY[@]}"
