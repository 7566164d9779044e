#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""What stands in the set that is handed out is in force, and nothing else is, however it came there."""
import signal
from harness import *
from handout import Asked, collector, fed, names, write
from reload import native


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


if __name__ == "__main__":
    main()
