#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Sensor, collector and tail together: what the sensor saw is stored once however often it is sent, is seen by a
subscriber, and both programs end cleanly; a collector that isn't there is said once and counted."""
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("SIGHTLINE_BUILD", os.path.join(TOP, "build-release"))
DATA = os.path.join(TOP, "tests", "data")
SAMPLE = [a for c in ("agenttesla/beacon.pcap", "agenttesla/mail.pcap", "maltrail/trails.pcap")
          for a in ("--replay", os.path.join(DATA, c))] + ["--intel", os.path.join(DATA, "intel")]
passed = failed = 0


def check(name, ok, said=""):
    global passed, failed
    passed, failed = passed + bool(ok), failed + (not ok)
    print(f"{'ok' if ok else 'FAILED'}: {name}" + ("" if ok else f"\n    {said}"))


def program(name):
    return os.path.join(BUILD, "app", name.rsplit("-", maxsplit=1)[-1], name)


def sensor(collector, stats):
    return subprocess.run([program("sightline-sensor"), *SAMPLE, "--collector", collector, "--emit", "sightings", "--stats",
                           stats, "--workers", "1"], capture_output=True, timeout=120, check=False)


def stored(path):
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
        tables = [r[0] for r in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        table = next(t for t in tables if t.startswith("sighting"))
        return db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


def main():
    with tempfile.TemporaryDirectory() as folder:
        store, stats = os.path.join(folder, "s.db"), os.path.join(folder, "stats.json")
        collector = subprocess.Popen([program("sightline-collector"), "--listen", "tcp://127.0.0.1:0", "--publish",
                                      "tcp://127.0.0.1:0", "--store", store], stderr=subprocess.PIPE, text=True)
        line = collector.stderr.readline()
        urls = re.findall(r"tcp://127\.0\.0\.1:[1-9]\d*", line)
        check("the collector says where it is ready", len(urls) == 2, line)
        tail = subprocess.Popen([program("sightline"), "tail", "--json",
                                 "--count", "1", urls[1]], stdout=subprocess.PIPE, text=True)
        counts = []
        for _ in range(3):  # a subscriber that comes late sees a later one of them
            r = sensor(urls[0], stats)
            with open(stats, encoding="utf-8") as f:
                c = json.load(f)
            sent = len(r.stdout.splitlines())
            check(f"{sent} messages sent, and acknowledged", r.returncode == 0 and sent > 0 and
                  c["sightline_collector_acked_sightings_total"] >= sent and
                  c["sightline_collector_lost_sightings_total"] == 0, r.stderr[-500:])
            ids = {json.loads(s)["id"] for s in r.stdout.splitlines()}
            counts.append(len(ids))
        try:
            said, _ = tail.communicate(timeout=30)
            check("a subscriber sees a sighting", json.loads(said.splitlines()[0])["id"], said)
        except (subprocess.TimeoutExpired, IndexError) as e:
            tail.kill()
            check("a subscriber sees a sighting", False, e)
        collector.send_signal(signal.SIGTERM)
        _, rest = collector.communicate(timeout=30)
        check("the collector ends cleanly", collector.returncode == 0, rest)
        check("what was sent three times is stored once", stored(store) == counts[0], (stored(store), counts))
        r = sensor("tcp://127.0.0.1:9", stats)  # nobody is there
        with open(stats, encoding="utf-8") as f:
            lost = json.load(f)["sightline_collector_lost_sightings_total"]
        said = [line for line in r.stderr.decode().splitlines() if "tcp://127.0.0.1:9" in line or "collector" in line]
        check("a collector that isn't there: status 0, said, counted", r.returncode == 0 and lost > 0 and 0 < len(said) <= 3,
              r.stderr[-1000:])
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
