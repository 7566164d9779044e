#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The memory of the past: an indicator that a reload brings is judged by what it would have done, and told where it is
late. The capture is fed through a pipe, so that the moment of the change is a place in the capture."""
import datetime, fcntl, re, signal, struct, subprocess, termios, time, urllib.request
from harness import *
from reload import FILLER, HEADER, fed, frame, native, put, query

HOUR = 3600


def at(hour):
    return datetime.datetime.fromtimestamp(hour * HOUR, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000000000Z")


def asks(hour, host, name, number=1, server="203.0.113.9", port=40000):
    return frame(hour * HOUR + 60, host, server, port, 53, query(number, name))


def reload(run, feed, text, generation):
    with open(feed, "a") as f:
        f.write(text)
    run.p.send_signal(signal.SIGHUP)
    run.until("generation %d in force" % generation)


MARKS = 40  # pairs of addresses, so that every worker has some


def settle(run, hour):
    """All packets so far are dealt with by every worker: what they say after them is told of."""
    put(run, *(asks(hour, "10.0.8.%d" % n, "end.example", server="203.0.113.200", port=41000) for n in range(MARKS)))
    run.until('"value":"end.example"', "out", count=MARKS)


def retro(out):
    return [s for s in lines(out) if s["retro"]]


def configured(folder, **keys):
    path = os.path.join(folder, "sensor.yaml")
    with open(path, "w") as f:
        for key, value in keys.items():
            f.write("%s: %s\n" % (key.replace("__", "."), value))
    return "-c", path


def past(workers, folder, *args):
    """Names and an address, over three hours; then indicators of them."""
    feed, run = fed(folder, native(("domain-name", "known.example"), ("domain-name", "end.example")), *args,
                    workers=workers)
    with run:
        put(run, HEADER, FILLER,
            asks(1000, "10.0.0.1", "www.late.example"), asks(1000, "10.0.0.2", "www.late.example", port=40001),
            asks(1000, "10.0.0.2", "known.example", 2, port=40001),
            asks(1002, "10.0.0.3", "www.late.example", server="203.0.113.10"),
            asks(1002, "10.0.0.3", "late.example", 2, server="203.0.113.10"))
        settle(run, 1002)
        # Known to another source as well; the rest is new. Nobody ever said the last two.
        reload(run, feed, native(("domain-name", "www.late.example"), ("ipv4-addr", "203.0.113.9"), name="A rat",
                                 tlp="amber")
               + native(("domain-name", "late.example"), match="suffix") + native(("domain-name", "known.example"), id="k")
               + native(("domain-name", "never.example"), ("ipv4-addr", "203.0.113.99"))
               + native(("ipv4-addr", "10.0.0.1")), 2)
        reload(run, feed, native(("domain-name", "other.example")), 3)
        run.p.stdin.close()
        return run.end()


def test_late_indicators(folder):
    for workers in (1, 2, 3):
        _, out, err = past(workers, folder)
        got = {s["indicators"][0]["id"]: s for s in retro(out)}
        assert len(got) == len(retro(out)) == 3, retro(out)
        name, address, zone = got["i-www.late.example"], got["i-203.0.113.9"], got["i-late.example"]
        assert [s["count"] for s in (name, address, zone)] == [3, 2, 4]
        assert (name["first_seen"], name["last_seen"]) == (at(1000), at(1002)), name
        assert (address["first_seen"], address["last_seen"]) == (at(1000), at(1000)), address
        assert name["observable"] == {"type": "domain-name", "value": "www.late.example", "where": ""}, name
        assert sorted(name["context"]) == ["first_host", "hosts", "hours", "last_host"], name
        assert name["context"]["first_host"] in ("10.0.0.1", "10.0.0.2"), name  # both in the first hour
        assert name["context"]["last_host"] == "10.0.0.3" and name["context"]["hours"] == "24", name
        assert name["context"]["hosts"] in ("2", "3"), name  # an estimate
        assert name["match"] == "exact" and zone["match"] == "suffix" and name["generation"] == 2
        assert name["indicators"][0]["name"] == "A rat" and name["indicators"][0]["tlp"] == "amber"
        assert address["flow"]["dst"] == "203.0.113.9" and address["flow"]["src"] in ("10.0.0.1", "10.0.0.2"), address
        assert name["flow"]["dst"] == "" and not name["quiet"], name
        assert "3 new indicators were seen before, in the last 24 h; 0 of them" in err, err
        st = stats(folder + "/stats")
        assert st["sightline_retro_sightings_total"] == 3 and st["sightline_retro_untold_indicators_total"] == 0
        accounts(st)


def until(holds):
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end


def open_flows(port):
    with urllib.request.urlopen("http://127.0.0.1:%d/metrics" % port) as r:
        return int(re.search(r"^sightline_flows (\d+)$", r.read().decode(), re.M).group(1))


def test_told_when_all_captures_are_over(folder):
    """What is late in the last capture is told of it, also where the publisher is so far behind, because nobody reads its
    output, that all are over when it comes to it."""
    feed, port = os.path.join(folder, "intel.jsonl"), free_port()
    captures = [os.path.join(folder, "%d.pcap" % n) for n in range(7)]
    for path in captures:
        with open(path, "wb") as f:
            f.write(HEADER + asks(1000, "10.0.0.1", "early.example"))
    with open(feed, "w") as f:
        f.write(native(("domain-name", "end.example")))
    with Running(SENSOR, *(a for c in [*captures, "-"] for a in ("--replay", c)), "-i", feed, "--emit", "sightings",
                 "--workers", 1, "--metrics", port, stdin=subprocess.PIPE) as run:
        held, size = run.files["out"], 4096
        fcntl.fcntl(held, fcntl.F_SETPIPE_SZ, size)
        put(run, HEADER, FILLER, asks(1000, "10.0.0.1", "late.example"))
        settle(run, 1000)
        del run.files["out"]
        put(run, many(100, "end.example", 40003))
        until(lambda: struct.unpack("i", fcntl.ioctl(held, termios.FIONREAD, bytes(4)))[0] == size)
        reload(run, feed, native(("domain-name", "late.example")), 2)
        run.p.stdin.close()
        until(lambda: open_flows(port) == 0)
        run.files["out"] = held
        _, out, _ = run.end()
    assert [(s["capture"], s["indicators"][0]["id"]) for s in retro(out)] == [("-", "i-late.example")], retro(out)


def test_off(folder):
    _, out, err = past(2, folder, *configured(folder, memory__size=0))
    st = stats(folder + "/stats")
    assert retro(out) == [] and "seen before" not in err
    assert st["sightline_memory_values_total"] == 0 and st["sightline_memory_hours"] == 0


def test_hours_that_are_gone(folder):
    """Kept for two hours: of the name only what it said in the last is told, of the address nothing."""
    _, out, _ = past(2, folder, *configured(folder, memory__hours=2))
    got = {s["indicators"][0]["id"]: s for s in retro(out)}
    assert sorted(got) == ["i-late.example", "i-www.late.example"], got
    assert got["i-www.late.example"]["count"] == 1 and got["i-www.late.example"]["first_seen"] == at(1002)


def test_allowed(folder):
    allow = os.path.join(folder, "allow.txt")
    with open(allow, "w") as f:
        f.write("www.late.example\n203.0.113.9\n")
    _, out, _ = past(2, folder, *configured(folder, allow="[%s]" % allow))
    assert [s["indicators"][0]["id"] for s in retro(out)] == ["i-late.example"], retro(out)


def test_more_than_are_told(folder):
    """Of each change so many values are told, each with all that list it; the rest are counted."""
    feed, run = fed(folder, native(("domain-name", "end.example")), workers=1)
    names = [("domain-name", "n%d.example" % n) for n in range(1005)]
    with run:
        put(run, HEADER, FILLER, *(asks(1000, "10.0.0.1", name, n, port=40000 + n % 7) for n, (_, name) in enumerate(names)))
        settle(run, 1000)
        reload(run, feed, native(*names, source="one") + native(*names, source="two"), 2)
        run.p.stdin.close()
        _, out, _ = run.end()
    told = retro(out)
    assert len({s["observable"]["value"] for s in told}) == len(told) == 1000, len(told)
    assert all(sorted(i["source"] for i in s["indicators"]) == ["one", "two"] for s in told)
    assert stats(folder + "/stats")["sightline_retro_untold_indicators_total"] == 10


def many(n, name, port=40000):
    return b"".join(asks(1000, "10.0.%d.%d" % (i // 250, i % 250 + 1), name, port=port) for i in range(n))


def test_impact(folder):
    """What nearly every host does is quiet when it comes, and says why; what was in force loud stays so, as of the packets'
    time."""
    feed, run = fed(folder, native(("domain-name", "loud.example"), ("domain-name", "end.example"),
                                   valid_until="1971-01-01T00:00:00Z"), "--validity", "packet")
    with run:
        put(run, HEADER, FILLER, many(120, "usual.example"), many(120, "loud.example", 40001), many(3, "rare.example", 40002))
        settle(run, 1000)
        reload(run, feed, native(("domain-name", "usual.example"), ("domain-name", "rare.example")), 2)
        run.until("indicators: 3 armed, 1 quiet")
        put(run, asks(1000, "10.0.7.7", "usual.example", port=40004), asks(1000, "10.0.7.7", "loud.example", port=40005))
        run.p.stdin.close()
        _, out, _ = run.end()
    got = {}
    for s in latest(lines(out)).values():
        if s["generation"] == 2 and (s["retro"] or s["flow"]["sport"] >= 40004):
            got.setdefault(s["observable"]["value"], []).append(s)
    assert sorted((s["retro"], s["quiet"], s["count"]) for s in got["usual.example"]) == \
        [(False, True, 1), (True, True, 120)], len(got["usual.example"])
    assert [(s["retro"], s["quiet"], s["count"]) for s in got["rare.example"]] == [(True, False, 3)], got["rare.example"]
    assert [s["quiet"] for s in got["loud.example"]] == [False], got["loud.example"]
    for s in got["usual.example"]:
        assert s["quiet_reason"].startswith("It would have fired 120 times in the last 24 h on "), s
    assert stats(folder + "/stats")["sightline_intel_high_impact_total"] == 1


def test_bounds_of_impact(folder):
    """More hosts than there are: nothing is quiet."""
    feed, run = fed(folder, native(("domain-name", "end.example")), "--impact-hosts", 1000)
    with run:
        put(run, HEADER, FILLER, many(120, "usual.example"))
        settle(run, 1000)
        reload(run, feed, native(("domain-name", "usual.example")), 2)
        run.until("indicators: 2 armed, 0 quiet")
        run.p.stdin.close()
        run.end()


def test_full(folder):
    """The oldest hours make room, counted; it is said how many are covered."""
    feed, run = fed(folder, native(("domain-name", "end.example")), *configured(folder, memory__size="64KiB"), workers=1)
    with run:
        put(run, HEADER, FILLER, *(asks(1000 + n // 100, "10.0.0.1", "n%d.example" % n, n, port=40000 + n % 7)
                                   for n in range(1200)))
        settle(run, 1011)
        reload(run, feed, native(("domain-name", "n5.example"), ("domain-name", "n1199.example")), 2)
        run.p.stdin.close()
        _, out, err = run.end()
    st = stats(folder + "/stats")
    assert [s["observable"]["value"] for s in retro(out)] == ["n1199.example"], retro(out)
    assert st["sightline_memory_forgotten_values_total"] > 0, st
    assert "1 new indicators were seen before, in the last 2 h" in err or "in the last 1 h" in err, err


def post(port, body, path="/memory", host="127.0.0.1"):
    """(status, text)"""
    with socket.create_connection((host, port)) as s:
        s.sendall(b"POST %s HTTP/1.0\r\nContent-Length: %d\r\n\r\n" % (path.encode(), len(body)))
        try:
            s.sendall(body)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it was refused before it was all sent
        got = b""
        try:
            while piece := s.recv(65536):
                got += piece
        except ConnectionResetError:
            pass
    head, _, text = got.partition(b"\r\n\r\n")
    return int(head.split()[1]), text.decode()


def test_asked_from_beside(folder):
    """`intel check --against` a running sensor says what its memory has."""
    port = free_port()
    url = "http://127.0.0.1:%d" % port
    listed = os.path.join(folder, "new.jsonl")
    with open(listed, "w") as f:
        f.write(native(("domain-name", "usual.example"), ("domain-name", "rare.example"), ("domain-name", "never.example"),
                       ("ipv4-addr", "203.0.113.9"), ("ipv4-addr", "203.0.113.0/24"))
                + json.dumps({"id": "tree", "pattern": "[domain-name:value = 'rare.example' AND "
                              "ipv4-addr:value = '203.0.113.9']"}) + "\n")
    _, running = fed(folder, native(("domain-name", "end.example")), "--metrics", port)
    with running:
        put(running, HEADER, FILLER, many(120, "usual.example"), many(3, "rare.example", 40002))
        settle(running, 1000)
        _, out, _ = run(TOOL, "intel", "check", "--json", "--against", url, listed, check=1)
        got = {f["id"]: f for f in lines(out)}
        _, text, _ = run(TOOL, "intel", "check", "--against", url + "/metrics", listed, check=1)
        status, answer = post(port, b"domain-name exact 0 - 0 rare.example\nnonsense\n\n")
        large, _ = post(port, b"x" * 70000)
        other, _ = post(port, b"", path="/metrics")
        running.p.stdin.close()
        running.end()
    assert got["i-usual.example"]["code"] == "HIGH_IMPACT" and got["i-usual.example"]["past"]["count"] == 120, got
    assert got["i-rare.example"]["code"] == "SEEN" and got["i-rare.example"]["past"]["count"] == 3, got
    assert got["i-rare.example"]["past"]["hours"] == 24, got
    assert got["i-never.example"]["past"]["count"] == 0 and got["i-203.0.113.9"]["past"]["count"] == 123, got
    assert "past" not in got["i-203.0.113.0/24"], got  # networks are not remembered
    assert got["tree"]["past"]["at_most"] and got["tree"]["past"]["count"] == 3, got["tree"]
    assert "would have fired 3 times in the last 24 h on" in text and "; the last 24 h are remembered" in text, text
    head, rare, bad, empty = answer.splitlines()
    assert status == 200 and head.startswith("memory 24 ") and rare.split()[0] == "3" and [bad, empty] == ["-", "-"], answer
    assert (large, other) == (413, 405), (large, other)


def test_nobody_to_ask(folder):
    listed = os.path.join(folder, "new.txt")
    with open(listed, "w") as f:
        f.write("usual.example\n")
    port = free_port()
    _, out, err = run(TOOL, "intel", "check", "--against", "http://127.0.0.1:%d" % port, listed, check=2)
    assert "nobody is there" in err and out == "", (out, err)
    # One that remembers nothing.
    _, running = fed(folder, native(("domain-name", "end.example")), "--metrics", port,
                     *configured(folder, memory__size=0))
    with running:
        put(running, HEADER, FILLER)
        settle(running, 1000)
        _, out, err = run(TOOL, "intel", "check", "--against", "http://127.0.0.1:%d" % port, listed, check=2)
        running.p.stdin.close()
        running.end()
    assert "has no memory of the past" in err and out == "", (out, err)


def test_too_small(folder):
    for value in ("1KiB", "65535"):
        for check in ([], ["-T"]):
            _, out, err = run(SENSOR, "--replay", sample("maltrail/trails.pcap"), "--allow-empty",
                              *configured(folder, memory__size=value), *check, check=2)
            assert "memory.size: too small; give 0 for no memory, or 64KiB at least" in err and out == "", err


if __name__ == "__main__":
    main()
