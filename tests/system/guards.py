#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""A feed is taken whole or not at all: one that lost most of its indicators, has none any more or grew absurdly is named, and the
indicators in force stay. A feed's file that nobody brings up to date is said to be stale."""
import json, os, signal, subprocess, time
from harness import *
from reload import FILLER, HEADER, frame, native, put, query


def names(word, n):
    return native(*[("domain-name", "%s%d.example" % (word, i)) for i in range(n)])


def write(folder, **feeds):
    os.makedirs(folder + "/intel", exist_ok=True)
    for name, text in feeds.items():
        with open("%s/intel/%s.jsonl" % (folder, name), "w") as f:
            f.write(text)


def started(folder, *args, **config):
    with open(folder + "/config.yaml", "w") as f:
        json.dump({"no_huge": True, **config}, f)
    r = Running(SENSOR, "-c", folder + "/config.yaml", "-r", "-", "-i", folder + "/intel", "--emit", "sightings", "--workers", 1,
                "--stats", folder + "/stats", *args, stdin=subprocess.PIPE)
    put(r, HEADER, FILLER)
    return r


def ended(run, folder, *asked):
    put(run, *[frame(1000 + i, "10.0.0.1", "203.0.113.9", 40000 + i, 53, query(i, name)) for i, name in enumerate(asked)])
    run.p.stdin.close()
    _, text, said = run.end()
    return sorted(s["observable"]["value"] for s in lines(text)), said, stats(folder + "/stats")


def reload(run, said, count=1):
    run.p.send_signal(signal.SIGHUP)
    run.until(said, count=count)


def test_one_feed_of_several(folder):
    """A tenth of all is lost, and that is one feed; what came with it in another feed isn't taken either."""
    write(folder, big=names("big", 90), small=names("small", 10))
    run = started(folder)
    with run:
        run.until("100 armed")
        write(folder, big=names("big", 91), small=names("small", 4))
        reload(run, "small.jsonl: 4 of 10 indicators would be left, less than --reload-min-ratio 0.5")
        write(folder, small="")
        reload(run, "small.jsonl has no indicator, where it had 10")
        write(folder, small=names("small", 5))
        reload(run, "generation 2 in force")
        os.unlink(folder + "/intel/small.jsonl")  # taken away by the operator
        reload(run, "generation 3 in force")
        found, _, st = ended(run, folder, "big90.example", "small1.example")
    assert found == ["big90.example"], found
    assert st['sightline_intel_reloads_total{result="refused"}'] == 2 and st['sightline_intel_reloads_total{result="ok"}'] == 2


def test_refused_stays_as_it_was(folder):
    write(folder, big=names("big", 90), small=names("small", 10))
    run = started(folder)
    with run:
        run.until("100 armed")
        write(folder, big=names("big", 91), small=names("small", 4))
        reload(run, "reload refused")
        found, _, _ = ended(run, folder, "big90.example", "small7.example")
    assert found == ["small7.example"], found


def test_absurd_growth(folder):
    write(folder, feed=names("n", 20))
    run = started(folder, reload_max_more=300)
    with run:
        run.until("20 armed")
        write(folder, feed=names("n", 321))
        reload(run, "feed.jsonl grew from 20 to 321 indicators")
        write(folder, feed=names("n", 320))  # no more than 300 beyond
        reload(run, "generation 2 in force")
        write(folder, feed=names("n", 3200))  # ten times, not more
        reload(run, "generation 3 in force")
        write(folder, feed=names("n", 32001))
        reload(run, "feed.jsonl grew from 3200 to 32001 indicators")
        ended(run, folder)
    write(folder, feed=names("n", 20))
    run = started(folder, reload_max_more=300, reload_max_ratio=0)
    with run:
        run.until("20 armed")
        write(folder, feed=names("n", 321))
        reload(run, "generation 2 in force")
        ended(run, folder)


def test_anything_goes(folder):
    write(folder, one=names("n", 20), two=names("m", 20))
    run = started(folder, "--reload-min-ratio", 0)
    with run:
        run.until("40 armed")
        write(folder, one="")
        reload(run, "generation 2 in force")
        assert ended(run, folder, "n1.example", "m1.example")[0] == ["m1.example"]


def test_stale(folder):
    write(folder, old=names("n", 3), young=names("m", 3), other=names("o", 3))
    path = lambda name: "%s/intel/%s.jsonl" % (folder, name)
    for name in "old", "other":
        os.utime(path(name), (time.time() - 3 * 3600,) * 2)
    run = started(folder, sources=["old.jsonl stale_after=2h", "young.jsonl stale_after=2h"])
    with run:
        run.until("old.jsonl is stale: its file last changed at ")
        reload(run, "generation 2 in force")
        os.utime(path("old"))
        run.until("old.jsonl is good again")
        os.utime(path("young"), (time.time() - 3 * 3600,) * 2)
        run.until("young.jsonl is stale")
        _, said, st = ended(run, folder)
    assert said.count("old.jsonl is stale") == 1 and "other.jsonl is" not in said, said
    stale = {k: v for k, v in st.items() if k.startswith("sightline_feed_stale")}
    assert sorted(stale.values()) == [0, 1] and stale['sightline_feed_stale{feed="%s"}' % path("young")] == 1, stale


if __name__ == "__main__":
    main()
