#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Indicators are read and compiled in a process of its own: what becomes of it is told, what is in force stays, packets and
changes go on meanwhile, and it never outlives the sensor. A pipe with a name in the place of a feed holds a builder at a
known place: who opens it for writing waits until the builder reads."""
import json, os, select, signal, subprocess
from handout import Asked, collector, names, seen, write
from harness import *
from reload import FILLER, HEADER, fed, frame, live, native, put, query


def children(pid):
    with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
        return [int(p) for p in f.read().split()]


def nursery(run):
    one, = children(run.p.pid)
    return one


class Held:
    """The next builder waits in the middle of its reading; what it reads is told later."""

    def __init__(self, run, feed):
        self.feed = feed
        os.unlink(feed)
        os.mkfifo(feed)
        run.p.send_signal(signal.SIGHUP)
        self.pipe = open(feed, "w")  # waits for the builder
        self.pid, = children(nursery(run))

    def status(self, what):
        with open("/proc/%d/status" % self.pid) as f:
            return dict(l.rstrip("\n").split(":\t", 1) for l in f)[what]

    def replace(self, text):
        """A file for the next builder; this one has opened what it reads."""
        write(self.feed, text)

    def tell(self, text):
        self.pipe.write(text)
        self.pipe.close()


def gone(*pids):
    """A function that waits until they have ended."""
    fds = [os.pidfd_open(p) for p in pids]

    def wait():
        for f in fds:
            assert select.select([f], [], [], PATIENCE)[0], "a process goes on"
            os.close(f)
    return wait


def lost(st, how):
    return st['sightline_intel_builders_lost_total{how="%s"}' % how]


def ask(run, at, *which):
    for i, name in enumerate(which):
        put(run, frame(at + i, "10.0.0.1", "203.0.113.9", 40000 + at + i, 53, query(i, name)))


def test_killed_or_crashed(folder):
    """The old generation stays and goes on firing; the next change is read as ever."""
    feed, run = fed(folder, names("first.example"))
    with run:
        put(run, HEADER, FILLER)
        run.until("armed")
        for number, said in ((signal.SIGKILL, "Killed"), (signal.SIGSEGV, "Segmentation fault"), (signal.SIGABRT, "Aborted")):
            held = Held(run, feed)
            assert held.status("Seccomp") == "2" and held.status("NoNewPrivs") == "1" and held.status("Name") == "sl-builder"
            with open("/proc/%d/stat" % held.pid) as f:
                assert f.read().rsplit(")", 1)[1].split()[16] == "10"
            end = gone(held.pid)
            os.kill(held.pid, number)
            run.until("reload refused: the process that reads and compiles them was ended: " + said)
            end()
            held.pipe.close()
        ask(run, 1000, "first.example", "second.example")
        run.until('"i-first.example"', "out")
        write(feed, names("first.example", "second.example"))
        run.p.send_signal(signal.SIGHUP)
        run.until("generation 2 in force")
        ask(run, 1100, "second.example")
        assert not children(nursery(run))
        run.p.stdin.close()
        _, out, _ = run.end()
    st = stats(folder + "/stats")
    assert (lost(st, "killed"), lost(st, "late"), lost(st, "failed")) == (3, 0, 0), st
    assert st['sightline_intel_reloads_total{result="refused"}'] == 3 and st['sightline_intel_reloads_total{result="ok"}'] == 1, st
    got = {(s["observable"]["value"], s["generation"]) for s in latest(live(out)).values()}
    assert got == {("first.example", 1), ("second.example", 2)}, got


def test_too_late(folder):
    config = folder + "/sensor.yaml"
    with open(config, "w") as f:
        f.write("intel_timeout: 1s\n")
    feed, run = fed(folder, names("first.example"), "-c", config)
    with run:
        put(run, HEADER, FILLER)
        run.until("armed")
        held = Held(run, feed)
        end = gone(held.pid)
        run.until("reload refused: reading and compiling took longer than intel_timeout, 1 s")
        end()
        run.p.stdin.close()
        run.end()
    assert lost(stats(folder + "/stats"), "late") == 1
    # At a start there is nothing that could stay.
    with open(folder + "/c.pcap", "wb") as f:
        f.write(HEADER + FILLER)
    _, _, err = sensor("-c", config, "--replay", folder + "/c.pcap", "-i", feed, check=2)
    assert "took longer than intel_timeout" in err, err


def test_nothing_outlives_the_sensor(folder):
    """Ended while a builder reads, or killed."""
    for number, status in ((signal.SIGTERM, 0), (signal.SIGKILL, -signal.SIGKILL)):
        feed, run = fed(folder, names("first.example"))
        with run:
            put(run, HEADER, FILLER)
            run.until("armed")
            held = Held(run, feed)
            end = gone(nursery(run), held.pid)
            run.end(number, check=status)
            end()
            held.pipe.close()
            os.unlink(feed)


def test_without_who_starts_builders(folder):
    feed, run = fed(folder, names("first.example"))
    with run:
        put(run, HEADER, FILLER)
        run.until("armed")
        end = gone(nursery(run))
        os.kill(nursery(run), signal.SIGKILL)
        end()
        run.p.send_signal(signal.SIGHUP)
        run.until("reload refused: the process that starts builders has ended; restart the sensor")
        assert not children(run.p.pid)  # and nobody waits for it
        ask(run, 1000, "first.example")
        run.p.stdin.close()
        _, out, _ = run.end()
    assert len(latest(live(out))) == 1


def test_changes_while_a_builder_reads(folder):
    """What comes and goes at once is in force at once, and still is after the builder, which began before it, is done; an
    open flow is not counted again."""
    source, own = folder + "/handed.jsonl", folder + "/own.jsonl"
    write(source, names("stays.example", "goes.example"))
    write(own, names("own.example"))
    with collector(folder, "handed=" + source) as c, Running(SENSOR, "--replay", "-", "--emit", "sightings", "--workers", 2, "--stats",
                                                 folder + "/stats", "--collector-intel", "ipc://%s/desk" % folder,
                                                 "--intel-kept", folder + "/kept", "-i", own, stdin=subprocess.PIPE) as s:
        put(s, HEADER, FILLER)
        s.until("the collector's generation 1 is in force")
        a = Asked(s)
        a.ask("goes.example")
        s.until('"i-goes.example"', "out")
        held = Held(s, own)
        write(source, names("stays.example", "comes.example"))
        s.until("the collector's generation 2 is in force")
        a.ask("comes.example", "goes.example")
        s.until('"i-comes.example"', "out")
        held.replace(names("own.example", "new.example"))
        held.tell(names("own.example", "new.example"))
        s.until("reloaded: generation 4 in force")
        a.ask("stays.example", "comes.example", "goes.example", "own.example", "new.example")
        s.p.stdin.close()
        _, out, err = s.end()
        c.end(signal.SIGTERM)
    got = {v: sum(i["count"] for i in latest(live(out)).values() if i["observable"]["value"] == v) for v in
           ("stays.example", "goes.example", "comes.example", "own.example", "new.example")}
    assert got == {"stays.example": 1, "goes.example": 1, "comes.example": 2, "own.example": 1, "new.example": 1}, (got, err)
    assert "hold on the new ones: 1 added, 0 replaced, 1 removed" in err, err


def test_all_kinds_come_through(folder):
    """What fires is the same from the first builder, from a second, and without any change."""
    feed = folder + "/intel.jsonl"
    text = native(("ipv4-addr", "203.0.113.0/24"), ("domain-name", "evil.example")) + "".join(
        json.dumps({"id": "t%d" % i, "pattern": p, "source": "test"}) + "\n" for i, p in enumerate((
            "[domain-name:value = 'evil.example' AND ipv4-addr:value = '203.0.113.9']",
            "[domain-name:value LIKE 'ev_l.ex%']",
            "[domain-name:value MATCHES '^(?<!x)ev[i].\\\\.example$']",
            "[domain-name:value = 'evil.example'] FOLLOWEDBY [domain-name:value MATCHES '^other[.]'] WITHIN 60 SECONDS")))
    _, run = fed(folder, text)

    def fires(at):
        put(run, frame(at, "10.0.0.1", "203.0.113.9", 40000 + at, 53, query(1, "evil.example")),
            frame(at + 1, "10.0.0.1", "203.0.113.9", 40000 + at, 53, query(2, "other.example")))

    with run:
        put(run, HEADER, FILLER)
        fires(1000)
        run.until('"t2"', "out")
        run.p.send_signal(signal.SIGHUP)
        run.until("generation 2 in force")
        fires(9000)
        run.p.stdin.close()
        _, out, _ = run.end()
    told = {1: [], 2: []}
    for s in latest(live(out)).values():
        told[1 if s["first_seen"] < "1970-01-01T01" else 2].append(
            (s["observable"]["where"], s["observable"]["value"], sorted(i["id"] for i in s["indicators"]), s["count"]))
    assert sorted(told[1]) == sorted(told[2]) and len(told[1]) >= 4, told


def test_what_would_fire_everywhere(folder):
    """A builder can't ask what the network did: the sensor does, of what it made, with the operator's word on it."""
    config = folder + "/sensor.yaml"
    with open(config, "w") as f:
        f.write('sources: ["known armed=HIGH_IMPACT", "strict refused=HIGH_IMPACT"]\n')
    feed, run = fed(folder, names("first.example"), "-c", config, "--home-net", "10.0.0.0/8")
    everywhere = ("usual.example", "known.example", "strict.example")
    text = names("first.example", everywhere[0]) + "".join(
        native(("domain-name", n), source=n.split(".")[0]) for n in everywhere[1:])
    with run:
        put(run, HEADER, FILLER)
        for k, name in enumerate(everywhere):
            for i in range(120):
                put(run, frame(1000 + i, "10.0.0.%d" % (i % 40 + 1), "203.0.113.9", 40000 + 200 * k + i, 53, query(i, name)))
        ask(run, 1200, "first.example")
        run.until('"i-first.example"', "out")
        for generation in (2, 3):  # what was quiet is no louder for being read again
            write(feed, text)
            run.p.send_signal(signal.SIGHUP)
            run.until("generation %d in force" % generation)
        ask(run, 1300, *everywhere)
        run.p.stdin.close()
        _, out, err = run.end()
    fired = {s["observable"]["value"]: (s["generation"], s["quiet"], "would have fired 120 times" in s["quiet_reason"])
             for s in latest(live(out)).values()}
    assert fired == {"first.example": (1, False, False), "known.example": (3, False, False), "usual.example": (3, True, True)}, fired
    assert err.count("indicators: 2 armed, 1 quiet, 1 refused") == 2, err
    assert stats(folder + "/stats")["sightline_intel_high_impact_total"] == 2


if __name__ == "__main__":
    main()
