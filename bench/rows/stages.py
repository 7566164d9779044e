# SPDX-License-Identifier: BSD-3-Clause
"""What single stages cost, without a bound: those of a packet by the sensor's own --timing, in a replay; and what stands behind
them, the message and the load of indicators."""
import os, resource, subprocess
import feeds
from rows.header import listed, replay
from row import TOP, NotMeasured, Row, ServedRow

MIX = 79068  # packets


class Staged(Row):
    """Cycles of one stage for each packet of a capture."""
    unit, capture, stage = "cycles/pkt", "bench-mix.pcap.gz", ""
    loop = 3

    def pair(self):
        path = os.path.join(self.bench.data, self.capture)
        st = replay(self.bench, path, self.loop, (), "--timing", "--intel", listed(self.bench, True))
        self.packets = st["sightline_rx_packets_total"]
        self.note = "of %s, --timing of a replay" % self.capture
        timed = st["sightline_timed_packets_total"]
        return sum(st['sightline_stage_cycles_total{stage="%s"}' % s] for s in self.stage.split("+")) / timed, None


class Decode(Staged):
    profile, what, stage = "s-decode", "decode of the mix, fragments put together", "decode"


class Flow(Staged):
    profile, what, stage = "s-flow", "flows of the mix found", "flow"


class Parse(Staged):
    profile, what, stage = "s-parse", "the mix reassembled, probed and parsed", "parse"


class Match(Staged):
    profile, what, stage = "s-match", "observables of the mix looked up and told", "match"


class End(Staged):
    profile, what, stage = "s-end", "flows of the mix swept and ended", "end"


# Captures in which little but one protocol is spoken, by parser.
with open(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "parsers.tsv")) as table:
    PARSERS = dict(line.rstrip("\n").split("\t") for line in table if not line.startswith("#"))


class Parser(Staged):
    """Of one capture, so often that as many packets come as the mix has."""
    stage, protocol = "parse", ""

    def start(self):
        self.capture = PARSERS[self.protocol]
        packets = replay(self.bench, os.path.join(self.bench.data, self.capture), 1, (), "--allow-empty")["sightline_rx_packets_total"]
        self.loop = int(MIX / packets) + 1


for name in PARSERS:
    globals()["Parser_" + name] = type("Parser_" + name, (Parser,), {
        "profile": "s-parser-" + name, "what": "%s reassembled, probed and parsed" % name, "protocol": name, "__module__": __name__})


class Encode(ServedRow):
    profile, what = "s-encode", "protobuf-c size and pack of a sighting"
    unit, program = "ns/message", "bench-handover"

    def pair(self):
        return super().pair()[1], None

    def instructions(self):
        return None


class IntelLoad(Row):
    profile, what = "s-intel-load", "a million addresses from a plain list: read, judged, compiled"
    unit, count = "ns/indicator", 1000000

    def spent(self, feed):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        small = os.path.join(TOP, "tests/data/maltrail/trails.pcap")
        r = subprocess.run([self.bench.sensor, "--replay", small, "--workers", "1", "--intel", feed], stdout=subprocess.DEVNULL,
                           stderr=subprocess.PIPE, text=True)
        if r.returncode != 0:
            raise NotMeasured(r.stderr[-300:])
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    def pair(self):
        many = feeds.addresses(self.bench.folder, "million.txt", self.count)
        few = feeds.addresses(self.bench.folder, "ten.txt", 10)
        return (self.spent(many) - self.spent(few)) / self.count * 1e9, None


class Scan(Row):
    profile, what, bound = "p9-scan", "payload scan end to end against raw hs_scan and hs_scan_stream of the same bytes", 0.88
    unit = "ns/byte"

    def start(self):
        raise NotMeasured("the product has no payload scan yet: Hyperscan reads whole values (lib/match/patterns.c), no streams")
