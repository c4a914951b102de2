"""Programs that contend for the same files: contention.py SHIM DATA ROUNDS [SEED]

In each round two, four or eight programs at a time work on one folder: trainings with the same model, checkpoint, log
or report, trainings that go on, evaluations, and others that only read. SHIM (between.c) makes room between their
steps; signals stop, end and kill them. A watcher reads the files all the while. What a round does is given by its seed:
SEED is the first, and that of the round that fails is printed, with what is wrong and the runs in their order."""
import json
import os
import random
import re
import shutil
import signal
import struct
import subprocess
import sys
import time
import traceback
import zlib

SHIM, DATA, ROUNDS, *FIRST = sys.argv[1:]
RECIPE = "--epochs 6 --batch 64 --patience 0".split()
SEEDS = range(1, 9)
STEPS = 200  # about as many as a run takes with its files
CALLS = "fcntl fcntl unlink".split() * 2 + "open write rename fflush close fsync ftruncate lstat stat".split()
# What a round is about, and the runs that it is made of.
KINDS = {
    "all": ["train"] * 6 + ["resume"] * 2 + ["eval", "eval", "read model", "read checkpoint"],
    "out": ["train"] * 7 + ["read model"],
    "checkpoint": ["train"] * 4 + ["resume"] * 3 + ["read checkpoint"],
    "log": ["train"],
    "report": ["train", "eval"],
}
CLAIMED = ["a.bin", "b.bin", "a.checkpoint", "b.checkpoint"]
REPLACED = CLAIMED + ["a.html", "b.html"]
NAMES = REPLACED + ["a.log", "b.log"]
LINK, LINKED = "a.link", "a.bin"
ENDS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
FOREIGN = 65534  # a user and a group
NAME = r"(?P<name>\S+)"
HELD = re.compile(NAME + r": process (?P<pid>\d+) is writing it: wait for its end, or name another file")
# What else may be said: of what is not there, or must not be replaced; and of a stop.
REFUSED = re.compile(NAME + r": (cannot open: No such file or directory(: train one with mnist-train, or name another)?|a symbolic link that leads nowhere: .*|"
                     r"holds a run that has got to epoch \d of 6: name another file with --checkpoint, remove it, or go on: "
                     r"mnist-train --resume \S+)")
STOPPED = re.compile(r"stopped by a signal before training began|\S+: not written: a second signal came|"
                     r"stopped before the end of the first epoch: \S+ stays as it was")


class Wrong(Exception):
    pass


def expect(good, *what):
    if not good:
        raise Wrong(" ".join(str(w) for w in what))


def real(name):
    """One name for each file of the folder, whatever it is called."""
    folder, base = os.path.split(os.path.abspath(name))
    return name if folder != os.getcwd() else LINKED if base == LINK else base


# --- what whole files are ---

def whole_tensors(data):
    """The metadata of a model or checkpoint: every byte is there, and the CRC-32 of the tensors is right."""
    size, = struct.unpack("<Q", data[:8])
    expect(size < len(data), "header of", size, "bytes")
    header = json.loads(data[8:8 + size])
    metadata = header.pop("__metadata__")
    end = max(tensor["data_offsets"][1] for tensor in header.values())
    expect(end == len(data) - 8 - size, len(data) - 8 - size, "bytes of tensors, not", end)
    expect(metadata["crc32"] == "%08x" % zlib.crc32(data[8 + size:]), "CRC-32")
    return metadata


def whole_report(data):
    expect(data.startswith(b"<!DOCTYPE html>\n") and data.endswith(b"</html>\n"), "begin or end")
    expect(data.count(b"<html") == 1 and b"\0" not in data, "middle")


def whole_log(data):
    """Runs one after another: a start, its epochs from the first, an end if it came to that; all of one seed."""
    lines = data.split(b"\n")
    lines.pop()  # empty, or the one that a kill has cut off
    seed = epoch = None
    for line in lines:
        event = json.loads(line)
        if event["event"] == "start":
            seed, epoch = event["seed"], 0
        elif event["event"] == "epoch":
            expect(epoch is not None and event["epoch"] == epoch + 1, "epoch", event["epoch"], "after", epoch)
            epoch += 1
            expect(event["train_loss"] == reference[seed].losses[epoch - 1], "another run's epoch", epoch)
        else:
            expect(event["event"] == "end" and event["epochs_run"] == epoch, "end after epoch", epoch)
            epoch = None


def read(name):
    try:
        with open(name, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None


def check_file(name):
    data = read(name)
    while name.endswith(".log") and data != (data := read(name)):  # one that was read while it was being cut
        pass
    if data is None:
        return
    try:
        (whole_report if name.endswith(".html") else whole_log if name.endswith(".log") else whole_tensors)(data)
    except (Wrong, ValueError, KeyError, struct.error) as why:
        with open("../broken", "wb") as file:
            file.write(data)
        raise Wrong("%s is not whole: %r" % (name, why))


def watch():
    """A process that reads every file again and again, until SIGTERM; ends with 1 if one is not whole."""
    stopped = []
    before = signal.signal(signal.SIGTERM, lambda *_: stopped.append(True))
    watcher = os.fork()
    if watcher:
        signal.signal(signal.SIGTERM, before)
        return watcher
    try:
        while not stopped:
            for name in NAMES:
                check_file(name)
            time.sleep(0.0005)
        os._exit(0)
    except Wrong as why:
        print(why, flush=True)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(1)


# --- runs ---

class Run:
    """One command: what it writes, and what became of it."""

    def __init__(self, command, writes=(), claims=()):
        self.command, self.writes, self.claims = command, [real(n) for n in writes], [real(n) for n in claims]
        self.signals = []  # (seconds after its start, signal)

    def start(self, number):
        self.said, self.complained = "../out%d" % number, "../err%d" % number
        settings = dict(os.environ, LD_PRELOAD=SHIM, BETWEEN=self.between, TRACE=os.path.abspath("../trace"))
        with open(self.said, "wb") as out, open(self.complained, "wb") as err:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=settings)
        self.pid, self.began, self.ended = self.process.pid, time.monotonic(), None

    def poll(self):
        """True when it has ended; until then it gets the signals that are due."""
        while self.signals and time.monotonic() >= self.began + self.signals[0][0]:
            self.process.send_signal(self.signals.pop(0)[1])
        if self.process.poll() is None:
            return False
        self.ended, self.code = time.monotonic(), self.process.returncode
        return True

    def events(self):
        return [json.loads(line) for line in read(self.said).splitlines() if line.endswith(b"}")]

    def seed(self):
        return next((event["seed"] for event in self.events() if event.get("event") == "start"), None)

    def __str__(self):
        return "%d: %s -> %s %s" % (self.pid, " ".join(self.command), self.code, read(self.complained).decode().strip())


def train(*words, seed=None):
    recipe = [] if seed is None else RECIPE + ["--seed", str(seed)]
    return ["mnist-train", "--data", DATA, "--threads", "1", "--quiet", "--json", *recipe, *words]


def some_run(rng, number, focus):
    """A run at random, most likely one that writes the kind of file that the round is about. What is not shared is
    beside the folder."""
    own = "../own%d" % number
    kind = rng.choice(KINDS[focus])
    if kind == "read model":
        return Run(["mnist-eval", rng.choice(["a.bin", "b.bin"]), "--data", DATA, "--threads", "1"])
    if kind == "eval":
        report = rng.choice(["a.html", "a.html", "b.html"])
        return Run(["mnist-eval", rng.choice(["a.bin", "../reference1.bin"]), "--data", DATA, "--report", report,
                    "--threads", "1"], [report])
    checkpoint = rng.choice(["a.checkpoint"] * 4 + ["../folder/a.checkpoint", "b.checkpoint"])
    if kind == "read checkpoint":
        return Run(train("--resume", checkpoint, "--checkpoint", own + ".checkpoint", "--out", own + ".bin",
                         "--max-seconds", "0.001"))
    out = rng.choice(["a.bin"] * 4 + ["./a.bin", LINK, "b.bin"])
    shares = {name: rng.random() < (0.9 if focus == name else 0.4 if focus == "all" else 0.1)
              for name in ("out", "checkpoint", "log", "report")}
    words, claims, writes = ["--out", out if shares["out"] else own + ".bin"], [], []
    if shares["out"]:
        claims.append(out)
    if kind == "resume" or shares["checkpoint"]:
        words += ["--resume" if kind == "resume" else "--checkpoint", checkpoint]
        claims.append(checkpoint)
    for option, names in ("log", ["a.log", "a.log", "b.log"]), ("report", ["a.html", "a.html", "b.html"]):
        if shares[option]:
            words += ["--" + option, rng.choice(names)]
            writes.append(words[-1])
    return Run(train(*words, seed=None if kind == "resume" else rng.choice(SEEDS)), writes + claims, claims)


def set_fate(rng, run, violence):
    """How it is disturbed: slowed down, and signals at an instant or before a step."""
    step = number = 0
    fate, instant = rng.random(), rng.random() * 0.25
    if fate < violence / 3:
        step, number = rng.randint(1, STEPS), rng.choice([signal.SIGKILL] * 3 + ENDS)
    elif fate < violence * 2 / 3:
        run.signals = [(instant, signal.SIGKILL)]
    elif fate < violence:
        run.signals = [(instant, rng.choice(ENDS)) for _ in range(rng.choice([1, 1, 2]))]
    elif rng.random() < 0.2:
        run.signals = [(instant, signal.SIGSTOP), (instant + rng.random() * 0.2, signal.SIGCONT)]
    run.sent = {number, *(number for _, number in run.signals)}
    run.many = len([number for _, number in run.signals if number in ENDS]) > 1
    run.between = "%d,%d,%d,%s" % (rng.getrandbits(31) if rng.random() < 0.8 else 0, step, number, rng.choice(CALLS))
    run.pause = rng.random() ** 3 * 0.06


def plan(rng):
    """Lists of runs: those of one list follow one another."""
    focus, violence = rng.choice(list(KINDS)), rng.choice([0, 0.3, 0.6])
    places = [[some_run(rng, 10 * place + n, focus) for n in range(rng.randint(1, 6))]
              for place in range(rng.choice([2, 4, 8]))]
    for run in sum(places, []):
        set_fate(rng, run, violence)
    return places


def set_stage(rng):
    """What earlier runs, whole or killed, may have left: the names, and the seed of the model."""
    left, seed = set(), None
    if rng.random() < 0.5:
        seed = rng.choice(SEEDS)
        shutil.copy("../reference%d.bin" % seed, "a.bin")
        if os.geteuid() == 0 and rng.random() < 0.5:
            os.chown("a.bin", FOREIGN, FOREIGN)
    if rng.random() < 0.5:
        shutil.copy("../reference.html", "a.html")
        if os.geteuid() == 0 and rng.random() < 0.5:
            os.chown("a.html", FOREIGN, FOREIGN)
    if rng.random() < 0.3:
        log = read("../reference.log")
        with open("a.log", "wb") as file:
            file.write(log[:rng.randint(1, len(log))])
    for name in NAMES:
        for ending, content, kinds in ("mnist-lock", b"", CLAIMED), ("mnist-tmp", b"half of", REPLACED):
            if name in kinds and rng.random() < 0.1:
                left.add(".%s.%s" % (name, ending))
                with open(".%s.%s" % (name, ending), "wb") as file:
                    file.write(content)
    os.symlink(LINKED, LINK)
    return left, seed


def play(places):
    """Runs all of them, and gives those that were started."""
    done, deadline = [], time.monotonic() + 60
    current, due = [None] * len(places), [time.monotonic() + runs[0].pause for runs in places]
    while any(places) or any(current):
        for i, run in enumerate(current):
            if run is None and places[i] and time.monotonic() >= due[i]:
                current[i] = places[i].pop(0)
                current[i].start(len(done))
                done.append(current[i])
            elif run and run.poll():
                current[i] = None
                due[i] = time.monotonic() + (places[i][0].pause if places[i] else 0)
        if time.monotonic() > deadline:
            for run in filter(None, current):
                run.process.kill()
                run.process.wait()
            raise Wrong("a program hangs: %s" % [run.command for run in current if run])
        time.sleep(0.0005)
    return done


# --- what must hold in the end ---

def judge_words(run, runs):
    """Its exit code, and each line that it said on stderr."""
    code, lines = run.code, read(run.complained).decode().splitlines()
    stop = -code if code < 0 else code - 128 if code > 128 else 0
    expect(code in (0, 1) or stop in run.sent, "exit code", code)
    expect(len(lines) <= 1 + run.many, "too many words")
    expect(code != 1 or lines, "failed without a word")
    for line in lines:
        program, _, what = line.partition(": ")
        expect(program == run.command[0], "whose words?")
        held = HELD.fullmatch(what)
        if held:
            expect(code != 0 and any(
                other.pid == int(held["pid"]) and real(held["name"]) in other.writes and other.began < run.ended and
                run.began < other.ended for other in runs if other is not run), "no such holder")
        elif STOPPED.fullmatch(what):
            expect(code not in (0, 1) or run.many, "no signal ended it")
        else:
            expect(code != 0 and REFUSED.fullmatch(what), "not to be said")


def judge_claims(runs):
    """No two runs held the same claim: each held its own from its first word, which comes after the files are claimed,
    to the last before its end, and when it renamed. Gives for each name the runs that renamed to it, in their order."""
    steps, renames = {run.pid: [] for run in runs}, {}
    by_pid = {run.pid: run for run in runs}
    for instant, line in enumerate(read("../trace").decode().splitlines()):
        pid, what, name = line.split(" ", 2)
        run, name = by_pid[int(pid)], real(name)
        steps[run.pid].append((instant, what))
        if what == "renames":
            renames.setdefault(name, []).append(run)
            expect(name in run.writes or name.startswith("../own"), run, "renames to", name)
    for run in runs:
        mine = steps[run.pid]
        last_said = max((i for i, (_, what) in enumerate(mine) if what == "said"), default=None)
        if last_said is not None:
            del mine[last_said]  # it comes when all is over
    for name in CLAIMED:
        spans = sorted((steps[run.pid][0][0], steps[run.pid][-1][0], run) for run in runs
                       if name in run.claims and steps[run.pid])
        for (_, end, one), (begin, _, other) in zip(spans, spans[1:]):
            expect(end < begin, name, "is claimed by both", one, "and", other)
    return renames


def judge_model(run):
    """What it says of its model is what an undisturbed run says; and one that was stopped, any other stopped then."""
    ends = [event for event in run.events() if event.get("event") == "end" and "model" in event]
    expect(ends or run.code != 0 or run.command[0] != "mnist-train", "it saved no model")
    for end in ends:
        judge_weights(run.seed(), end["best_epoch"], end["weights_crc32"])


def judge_weights(seed, epoch, crc32):
    if epoch:
        expect(reference[seed].weights.setdefault(epoch, crc32) == crc32, "other weights of seed", seed, "epoch", epoch)


def judge_last(name, runs, seed):
    """A model or a checkpoint is that of the run that was the last to replace it."""
    data, possible = read(name), []
    for run in reversed(runs):
        possible.append(run.seed())
        if run.code >= 0:
            break
    else:
        possible.append(seed)
    metadata = whole_tensors(data) if data is not None else {"seed": None}
    found = metadata["seed"] and int(metadata["seed"])
    expect(found in possible, name, "is of seed", found, "and not of", possible)
    if name.endswith(".bin") and found:
        judge_weights(found, int(metadata["best_epoch"]), metadata["crc32"])
        expect(int(metadata["best_epoch"]) != reference[found].best or data == reference[found].model, name, "differs")


def judge_folder(runs, left):
    """Nothing is left but the files, and of killed runs a lock and a temporary file of each name."""
    killed = [run for run in runs if run.code < 0]
    for run in killed:
        left.update(".%s.mnist-tmp" % name for name in run.writes)
        left.update(".%s.mnist-lock" % name for name in run.claims)
    found = set(os.listdir("."))
    expect(found <= left | set(NAMES) | {LINK}, "left:", sorted(found - left - set(NAMES) - {LINK}))


def judge_afterwards():
    """An undisturbed run succeeds, and takes away what is left."""
    for stem in "ab":
        checkpoint = stem + ".checkpoint"
        there = os.path.exists(checkpoint)
        seed = int(whole_tensors(read(checkpoint))["seed"]) if there else 1
        words = ["--out", stem + ".bin", "--log", stem + ".log", "--report", stem + ".html",
                 "--resume" if there else "--checkpoint", checkpoint]
        run = subprocess.run(train(*words, seed=None if there else seed), stdout=subprocess.DEVNULL,
                             stderr=subprocess.PIPE)
        expect(run.returncode == 0 and not run.stderr, "afterwards:", run.returncode, run.stderr.decode())
        expect(read(stem + ".bin") == reference[seed].model, stem + ".bin differs from that of an undisturbed run")
        expect(read(stem + ".log").endswith(b"}\n"), "the log's end")
    for name in NAMES:
        check_file(name)
    expect(set(os.listdir(".")) == set(NAMES) | {LINK}, "afterwards there is", sorted(os.listdir(".")))


def judge(runs, left, seed):
    for run in runs:
        try:
            judge_words(run, runs)
            judge_model(run)
        except Wrong as why:
            raise Wrong("%s: %s" % (run, why))
    renames = judge_claims(runs)
    for name in CLAIMED:
        judge_last(name, renames.get(name, []), seed if name == "a.bin" else None)
    judge_folder(runs, left)
    judge_afterwards()


# --- rounds ---

class Reference:
    """What an undisturbed run of a seed gives."""

    def __init__(self, seed):
        out = "reference%d.bin" % seed
        run = subprocess.run(train("--out", out, "--report", "reference.html", "--log", "reference.log", seed=seed),
                             stdout=subprocess.PIPE, check=True)
        events = [json.loads(line) for line in run.stdout.splitlines()]
        self.losses = [event["train_loss"] for event in events if event["event"] == "epoch"]
        self.best = events[-1]["best_epoch"]
        self.weights = {self.best: events[-1]["weights_crc32"]}
        self.model = read(out)


def one_round(seed):
    """The number of runs, and of those that were refused, ended by a signal, and killed."""
    rng = random.Random(seed)
    shutil.rmtree("folder", ignore_errors=True)
    for name in os.listdir("."):
        if name.startswith(("out", "err", "own", "broken")):
            os.remove(name)
    open("trace", "wb").close()
    os.mkdir("folder")
    os.chdir("folder")
    runs = []
    try:
        left, model = set_stage(rng)
        places = plan(rng)
        watcher = watch()
        try:
            runs = play(places)
        finally:
            os.kill(watcher, signal.SIGTERM)
            _, status = os.waitpid(watcher, 0)
        expect(status == 0, "the watcher saw it, status", status)
        judge(runs, left, model)
    except Wrong as why:
        print("round of seed %d: %s" % (seed, why), *runs, sep="\n  ")
        sys.exit(1)
    finally:
        os.chdir("..")
    codes = [run.code for run in runs]
    return len(codes), codes.count(1), sum(code > 128 for code in codes), sum(code < 0 for code in codes)


signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background programs ignore it
reference = {seed: Reference(seed) for seed in SEEDS}
total = [0] * 4
first = int(FIRST[0]) if FIRST else 1
for seed in range(first, first + int(ROUNDS)):
    total = [a + b for a, b in zip(total, one_round(seed))]
print("%d runs: %d refused, %d stopped, %d killed" % tuple(total))
sys.exit(not total[1] or not total[3])
