# SPDX-License-Identifier: BSD-3-Clause
"""What depends on what: the rate that one core takes without loss against indicators and flows, the latency of sightings and the
memory; and what overload costs. Paced replays of the sensor; the captures are the mix, or made (bench/generate)."""
import collections, json, math, os, signal, subprocess, tempfile, time
import product
from row import Curve

SECONDS = 2.5  # of each paced replay
STEPS = 4  # of the search between a rate without loss and one with it
PLACES = {"addresses": ("ip.src", "ip.dst"), "DNS": ("dns.query", "dns.answer.name", "dns.answer.ip"),
          "HTTP and TLS": ("http.host", "http.url", "tls.sni"), "files": ("file.sha256", "file.md5", "file.sha1")}


def passes(packets, pps, seconds):
    return max(1, math.ceil(pps * seconds / packets))


class Paced:
    """Replays of one capture with one worker at rates that are asked for."""
    def __init__(self, bench, capture, packets, *args, seconds=SECONDS, once=False):
        self.bench, self.packets, self.once = bench, packets, once
        self.seconds = 0.5 if bench.quick else seconds
        self.args = ["-r", capture, "--workers", 1, *args]
        self.resident = 0

    def run(self, pps=None, *more, loop=None):
        loop = loop or (1 if self.once else passes(self.packets, pps or 1e6, self.seconds))
        pace = ["--speed", "%dpps" % pps] if pps else []
        with product.Replay(self.bench, *self.args, "--loop", loop, *pace, *more) as run:
            run.until(" armed, ")
            self.resident = max(self.resident, run.resident())
            return run.stats()

    def capacity(self):
        return max(product.rate(self.run()) for _ in range(1 if self.bench.quick else 2))

    def loss_free(self):
        """The highest rate found at which nothing was missed."""
        high, at = self.capacity() * 1.02, 0
        while at == 0 or self.lost(at):
            high = at or high
            at = 0.85 * high
        for _ in range(1 if self.bench.quick else STEPS):
            between = (at + high) / 2
            at, high = (at, between) if self.lost(between) else (between, high)
        return at

    def lost(self, pps):
        """In both of two runs: a neighbour may take the core for a moment."""
        return pps > 1000 and all(product.missed(self.run(pps)) for _ in range(2))


def made(bench, name, *args):
    """(path, packets) of a capture that the generator makes; it stays from run to run."""
    path = product.kept(bench, name + ".pcap")
    told = path + ".told"
    if not os.path.exists(told):
        subprocess.run([bench.program("generate/bench-generate"), *map(str, args), "--told", told + ".part", path], check=True)
        os.rename(told + ".part", told)
    with open(told, encoding="utf-8") as f:
        return path, json.load(f)["packets"]


def configured(bench, text):
    """Arguments for a configuration file with these lines."""
    with tempfile.NamedTemporaryFile("w", dir=bench.folder, suffix=".yaml", delete=False) as f:
        f.write(text)
    return ["--config", f.name]


class Indicators(Curve):
    profile, what = "c-indicators", "packets that one core takes without loss against indicators; the mix, everything switched on"
    x, y, logx = "indicators", "million packets/s", True
    memory = collections.OrderedDict()  # what the measured ones had resident; for the curve of it

    def counts(self):
        return (1000, 100000) if self.bench.quick else (1000, 100000, 1000000, 10000000)

    def take(self):
        points, bits = [], []
        for count in self.counts():
            intel = product.Intel(self.bench, count)
            intel.compile(self.bench)
            paced = Paced(self.bench, self.bench.mix, 79068, *intel.args())
            pps = paced.loss_free()
            points.append([count, pps / 1e6])
            bits.append([count, pps * 501 * 8 / 1e9])
            self.memory[count] = paced.resident / 2**20
        return {"series": {"one core": points}, "gbit": bits, "note": "nothing missed in %g s" % SECONDS}


class Memory(Curve):
    profile, what = "c-memory", "resident memory of a sensor with one worker against indicators"
    x, y, logx = "indicators", "MiB", True

    def take(self):
        if not Indicators.memory:
            for count in Indicators(self.bench).counts():
                intel = product.Intel(self.bench, count)
                intel.compile(self.bench)
                paced = Paced(self.bench, self.bench.mix, 79068, *intel.args())
                paced.run(loop=1)
                Indicators.memory[count] = paced.resident / 2**20
        points = [list(p) for p in Indicators.memory.items()]
        with product.Replay(self.bench, "-r", self.bench.mix, "--workers", 2, *product.Intel(self.bench, points[0][0]).args()) as run:
            run.until(" armed, ")
            two = run.resident() / 2**20
        return {"series": {"one worker": points}, "MiB of a worker more": max(0, two - points[0][1]),
                "note": "once the indicators are armed and the mix is in memory"}


class Flows(Curve):
    profile, what = "c-flows", "packets that one core takes without loss against flows that are open; small messages, no parser's"
    x, y, logx = "flows", "million packets/s", True

    def take(self):
        points, fresh = [], []
        intel = product.Intel(self.bench, 100000)
        intel.compile(self.bench)
        for flows in (10000, 100000) if self.bench.quick else (10000, 100000, 1000000, 10000000):
            packets = flows + (200000 if self.bench.quick else 4000000)
            capture, packets = made(self.bench, "flows-%d-%d" % (flows, packets), "-p", "flows", "--flows", flows, "-n", packets)
            config = configured(self.bench, "replay_memory: 12GiB\nflow.max: %d\n" % max(1048576, flows + flows // 4))
            paced = Paced(self.bench, capture, packets, *intel.args(), *config, once=True)
            points.append([flows, paced.loss_free() / 1e6])
            fresh.append([flows, flows / packets])
        return {"series": {"one core": points}, "first packets": fresh,
                "note": "each flow's first packet is among them: %s of all" % ", ".join("%.0f %%" % (100 * s) for _, s in fresh)}


class Changing(Curve):
    profile, what = "c-changes", "packets that one core takes without loss: quiet, with 1,000 updates a second, during reloads"
    x, y = "0: quiet, 1: updates, 2: reload", "million packets/s"

    def during(self, paced, act, *more):
        """Shares of the quiet rate are tried from above."""
        for share in (1.0, 0.95, 0.9, 0.8, 0.7, 0.6, 0.5):
            with product.Replay(self.bench, *paced.args, "--loop", 10**9, "--speed", "%dpps" % (share * self.quiet), *more) as run:
                run.until(" armed, ")
                time.sleep(0.5)
                act(run)
                if product.missed(run.stats(interrupt=True)) == 0:
                    return share * self.quiet
        return 0.0

    def reload(self, run):
        run.p.send_signal(signal.SIGHUP)
        run.until("in force")

    def take(self):
        self.intel = product.Intel(self.bench)
        self.intel.compile(self.bench)
        paced = Paced(self.bench, self.bench.mix, 79068, *self.intel.args())
        self.quiet = paced.loss_free()
        changing = product.Changing(self.bench)
        try:
            updates = self.during(paced, lambda run: changing.go(2 if self.bench.quick else 10), *changing.args())
        finally:
            changing.end()
        reload = self.during(paced, self.reload)
        return {"series": {"one core": [[0, self.quiet / 1e6], [1, updates / 1e6], [2, reload / 1e6]]},
                "note": "%d indicators" % self.intel.count}


class Latency(Curve):
    profile, what = "c-latency", "from a packet's arrival to its sighting at a subscriber, against load; web traffic, 10 M indicators"
    x, y = "load, % of what one core takes", "milliseconds"
    every, most = 40, 4000000  # a listed name in so many packets, at least; packets

    def listed(self):
        """An indicator for each name that may be marked, beside all others, in one folder: one compiled form."""
        intel = product.Intel(self.bench)
        folder = product.kept(self.bench, "marked-%d" % intel.count)
        os.makedirs(folder, exist_ok=True)
        if not os.path.exists(folder + "/feed.jsonl"):
            os.link(intel.path, folder + "/feed.jsonl")
            with open(folder + "/marks.jsonl", "w", encoding="ascii") as f:
                for n in range(self.every, self.most, self.every):
                    f.write('{"type":"domain-name","value":"p%d.mark.example","source":"marks"}\n' % n)
            os.utime(folder + "/marks.jsonl", (1, 1))
        intel.path, intel.cache = folder, product.kept(self.bench, "cache-marked-%d" % intel.count)
        product.private(intel.cache)
        intel.compile(self.bench)
        return intel

    def heard(self, args, pps):
        """Latencies in ms of what was heard; how many were not."""
        packets = min(self.most, int(pps * (1 if self.bench.quick else 4)))
        mark = self.every * max(1, packets // (self.every * 10000))
        capture = os.path.join(self.bench.folder, "marked.pcap")
        subprocess.run([self.bench.program("generate/bench-generate"), "-n", str(packets), "--mark", str(mark), "--rate",
                        str(int(pps)), capture], check=True)
        url = "ipc://%s/heard" % self.bench.folder
        with tempfile.TemporaryFile("w+", dir=self.bench.folder) as out:
            hear = subprocess.Popen([self.bench.program("bench-hear"), url], stdout=out)
            with product.Replay(self.bench, "-r", capture, "--speed", "original", "--workers", 1, "--publish", url, *args) as run:
                st = run.stats()
            time.sleep(1)  # what is on its way
            hear.send_signal(signal.SIGINT)
            hear.wait()
            out.seek(0)
            told = {value: (int(first), int(now)) for value, first, now in map(str.split, out)}
        begun, ready = st["sightline_replay_begun_nanoseconds"], told["ready"][1]
        due = {n: begun + (n * 10**9) // int(pps) for n in range(mark, packets, mark)}
        expected = {"p%d.mark.example" % n: at for n, at in due.items() if at > ready}
        ms = sorted((told[name][1] - at) / 1e6 for name, at in expected.items() if name in told)
        return ms, len(expected) - len(ms), product.missed(st)

    def take(self):
        config = configured(self.bench, "replay_memory: 6GiB\n")
        args = [*self.listed().args(), *config]
        capture, packets = made(self.bench, "web", "-n", 200000 if self.bench.quick else 2000000)
        capacity = Paced(self.bench, capture, packets, *args, once=True).capacity()
        series, failures = {"p50": [], "p99": [], "p99.9": []}, []
        for load in (10, 50, 80):
            ms, unheard, missed = self.heard(args, capacity * load / 100)
            if unheard or missed:
                failures.append("%d %% load: %d packets missed, %d sightings not heard" % (load, missed, unheard))
            for name, share in (("p50", .5), ("p99", .99), ("p99.9", .999)):
                series[name] += [[load, ms[int(len(ms) * share)]]] if ms else []
        return {"series": series, "failures": failures, "note": "one core takes %.3f million packets/s of it" % (capacity / 1e6)}


class Overload(Curve):
    profile, what = "c-overload", "what is still told of the mix under overload, and what is missed; headers are told to the last"
    x, y = "load, % of what one core takes", "% of what there is"

    def told(self, pps=None, *more):
        """(statistics, place -> observations told)"""
        with tempfile.TemporaryFile(dir=self.bench.folder) as out:
            loop = 4 if self.bench.quick else 25
            pace = ["--speed", "%dpps" % pps] if pps else []
            st = product.replay(self.bench, "-r", self.bench.mix, "--loop", loop, "--workers", 1, "--emit", "sightings", *self.args, *pace,
                                *more, out=out)
            out.seek(0)
            count, best = collections.Counter(), {}
            for s in map(json.loads, out):
                if s["revision"] >= best.get(s["id"], (0,))[0]:
                    best[s["id"]] = s["revision"], s["observable"]["where"], s["count"]
        for _, where, n in best.values():
            count.update({place: n for place, wheres in PLACES.items() if where in wheres})
        return st, count

    def intel(self):
        """What the mix says, and every address: a pass changes those."""
        import mix
        path = os.path.join(self.bench.folder, "networks.jsonl")
        with open(path, "w", encoding="ascii") as f:
            f.writelines('{"type":"ipv4-addr","value":"%d.%d.0.0/16","source":"bench"}\n' % (a, b)
                         for a in range(11, 224) if a not in (100, 127) for b in range(256))
        return ["-i", mix.INTEL, "-i", path]

    def take(self):
        self.args = self.intel() + configured(self.bench, "breaker.hosts: 0\n")
        full, all_ = self.told()
        capacity = product.rate(full)
        series = collections.defaultdict(list)
        facts, failures = [], []
        for load in (50, 150, 200) if self.bench.quick else (50, 75, 90, 100, 110, 125, 150, 175, 200):
            st, got = self.told(capacity * load / 100)
            sent = st["sightline_replay_sent_packets_total"]
            entries = product.shed(st, "entries")
            series["packets received"].append([load, 100 - 100 * product.missed(st) / sent])
            for place in PLACES:
                series[place].append([load, 100 * got[place] / max(1, all_[place])])
            facts.append({"load": load, "missed": product.missed(st), "sent": sent,
                          "shed": {what: dict(zip(product.LEVELS, product.shed(st, what))) for what in ("entries", "flows", "packets", "bytes")}})
            if any(upper and not lower for lower, upper in zip(entries, entries[1:])):
                failures.append("%d %% load: a level was met without the one below it: %s" % (load, entries))
            if load >= 125 and got["addresses"] / all_["addresses"] < max(got[p] / max(1, all_[p]) for p in ("HTTP and TLS", "files")):
                failures.append("%d %% load: addresses were not told longest" % load)
        never, _ = self.told(capacity * 1.5, "--shed", "never")
        return {"series": dict(series), "failures": failures, "shed": facts, "packets a second at 100 %": capacity,
                "note": "at 150 %%, %.1f %% of packets are missed without shedding" % (
                    100 * product.missed(never) / never["sightline_replay_sent_packets_total"])}
