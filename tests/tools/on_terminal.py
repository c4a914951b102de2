"""Runs a command with stderr, or with --stdout stdout, on a terminal and prints what arrived there:
on_terminal.py [--stdout] COMMAND...

Carriage returns and escapes are printed as \\r and \\e, so that the output is plain text. The exit code is the
command's."""
import os
import pty
import subprocess
import sys

parent, child = pty.openpty()
if sys.argv[1] == "--stdout":
    process = subprocess.Popen(sys.argv[2:], stdout=child)
else:
    process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=child)
os.close(child)
pieces = []
while True:
    try:
        piece = os.read(parent, 65536)
    except OSError:  # Linux: the last one has closed the terminal
        break
    if not piece:
        break
    pieces.append(piece)
text = b"".join(pieces).decode().replace("\r\n", "\n")
sys.stdout.write(text.replace("\r", "\\r").replace("\033", "\\e"))
sys.exit(process.wait())
