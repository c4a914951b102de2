"""Runs a command with stderr, or with --stdout stdout, on a terminal and prints what arrived there:
on_terminal.py [--columns N] [--stdout] COMMAND...

Carriage returns and escapes are printed as \\r and \\e, so that the output is plain text. The exit code is the
command's."""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time


class Screen:
    """A terminal that has printed a text: its lines, each a list of the rows that it took, each a list of (character, its
    colours as the escape told them). A character in the last column leaves the cursor there; the next one is put into the
    next row."""

    def __init__(self, text, columns):
        self.columns, self.lines, self.column, self.complaints = columns, [[[]]], 0, []
        style = ""
        for char, color, erase, other in re.findall(r"([^\033])|\033\[([0-9;]*)m|(\033\[K)|(\033)", text):
            if other:
                self.complaints.append("an escape that is neither for colours nor for the end of a line")
            elif erase:
                del self.row()[self.column:]
            elif color:
                style = "" if color == "0" else color
            elif char == "\r":
                self.column = 0
            elif char == "\n":
                if style:
                    self.complaints.append("colours are on at the end of: " + self.line(-1))
                self.lines.append([[]])
                self.column = 0
            else:
                self.put(char, style)

    def row(self):
        return self.lines[-1][-1]

    def put(self, char, style):
        if self.column == self.columns:
            self.lines[-1].append([])
            self.column = 0
        row = self.row()
        row[self.column:self.column + 1] = [(char, style)]
        self.column += 1

    def line(self, i):
        return "".join(char for row in self.lines[i] for char, _ in row)


def resize(terminal, columns):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))


def run(command, columns=0, stdout=True, stderr=True, events=(), **settings):
    """Runs it with the streams on a terminal of its own. The events, each (seconds, function of the terminal), are
    called when they are due. Returns the exit code and what arrived, a list of (time.monotonic(), bytes)."""
    def begin():
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # what runs in the background may have it ignored

    parent, child = pty.openpty()
    resize(parent, columns)
    process = subprocess.Popen(command, stdin=child, stdout=child if stdout else subprocess.DEVNULL,
                               stderr=child if stderr else None, start_new_session=True, preexec_fn=begin, **settings)
    os.close(child)
    began, events, arrived = time.monotonic(), sorted(events, key=lambda event: event[0]), []
    while True:
        wait = max(0, began + events[0][0] - time.monotonic()) if events else None
        if not select.select([parent], [], [], wait)[0]:
            events.pop(0)[1](parent)
            continue
        try:
            piece = os.read(parent, 65536)
        except OSError:  # Linux: the last one has closed the terminal
            break
        if not piece:
            break
        arrived.append((time.monotonic(), piece))
    os.close(parent)
    return process.wait(), arrived


def main():
    words, columns = sys.argv[1:], 0
    if words[0] == "--columns":
        columns, words = int(words[1]), words[2:]
    stdout = words[0] == "--stdout"
    code, arrived = run(words[stdout:], columns, stdout, not stdout)
    text = b"".join(piece for _, piece in arrived).decode().replace("\r\n", "\n")
    sys.stdout.write(text.replace("\r", "\\r").replace("\033", "\\e"))
    sys.exit(code)


if __name__ == "__main__":
    main()
