#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""From capture to store and subscriber: sensor, collector and tail as they run in the field, on loopback."""
import json, os, signal, sqlite3
from harness import *

CAPTURE = sample("maltrail/trails.pcap")


def everything(folder):
    """A list of all names in the capture, and the sightings that it makes."""
    feed = folder + "/list.txt"
    _, out, _ = sensor("--replay", CAPTURE, "--emit", "observables")
    with open(feed, "w") as f:
        f.write("\n".join(sorted({o["value"] for o in lines(out) if o["where"] == "dns.query"})) + "\n")
    _, out, _ = sensor("--replay", CAPTURE, "-i", feed, "--emit", "sightings")
    return feed, latest(lines(out))


def collector(folder, listen, publish):
    run = Running(COLLECTOR, "--listen", listen, "--publish", publish, "--store", folder + "/s.db")
    run.until("ready:")
    return run


def rows(folder):
    with sqlite3.connect("file:%s?mode=ro" % (folder + "/s.db"), uri=True) as db:
        return dict(db.execute("select id, count from sighting"))


def test_capture_to_store_and_tail(folder):
    feed, want = everything(folder)
    assert want
    listen, publish = ("tcp://127.0.0.1:%d" % free_port() for _ in range(2))
    with collector(folder, listen, publish) as c, Running(TOOL, "tail", publish, "--json") as tail:
        tail.until("subscribed")
        sensor("--replay", CAPTURE, "-i", feed, "--collector", listen, "--stats", folder + "/stats")
        st = stats(folder + "/stats")
        assert st["sightline_collector_lost_sightings_total"] == 0
        assert st["sightline_collector_acked_sightings_total"] == st["sightline_sighting_messages_total"]
        for i in want:
            tail.until(i, "out")
        assert rows(folder) == {i: s["count"] for i, s in want.items()}
        # The same capture again: deterministic ids, nothing changes.
        sensor("--replay", CAPTURE, "-i", feed, "--collector", listen)
        assert rows(folder) == {i: s["count"] for i, s in want.items()}
        tail.end(signal.SIGINT)
        c.end(signal.SIGTERM)


def test_collector_that_starts_late(folder):
    feed, want = everything(folder)
    listen, publish = ("tcp://127.0.0.1:%d" % free_port() for _ in range(2))
    with Running(SENSOR, "--replay", CAPTURE, "-i", feed, "--emit", "sightings", "--collector", listen, "--stats",
                 folder + "/stats") as run:
        run.until('"sighting"', "out")
        with collector(folder, listen, publish) as c:
            run.end()
            c.end(signal.SIGTERM)
    assert stats(folder + "/stats")["sightline_collector_lost_sightings_total"] == 0
    assert rows(folder) == {i: s["count"] for i, s in want.items()}


def test_sensor_publishes_itself(folder):
    feed, want = everything(folder)
    url = "tcp://127.0.0.1:%d" % free_port()
    with Running(TOOL, "tail", url, "--json") as tail:
        with Running(SENSOR, "--replay", CAPTURE, "--loop", 1000000, "-i", feed, "--publish", url) as run:
            tail.until('"sighting"', "out")
            run.end(signal.SIGINT)
        tail.end(signal.SIGINT)


if __name__ == "__main__":
    main()
