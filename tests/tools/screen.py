"""Runs the commands, in the current folder, on terminals of several widths, on none and on a dumb one, and checks by
rule what arrives there: screen.py SAMPLE MODEL. Prints what breaks a rule, after the command and its surroundings.

- No line is wider than the terminal, but for errors and command lines to paste, which are not broken.
- No drawing of the moving line leaves one behind; what is printed after it begins at the margin.
- Where the locale is C there is nothing but ASCII. Without a terminal, or on a dumb one, there are neither escapes nor
  carriage returns; colours are off at the end of each line."""
import concurrent.futures
import gzip
import os
import re
import shutil
import subprocess
import sys
import time

import on_terminal

WHOLE = re.compile(r"mnist(-[a-z]+)?: (?!784)|to go on: |  (mnist-|convert )|\{")  # errors, what is to be pasted, JSON
MOVING = re.compile(r"epoch +[0-9]+/|.*ETA ")
MARGIN = re.compile(r".*?\S.*?(mnist(-[a-z]+)?: |to go on: |about .* more|  loss|epoch +(train|val) )|(\^C)+[^^]")
UNICODE = {"LC_ALL": "C.UTF-8", "TERM": "xterm-256color"}
ASCII = {"LC_ALL": "C", "TERM": "xterm"}
DUMB = {"LC_ALL": "C", "TERM": "dumb"}


def check_screen(text, columns):
    screen = on_terminal.Screen(text, columns)
    yield from screen.complaints
    for i, rows in enumerate(screen.lines):
        line = screen.line(i)
        if len(rows) > 1 and not WHOLE.match(line):
            yield "%d columns wide: %s" % (len(line), line)
        if MOVING.match(line):
            yield "a moving line is left: " + line
        if MARGIN.match(line) and not WHOLE.match(line):
            yield "not at the margin: " + line
        if line.endswith(" "):
            yield "ends in spaces: " + line


def check_bytes(data, settings, live):
    if settings["LC_ALL"] == "C" and max(data, default=0) > 127:
        yield "more than ASCII: %r" % re.search(rb".{0,40}[\x80-\xff]+.{0,20}", data).group()
    if not live and re.search(rb"\r|\033", data):
        yield "a carriage return or an escape: %r" % re.search(rb".{0,40}(\r|\033).{0,20}", data).group()


# --- what is run: a command, and events: (seconds, function of the terminal and of the folder) ---

def interrupt(terminal, folder):
    os.write(terminal, b"\x03")


def interrupt_twice(terminal, folder):
    os.write(terminal, b"\x03\x03")


def hide_folder(terminal, folder):
    os.rename(folder + "/gone", folder + "/away")


TRAIN = "mnist-train --data data --threads 1 "
NEVER_ENDING = TRAIN + "--epochs 100000 --patience 0 --max-seconds 20 "
SLOW = NEVER_ENDING + "--batch 1 --simd reference "  # an epoch takes seconds
COMMANDS = [
    (TRAIN + "--epochs 3",),
    (TRAIN + "--epochs 3 --val 0 --augment",),
    (TRAIN + "--epochs 3 --out model.bin --checkpoint checkpoint --report report.html --log log",),
    (TRAIN + "--resume checkpoint --out other.bin --checkpoint other --max-seconds 0.1",),
    (TRAIN + "--epochs 3 --json",),
    (TRAIN + "--epochs 2 --lr 1",),
    (TRAIN + "--epochs 2 --lr 1e7",),
    (TRAIN + "--lr 1e12",),
    (TRAIN + "--epochs 2 --log /dev/full",),
    (TRAIN + "--preset best --max-seconds 0.6",),
    (NEVER_ENDING + "--max-seconds 0.5 --report report.html",),
    (NEVER_ENDING + "--checkpoint gone/c --max-seconds 0.6", (0.3, hide_folder)),
    # A row every tenth of a second or so: no program can know of a ^C that the terminal shows while it prints one.
    (NEVER_ENDING + "--batch 4 --checkpoint c", (0.8, interrupt)),
    (NEVER_ENDING + "--checkpoint c --quiet", (0.3, interrupt)),
    (SLOW + "--max-seconds 0.3",),
    (SLOW, (0.5, interrupt)),
    (SLOW + "--report report.html --out new.bin --lr 1e-5", (0.5, interrupt_twice)),
    ("mnist-eval model.bin --data data",),
    ("mnist-eval model.bin --data data --misclassified 7 --shift 1.25,-1.75 --rotate 12.5 --split train",),
    ("mnist-eval model.bin --data data --color always --json",),
    ("mnist-show --data data",),
    ("mnist-show 7 --data data --split test --digit 7 --random --model model.bin",),
    ("mnist-show 2 --data data --augment",),
    ("mnist-show --weights model.bin",),
    ("mnist-predict model.bin some.pgm half.pgm blank.pgm nothing.pgm data/t10k-images-idx3-ubyte.gz",),
    ("mnist-predict model.bin some.pgm half.pgm --show",),
    ("mnist-eval nothing.bin --data data",),
    ("mnist-eval some.pgm --data nowhere",),
    ("mnist-eval model.bin --data nowhere",),
    ("mnist-train --data data --epochs x",),
    ("mnist-train --data data --nothing",),
    ("mnist-train --data data --warmup 50",),
    ("mnist-show --start 99999 --data data",),
    ("mnist-predict model.bin",),
    ("mnist nothing",),
    ("mnist --version",),
]
HELP = [("mnist-%s --help" % name,) for name in ("train", "eval", "show", "predict")] + [("mnist help",)]


def prepare(folder, sample, model):
    os.makedirs(folder + "/gone")
    os.symlink(sample, folder + "/data")
    shutil.copy(model, folder + "/model.bin")
    with gzip.open(sample + "/t10k-images-idx3-ubyte.gz") as file:
        pixels = file.read()[16:16 + 784]
    for name, body in ("some", pixels), ("half", pixels[:420] + bytes(364)), ("blank", bytes(784)):
        with open("%s/%s.pgm" % (folder, name), "wb") as file:
            file.write(b"P5 28 28 255\n" + body)


def run(words, events, folder, columns, settings):
    """What arrived, a list of (time.monotonic(), bytes)."""
    settings = dict(env=dict(os.environ, **settings), cwd=folder)
    if columns:
        due = [(when, lambda terminal, what=what: what(terminal, folder)) for when, what in events]
        return on_terminal.run(words.split(), columns, events=due, **settings)[1]
    limit = ["timeout", "1"] if events else []
    done = subprocess.run(limit + words.split(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, **settings)
    return [(0, done.stdout)]


def text_of(arrived):
    return b"".join(piece for _, piece in arrived).replace(b"\r\n", b"\n").decode(errors="replace")


def check_all(folder, columns, settings):
    """All commands, one after another: some need what others have left."""
    for words, *events in COMMANDS + HELP:
        arrived = run(words, events, folder, columns, settings)
        yield from ("%s: %s" % (words, what) for what in
                    check_bytes(text_of(arrived).encode(), settings, columns and settings["TERM"] != "dumb"))
        if columns:
            yield from ("%s: %s" % (words, what) for what in check_screen(text_of(arrived), columns))


def check_narrow(folder, columns, settings):
    """Where no table fits: the moving line is drawn, and none is left."""
    text = text_of(run(SLOW + "--epochs 9 --max-seconds 0.5", [], folder, columns, settings))
    if "\r\033[Kepoch 1/9" not in text:
        yield "no moving line: %r" % text
    yield from (what for what in check_screen(text, columns) if what.startswith("a moving line"))


def check_resized(folder, columns, settings):
    """From a moment after the terminal has become narrower, what is drawn fits."""
    resized = []

    def narrow(terminal, folder):
        on_terminal.resize(terminal, 40)
        resized.append(time.monotonic() + 0.3)

    for when, piece in run(SLOW + "--max-seconds 1", [(0.3, narrow)], folder, columns, settings):
        for line in re.findall(rb"\r\033\[K(epoch[^\r\n]+)", piece):
            if resized and when > resized[0] and len(line) > 39:
                yield "%d columns wide: %r" % (len(line), line)


def main():
    sample, model = map(os.path.abspath, sys.argv[1:])
    work = [(check_all, 40, UNICODE), (check_all, 80, UNICODE), (check_all, 200, UNICODE), (check_all, 80, ASCII),
            (check_all, 40, DUMB), (check_all, 0, ASCII), (check_narrow, 10, UNICODE),
            (check_narrow, 20, UNICODE), (check_resized, 200, UNICODE)]

    def do(number):
        rules, columns, settings = work[number]
        folder = "place%d" % number
        prepare(folder, sample, model)
        where = " ".join("%s=%s" % item for item in settings.items())
        return ["%s, %s: %s" % ("%d columns" % columns if columns else "no terminal", where, what)
                for what in rules(folder, columns, settings)]

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        said = sum(pool.map(do, range(len(work))), [])
    print("\n".join(said))
    sys.exit(bool(said))


main()
