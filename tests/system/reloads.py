#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Reloads without end, under the address sanitizer: nothing is left behind by any of them. SIGHTLINE_RELOADS says how many
(default 25); SIGHTLINE_BUILD_ASAN names the build folder."""
import os, signal, subprocess
from harness import *
from handout import names, write
from reload import FILLER, HEADER, frame, put, query

COUNT = int(os.environ.get("SIGHTLINE_RELOADS", "25"))


def test_nothing_is_left_behind(folder):
    feed = folder + "/intel.jsonl"
    tree = '{"id":"tree","source":"test","pattern":"[domain-name:value MATCHES \'^ev[i]l\' AND ipv4-addr:value = \'203.0.113.9\']"}\n'
    write(feed, names("evil.example", "n1.example") + tree)
    open_files = lambda p: len(os.listdir("/proc/%d/fd" % p))
    with Running(os.path.join(ASAN, "app/sensor/sightline-sensor"), "--replay", "-", "-i", feed, "--emit", "sightings", "--workers", 2,
                 "--intel-cache", folder, "--stats", folder + "/stats", stdin=subprocess.PIPE) as run:
        put(run, HEADER, FILLER)
        run.until("armed")
        for generation in range(2, COUNT + 2):
            write(feed, names("evil.example", "n%d.example" % generation) + tree)
            run.p.send_signal(signal.SIGHUP)
            run.until("generation %d in force" % generation)
            if generation == 3:
                had = open_files(run.p.pid)
            put(run, frame(1000 + generation, "10.0.0.1", "203.0.113.9", 40000, 53, query(generation % 65536, "n%d.example" % generation)))
        assert open_files(run.p.pid) == had
        run.p.stdin.close()
        _, out, _ = run.end()
    st = stats(folder + "/stats")
    assert st['sightline_intel_reloads_total{result="ok"}'] == COUNT, st
    got = {s["observable"]["value"] for s in lines(out)}
    assert got >= {"n%d.example" % g for g in range(2, COUNT + 2)}, got


if __name__ == "__main__":
    main()
