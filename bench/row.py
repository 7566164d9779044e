# SPDX-License-Identifier: BSD-3-Clause
"""What a row of the bench is, and what rows have in common: where things are, programs in C that are asked for pairs."""
import os, re, shlex, subprocess

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class NotMeasured(Exception):
    """Why a row has no figures; it isn't ok then."""


class Bench:
    """What a run has: `folder` for scratch files, `quick`, the build and the captures."""
    def __init__(self, folder, quick):
        self.folder, self.quick = folder, quick
        self.build = os.path.join(TOP, os.environ.get("SIGHTLINE_BUILD", "build-release"))
        self.data = os.environ.get("SIGHTLINE_DATA") or os.path.join(TOP, "..", "shared", "data")
        self.sensor = os.path.join(self.build, "app/sensor/sightline-sensor")
        self.mix = os.path.join(self.data, "bench-mix.pcap.gz")
        cores = sorted(os.sched_getaffinity(0))
        self.core, self.control = cores[0], cores[-1]  # of what is measured (where a sensor has its one worker), and of all else

    def cache(self):
        """Folder of the sensors' compiled indicators, so that only the first of a feed has to read it."""
        folder = os.path.join(self.folder, "cache")
        os.makedirs(folder, exist_ok=True)
        return folder

    def program(self, name):
        return os.path.join(self.build, "bench", name)


class Row:
    """One row. The driver makes one, calls start(), pair() so often as it wants pairs, instructions(), stop() (always)."""
    profile = ""  # as INTERFACES names it; those that have no bound in the issue: s-...
    what = ""  # one line for --list
    unit = "ns/packet"
    bound = None  # of the ratio; None: none is asked
    rate = False  # value and baseline are rates (more is better), not costs

    def __init__(self, bench):
        self.bench = bench
        self.packets = None  # how many each side of a pair saw, a whole mix at least; None: no packets
        self.baseline = ""  # its command line, or what it is
        self.note = ""  # what a reader has to know: frames cut, tables built of what
        self.facts = {}  # more figures, into the JSON as they are
        self.failures = []  # what did not hold beside the ratio: such as sightings missed

    def start(self):
        """Makes ready what all pairs share; raises NotMeasured."""

    def pair(self):
        """(value, baseline's value) of one run of each, one right after the other; None for a baseline that there isn't."""
        raise NotImplementedError

    def instructions(self):
        """Instructions of the product for one unit: performance counters, or callgrind of a short run. None: not counted."""
        return None

    def stop(self):
        """Ends what start began; also after a failure, also where start did not get so far."""


class Curve:
    """Points without a baseline: what depends on what. x and y are the axes' names."""
    profile, what = "", ""
    x, y, logx = "", "", False

    def __init__(self, bench):
        self.bench = bench

    def take(self):
        """{"series": {name: [[x, y], ...]}} and more as it likes: "note", "failures"."""
        raise NotImplementedError

    def shape(self):
        return {"x": self.x, "y": self.y, "logx": self.logx, "what": self.what}


class Served:
    """A bench program (serve.h) on the core of what is measured; pairs are asked for by lines."""
    def __init__(self, bench, *argv, under=()):
        self.argv = [str(a) for a in argv]
        self.facts = {}
        self.p = subprocess.Popen(["taskset", "-c", str(bench.core), *under, *self.argv], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.until("ready")

    def until(self, word):
        """The rest of the line that begins with word; what comes before it are facts."""
        for line in self.p.stdout:
            first, _, rest = line.strip().partition(" ")
            if first == word:
                return rest
            self.facts[first] = float(rest) if re.fullmatch(r"-?[0-9.e+]+", rest) else rest
        raise NotMeasured("%s: %s" % (shlex.join(self.argv), self.p.stderr.read().strip()[-300:] or "it ended"))

    def ask(self, what):
        self.p.stdin.write(what + "\n")
        self.p.stdin.flush()
        return self.until(what)

    def end(self):
        self.p.stdin.close()
        self.p.wait()
        self.p.stdout.close()
        self.p.stderr.close()


def counted(bench, what, *argv):
    """Instructions of our side of a program for one unit, by callgrind: what it spends in a function and below it,
    in the run that bench_measured calls."""
    out = os.path.join(bench.folder, "callgrind.out")
    under = ["valgrind", "--tool=callgrind", "--callgrind-out-file=" + out, "--collect-atstart=no",
             "--toggle-collect=bench_measured"]
    p = Served(bench, *argv, under=under)
    units = float(p.ask("count"))
    p.end()
    said = subprocess.run(["callgrind_annotate", "--inclusive=yes", "--threshold=100", out], capture_output=True, text=True).stdout
    total = re.search(r"^\s*([0-9,]+) .*:%s(?:\.\S+)? \[" % re.escape(what), said, re.M)
    return int(total.group(1).replace(",", "")) / units if total else None


class ServedRow(Row):
    """A row that a bench program measures; args for pairs, short_args for the count of instructions."""
    program, args, short_args = "", (), ()
    counted = "bench_measured"  # the function whose instructions count

    def start(self):
        self.served = None
        self.served = Served(self.bench, self.bench.program(self.program), *self.args)
        self.facts = self.served.facts

    def pair(self):
        value, base = self.served.ask("pair").split()
        return float(value), float(base)

    def instructions(self):
        self.stop()
        return counted(self.bench, self.counted, self.bench.program(self.program), *(self.short_args or self.args))

    def stop(self):
        if getattr(self, "served", None) is not None:
            self.served.end()
        self.served = None
