#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The whole sensor and the collector under the thread sanitizer: a race is exit status 66 and its report on stderr.
SIGHTLINE_BUILD_TSAN names the build folder (default build-tsan), SIGHTLINE_TSAN_CHANGES how many changes a collector hands
out while packets flow (default 8)."""
import os, signal
from harness import *
from handout import write
from reload import native

TSAN = os.path.join(TOP, os.environ.get("SIGHTLINE_BUILD_TSAN", "build-tsan"))
SENSOR = os.path.join(TSAN, "app/sensor/sightline-sensor")
COLLECTOR = os.path.join(TSAN, "app/collector/sightline-collector")
os.environ.setdefault("TSAN_OPTIONS", "halt_on_error=1 second_deadlock_stack=1 suppressions=" +
                      os.path.join(TOP, "tests/tsan.supp"))


CHANGES = int(os.environ.get("SIGHTLINE_TSAN_CHANGES", "8"))


def started(folder, *args):
    feeds = data("intel/derived-from-pcaps")
    return Running(SENSOR, "--replay", data("bench-mix.pcap.gz"), "-i", feeds + "/iocs.stix21.json", "-i",
                   feeds + "/decoys.jsonl", "--stats", folder + "/stats", *args)


def test_reloads_collector_and_stream(folder):
    at = ["ipc://%s/%s" % (folder, n) for n in ("deliver", "stream", "published")]
    with Running(COLLECTOR, "--listen", at[0], "--publish", at[1], "--store", folder + "/store.db", "--stats",
                 folder + "/collected") as collector:
        collector.until("ready:")
        with started(folder, "--workers", 2, "--loop", 3, "--collector", at[0], "--publish", at[2], "--emit",
                     "sightings") as run:
            run.until("armed")
            for generation in range(2, 5):
                run.p.send_signal(signal.SIGHUP)
                run.until("generation %d in force" % generation)
            _, out, _ = run.end()
        collector.end(signal.SIGTERM)
    st, collected = stats(folder + "/stats"), stats(folder + "/collected")
    accounts(st)
    messages = len(lines(out))
    assert messages > 0
    assert st["sightline_collector_acked_sightings_total"] == messages, st
    assert collected["sightline_store_sightings"] == len(latest(lines(out))), collected


def test_changes_reloads_and_expiry(folder):
    """What a collector hands out comes and goes, by lines and by reloads, while packets flow; a part of it expires at the
    packets' time."""
    feed, desk = folder + "/own.jsonl", "ipc://%s/desk" % folder

    def say(n):
        write(feed, native(*(("domain-name", "n%d.%d.example" % (n // 2, i)) for i in range(200)))
              + native(*(("ipv4-addr", "203.0.113.%d" % i) for i in range(n % 50, 100)), valid_until="2014-03-01T00:00:00Z"))

    say(1)
    with Running(COLLECTOR, "--listen", "ipc://%s/in" % folder, "--publish", "ipc://%s/out" % folder, "--hand-out", desk, "--store",
                 folder + "/store.db", "--intel-dir", folder + "/intel", "--source", "own=" + feed) as collector:
        collector.until("ready: sensors ask")
        with started(folder, "--workers", 2, "--loop", 100000, "--validity", "packet", "--metrics", "0", "--collector-intel", desk,
                     "--intel-kept", folder + "/kept") as run:
            for n in range(1, CHANGES + 1):
                say(n)
                run.until("the collector's generation %d is in force" % n)
                if n % 4 == 0:
                    run.p.send_signal(signal.SIGHUP)
                    run.until("reloaded: ", count=n // 4)
            run.end(signal.SIGINT)
        collector.end(signal.SIGTERM)
    st = stats(folder + "/stats")
    accounts(st)
    changed, whole = (st['sightline_intel_taken_total{how="%s"}' % how] for how in ("change", "whole"))
    assert changed > whole and changed + whole >= CHANGES - 1, st
    assert st['sightline_intel_reloads_total{result="ok"}'] >= CHANGES // 4, st


def test_interrupt_under_full_load(folder):
    with started(folder, "--workers", 3, "--loop", 1000, "--emit", "observables", "--emit", "flows") as run:
        run.until('"observable"', "out", count=1000)
        run.p.send_signal(signal.SIGHUP)
        run.until("generation 2 in force")
        run.end(signal.SIGINT)
    accounts(stats(folder + "/stats"))


if __name__ == "__main__":
    main(needs_data=True)
