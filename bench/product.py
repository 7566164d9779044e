# SPDX-License-Identifier: BSD-3-Clause
"""The sensor as the end-to-end rows and curves run it: the indicators that it has, replays and what they count, and that the mix
gives the sightings that it has to give before anything is timed."""
import copy, json, os, re, signal, subprocess, sys, tempfile, time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(TOP, "tests/system"))
import live_changes, ten_million
from row import NotMeasured

MOST = 10000000
KEPT = "indicators put into the cache"  # what a sensor says then
QUICK = 100000  # indicators that stand for ten million in a quick run
LEVELS = ("bodies", "elephants", "streams", "names")


def kept(bench, name):
    """A path that stays from run to run, as what is there takes minutes to make."""
    folder = os.path.join(bench.build, "bench-data")
    os.makedirs(folder, exist_ok=True)
    return os.path.join(folder, name)


def private(folder):
    """A cache has to be its user's alone."""
    os.makedirs(folder, mode=0o700, exist_ok=True)
    return folder


class Intel:
    """That many indicators, mixed as ten_million.py mixes them, and their compiled form."""
    def __init__(self, bench, count=MOST):
        self.count = min(count, QUICK) if bench.quick else count
        self.path = kept(bench, "indicators-%d.jsonl" % self.count)
        self.cache = kept(bench, "cache-%d" % self.count)
        private(self.cache)
        if not os.path.exists(self.path):
            ten_million.feed(self.path, self.count / MOST)

    def args(self):
        return ["--intel", self.path, "--intel-cache", self.cache]

    def bench(self, bench):
        """The bench, with this set's cache."""
        mine = copy.copy(bench)
        mine.cache = lambda: self.cache
        return mine

    def compile(self, bench):
        """Makes the compiled form, where there is none that fits, so that no timed sensor has to: seconds from the file."""
        took = time.monotonic()
        with Replay(bench, "-r", os.path.join(TOP, "tests/data/maltrail/trails.pcap"), "--speed", "1pps", *self.args()) as run:
            run.until(" armed, ")
            took = time.monotonic() - took
            if "indicators from the cache" not in run.text():
                run.until(KEPT)
        return took


class Replay:
    """A sensor that replays, on all cores, whose lines are awaited; stats() ends it."""
    def __init__(self, bench, *args, out=subprocess.DEVNULL):
        self.err = tempfile.NamedTemporaryFile(dir=bench.folder, suffix=".err")
        self.stats_path = self.err.name + ".stats"
        self.argv = [bench.sensor, *map(str, args), "--stats", self.stats_path]
        self.p = subprocess.Popen(everywhere(self.argv), stdin=subprocess.DEVNULL, stdout=out, stderr=self.err)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        if self.p.poll() is None:
            self.p.kill()
        self.p.wait()
        self.err.close()

    def text(self):
        with open(self.err.name, encoding="utf-8", errors="replace") as f:
            return f.read()

    def failed(self, why):
        raise NotMeasured("%s: %s: %s" % (" ".join(self.argv), why, self.text().strip()[-300:]))

    def until(self, word, count=1, seconds=600):
        end = time.monotonic() + seconds
        while self.text().count(word) < count:
            if self.p.poll() is not None or time.monotonic() > end:
                self.failed("'%s' did not come" % word)
            time.sleep(0.02)

    def resident(self):
        with open("/proc/%d/status" % self.p.pid, encoding="ascii") as f:
            return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1)) * 1024

    def stats(self, interrupt=False):
        if interrupt:
            self.p.send_signal(signal.SIGINT)
        if self.p.wait() != 0:
            self.failed("exit %d" % self.p.returncode)
        with open(self.stats_path, encoding="utf-8") as f:
            return json.load(f)


def everywhere(argv):
    """On every core, though who starts it keeps to one."""
    return ["taskset", "-c", "0-%d" % (os.cpu_count() - 1), *argv]


def replay(bench, *args, out=subprocess.DEVNULL):
    """Statistics of a replay to its end."""
    with Replay(bench, *args, out=out) as run:
        return run.stats()


def rate(st):
    """Packets a second that all workers of a replay took."""
    return st["sightline_rx_packets_total"] / st["sightline_replay_longest_nanoseconds_total"] * 1e9


def added(st):
    """Nanoseconds of a worker for each packet beyond taking and releasing it."""
    alone = st["sightline_replay_rehearsed_nanoseconds_total"] / max(1, st["sightline_replay_rehearsed_packets_total"])
    return st["sightline_replay_queues_nanoseconds_total"] / st["sightline_rx_packets_total"] - alone


def missed(st):
    return sum(v for k, v in st.items() if k.startswith("sightline_missed_packets_total"))


def shed(st, what):
    return [st['sightline_shed_%s_total{level="%s"}' % (what, level)] for level in LEVELS]


def cycles(text):
    """Stage -> cycles a packet, as a run with --timing says them."""
    said = re.search(r"cycles a packet, of \d+ timed: [0-9.]+ =(.*)", text)
    return {name: float(n) for name, n in re.findall(r"(\w+) ([0-9.]+)", said.group(1))} if said else {}


def wrong_sightings(bench, intel):
    """What is wrong of what the mix gives with these indicators beside those that were made from it: an empty list."""
    import mix
    args = ["--intel", intel.path, "--intel-cache", private(kept(bench, "cache-checked-%d" % intel.count))]
    with tempfile.TemporaryFile(dir=bench.folder) as out:
        replay(bench, "-r", bench.mix, "-i", mix.INTEL, "-i", mix.DECOYS, "--emit", "sightings", "--workers", 1, *args, out=out)
        out.seek(0)
        seen = {(s["observable"]["where"], i["id"]) for s in map(json.loads, out) for i in s["indicators"]}
    ids, rows = dict(mix.indicators(mix.INTEL)), list(mix.expected())
    lost = [v for v, w in rows if not any((where, ids[v]) in seen for where in mix.WHERES[w])]
    decoys = sorted(i for _, i in seen if i.startswith("decoy"))
    return ["%d of %d sightings of the mix did not come: %s" % (len(lost), len(rows), lost[:3])] * bool(lost) + \
           ["decoys fired: %s" % decoys[:3]] * bool(decoys)


class Changing:
    """A collector with a source of which so many indicators a second go, and as many come, while go() runs."""
    def __init__(self, bench, updates=1000):
        self.folder = tempfile.mkdtemp(dir="/dev/shm", prefix="sightline-bench-")
        self.updates, self.sensors = updates, 0
        self.live = os.path.join(self.folder, "live.jsonl")
        live_changes.replace(self.live, live_changes.line("first", "first.invalid-live.example"))
        self.collector = live_changes.Child(
            os.path.join(bench.build, "app/collector/sightline-collector"), "--listen", "ipc://%s/in" % self.folder, "--publish",
            "ipc://%s/out" % self.folder, "--hand-out", "ipc://%s/desk" % self.folder, "--store", self.folder + "/s.db", "--intel-dir",
            self.folder + "/intel", "--source", "live=" + self.live)
        self.collector.until("ready: sensors ask")

    def args(self):
        """Of one sensor more."""
        self.sensors += 1
        return ["--collector-intel", "ipc://%s/desk" % self.folder, "--intel-kept", "%s/kept-%d" % (self.folder, self.sensors)]

    def go(self, seconds):
        live_changes.change(self.live, [], self.updates, seconds)

    def end(self):
        self.collector.end()
        subprocess.run(["rm", "-rf", self.folder], check=True)
