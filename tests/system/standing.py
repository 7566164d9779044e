#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""What stands in the set that is handed out is in force, and nothing else is, however it came there."""
import json, os, signal
from harness import *
from handout import Asked, collector, fed, many, names, seen, write
from reload import native


# It can't come as a change.
TREE = json.dumps({"pattern": "[network-traffic:dst_ref.value = '203.0.113.9' AND domain-name:value = 'tree.example']"})


def line(value, **more):
    return native(("domain-name", value), **more)


def test_lines_that_differ_by_name(folder):
    """Of two lines that are one indicator, the one that is left still arms it; with the last it goes."""
    feed = folder + "/own.jsonl"
    a, b, c = ([line(v + ".example", name=n) for n in ("one", "two")] for v in "abc")
    own = names("y.example", "z.example")
    steps = (  # what the source says, and what is armed by it still
        (own + a[0] + a[1], None),
        (own + a[0], "a.example"),
        (own + a[0] + b[0] + b[1], None),
        (own + a[0] + b[1], "b.example"),
        (own + a[0] + b[1] + c[0], None),
        (own + a[0] + b[1] + c[0] + c[1], None),
        (own + a[0] + b[1] + c[1], "c.example"),
        (own + names("d.example") + c[1], "d.example"))
    write(feed, steps[0][0])
    with collector(folder, "own=" + feed) as run, fed(folder, 1, "--reload-min-ratio", 0) as s:
        ask = Asked(s)
        for n, (said, armed) in enumerate(steps):
            write(feed, said)
            s.until("generation %d is in force" % (n + 1))
            if armed:
                ask.ask(armed)
                s.until('"%s"' % armed, "out")
        ask.ask("a.example", "b.example", "c.example")
        s.p.stdin.close()
        _, out, _ = s.end()
        run.end(signal.SIGTERM)
    got = {x["observable"]["value"]: x["count"] for x in latest(lines(out)).values()}
    assert got == {"a.example": 1, "b.example": 1, "c.example": 2, "d.example": 1}, got
    assert stats(folder + "/stats1")['sightline_intel_taken_total{how="change"}'] == 2


def test_refused_for_what_is_not_its_own(folder):
    """A set that a reload could not arm because of the sensor's own feed is armed once that feed is mended."""
    feed, own = folder + "/feed.jsonl", folder + "/own.jsonl"
    write(own, names("own.example"))
    write(feed, names("a.example"))
    with collector(folder, "feed=" + feed) as run, fed(folder, 1, "-i", own) as s:
        s.until("generation 1 is in force")
        os.rename(own, own + ".away")
        write(feed, names("a.example", "b.example") + TREE)
        s.until("generation 2 is refused")
        s.p.send_signal(signal.SIGHUP)
        s.until("reload refused", count=2)
        os.rename(own + ".away", own)
        s.p.send_signal(signal.SIGHUP)
        s.until("generation 2 is in force")
        ask = Asked(s)
        ask.ask("b.example", "own.example")
        assert seen(s) == ["b.example", "own.example"]
        run.end(signal.SIGTERM)
    st = stats(folder + "/stats1")
    assert st['sightline_intel_taken_total{how="refused"}'] == 1 and st["sightline_intel_handed_generation"] == 2, st


def test_back_to_what_stayed(folder):
    """A set that was refused is gone back from: what stayed in force is the generation that is handed out again."""
    feed, url = folder + "/feed.jsonl", "ipc://%s/desk" % folder
    write(feed, many(10))
    with collector(folder, "feed=" + feed + " min_ratio=0") as c, fed(folder, 1) as s:
        s.until("generation 1 is in force")
        write(feed, many(3))
        s.until("generation 2 is refused")
        run(TOOL, "intel", "rollback", url)
        s.until("generation 3 is in force")
        seen(s)
        c.end(signal.SIGTERM)
    assert stats(folder + "/stats1")["sightline_intel_handed_generation"] == 3


def test_what_leaves_is_counted_as_such(folder):
    """A line that was refused when it came is told and counted then, and is one less when it leaves."""
    feed, bad = folder + "/feed.jsonl", native(("ipv4-addr", "127.0.0.1"))
    write(feed, names("a.example", "b.example"))
    with collector(folder, "feed=" + feed) as run, fed(folder, 1) as s:
        s.until("generation 1 is in force")
        for n, said in enumerate((bad, "", bad, names("c.example"))):
            write(feed, names("a.example", "b.example") + said)
            s.until("generation %d is in force" % (n + 2))
        seen(s)
        run.end(signal.SIGTERM)
    st = stats(folder + "/stats1")
    assert st['sightline_intel_taken_total{how="change"}'] == 4, st
    assert st['sightline_indicators{verdict="refused"}'] == 0 and st['sightline_indicators{verdict="armed"}'] == 3, st
    assert st["sightline_intel_unusable_lines_total"] == 2, st


def test_feeds_are_the_collectors(folder):
    """What is handed out is no feed of the sensor: a set that a change left behind is not told of, nor called stale."""
    feed, own, config = folder + "/feed.jsonl", folder + "/own.jsonl", folder + "/sensor.yaml"
    write(config, "sources: ['* stale_after=1h']\n")
    write(own, names("own.example"))
    write(feed, names("a.example"))
    with collector(folder, "feed=" + feed) as run, fed(folder, 1, "-c", config, "-i", own) as s:
        s.until("generation 1 is in force")
        write(feed, names("a.example", "b.example"))
        s.until("generation 2 is in force")
        seen(s)
        run.end(signal.SIGTERM)
    st = stats(folder + "/stats1")
    assert st['sightline_intel_taken_total{how="change"}'] == 1, st
    told = {k for k in st if k.startswith("sightline_feed_stale")}
    assert told == {'sightline_feed_stale{feed="%s"}' % own}, told


if __name__ == "__main__":
    main()
