"""Disassembles compiled kernels and names what of them is not vector code:
vectors.py REPOSITORY OBJDUMP OBJECT BYTES

BYTES is the width of register that long loops must use. OBJECT carries line numbers (-gdwarf-4): by
them an instruction belongs to a line of the source, in whatever function that line was inlined.

The rule, for each of PARTS, each function that has instructions of it, and each operation listed:
- In at least one loop of the function, or outside all loops, it is done in vectors, in registers
  wide enough, with at most one scalar instruction for four lanes of vectors. (Ten classes may be
  8 + 2 lanes or 4 + 4 + 2, the 2 scalar; where they are unrolled, that is the loop of the samples.)
- Elsewhere it may be scalar, since so the last few elements are done, and arrays that overlap; but
  no more innermost loops are scalar than are vector code.
Every operation listed must be found somewhere, so that code that moved is not code that passes.
"""
import collections
import os
import re
import subprocess
import sys

LANES_A_SCALAR = 4

ADAM, FAST, MATH = "include/mnist/net/adam.h", "src/net/kernels_fast.inc", "include/mnist/base/rmath.h"

# A place is a line, by a text that only it has in its file, or all lines from one text to another.
# They reach as far as the call of what is inlined: of equal instructions that they merge compilers
# say that they belong there. In a loop over the ten classes any vectors are wide enough.
Part = collections.namedtuple("Part", "name classes operations places")
PARTS = (
    Part("Adam", False, ("mul", "add", "sub", "div", "sqrt", "compare"), (
        (ADAM, "return fabsf(x) <"),
        (ADAM, "g = adam_flush(", "*w -= step->rate"),
        (FAST, "struct adam_step constants", "adam_update(&w[n]"))),
    Part("ReLU", False, ("add", "compare"), (
        (FAST, "float z = sum[n] + b[n];", "y[n] = relu && z < 0.0f"),)),
    Part("ReLU backward", False, ("mul", "compare"), (
        (FAST, "multiply(dx, dy,", "dx[i] = x[i] > 0.0f"),)),
    Part("products", False, ("mul", "add"), ((FAST, "s[r][v] += "),)),
    Part("rows", False, ("mul", "add"), ((FAST, "s[v] += x * "),)),
    Part("active units", False, ("compare",), (
        (FAST, "(some != 0.0f) & *"), (FAST, "(some != 0.0f) & (1u"))),
    Part("join of the halves", False, ("add",), ((FAST, "sum[n] = upper[i + n]"),)),
    Part("bias gradient", False, ("add",), ((FAST, "db[n] += "),)),
    Part("softmax's shift", True, ("sub",), ((FAST, "c] - largest;"),)),
    Part("softmax's exp", False, ("mul", "add", "compare"), (
        (MATH, "float bounded = ", "return x < -87.33f"),
        (FAST, "= rmath_exp("))),
    Part("softmax's division", True, ("div",), ((FAST, "p[c] /= sum;"),)),
)

X86 = re.compile(r"v?(?:(add|sub|mul|div|sqrt)|u?comi|cmp\w*|max|min)(ps|ss)$")
ARM = re.compile(
    r"f(?:(add|sub|mul|div|sqrt)|c?cmpe?|(?:cm|ac)(?:eq|g[et]|l[et])|(?:max|min)(?:nm)?)$")
ARM_BYTES = {"v.4s": 16, "v.2s": 8, "s": 0}

# line: (file's name, number). operation: of floats, else None. bytes: a vector's, 0 where scalar.
Instruction = collections.namedtuple(
    "Instruction", "address mnemonic operands line operation bytes")


def arithmetic(mnemonic, operands):
    """The operation and bytes of an instruction."""
    x86, arm = X86.match(mnemonic), ARM.match(mnemonic)
    if x86:
        widest = max(re.findall(r"%([xyz])mm", operands))
        return x86[1] or "compare", {"x": 16, "y": 32, "z": 64}[widest] if x86[2] == "ps" else 0
    kind = re.sub(r"^([a-z])\d+", r"\1", operands.split(",")[0])
    if arm and kind in ARM_BYTES:
        return arm[1] or "compare", ARM_BYTES[kind]
    return None, None


def disassemble(objdump, path):
    """The functions of an object file: names and instructions."""
    text = subprocess.run([objdump, "-d", "-l", "--no-show-raw-insn", path], check=True,
                          stdout=subprocess.PIPE, universal_newlines=True).stdout
    functions, line = [], None
    for row in text.splitlines():
        name = re.match(r"[0-9a-f]+ <(.*)>:$", row)
        place = re.match(r"(?:.*/)?([^/\t]+):(\d+)(?: \(discriminator \d+\))?$", row)
        code = re.match(r" *([0-9a-f]+):\t(\S+)\s*(.*)", row)
        if name:
            functions.append((name[1], []))
            line = None
        elif place:
            line = place[1], int(place[2])
        elif code:
            functions[-1][1].append(Instruction(int(code[1], 16), code[2], code[3], line,
                                                *arithmetic(code[2], code[3])))
    return functions


def successors(code):
    """For each instruction of a function those that may follow it, by index."""
    index = {instruction.address: i for i, instruction in enumerate(code)}
    result = []
    for i, instruction in enumerate(code):
        jumps = re.match(r"j|b$|b\.|[ct]bn?z$", instruction.mnemonic)
        target = jumps and re.search(r"([0-9a-f]+) <", instruction.operands)
        after = [index[int(target[1], 16)]] if target and int(target[1], 16) in index else []
        if i + 1 < len(code) and not re.match(r"(jmp|b|br|ret)$", instruction.mnemonic):
            after.append(i + 1)
        result.append(after)
    return result


def flood(start, edges, *stop):
    """What is reached from `start` along the edges; `stop` too, but nothing beyond it."""
    reached, left = set(stop), [start]
    while left:
        here = left.pop()
        if here not in reached:
            reached.add(here)
            left.extend(edges[here])
    return reached


def innermost_loops(code):
    """For each instruction the smallest loop around it, as the set of its instructions, or None. A
    loop is what leads back to its first instruction, through which alone it is entered."""
    after = successors(code)
    before = [[] for _ in code]
    for i in flood(0, after):
        for j in after[i]:
            before[j].append(i)
    loops = {}
    for first, sources in enumerate(before):
        if len(sources) > 1:
            for source in sources:
                body = flood(source, before, first)
                if first == 0 or 0 not in body:
                    loops[first] = frozenset(body | loops.get(first, set()))
    result = [None] * len(code)
    for body in sorted(loops.values(), key=len, reverse=True):
        for i in body:
            result[i] = body
    return result


def fault(code, loops, indices, wanted):
    """What is wrong with an operation's instructions, which have these indices; else None."""
    groups = collections.defaultdict(list)
    for i in indices:
        groups[loops[i]].append(code[i].bytes)
    vector_loops, scalar_loops, widest = 0, 0, 0
    for loop, sizes in groups.items():
        if sum(sizes) // 4 < LANES_A_SCALAR * sizes.count(0):
            scalar_loops += loop is not None and all(loops[i] == loop for i in loop)
        else:
            widest = max(widest, *sizes)
            vector_loops += max(sizes) >= wanted
    if not vector_loops:
        return "in vectors of %d bytes, not %d" % (widest, wanted) if widest else "scalar"
    if scalar_loops > vector_loops:
        return "scalar in %d loops, in vectors in %d" % (scalar_loops, vector_loops)
    return None


def source_lines(repository, file, first, last=None):
    """The lines from the one with the text `first` to the one with `last`, and how to call them."""
    with open(os.path.join(repository, file), encoding="utf-8") as source:
        text = source.read().splitlines()
    ends = []
    for wanted in first, last or first:
        numbers = [n for n, line in enumerate(text, 1) if wanted in line]
        if len(numbers) != 1:
            sys.exit("%s has '%s' on %d lines, not on one: mend PARTS in tests/tools/vectors.py"
                     % (file, wanted, len(numbers)))
        ends += numbers
    return {(os.path.basename(file), n): "%s:%d" % (file, n) for n in range(ends[0], ends[1] + 1)}


def faults(part, lines, functions, wanted):
    """What is wrong with a part, a message each."""
    missing = set(part.operations)
    for name, code, loops in functions:
        wrong = collections.defaultdict(list)
        for operation in part.operations:
            here = [i for i, instruction in enumerate(code)
                    if instruction.operation == operation and instruction.line in lines]
            if here:
                missing.discard(operation)
                wrong[fault(code, loops, here, wanted)] += here
        wrong.pop(None, None)
        for what, here in wrong.items():
            yield "%s (%s) in %s is %s: %s" % (part.name, lines[code[here[0]].line], name, what,
                                               " ".join(sorted({code[i].mnemonic for i in here})))
    for operation in sorted(missing):
        yield "%s (%s): no %s found" % (part.name, min(lines.values()), operation)


def main(repository, objdump, path, wanted):
    functions = [(name, code, innermost_loops(code)) for name, code in disassemble(objdump, path)]
    failed = False
    for part in PARTS:
        lines = {}
        for place in part.places:
            lines.update(source_lines(repository, *place))
        for message in faults(part, lines, functions, 16 if part.classes else wanted):
            print(message)
            failed = True
    return failed


sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])))
