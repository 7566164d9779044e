# SPDX-License-Identifier: BSD-3-Clause
"""Headers alone: decode, flows, every packet's addresses looked up, live rulesets. The sensor on a port, against testpmd or its
own receiving and giving back; and what the path adds in a replay, where no byte is copied."""
import json, os, statistics, subprocess
import feeds, port
from row import NotMeasured, Row

# What these profiles leave out, which the full one has.
CONFIG = ("inspect: packets", "memory.size: 0", "hosts.memory: 0", "breaker.hosts: 0", "duplicates.policy: keep")
PASS, FLOWS = 1 << 14, 1 << 20  # small packets: of a pass, each pass other flows; and how many flows there are before they come again
MIX = 79068  # packets
HOME = "home_net: [10.0.0.0/26]"  # so that a pass changes six bits of an address: 63 passes, and the first


def listed(bench, small=False):
    """10 M IPv4 and 1 M IPv6 addresses and 100 k networks; small: a thousandth of it, 10 k in all."""
    if small:
        return feeds.addresses(bench.folder, "ten-thousand.txt", 9000, 900, 100)
    return feeds.addresses(bench.folder, "ten-million.txt", 10000000, 1000000, 100000)


class OnPort(Row):
    """value_config, baseline: subclasses say what is compared."""
    config = CONFIG

    def capture(self):
        path, count, cut = port.cut_mix(self.bench)
        self.note = "%d of the mix's %d frames cut to %d bytes, for both" % (cut, count, port.ROOM)
        return path, count

    def against(self, capture, count):
        """The baseline, which has a turn before the sensor is there."""
        return port.Testpmd(self.bench.core, self.bench.control, capture, count + port.OWN)

    def intel(self):
        return [listed(self.bench)]

    def start(self):
        self.sides = []
        capture, self.least = self.capture()
        feed = self.intel()
        base = self.against(capture, self.least)
        self.sides.append(base)
        self.sides.append(port.Sensor(self.bench, self.profile, capture, self.least, feed, self.config))
        if self.sides[1].core() != self.bench.core:
            raise NotMeasured("the worker is on core %d, testpmd on %d" % (self.sides[1].core(), self.bench.core))
        self.baseline = base.line()
        self.facts = {"sensor": self.sides[1].line(), "config": list(self.config)}

    def pair(self):
        (base, n), (value, m) = self.sides[0].turn(), self.sides[1].turn()
        self.packets = min(self.packets or n, n, m)
        if self.packets < MIX:
            raise NotMeasured("a turn saw %d packets: less than the mix has" % self.packets)
        return value, base

    def instructions(self):
        return replay_instructions(self.bench, self.sides[1].capture, CONFIG)

    def stop(self):
        for side in getattr(self, "sides", ()):
            side.end()


class Mix(OnPort):
    profile, what, bound = "p1-header-mix", "headers of the mix, 10 M addresses and networks, against testpmd rxonly", 0.70


class Small(OnPort):
    """64-byte frames of a million flows."""
    config = CONFIG + (HOME, "flow.max: %d" % (FLOWS * 5 // 4))

    def capture(self):
        self.note = "64 passes of 16,384 packets, each of another flow and with addresses of its own, before they come again"
        return port.small_frames(self.bench, "small.pcap", PASS), PASS

    def against(self, capture, count):
        return port.Supply(self.bench, capture, count)


class Worst(Small):
    profile, what, bound = "p2-header-worst", "64-byte packets of 1 M flows, every address random, against own rx + free", 0.30


class NewFlows(Small):
    profile, what = "p2n-new-flows", "the same where every packet opens a flow and puts one out"
    config = CONFIG + ("flow.max: %d" % (FLOWS // 4),)


class Scale(OnPort):
    """10 M indicators against 10 k, both in sensors."""
    def against(self, capture, count):
        return port.Sensor(self.bench, self.profile + "-small", capture, count, [listed(self.bench, True)], self.config)


class ScaleMix(Scale):
    profile, what, bound = "p3-scale-mix", "p1 with 10 M indicators against p1 with 10 k", 0.95


class ScaleWorst(Scale):
    profile, what, bound = "p3-scale-worst", "p2n with 10 M indicators against p2n with 10 k", 0.85
    config, capture = NewFlows.config, Small.capture


def replay(bench, capture, loop, config, *more, under=()):
    """The sensor's counters after a replay; under: valgrind and its arguments."""
    path, stats = os.path.join(bench.folder, "replay.yaml"), os.path.join(bench.folder, "replay.json")
    with open(path, "w", encoding="utf-8") as f:
        f.write("\n".join(config) + "\n")
    argv = [*under, bench.sensor, "--replay", capture, "--loop", str(loop), "--workers", "1", "--config", path, "--stats", stats, *more]
    r = subprocess.run(argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if r.returncode != 0:
        raise NotMeasured(r.stderr.strip()[-400:])
    with open(stats, encoding="utf-8") as f:
        return json.load(f)


def replay_instructions(bench, capture, config, loops=(1, 2)):
    """Instructions of the worker for one packet: callgrind of two replays, the longer less the shorter, so that neither the
    start nor the rehearsal counts."""
    out = os.path.join(bench.folder, "callgrind.replay")
    counts = []
    for loop in loops:
        st = replay(bench, capture, loop, config, "--intel", listed(bench, True), "--no-huge", "--no-seccomp",
                    under=("valgrind", "--tool=callgrind", "--separate-threads=yes", "--callgrind-out-file=" + out))
        counts.append((worker_total(bench.folder, "callgrind.replay-"), st["sightline_rx_packets_total"]))
    (a, n), (b, m) = counts
    return (b - a) / (m - n)


def worker_total(folder, begin):
    """Of the thread that ran the most: the worker."""
    totals = []
    for name in os.listdir(folder):
        if name.startswith(begin):
            with open(os.path.join(folder, name), encoding="utf-8") as f:
                totals += [int(line.split()[1]) for line in f if line.startswith("totals:")]
            os.remove(os.path.join(folder, name))
    return max(totals)


class ReplayMix(Row):
    """The zero-copy form: no bound, and what is aimed at is nanoseconds added."""
    profile, what = "p1-zero-copy", "p1 in a replay, where no byte is copied, against receiving and releasing alone"
    config, passes = CONFIG, 12

    def capture(self):
        return self.bench.mix

    def pair(self):
        st = replay(self.bench, self.capture(), self.passes, self.config, "--intel", listed(self.bench), "--intel-cache",
                    self.bench.cache())
        self.packets = st["sightline_rx_packets_total"]
        value = st["sightline_replay_queues_nanoseconds_total"] / self.packets
        own = st["sightline_replay_rehearsed_nanoseconds_total"] / st["sightline_replay_rehearsed_packets_total"]
        self.facts.setdefault("added_ns", []).append(value - own)
        self.note = "%.1f ns added, at the median" % statistics.median(self.facts["added_ns"])
        self.baseline = "the same worker on the same packets, before the replay"
        return value, own

    def instructions(self):
        return replay_instructions(self.bench, self.capture(), self.config)


class ReplayNew(ReplayMix):
    profile, what = "p2n-zero-copy", "p2n in a replay, likewise"
    config = NewFlows.config

    def capture(self):
        return port.small_frames(self.bench, "replayed.pcap", PASS * 4)
