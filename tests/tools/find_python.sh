# find_python MODULE…: sets python to an interpreter that has the modules; false where there is none.
find_python() {
    for python in python3 /usr/bin/python3; do
        found=yes
        for module in "$@"; do
            "$python" -c "import $module" 2>/dev/null || found=no
        done
        [ $found = yes ] && return
    done
    return 1
}
