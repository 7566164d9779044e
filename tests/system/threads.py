#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The whole sensor and the collector under the thread sanitizer: a race is exit status 66 and its report on stderr.
SIGHTLINE_BUILD_TSAN names the build folder (default build-tsan)."""
import os, signal
from harness import *

TSAN = os.path.join(TOP, os.environ.get("SIGHTLINE_BUILD_TSAN", "build-tsan"))
SENSOR = os.path.join(TSAN, "app/sensor/sightline-sensor")
COLLECTOR = os.path.join(TSAN, "app/collector/sightline-collector")
os.environ.setdefault("TSAN_OPTIONS", "halt_on_error=1 second_deadlock_stack=1 suppressions=" +
                      os.path.join(TOP, "tests/tsan.supp"))


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


def test_interrupt_under_full_load(folder):
    with started(folder, "--workers", 3, "--loop", 1000, "--emit", "observables", "--emit", "flows") as run:
        run.until('"observable"', "out", count=1000)
        run.p.send_signal(signal.SIGHUP)
        run.until("generation 2 in force")
        run.end(signal.SIGINT)
    accounts(stats(folder + "/stats"))


if __name__ == "__main__":
    main(needs_data=True)
