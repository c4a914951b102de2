# Prints what zsh offers at the end of each line of stdin, after the line itself and "= ": zsh -f complete.zsh FOLDER, where
# FOLDER has the function _mnist. The lines are typed into a zsh on a terminal of its own, whose compadd also prints what
# it finds.
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "PS1=; fpath=(${(q)1} \$fpath); autoload -U compinit; compinit -u -D"
zpty -w shell 'compadd() {
    local -a found
    builtin compadd -O found "$@"
    print -rl -- $found
    builtin compadd "$@"
}
offer() { print BEGIN; _main_complete; compstate[insert]=; compstate[list]=; print END; }
zle -C offer complete-word offer
bindkey "^X" offer
print READY'
zpty -r shell text '*READY*READY*'
while IFS= read -r line; do
    print -r -- "= $line"
    zpty -n -w shell $'\C-U'"$line"$'\C-X'
    zpty -r shell text '*BEGIN*END*'
    print -rl -- ${${(f)${${text#*BEGIN}%END*}}//$'\r'}
done
zpty -d shell
