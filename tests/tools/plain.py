"""Text from outside reaches a terminal plain: plain.py SAMPLE MODEL

Runs every command in every way that says a name, a value, or what a file holds, each of these full of code points that do
more than show themselves. What comes on stdout and stderr may hold none of them but newlines, and must say the text with
one '?' for each, or in JSON the text itself, escaped. Prints what is wrong. The folder in which it runs must be empty."""
import glob
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import unicodedata
import zlib

SAMPLE, MODEL = sys.argv[1:]
HOSTILE = "\x1b\x9b\u202e\u2066\u2028\x85\a\r\n\t\x7f\u2029\u200b\ufeff\xad\ufdd0\U000e0041"
TEXT = "in%sto" % HOSTILE
NAME = TEXT.encode() + b"\xff"  # a byte that is no UTF-8, and so only in names
PLAIN = "in%sto" % ("?" * len(HOSTILE))
looked_at = wrong = 0


def is_plain(c):
    """By Unicode's general categories, as Python knows them."""
    return unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Zl", "Zp") and not is_noncharacter(c)


def is_noncharacter(c):
    return 0xfdd0 <= ord(c) <= 0xfdef or ord(c) & 0xfffe == 0xfffe


def complain(what, text):
    global wrong
    wrong += 1
    print("%s: %r" % (what, text[-500:]))


def judge(what, said, wanted):
    """`said` holds nothing that is not plain, and one of the texts in `wanted`."""
    global looked_at
    looked_at += 1
    try:
        text = said.decode()
    except UnicodeDecodeError:
        complain("%s: not UTF-8" % what, said)
        return
    if not all(c == "\n" or is_plain(c) for c in text) or "?\n?" in text:
        complain("%s: not plain" % what, text)
    if not any(w in text for w in wanted):
        complain("%s: does not say %r" % (what, wanted[0]), text)


def run(*command, wanted=(PLAIN,), **settings):
    """Runs a command of mnist and judges what it prints."""
    environment = dict(os.environ, **settings)
    command = [word if isinstance(word, bytes) else word.encode() for word in command]
    process = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             env=environment, timeout=60)
    judge(repr(b" ".join(command))[:200], process.stdout, wanted)
    return process.stdout


def run_json(key, *command):
    """The same with --json, where the key's value is the name, in full."""
    judge_json(key, run(*command, "--json", "--quiet", wanted=["{"]))


def judge_json(key, lines):
    values = [json.loads(line).get(key) or "" for line in lines.splitlines()]
    if not any(value.startswith(TEXT + "\ufffd") for value in values):
        complain("no %s is the name in full" % key, lines)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def write(path, content):
    with open(path, "wb") as file:
        file.write(content)
    return path


def tampered(path, change):
    """A copy of a model or checkpoint in which `change` was made to the header, whose checksum is right again."""
    content = read(path)
    size, = struct.unpack("<Q", content[:8])
    header = json.loads(content[8:8 + size])
    change(header)
    metadata = header["__metadata__"]
    if metadata["header_crc32"] != TEXT:
        metadata["header_crc32"] = "00000000"
        metadata["header_crc32"] = "%08x" % zlib.crc32(json.dumps(header).encode())
    return write("tampered", with_length(json.dumps(header).encode()) + content[8 + size:])


def with_length(header):
    return struct.pack("<Q", len(header)) + header


def metadata_of(path):
    content = read(path)
    size, = struct.unpack("<Q", content[:8])
    return json.loads(content[8:8 + size])["__metadata__"]


# --- names ---

data, model, checkpoint, log, page = [NAME + end for end in (b"", b".bin", b".run", b".jsonl", b".html")]
missing = NAME + b"/none/none"
os.mkdir(data)
for file in glob.glob(os.path.join(SAMPLE, "*.gz")):
    shutil.copy(file.encode(), data)
pgm = write(NAME + b".pgm", b"P5 28 28 255 " + bytes(300) + b"\xff" * 84 + bytes(400))
paper = write(NAME + b".paper", b"P5 28 28 255 " + b"\xff" * 784)
png = write(NAME + b".png", b"\x89PNG\r\n\x1a\n" + bytes(20))
idx = write(NAME + b".idx", struct.pack(">4I", 2051, 1, 28, 28) + bytes(784))
other = write(NAME + b".other", b"\x1b[31mneither")
broken = NAME + b"broken"
shutil.copytree(data, broken)
write(broken + b"/train-images-idx3-ubyte.gz", read(broken + b"/train-images-idx3-ubyte.gz")[:5000])
write(broken + b"/t10k-labels-idx1-ubyte.gz", b"")
short = ["--epochs", "1", "--schedule", "constant", "--data", data]

run("mnist-train", *short, "--out", model, "--checkpoint", checkpoint, "--log", log, "--report", page, "--preset", "best")
judge("the log", read(log), ["{"])
judge_json("data", read(log))
judge("the report", read(page).replace(b"\t", b"?"), [TEXT[:2] + "\ufffd"])
run("mnist-train", *short, "--out", model, "--quiet")
run("mnist-train", *short, "--out", model, "--max-seconds", "1e-6")
run("mnist-train", *short, "--out", model, "--lr", "1e9", "--batch", "8")
run("mnist-train", "--resume", checkpoint, "--data", data, "--out", model)
run("mnist-train", "--resume", checkpoint, "--data", data, "--out", model, "--epochs", "2")
said = run("mnist-train", *short, "--epochs", "100000", "--patience", "0", "--max-seconds", "0.5", "--out", model,
           "--checkpoint", NAME + b".unfinished", "--log", log, "--report", page)
for begin in "\nreplaces ", "\nto go on: mnist-train --resume ":
    judge("the line" + begin, said[said.find(begin.encode()):].split(b"\n")[1], [PLAIN])
for option in "--checkpoint", "--out", "--report":
    run("mnist-train", *short, option, NAME + b".unfinished")
run_json("data", "mnist-train", *short)
run_json("model", "mnist-train", *short, "--out", model)
run("mnist-train", "--resume", checkpoint, "--lr", "0.5")
run("mnist-train", "--resume", checkpoint, "--data", broken)
run("mnist-train", "--resume", model)
run("mnist-train", *short, "--out", model, "--log", model)
run("mnist-train", *short, "--out", model, "--report", model + b".tmp")
run("mnist-train", *short, "--log", data)
run("mnist-train", *short, "--log", png)
for option in "--out", "--checkpoint", "--log", "--report", "--resume":
    for path in data, missing, NAME * 12:
        run("mnist-train", *short, option, path)

run("mnist-eval", model, "--data", data, "--report", page, wanted=[""])
judge("the other report", read(page).replace(b"\t", b"?"), [TEXT[:2] + "\ufffd"])
run_json("model", "mnist-eval", model, "--data", data)
run("mnist-eval", MODEL, "--data", SAMPLE, "--report", missing)
run("mnist-eval", model, "--report", model)
run("mnist-eval", model, "--report", NAME + b".unfinished")
run("mnist-train", *short, "--out", data + b"/t10k-labels-idx1-ubyte.gz")
for path in checkpoint, data, missing, png, other, idx, NAME * 12:
    run("mnist-eval", path)
    run("mnist-show", "--model", path, "--data", SAMPLE)
    run("mnist-show", "--weights", path)
    run("mnist-predict", path, pgm)
for command in ["mnist-eval", MODEL], ["mnist-show"], ["mnist-train"]:
    for folder in broken, missing, png:
        run(*command, "--data", folder)
        run(*command, MNIST_DATA=os.fsdecode(folder))
for picture in pgm, paper, png, idx, other, data, missing, NAME * 12:
    run("mnist-predict", MODEL, picture)
    run("mnist-predict", MODEL, picture, "--show")
run("mnist-predict", model, png)
for picture in pgm, paper, idx:
    run_json("file", "mnist-predict", MODEL, picture)

# --- words ---

for command in "train", "eval", "show", "predict":
    mnist, needed = "mnist-" + command, {"eval": [MODEL], "predict": [MODEL, pgm]}.get(command, [])
    run(mnist, "--" + TEXT)
    run(mnist, b"--" + NAME + b"=" + NAME)
    run(mnist, "--json=" + TEXT)
    for letter in HOSTILE.encode() + b"\xff":
        run(mnist, bytes([ord("-"), letter]), wanted=["'-?' is no option"])
    run(mnist, *needed, NAME, NAME)
    # The value of each option that has one, wrong, and as the default that --help prints.
    options = re.findall(r"(?m)^ +(?:-[a-z], )?(--[a-z0-9-]+) (\S+) ", run(mnist, "--help", wanted=["Usage"]).decode())
    if len(options) < 4:
        complain(mnist + " --help", "no options")
    with_data = ["--data", SAMPLE] if ("--data", "DIR") in options else []
    for option, unit in options:
        text = unit in ("FILE", "DIR", "MODEL")
        run(mnist, *needed, *with_data, option, missing if text else NAME)
        if text:
            run(mnist, option, NAME, "--help", wanted=["[" + PLAIN, "[none]"])
    default = "[" + PLAIN if with_data else "Usage"
    run("mnist", "help", command, MNIST_DATA=os.fsdecode(NAME), wanted=[default])
    run(mnist, "--help", MNIST_DATA=os.fsdecode(NAME), wanted=[default])
run("mnist", NAME)
run("mnist", "help", NAME)
run("mnist", "--" + TEXT)
run("mnist-eval", MODEL, "--shift", TEXT + ",1")
run("mnist-eval", MODEL, "--shift", "1," + "\x9b\u202e", wanted=["'??'"])

# --- what a file holds ---


for path, command in (MODEL, ["mnist-eval"]), (checkpoint, ["mnist-train", "--resume"]):
    for key in metadata_of(path):
        accepted = path == MODEL and key not in ("mnist_format_version", "crc32", "header_crc32")
        if not accepted:
            copy = tampered(path, lambda header: header["__metadata__"].update({key: TEXT}))
            run(*command, copy)
    tensors = [
        lambda header: header.update({TEXT: header.pop("fc1.bias")}),
        lambda header: header.update({TEXT: {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}),
        lambda header: header.update({TEXT: {"dtype": "I8", "shape": [1], "data_offsets": [0, 4]}}),
        lambda header: header.update({TEXT: {"shape": [1]}}),
        lambda header: header.update({TEXT: {"dtype": "F32", "shape": [3], "data_offsets": [0, 4]}}),
    ]
    for change in tensors:
        run(*command, tampered(path, change), wanted=[PLAIN, "tensor"])
    for c in HOSTILE:
        run(*command, tampered(path, lambda header: header["fc1.bias"].update({"dtype": "F" + c})), wanted=["dtype F?,"])
        run(*command, tampered(path, lambda header: header["fc1.bias"].update({"f" + c: 1})), wanted=["field f?\n"])
    run(*command, write("tampered", with_length(b'{"__metadata__":{%s:"",%s:""}}' % ((json.dumps(TEXT).encode(),) * 2))))

# --- every code point there is ---

names = []
points = [chr(code) for code in range(1, 0x110000) if not 0xd800 <= code < 0xe000]
for at in range(0, len(points), 1000):
    names.append("".join(points[at:at + 1000]))
for at in range(0, len(names), 150):
    some = names[at:at + 150]
    said = run("mnist-predict", MODEL, *["n" + name for name in some], wanted=["n"]).decode().split("\n")[:-1]
    for name, line in zip(some, said):
        shown = line[len("mnist-predict: n"):][:len(name)]
        differ = [(c, s) for c, s in zip(name, shown)
                  if s != (c if is_plain(c) else "?") and not (unicodedata.category(c) == "Cn" and s == "?")]
        if differ or len(shown) != len(name):
            complain("U+%04X and so on" % ord(name[0]), str(differ[:5]))
    if len(said) != len(some):
        complain("every code point", "%d lines, %d names" % (len(said), len(some)))

if looked_at < 400:
    complain("looked at %d outputs only" % looked_at, "")
sys.exit(wrong > 0)
