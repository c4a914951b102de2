"""Holds README.md against the repository that it is in: readme.py RULE. Prints what breaks the rule, after its line.

files     what links and code name is there
commands  the targets of make, the commands, and the options of commands that code names exist
width     no line of prose has more than 120 columns
pictures  both are shown and small, and have no paths of a machine, no scripts, and nothing from elsewhere
python    the blocks of Python run in the current folder, one after another; what lacks a package is told, as untried"""
import ast
import glob
import importlib.util
import os
import re
import struct
import subprocess
import sys
import xml.etree.ElementTree

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PATHS = re.compile(r"(?<![\w./~-])(?:src|include|tests|scripts|data|\.ci)/[\w./*-]*")
DOWNLOADED = "data/mnist"  # by make data
PICTURES = {"data/pictures/training.svg": 40000, "data/pictures/report.png": 250000}  # bytes, at most
SHAPES = {"svg", "title", "style", "rect", "circle", "path", "text"}  # which bring nothing from elsewhere


class Text:
    """Markdown: blocks of code, each (first line's number, language, lines), and lines of prose, each (number, line)."""

    def __init__(self, text):
        self.blocks, self.prose = [], []
        fenced = indented = False
        before = ""
        for number, line in enumerate(text.splitlines(), 1):
            if line.lstrip().startswith("```"):
                fenced = not fenced
                if fenced:
                    self.blocks.append((number + 1, line.strip(" `"), []))
            elif fenced:
                self.blocks[-1][2].append(line)
            elif line.startswith("    ") and (indented or not before.strip()):
                if not indented:
                    self.blocks.append((number, "", []))
                self.blocks[-1][2].append(line[4:])
                indented = True
            elif indented and not line.strip():
                self.blocks[-1][2].append("")
            else:
                indented = False
                self.prose.append((number, line))
            before = line

    def spans(self):
        """(number, text) of what prose has in backticks."""
        numbers, lines = zip(*self.prose)
        text = "\n".join(lines)
        for span in re.finditer(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", text, re.DOTALL):
            yield numbers[text.count("\n", 0, span.start())], " ".join(span.group(2).split())

    def typed(self):
        """(number, text) of each command line, in blocks and in spans: those after a prompt, where a block has prompts."""
        for first, language, lines in self.blocks:
            prompts = any(line.startswith("$ ") for line in lines)
            at = 0
            while language != "python" and at < len(lines):
                number, line = first + at, lines[at]
                while line.endswith("\\") and at + 1 < len(lines):
                    at += 1
                    line = line[:-1] + lines[at]
                at += 1
                if line.startswith("$ ") or not prompts:
                    yield number, line.removeprefix("$ ")
        yield from self.spans()

    def links(self):
        for number, line in self.prose:
            for link in re.findall(r"\]\(([^)\s]+)|^\[[^]]+\]: *(\S+)|(?:src|srcset|href)=\"([^\"]+)\"", line):
                yield number, "".join(link)


def headings(path):
    """What a link's part after # may be."""
    with open(path, encoding="utf-8") as file:
        titles = [line.lstrip("# ") for _, line in Text(file.read()).prose if line.startswith("#")]
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def files(text):
    for number, link in text.links():
        path, _, title = link.partition("#")
        path = os.path.normpath(path or "README.md")
        if re.match(r"[a-z]+:", link) or path.startswith(".."):  # elsewhere; ../../issues is a page of the repository's site
            continue
        if not os.path.exists(path):
            yield number, "there is no " + path
        elif title and title not in headings(path):
            yield number, "%s has no title for #%s" % (path, title)
    code = [(first + i, line) for first, _, lines in text.blocks for i, line in enumerate(lines)] + list(text.spans())
    for number, line in code:
        for path in PATHS.findall(line):
            path = path.rstrip(".")
            if not path.startswith(DOWNLOADED) and not glob.glob(path):
                yield number, "there is no " + path


def options_of(words):
    """Those that occur: --name and -n."""
    return {option for word in words for option in re.findall(r"^--[a-z][a-z0-9-]*|^-[a-zA-Z]$", word)}


def commands(text):
    with open("Makefile", encoding="utf-8") as file:
        targets = re.search(r"^\.PHONY: (.*)", file.read(), re.MULTILINE).group(1).split()
    names = [re.sub(r".*cmd_|\.c", "", path) for path in glob.glob("src/cli/cmd_*.c")]
    known = {name: options_of(re.split(r"[\s,]+", subprocess.check_output(["mnist", name, "--help"], text=True)))
             for name in names}
    every = set().union(*known.values())
    for number, line in text.typed():
        line = re.sub(r"(^|\s)#.*", "", line)
        if line.startswith("-") and options_of(line.split()) - every:
            yield number, "no command has " + " ".join(sorted(options_of(line.split()) - every))
        for part in re.split(r"\||&&|;", line):
            words = re.sub(r"^(\s|sudo |time |[A-Z_]+=\S* )*", "", part).split() or [""]
            if words[0] in ("make", "gmake"):
                rest = re.sub(r"(^| )-[Cf] *\S+", "", " ".join(words[1:])).split()
                for word in rest:
                    if not re.match(r"-|[A-Z_0-9]+=|build/", word) and word not in targets:
                        yield number, "make has no target " + word
            command = re.fullmatch(r"(?:\S*/)?mnist(?:-([a-z]+))?", words[0])
            name = command and (command.group(1) or "".join(words[1:2]))
            if not command or not re.fullmatch("[a-z]+", name) or name == "help":
                continue
            if name not in names:
                yield number, "there is no command " + name
            elif options_of(words) - known[name]:
                yield number, "mnist-%s has no %s" % (name, " ".join(sorted(options_of(words) - known[name])))


def width(text):
    for number, line in text.prose:
        if len(line) > 120 and line[0] not in "|<":
            yield number, "%d columns, 120 are the most" % len(line)


def check_svg(data):
    text = data.decode()
    for element in xml.etree.ElementTree.fromstring(text).iter():
        name = element.tag.removeprefix("{http://www.w3.org/2000/svg}")
        if name not in SHAPES:
            yield "has an element " + name
        yield from ("has an attribute " + key for key in element.attrib if re.match(r"on|.*href$", key))
    for what in re.findall(r"<[!?][^>]*|url\(|@import|/(?:home|root|tmp|usr|var|work|Users)/", text):
        yield "has " + what


def check_png(data):
    """It is whole, and has nothing but pixels: no words, no time."""
    at, kinds = 8, []
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at:at + 8])
        kinds.append(kind.decode())
        at += size + 12
    if data[:8] != b"\x89PNG\r\n\x1a\n" or at != len(data) or kinds != ["IHDR", "PLTE", "tRNS", "IDAT", "IEND"]:
        yield "is no picture of 256 colours: " + " ".join(kinds)


def pictures(text):
    shown = {link for _, link in text.links()}
    for path, most in PICTURES.items():
        with open(path, "rb") as file:
            data = file.read()
        if path not in shown:
            yield 1, "does not show " + path
        if len(data) > most:
            yield 1, "%s has %d bytes, %d are the most" % (path, len(data), most)
        for what in (check_svg if path.endswith(".svg") else check_png)(data):
            yield 1, path + " " + what


def python(text):
    names = {"__name__": "__main__"}
    for first, language, lines in text.blocks:
        if language != "python":
            continue
        code = ast.parse("\n" * (first - 1) + "\n".join(lines), "README.md")
        needs = {alias.name for node in ast.walk(code) if isinstance(node, ast.Import) for alias in node.names}
        needs |= {node.module for node in ast.walk(code) if isinstance(node, ast.ImportFrom)}
        missing = {name.split(".")[0] for name in needs if not importlib.util.find_spec(name.split(".")[0])}
        if missing:
            print("# untried: the Python in line %d of README.md, for lack of %s" % (first, " and ".join(sorted(missing))))
        else:
            exec(compile(code, "README.md", "exec"), names)
    return ()


def main():
    with open(ROOT + "/README.md", encoding="utf-8") as file:
        text = Text(file.read())
    if sys.argv[1] != "python":
        os.chdir(ROOT)
    rules = {"files": files, "commands": commands, "width": width, "pictures": pictures, "python": python}
    wrong = list(rules[sys.argv[1]](text))
    for found in wrong:
        print("README.md:%d: %s" % found)
    sys.exit(bool(wrong))


main()
