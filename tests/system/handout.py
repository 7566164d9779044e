#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Intel from sources through a collector to sensors: what comes and goes at a source does so at every sensor, what is
wrong is refused on either side and the old stays, and what breaks goes on where it was."""
import json, os, signal, subprocess
from harness import *
from reload import FILLER, HEADER, frame, native, put, query


def names(*which):
    return native(*[("domain-name", n) for n in which])


def write(path, text):
    """As a feed is replaced: whole or not at all."""
    with open(path + ".new", "w") as f:
        f.write(text)
    os.rename(path + ".new", path)


def collector(folder, *sources, more=(), wait=True):
    args = [a for s in sources for a in ("--source", s)]
    c = Running(COLLECTOR, "--listen", "ipc://%s/in" % folder, "--publish", "ipc://%s/out" % folder, "--hand-out",
                "ipc://%s/desk" % folder, "--store", folder + "/s.db", "--intel-dir", folder + "/intel", "--stats",
                folder + "/collector", *args, *more)
    c.until("ready: sensors ask")
    return c


def fed(folder, number, *args):
    """A sensor whose packets the test writes."""
    s = Running(SENSOR, "--replay", "-", "--emit", "sightings", "--workers", 2, "--stats", folder + "/stats%d" % number,
                "--collector-intel", "ipc://%s/desk" % folder, "--intel-kept", folder + "/kept%d" % number, *args,
                stdin=subprocess.PIPE)
    put(s, HEADER, FILLER)
    return s


class Asked:
    """Numbers the packets of a sensor."""
    def __init__(self, run):
        self.run, self.at = run, 1000

    def ask(self, *which):
        for n in which:
            self.at += 1
            put(self.run, frame(self.at, "10.0.0.1", "203.0.113.9", 40000 + self.at, 53, query(self.at, n)))


def seen(run):
    run.p.stdin.close()
    _, out, _ = run.end()
    return sorted({s["observable"]["value"] for s in latest(lines(out)).values()})


def test_two_sensors_follow_a_file(folder):
    feed = folder + "/own.jsonl"
    write(feed, names("a.example", "b.example", "c.example"))
    with collector(folder, "own=" + feed) as c, fed(folder, 1) as s1, fed(folder, 2) as s2:
        both = [Asked(s) for s in (s1, s2)]
        for b in both:
            b.run.until("generation 1 is in force")
            b.ask("a.example", "d.example")
            b.run.until('"a.example"', "out")
        write(feed, names("b.example", "c.example", "d.example"))
        for b in both:
            b.run.until("generation 2 is in force")
            b.ask("a2.example", "d.example")
            b.run.until('"d.example"', "out")
            b.ask("a.example")
        for s, b in zip((s1, s2), both):
            assert seen(s) == ["a.example", "d.example"]
        c.end(signal.SIGTERM)
    for n in (1, 2):
        st = stats(folder + "/stats%d" % n)
        assert st['sightline_intel_taken_total{how="whole"}'] == 1, st
        assert st['sightline_intel_taken_total{how="change"}'] == 1, st
        assert st["sightline_intel_handed_generation"] == 2, st
        accounts(st)
    st = stats(folder + "/collector")
    assert st['sightline_intel_handed_total{what="snapshot"}'] == 2, st
    assert st['sightline_intel_handed_total{what="delta"}'] == 2, st


if __name__ == "__main__":
    main()
