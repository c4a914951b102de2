"""Measures mnist-train against NumPy, PyTorch and scikit-learn on this machine, in one run.

Three measures: an epoch with all cores (each peer at its own best thread count), an epoch on one
thread, and the time from the start of the process to 98% validation accuracy. All train
784-128-64-10 in float32 with Adam and batches of 128 on the same 55,000 images. Each is given as a
ratio, ours to the peer's: below 1, ours is faster. Ours and the peer take turns, and a ratio is
the median of the rounds' own ratios, since whatever else runs in a round slows both.

A peer that runs on the reference BLAS is many times slower than it could be, and is skipped.
"""
import argparse
import json
import math
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

# The race to 98%: the options of ours and of NumPy alike.
FAST98 = "--epochs 5 --lr 5e-3 --l2 1e-5 --label-smoothing 0.05"

TARGET = 0.98
LEARNS = 0.94  # by the second epoch; a broken kernel stays far below
TRAIN_IMAGES = 55000
TIME_LIMIT = 120  # seconds a process
PRODUCT_ERROR_LIMIT = 1e-5  # float32 sums of 784 terms stay within 1e-6
KERNEL_CHOICE = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
AVX2_ONLY = {  # OpenBLAS, MKL, oneDNN by its old name and its new, PyTorch and NumPy themselves
    "OPENBLAS_CORETYPE": "Zen",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",
    "DNNL_MAX_CPU_ISA": "AVX2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "ATEN_CPU_CAPABILITY": "avx2",
    "NPY_DISABLE_CPU_FEATURES": "AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL "
                                "AVX512_SPR X86_V4",
    # NumPy warns of features in that list that it or the processor lacks.
    "PYTHONWARNINGS": "ignore:During parsing environment variable:RuntimeWarning",
}

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
ONE_THREAD = (1, None)


class Failed(Exception):
    pass


class Peer:
    """A way to run it is (threads, how idle OpenMP threads wait; None: as the library likes)."""

    def __init__(self, name, module, idle=(None,)):
        self.name = name
        self.script = os.path.join(ROOT, "scripts", "peers", module + "_mlp.py")
        self.ways = [(CORES, wait) for wait in idle if CORES > 1] + [ONE_THREAD]
        self.rounds = {way: [] for way in self.ways}
        self.failures = {}
        self.python = self.environment = None
        self.version = self.blas = ""

    def find(self, environment):
        """The first Python that has its library."""
        self.environment = environment
        for self.python in filter(os.path.exists, (sys.executable, "/usr/bin/python3")):
            try:
                self.ask()
                return
            except Failed as failed:
                reason = failed
        self.skip(reason)

    def ask(self):
        library = first_event([self.python, self.script], self.environment)
        self.version, self.blas = library["version"], library["blas"]

    def skip(self, reason):
        self.ways = []
        self.failures[ONE_THREAD] = f"skipped: {reason}"

    def run(self, way):
        """Command and environment."""
        threads, wait = way
        env = {**self.environment, "OMP_WAIT_POLICY": wait} if wait else self.environment
        return [self.python, self.script, "--threads", str(threads)], env

    def median(self, way):
        return statistics.median(turn["peer"] for turn in self.rounds[way])

    def best(self):
        return min(self.ways, key=self.median, default=None)

    def label(self):
        return f"{self.name} {self.version}".strip()

    def on_reference(self):
        return self.blas == "reference BLAS"

    def failure(self, way):
        return self.failures.get(way) or next(iter(self.failures.values()), None)


def peers():
    """Waiting threads that spin are faster on an idle machine and many times slower on a busy one.

    PyTorch, whose threads wait dozens of times a step, is therefore tried both ways.
    """
    return [Peer("NumPy", "numpy"), Peer("PyTorch", "torch", (None, "PASSIVE")),
            Peer("scikit-learn", "sklearn")]


def waits(way):
    return f", {way[1].lower()} waits" if way[1] else ""


# --- running a program ---


class Process:
    """A child that prints JSON lines."""

    def __init__(self, command, env=None):
        self.errors = tempfile.TemporaryFile("w+", errors="replace")
        self.started = time.perf_counter()
        self.child = subprocess.Popen(command, env=env, text=True, stdin=subprocess.DEVNULL,
                                      stdout=subprocess.PIPE, stderr=self.errors)
        self.timer = threading.Timer(TIME_LIMIT, self.child.kill)

    def __enter__(self):
        self.timer.start()
        return self

    def __exit__(self, *_):
        self.timer.cancel()
        self.child.terminate()
        self.child.wait()
        self.child.stdout.close()
        self.errors.close()

    def age(self):
        return time.perf_counter() - self.started

    def events(self):
        """Each event as it comes, with the seconds since the process was started."""
        for line in self.child.stdout:
            age = self.age()
            try:
                yield age, json.loads(line)
            except json.JSONDecodeError:
                raise Failed(f"it printed no JSON: {line.strip()[:80]}") from None
        if self.child.wait():
            self.errors.seek(0)
            said = self.errors.read().strip().splitlines() or [f"exit {self.child.returncode}"]
            raise Failed(f"over {TIME_LIMIT} s" if self.age() >= TIME_LIMIT else said[-1])


def check_start(event):
    if event["train_images"] != TRAIN_IMAGES:
        raise Failed(f"it found {event['train_images']} training images, not {TRAIN_IMAGES}: "
                     "run scripts/get-mnist.sh, or name another folder with --data")
    if not event.get("product_error", 0) <= PRODUCT_ERROR_LIMIT:
        raise Failed(f"matrix products are wrong by {event['product_error']:.1e}")


def first_event(command, env=None):
    """What a program says of itself before it trains; it is stopped then."""
    with Process(command, env) as process:
        for _, event in process.events():
            return event
    raise Failed("it said nothing")


def run_epochs(command, env, epochs, seed):
    """The median seconds of this many epochs after the first."""
    command = command + ["--epochs", str(epochs + 1), "--seed", str(seed)]
    with Process(command, env) as process:
        events = [event for _, event in process.events()]
    check_start(next(event for event in events if event["event"] == "start"))
    passes = [event for event in events if event["event"] == "epoch"]
    reached = max(event["val_acc"] for event in passes[:2])
    if reached < LEARNS:
        raise Failed(f"it does not learn: validation accuracy {reached:.3f} after two epochs")
    return statistics.median(event["seconds"] for event in passes[1:])


def run_to_target(command, env, seed):
    """Seconds and epochs to the target; without end when it is not reached."""
    with Process(command + FAST98.split() + ["--seed", str(seed)], env) as process:
        for seconds, event in process.events():
            if event["event"] == "start":
                check_start(event)
            elif event["event"] == "epoch" and event["val_acc"] >= TARGET:
                return seconds, event["epoch"]
    return math.inf, math.inf


# --- measuring ---


def say(text):
    print(f"bench-peers.sh: {text}", file=sys.stderr, flush=True)


def free_environment():
    """OpenBLAS chooses its kernel."""
    return {name: value for name, value in os.environ.items() if name not in KERNEL_CHOICE}


def core_types():
    """What OpenBLAS calls the kernels for this processor's vectors."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            flags = file.read().split()
    except OSError:
        return []
    return [name for flag, name in (("avx512bw", "SkylakeX"), ("avx2", "Zen"))
            if flag in flags]


class Bench:
    def __init__(self, options, folder):
        self.options = options
        self.data = ["--data", options.data]
        # A copy, for the program may be built again while this runs.
        self.program = shutil.copy(options.program, os.path.join(folder, "mnist-train"))
        self.model = os.path.join(folder, "model.bin")
        self.kernels = None
        self.held = options.simd == "avx2"
        self.peers = peers()
        self.race = []  # a round each: ours and NumPy's (seconds, epochs)
        self.race_failure = None

    def ours(self, threads):
        return [self.program, "--json", "--quiet", "--patience", "0", "--out", self.model,
                "--dropout", "0", "--label-smoothing", "0", "--threads", str(threads),
                "--simd", self.options.simd] + self.data

    def measure(self):
        start = first_event(self.ours(CORES))
        check_start(start)
        self.kernels = start["kernels"]
        for peer in self.peers:
            self.prepare(peer)
        for peer in self.peers:
            if peer.ways and not self.held:
                self.choose_environment(peer)
        for seed in range(1, self.options.rounds + 1):
            for peer in self.peers:
                if peer.ways:
                    say(f"round {seed} of {self.options.rounds}: an epoch, {peer.name}")
                    self.measure_epochs(peer, seed)
        numpy = self.peers[0]
        if numpy.ways:
            self.measure_race(numpy, numpy.best())

    def prepare(self, peer):
        peer.find({**free_environment(), **AVX2_ONLY} if self.held else dict(os.environ))
        if peer.on_reference():
            if not self.options.reference_blas:
                peer.skip("it runs on the reference BLAS, and --reference-blas was not given")
            say(f"{peer.label()} is {'raced' if peer.ways else 'skipped'}: it runs on the "
                "reference BLAS, many times slower than OpenBLAS (Debian: install "
                "libopenblas0-pthread)")

    def choose_environment(self, peer):
        """The fastest of OpenBLAS's kernels that is right: an older one does not know a newer
        processor, and chooses a slow one."""
        free = free_environment()
        choices = [peer.environment, free] + [{**free, "OPENBLAS_CORETYPE": name}
                                              for name in core_types()]
        say(f"which kernel suits {peer.name}")
        times = [(self.time_kernel(peer, one), i) for i, one in enumerate(choices)
                 if one not in choices[:i]]
        peer.environment = choices[min(times)[1]]
        try:
            peer.ask()
        except Failed as failed:
            peer.skip(str(failed))

    def time_kernel(self, peer, environment):
        peer.environment = environment
        try:
            return self.peer_epochs(peer, ONE_THREAD, 2, 1)
        except Failed:
            return math.inf

    def peer_epochs(self, peer, way, epochs, seed):
        command, env = peer.run(way)
        return run_epochs(command + self.data + ["--check"], env, epochs, seed)

    def our_epochs(self, threads, seed):
        return run_epochs(self.ours(threads), None, self.options.epochs, seed)

    def measure_epochs(self, peer, seed):
        """Ours and the peer take turns, each way to run the peer with runs of ours beside it."""
        for way in list(peer.ways):
            turn = {"ours": self.our_epochs(CORES, seed)}
            try:
                turn["peer"] = self.peer_epochs(peer, way, self.options.epochs, seed)
            except Failed as failed:
                peer.failures[way] = f"failed: {failed}"
                peer.ways.remove(way)
                continue
            if way == ONE_THREAD:
                turn["ours_one"] = self.our_epochs(1, seed) if CORES > 1 else turn["ours"]
            peer.rounds[way].append(turn)
        # A way that is twice as slow as the best is given up; one thread is needed anyway.
        for way in [way for way in peer.ways if way != ONE_THREAD]:
            if peer.median(way) > 2 * peer.median(peer.best()):
                say(f"{peer.name} on {way[0]} threads{waits(way)}: {peer.median(way):.2f} s an "
                    "epoch, given up")
                peer.ways.remove(way)

    def measure_race(self, peer, way):
        command, env = peer.run(way)
        for seed in range(1, self.options.rounds + 1):
            say(f"round {seed} of {self.options.rounds}: to {TARGET:.0%}, {peer.name}")
            try:
                ours = run_to_target(self.ours(CORES), None, seed)
                self.race.append((ours, run_to_target(command + self.data, env, seed)))
            except Failed as failed:
                self.race_failure = f"failed: {failed}"
                say(f"the race {self.race_failure}")
                return


# --- reporting ---


def finite(number):
    return number if number < math.inf else None


def row(measure, program, runs_on, threads, times, ratios=(), **more):
    """A target not reached counts as endless seconds, and as nothing where both missed it."""
    found = {"measure": measure, "program": program, "runs_on": runs_on, "threads": threads,
             "seconds": finite(statistics.median(times)), **more}
    ratios = [ratio for ratio in ratios if not math.isnan(ratio)]
    if ratios and 0 < statistics.median(ratios) < math.inf:
        found.update(ratio=statistics.median(ratios), lowest=min(ratios),
                     highest=finite(max(ratios)))
    return found


def epoch_rows(bench, measure, ours_key, choose):
    """choose(peer): the way to run it that counts here, or None."""
    rows, ours, threads = [], [], 1 if ours_key == "ours_one" else CORES
    for peer in bench.peers:
        way = choose(peer)
        if way is None:
            rows.append({"measure": measure, "program": peer.label(),
                         "failure": peer.failure(ONE_THREAD)})
            continue
        turns = peer.rounds[way]
        times = [turn["peer"] for turn in turns]
        ours += [turn[ours_key] for turn in turns]
        rows.append(row(measure, peer.label(), peer.blas + waits(way), way[0], times,
                        [turn[ours_key] / turn["peer"] for turn in turns],
                        images_per_s=TRAIN_IMAGES / statistics.median(times)))
    if ours:
        rows.insert(0, row(measure, "mnist-train", bench.kernels, threads, ours,
                           images_per_s=TRAIN_IMAGES / statistics.median(ours)))
    return rows


def race_rows(bench):
    numpy = bench.peers[0]
    if not bench.race:
        reason = bench.race_failure or numpy.failure(ONE_THREAD)
        return [{"measure": "to_98", "program": numpy.label(), "failure": reason}]
    rows = []
    for side, program, runs_on, threads in (
            (0, "mnist-train", bench.kernels, CORES),
            (1, numpy.label(), numpy.blas, numpy.best()[0])):
        times, epochs = zip(*(turn[side] for turn in bench.race))
        ratios = [ours[0] / theirs[0] for ours, theirs in bench.race] if side else ()
        rows.append(row("to_98", program, runs_on, threads, times, ratios,
                        epochs=[finite(n) for n in epochs]))
    # The same distance in epochs of NumPy's, whose own recipe may be a slow one.
    if rows[0]["seconds"]:
        rows[0]["numpy_epochs"] = rows[0]["seconds"] / numpy.median(numpy.best())
    return rows


def collect(bench):
    rows = epoch_rows(bench, "epoch", "ours", Peer.best)
    if CORES > 1:
        rows += epoch_rows(bench, "epoch_one_thread", "ours_one",
                           lambda peer: ONE_THREAD if ONE_THREAD in peer.ways else None)
    return rows + race_rows(bench)


def machine():
    name = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            name = next(line.split(":")[1].strip() for line in file if "model name" in line)
    except (OSError, StopIteration):
        pass
    return f"{CORES} {'core' if CORES == 1 else 'cores'}, {name}"


def contest(bench):
    held = ", the peers held to AVX2 too" if bench.held else ""
    return f"mnist-train with its {bench.kernels} kernels{held}"


def quote(bench, rows):
    """A peer on the reference BLAS is not at its best and is left out."""
    fair = {peer.label(): peer for peer in bench.peers if peer.ways and not peer.on_reference()}
    parts = []
    for measure, title in (("epoch", "an epoch"), ("epoch_one_thread", "on one thread"),
                           ("to_98", f"from start to {TARGET:.0%} validation accuracy")):
        factors = [f"{1 / found['ratio']:.1f}x {fair[found['program']].name}" for found in rows
                   if found["measure"] == measure and "ratio" in found
                   and found["program"] in fair]
        if factors:
            parts.append(f"{title} {', '.join(factors)}")
    if not parts:
        return f"{contest(bench)}: compared with no peer at its best"
    kernels = sorted({peer.blas for peer in fair.values()})
    return (f"speed of {contest(bench)}: {'; '.join(parts)} "
            f"({machine()}; {', '.join(fair)}; {', '.join(kernels)})")


TITLES = {
    "epoch": f"An epoch, {CORES} threads; each peer at its own best thread count",
    "epoch_one_thread": "An epoch, one thread",
    "to_98": f"From the start of the process to {TARGET:.0%} validation accuracy ({FAST98})",
}


def cells(found):
    """The columns after the program's name."""
    if "failure" in found:
        return [found["failure"]]
    if "epochs" in found:
        last = "/".join("-" if n is None else str(n) for n in found["epochs"])
    else:
        last = f"{found['images_per_s']:,.0f}"
    seconds = "not reached" if found["seconds"] is None else f"{found['seconds']:.3f}"
    ratio, spread = "", ""
    if "ratio" in found:
        ratio = f"{found['ratio']:.3f}"
        highest = "" if found["highest"] is None else f"{found['highest']:.3f}"
        spread = f"{found['lowest']:.3f}-{highest}"
    return [f"{found['threads']}", seconds, last, ratio, spread, found["runs_on"]]


def print_table(rows):
    layout = "  {:<20} {:>7}  {:>9}  {:>11}  {:>9}  {:>11}  {}"
    for measure, title in TITLES.items():
        part = [found for found in rows if found["measure"] == measure]
        if not part:
            continue
        race = measure == "to_98"
        print(f"\n{title}")
        print(layout.format("", "threads", "seconds" if race else "epoch s",
                            "epochs" if race else "images/s", "ours/peer", "range", "runs on"))
        for found in part:
            columns = cells(found)
            if len(columns) == 1:
                print(f"  {found['program']:<20} {columns[0]}")
            else:
                print(layout.format(found["program"], *columns).rstrip())
            if "numpy_epochs" in found:
                print(f"  {'':<20} as long as {found['numpy_epochs']:.2f} epochs of NumPy's")


def report(bench, load, as_json):
    rows = collect(bench)
    if as_json:
        for found in rows:
            print(json.dumps(found))
        print(json.dumps({"measure": "quote", "text": quote(bench, rows), "load": load}))
        return
    print(f"{machine()}, load {load:.1f} at the start; {contest(bench)}; medians, "
          f"rounds: {bench.options.rounds}, epochs a round: {bench.options.epochs}")
    print_table(rows)
    print(f"\n{quote(bench, rows)}")


def positive(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is not at least 1")
    return number


def main():
    parser = argparse.ArgumentParser(
        prog="bench-peers.sh", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--rounds", type=positive, metavar="N", help="rounds of turns [7]")
    add("--epochs", type=positive, metavar="N",
        help="epochs counted of each process, after one that is not [3]")
    add("--quick", action="store_true", help="one round of one epoch, unless told otherwise")
    add("--json", action="store_true", help="JSON Lines on stdout, one object a row")
    add("--data", default=os.path.join(ROOT, "data", "mnist"), metavar="DIR",
        help="folder with the MNIST files [data/mnist]")
    add("--program", default=os.path.join(ROOT, "build", "mnist-train"), metavar="FILE",
        help="ours [build/mnist-train]")
    add("--simd", default="auto", metavar="SET",
        help="instruction set of ours; with avx2 the peers are held to AVX2 too [auto]")
    add("--reference-blas", action="store_true",
        help="race a peer that runs on the reference BLAS too; it is left out of the quote")
    options = parser.parse_args()
    options.rounds = options.rounds or (1 if options.quick else 7)
    options.epochs = options.epochs or (1 if options.quick else 3)
    if not os.path.exists(options.program):
        sys.exit(f"bench-peers.sh: {options.program} is not there: run make first")
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(options, folder)
        bench.measure()
        report(bench, round(load, 2), options.json)


try:
    main()
except Failed as failure:  # a peer's is reported in its row
    sys.exit(f"bench-peers.sh: ours: {failure}")
except KeyboardInterrupt:
    sys.exit(130)
