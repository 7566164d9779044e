#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""A change of intelligence while packets flow. The capture is fed through a pipe, so that the moment of the change is a
place in the capture and not a matter of speed."""
import json, os, signal, struct, subprocess
from harness import *


def native(*values, **more):
    return "".join(json.dumps(dict({"id": "i-" + v, "type": t, "value": v, "source": "test"}, **more)) + "\n"
                   for t, v in values)


def frame(seconds, src, dst, sport, dport, payload):
    """One UDP datagram in Ethernet."""
    ip = lambda a: bytes(map(int, a.split(".")))
    udp = struct.pack(">HHHH", sport, dport, 8 + len(payload), 0) + payload
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0) + ip(src) + ip(dst)
    data = b"\x02\0\0\0\0\1\x02\0\0\0\0\2\x08\0" + head + udp
    return struct.pack("<IIII", seconds, 0, len(data), len(data)) + data


def query(number, name):
    q = b"".join(bytes([len(l)]) + l.encode() for l in name.split(".")) + b"\0\0\1\0\1"
    return struct.pack(">HHHHHH", number, 0x0100, 1, 0, 0, 0) + q


HEADER = struct.pack("<IHHIIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1)
# The sensor's boot id is made of a capture's first 64 KiB: a pipe is read that far before anything starts.
FILLER = frame(999, "10.9.9.9", "10.8.8.8", 9, 9, bytes(1200)) * 55


def fed(folder, intel, *args, workers=2):
    feed = folder + "/intel.jsonl"
    with open(feed, "w") as f:
        f.write(intel)
    # The pipe is written in steps by the test.
    return feed, Running(SENSOR, "--replay", "-", "-i", feed, "--emit", "sightings", "--workers", workers,
                         "--stats", folder + "/stats", *args, stdin=subprocess.PIPE)


def live(out):
    """What the packets after the change say; what was before it is told as well, and tested in memory.py."""
    return [s for s in lines(out) if not s["retro"]]


def put(run, *pieces):
    for p in pieces:
        run.p.stdin.write(p)
    run.p.stdin.flush()


def test_indicator_added_while_packets_flow(folder):
    feed, run = fed(folder, native(("domain-name", "first.example")))
    with run:
        put(run, HEADER, FILLER, frame(1000, "10.0.0.1", "203.0.113.9", 40000, 53, query(1, "first.example")))
        run.until('"i-first.example"', "out")
        with open(feed, "a") as f:
            f.write(native(("ipv4-addr", "203.0.113.9"), ("domain-name", "second.example")))
        run.p.send_signal(signal.SIGHUP)
        run.until("generation 2 in force")
        # The flow to 203.0.113.9 was open before the address was listed: its next packet tells.
        put(run, frame(1001, "10.0.0.1", "203.0.113.9", 40000, 53, query(2, "second.example")))
        run.p.stdin.close()
        _, out, _ = run.end()
    seen = [(s["observable"]["where"], s["observable"]["value"], s["count"], s["generation"])
            for s in latest(live(out)).values()]
    assert sorted(seen) == [("dns.query", "first.example", 1, 1), ("dns.query", "second.example", 1, 2),
                            ("ip.dst", "203.0.113.9", 1, 2)], seen
    accounts(stats(folder + "/stats"))


def test_name_said_before_the_change(folder):
    """What an open flow said before is looked up again, once, and what was known before is not counted twice."""
    feed, run = fed(folder, native(("ipv4-addr", "203.0.113.9")))
    with run:
        put(run, HEADER, FILLER, frame(1000, "10.0.0.1", "203.0.113.9", 40000, 53, query(1, "late.example")))
        run.until('"203.0.113.9"', "out")
        with open(feed, "a") as f:
            f.write(native(("domain-name", "late.example")))
        run.p.send_signal(signal.SIGHUP)
        run.until("generation 2 in force")
        put(run, frame(1001, "10.0.0.1", "203.0.113.9", 40000, 53, query(2, "other.example")),
            frame(1002, "10.0.0.1", "203.0.113.9", 40000, 53, query(3, "other.example")))
        run.p.stdin.close()
        _, out, _ = run.end()
    got = {s["observable"]["value"]: s["count"] for s in latest(live(out)).values()}
    assert got == {"203.0.113.9": 1, "late.example": 1}, got


def test_second_source_of_a_listed_value(folder):
    """Flows that were counted when they began are not counted again because another feed lists their address, too."""
    feed, run = fed(folder, native(("ipv4-addr", "203.0.113.9")))
    flows = lambda at: b"".join(frame(at, "10.0.0.1", "203.0.113.9", 40000 + i, 9, b"x") for i in range(20))
    with run:
        put(run, HEADER, FILLER, flows(1000))
        run.until('"203.0.113.9"', "out")
        with open(feed, "a") as f:
            f.write(native(("ipv4-addr", "203.0.113.9"), id="other"))
        run.p.send_signal(signal.SIGHUP)
        run.until("generation 2 in force")
        put(run, flows(1001))
        run.p.stdin.close()
        _, out, _ = run.end()
    s, = latest(live(out)).values()
    assert [i["id"] for i in s["indicators"]] == ["i-203.0.113.9", "other"], s
    assert s["count"] == 20, s["count"]


def test_tree_completed_by_what_was_said_before(folder):
    """A tree that is new is true of an open flow by its address and by a name that it said; one that is old and true
    already is not told again, and one that is old and open is completed by what comes."""
    feed = folder + "/trees.json"
    tree = lambda *patterns: json.dumps({"type": "bundle", "id": "bundle--00000000-0000-4000-8000-000000000000", "objects": [
        {"type": "indicator", "spec_version": "2.1", "id": "indicator--00000000-0000-4000-8000-%012d" % i,
         "created": "2024-01-01T00:00:00.000Z", "modified": "2024-01-01T00:00:00.000Z", "name": "tree %d" % i,
         "pattern_type": "stix", "valid_from": "2024-01-01T00:00:00.000Z", "pattern":
         "[network-traffic:dst_ref.value = '203.0.113.9' AND domain-name:value = '%s']" % name}
        for i, name in patterns]})
    with open(feed, "w") as f:
        f.write(tree((1, "early.example"), (2, "late.example")))
    run = Running(SENSOR, "--replay", "-", "-i", feed, "--emit", "sightings", "--workers", 2, stdin=subprocess.PIPE)
    with run:
        put(run, HEADER, FILLER, frame(1000, "10.0.0.1", "203.0.113.9", 40000, 53, query(1, "early.example")))
        run.until('"tree 1"', "out")
        with open(feed, "w") as f:
            f.write(tree((1, "early.example"), (2, "late.example"), (3, "early.example")))
        run.p.send_signal(signal.SIGHUP)
        run.until("generation 2 in force")
        put(run, frame(1001, "10.0.0.1", "203.0.113.9", 40000, 53, query(2, "late.example")))
        run.p.stdin.close()
        _, out, _ = run.end()
    got = {}
    for s in latest(live(out)).values():
        for i in s["indicators"]:
            got[i["name"]] = got.get(i["name"], 0) + s["count"]
    assert got == {"tree 1": 1, "tree 2": 1, "tree 3": 1}, got


def test_subscriber_of_a_sensor_without_sightings(folder):
    """The sensor answers who subscribes though it has nothing to tell, and the first sighting arrives."""
    url = "ipc://%s/stream" % folder
    _, run = fed(folder, native(("domain-name", "first.example")), "--publish", url)
    with run:
        put(run, HEADER, FILLER)
        run.until("published on")
        with Running(TOOL, "tail", "--json", "--count", 1, url) as tail:
            tail.until("subscribed")
            put(run, frame(1000, "10.0.0.1", "203.0.113.9", 40000, 53, query(1, "first.example")))
            assert lines(tail.end()[1])[0]["observable"]["value"] == "first.example"
        run.p.stdin.close()
        run.end()


def test_reload_that_loses_most_is_refused(folder):
    many = [("domain-name", "n%d.example" % i) for i in range(10)]
    feed, run = fed(folder, native(*many))
    with run:
        put(run, HEADER, FILLER)
        run.until("10 armed")
        with open(feed, "w") as f:
            f.write(native(*many[:4]))
        run.p.send_signal(signal.SIGHUP)
        run.until("reload refused")
        with open(feed, "w") as f:
            f.write(native(*many[:5]))
        run.p.send_signal(signal.SIGHUP)
        run.until("generation 2 in force")
        os.unlink(feed)
        run.p.send_signal(signal.SIGHUP)
        run.until("reload refused", count=2)
        put(run, frame(1000, "10.0.0.1", "203.0.113.9", 40000, 53, query(1, "n3.example")))
        run.p.stdin.close()
        _, out, _ = run.end()
    assert [s["observable"]["value"] for s in latest(live(out)).values()] == ["n3.example"]
    st = stats(folder + "/stats")
    assert st['sightline_intel_reloads_total{result="ok"}'] == 1
    assert st['sightline_intel_reloads_total{result="refused"}'] == 2


def test_the_allow_list_is_read_anew(folder):
    allow = folder + "/allow.txt"
    with open(allow, "w") as f:
        f.write("203.0.113.7\n")
    config = folder + "/sensor.yaml"
    with open(config, "w") as f:
        f.write("allow: [%s]\n" % allow)
    feed, run = fed(folder, native(*(("domain-name", n + ".example") for n in "abcd")), "--config", config)
    ask = lambda n, name: put(run, frame(1000 + n, "10.0.0.%d" % n, "192.0.2.1", 40000, 53, query(n, name)))
    with run:
        put(run, HEADER, FILLER)
        ask(1, "a.example")
        run.until('"i-a.example"', "out")
        with open(allow, "a") as f:
            f.write("b.example\n")
        run.p.send_signal(signal.SIGHUP)
        run.until("generation 2 in force")
        ask(2, "b.example")
        ask(3, "c.example")
        run.until('"i-c.example"', "out")
        os.unlink(allow)  # what was allowed stays so until it can be read
        run.p.send_signal(signal.SIGHUP)
        run.until("reload refused")
        ask(4, "b.example")
        ask(5, "d.example")
        run.p.stdin.close()
        _, out, err = run.end()
    assert sorted(s["observable"]["value"] for s in latest(lines(out)).values()) == ["a.example", "c.example", "d.example"], out
    assert "allow: not everything that it names could be read" in err, err


def test_reload_under_a_looping_replay(folder):
    """At full speed, over and over: the new indicator's sightings appear, nothing is lost, the accounting holds."""
    feed = folder + "/intel.jsonl"
    with open(feed, "w") as f:
        f.write(native(("domain-name", "nothing.example")))
    capture = folder + "/a.pcap"
    with open(capture, "wb") as f:
        f.write(HEADER + b"".join(frame(1000 + i, "10.0.0.%d" % (i % 50 + 1), "192.0.2.1", 40000 + i, 53,
                                       query(i, "looped.example")) for i in range(200)))
    with Running(SENSOR, "--replay", capture, "--loop", 1000000, "-i", feed, "--emit", "sightings", "--workers", 2,
                 "--stats", folder + "/stats") as run:
        run.until("1 armed")
        for generation in range(2, 8):
            with open(feed, "a") as f:
                f.write(native(("domain-name", "looped.example")) if generation == 2 else
                        native(("domain-name", "more%d.example" % generation)))
            run.p.send_signal(signal.SIGHUP)
            run.until("generation %d in force" % generation)
        run.until('"looped.example"', "out")
        _, out, _ = run.end(signal.SIGINT)
    accounts(stats(folder + "/stats"))


if __name__ == "__main__":
    main()
