"""Trains on a terminal and draws what that shows in the end: training.py FOLDER COMMAND... (scripts/pictures.sh)

The command runs in the folder; the picture, an SVG, goes to stdout. What it leaves out, the middle epochs and the table of
digits, is told in its place, in slanted letters after three dots."""
import os
import re
import sys
from xml.sax.saxutils import escape

import on_terminal

COLUMNS = 80
EPOCHS_SHOWN = 3  # at either end
ADVANCE, LEADING, SIZE, MARGIN, BAR = 9, 19, 15, 22, 38  # of a character, a row, the letters, and around them
FONTS = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace"
# From the middle of a cell's left edge.
STROKES = {"─": "h9", "│": "m4.5-9.5v19", "└": "m4.5-9.5v9.5h4.5", "┤": "h4.5m0-9.5v19"}
STYLES = {"": "", "1": "bold", "1;32": "bold green", "prompt": "green", "left out": "left-out"}
SVG = """<svg xmlns="http://www.w3.org/2000/svg" width="%(width)d" height="%(height)d" viewBox="0 0 %(width)d %(height)d" role="img">
<title>mnist-train in a terminal</title>
<style>
text { font: %(size)dpx %(fonts)s; fill: #d1d7e0; }
.bold { font-weight: bold; fill: #fff; }
.green { fill: #56d364; }
.left-out { font-style: italic; fill: #8b949e; }
.frame { fill: #161b22; stroke: #444c56; }
.title { fill: #8b949e; text-anchor: middle; }
.lines { stroke: #8b949e; fill: none; }
</style>
<rect class="frame" x="0.5" y="0.5" width="%(frame_width)d" height="%(frame_height)d" rx="10"/>
<circle cx="22" cy="20" r="6" fill="#ff5f57"/><circle cx="42" cy="20" r="6" fill="#febc2e"/><circle cx="62" cy="20" r="6" fill="#28c840"/>
<text class="title" x="%(middle)d" y="25">mnist-train</text>
%(texts)s
<path class="lines" d="%(lines)s"/>
</svg>"""


def train(folder, command):
    """The rows of the terminal, each a list of (character, style): the command and what it printed."""
    settings = {"LC_ALL": "C.UTF-8", "TERM": "xterm-256color", "PATH": os.path.abspath("build") + ":" + os.environ["PATH"]}
    plain = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS", "MNIST_DATA")}
    code, arrived = on_terminal.run(command, COLUMNS, env=dict(plain, **settings), cwd=folder)
    text = b"".join(piece for _, piece in arrived).decode()
    if code:
        sys.exit(text)
    screen = on_terminal.Screen(text.replace("\r\n", "\n").rstrip("\n"), COLUMNS)
    prompt = [("$", "prompt"), (" ", "")] + [(char, "1") for char in " ".join(command)]
    return [prompt] + [row for rows in screen.lines for row in rows]


def shorten(rows):
    """Without the middle epochs and the table of digits."""
    texts = ["".join(char for char, _ in row) for row in rows]
    epochs = [i for i, text in enumerate(texts) if re.match(r" +\d+ +\d\.\d{4} .* s( best)?$", text)]
    digits = [i for i, text in enumerate(texts) if re.match(r"  digit +precision|      \d .*%|  best digit ", text)]
    cuts = [(epochs[EPOCHS_SHOWN:-EPOCHS_SHOWN], "    … epochs %d to %d" % (EPOCHS_SHOWN + 1, len(epochs) - EPOCHS_SHOWN)),
            (digits, "  … precision, recall and F1 of each digit")]
    for cut, told in reversed(cuts):
        assert cut and cut == list(range(cut[0], cut[-1] + 1)), "mnist-train prints other tables: " + told
        rows[cut[0]:cut[-1] + 1] = [[(char, "left out") for char in told]]
    return rows


def runs(row):
    """(column, text, style) of each piece that any font sets evenly: words of ASCII, or one character repeated."""
    def kind(char):
        return "ASCII" if " " <= char <= "~" else char

    begin = 0
    for end in range(1, len(row) + 1):
        (char, style), before = row[end] if end < len(row) else ("", None), row[end - 1]
        if style != before[1] or kind(char) != kind(before[0]):
            text = "".join(char for char, _ in row[begin:end])
            for words in re.finditer(r"\S+( \S+)*", text):
                yield begin + words.start(), words.group(), before[1]
            begin = end


def draw(rows):
    """The picture. Frames are drawn as lines: as characters, most fonts leave gaps between them."""
    texts, lines = [], []
    for y, row in enumerate(rows):
        top = BAR + MARGIN // 2 + y * LEADING
        for x, text, style in runs(row):
            left = MARGIN + x * ADVANCE
            if text[0] in STROKES:
                lines += ["M%g %g%s" % (left + i * ADVANCE, top + LEADING / 2, STROKES[text[0]]) for i in range(len(text))]
                continue
            name = STYLES[style] and ' class="%s"' % STYLES[style]
            texts.append('<text%s x="%d" y="%d" textLength="%d" lengthAdjust="spacingAndGlyphs">%s</text>'
                         % (name, left, top + LEADING - 5, len(text) * ADVANCE, escape(text)))
    width, height = 2 * MARGIN + COLUMNS * ADVANCE, BAR + 3 * MARGIN // 2 + len(rows) * LEADING
    return SVG % dict(width=width, height=height, middle=width / 2, frame_width=width - 1, frame_height=height - 1, size=SIZE,
                      fonts=FONTS, texts="\n".join(texts), lines="".join(lines))


if __name__ == "__main__":
    print(draw(shorten(train(sys.argv[1], sys.argv[2:]))))
