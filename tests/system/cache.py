#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The compiled indicators on disk: what comes from them is what the files give, and whatever is not as it was is read
from the files, and said."""
import json, os, random, re, signal, subprocess
from harness import *
from reload import FILLER, HEADER, frame, put, query

LONG_AGO = 1700000000


def feed(path, *values, text=None):
    """A feed that nobody wrote just now."""
    with open(path, "w") as f:
        f.write(text if text is not None else
                "".join(json.dumps({"id": "i-" + v, "type": t, "value": v, "source": "test"}) + "\n" for t, v in values))
    os.utime(path, (LONG_AGO, LONG_AGO))


class Case:
    def __init__(self, folder):
        self.folder, self.cache = folder, folder + "/cache"
        self.feed, self.image = folder + "/feed.jsonl", folder + "/cache/indicators.image"
        self.pcap = folder + "/c.pcap"
        os.mkdir(self.cache, 0o700)
        feed(self.feed, ("domain-name", "evil.example"), ("ipv4-addr", "203.0.113.9"), ("ipv4-addr", "10.1.2.3"))
        with open(self.pcap, "wb") as f:
            f.write(HEADER + frame(1000, "10.0.0.1", "203.0.113.9", 40000, 53, query(1, "evil.example")))

    def run(self, *args, intel=None):
        """(sightings as lines, what was said, counters)"""
        st = self.folder + "/stats"
        _, out, err = sensor("--replay", self.pcap, "-i", intel or self.feed, "--emit", "sightings", "--workers", 1,
                             "--intel-cache", self.cache, "--stats", st, *args)
        return out, err, stats(st)


def did(st, what):
    return st['sightline_intel_cache_total{result="%s"}' % what]


def used(result):
    return "indicators from the cache" in result[1] and did(result[2], "used") == 1


def written(result):
    return "put into the cache" in result[1] and did(result[2], "written") == 1 and did(result[2], "used") == 0


def summary(err):
    return [l for l in err.splitlines() if " armed, " in l or "refused, " in l]


def test_the_same_from_the_cache(folder):
    c = Case(folder)
    first, second = c.run(), c.run()
    assert written(first) and "there is none yet" in first[1], first[1]
    assert used(second), second[1]
    assert first[0] == second[0] and len(lines(first[0])) == 2, (first[0], second[0])
    # What was said when the files were read is said again: 1 of 3 was refused.
    assert summary(first[1]) == summary(second[1]) and len(summary(first[1])) == 2, (first[1], second[1])
    assert first[2]["sightline_intel_unusable_lines_total"] == second[2]["sightline_intel_unusable_lines_total"] == 1
    assert os.stat(c.image).st_mode & 0o777 == 0o600 and os.listdir(c.cache) == ["indicators.image"]


def test_whatever_is_another_is_read_anew(folder):
    c = Case(folder)
    other, lists = folder + "/other.jsonl", folder + "/popular.txt"
    feed(other, ("domain-name", "other.example"))
    feed(lists, text="other.example\n")
    config = folder + "/sensor.yaml"

    def with_config(text):
        with open(config, "w") as f:
            f.write(text)
        return ["-c", config]

    def fresh(why, *args, **kw):
        r = c.run(*args, **kw)
        assert written(r) and why in r[1], (why, r[1])
        assert used(c.run(*args, **kw)), why

    fresh("none yet")
    fresh("intel is not", "-i", other)
    fresh("intel is not")
    fresh("home_net is not", "--home-net", "192.168.0.0/16")
    fresh("validity is not", "--validity", "now")
    fresh("validity is not", "--warninglists", "popular=" + lists)
    feed(lists, text="evil.example\n")
    fresh("popular.txt", "--warninglists", "popular=" + lists)
    fresh("warninglists is not", *with_config('sources: ["test quiet"]\n'))
    fresh("sources is not", *with_config('overrides: ["i-evil.example refused because"]\n'))
    fresh("overrides is not")
    feed(c.feed, ("domain-name", "Evil.example"), ("ipv4-addr", "203.0.113.9"), ("ipv4-addr", "10.1.2.3"))
    fresh("feed.jsonl")
    # A folder: what comes into it and what leaves it.
    d = folder + "/feeds"
    os.mkdir(d)
    feed(d + "/a.jsonl", ("domain-name", "evil.example"))
    fresh("intel is not", intel=d)
    feed(d + "/b.jsonl", ("domain-name", "other.example"))
    fresh("b.jsonl", intel=d)
    os.unlink(d + "/b.jsonl")
    fresh("b.jsonl", intel=d)


def test_a_file_that_may_still_change(folder):
    c = Case(folder)
    os.utime(c.feed)  # written this moment: another write might not be seen
    r = c.run()
    assert did(r[2], "unwritten") == 1 and "written just now" in r[1], r[1]
    assert not os.path.exists(c.image)
    os.utime(c.feed, (LONG_AGO, LONG_AGO))
    assert written(c.run())


def test_damage(folder):
    """Cut, with bytes changed, empty, no image, of another layout: read from the files, with the same sightings."""
    c = Case(folder)
    good = c.run()
    with open(c.image, "rb") as f:
        image = f.read()
    r = random.Random(3)

    def changed(at, to):
        return image[:at] + to + image[at + len(to):]

    bad = [(b"", "no image"), (image[:10], "no image"), (b"x" * 1000, "no image"), (changed(8, b"\0\0\0\0"), "another version"),
           (changed(12, bytes(reversed(image[12:16]))), "another version"), (image[:-1], "damaged"), (image[:40], "damaged"),
           (image + b"\0", "damaged")]
    bad += [(changed(at, bytes([image[at] ^ 1 << r.randrange(8)])), "damaged") for at in
            [16, 20, 24, 28, 32, len(image) - 1] + [r.randrange(16, len(image)) for _ in range(12)]]
    for text, why in bad:
        with open(c.image, "wb") as f:
            f.write(text)
        got = c.run()
        assert got[0] == good[0] and summary(got[1]) == summary(good[1])
        assert why in got[1] and did(got[2], "unfit") == 1 and written(got), (why, got[1])
    with open(c.image, "rb") as f:
        assert len(f.read()) == len(image)
    assert used(c.run())


def test_whose_it_is(folder):
    c = Case(folder)
    good = c.run()

    def refused(why, fit=False):
        r = c.run()
        assert why in r[1] and did(r[2], "unfit") == 1 and did(r[2], "used") == 0 and r[0] == good[0], r[1]
        return r

    os.chmod(c.image, 0o620)
    assert written(refused("others may write it"))
    os.rename(c.image, folder + "/kept")
    os.symlink(folder + "/kept", c.image)
    assert written(refused("belongs to somebody else"))
    assert not os.path.islink(c.image)
    os.chmod(c.cache, 0o770)
    assert did(refused("mode 700")[2], "unwritten") == 1
    os.chmod(c.cache, 0o700)
    if os.geteuid() == 0:
        os.chown(c.image, 65534, -1)
        assert written(refused("belongs to somebody else"))
        os.chown(c.cache, 65534, -1)
        refused("mode 700")
        os.chown(c.cache, 0, -1)
    os.rename(c.cache, folder + "/gone")
    assert did(refused("No such file")[2], "unwritten") == 1


def test_by_the_clock(folder):
    """With verdicts by the clock an image holds until the next of them: here the end of a validity."""
    c = Case(folder)
    feed(c.feed, text='{"id":"a","type":"domain-name","value":"evil.example","valid_until":"2101-01-01T00:00:00Z"}\n'
                      '{"id":"b","type":"domain-name","value":"other.example","valid_until":"2011-01-01T00:00:00Z"}\n')
    first = c.run("--validity", "now")
    assert written(first) and "1 armed, 0 quiet, 0 refused, 1 not valid" in first[1], first[1]
    assert used(c.run("--validity", "now"))
    # As of the packets: both are armed, and how many are not valid is told as of now.
    first, second = c.run("--validity", "packet"), c.run("--validity", "packet")
    assert written(first) and used(second)
    assert summary(first[1]) == summary(second[1]) and "2 armed" in first[1], first[1]


def test_reload(folder):
    """A reload on files that are as before is from the cache; on others it is read, armed, and then put there. (Nothing is
    remembered here: what the network did of late would judge them, and no cache knows that.)"""
    c = Case(folder)
    config = folder + "/sensor.yaml"
    with open(config, "w") as f:
        f.write("memory:\n  size: 0\n")
    c.run()
    with Running(SENSOR, "-c", config, "--replay", "-", "-i", c.feed, "--emit", "sightings", "--workers", 2, "--intel-cache", c.cache,
                 "--stats", folder + "/stats", stdin=subprocess.PIPE) as run:
        put(run, HEADER, FILLER, frame(1000, "10.0.0.1", "203.0.113.9", 40000, 53, query(1, "x.example")))
        run.until('"i-203.0.113.9"', "out")
        run.p.send_signal(signal.SIGHUP)
        run.until("generation 2 in force")
        feed(c.feed, ("domain-name", "evil.example"), ("domain-name", "new.example"), ("ipv4-addr", "203.0.113.9"))
        run.p.send_signal(signal.SIGHUP)
        run.until("put into the cache")
        put(run, frame(1001, "10.0.0.1", "203.0.113.9", 40000, 53, query(2, "new.example")),
            frame(1002, "10.0.0.1", "203.0.113.9", 40000, 53, query(3, "evil.example")))
        run.p.stdin.close()
        _, out, _ = run.end()
    st = stats(folder + "/stats")
    assert (did(st, "used"), did(st, "written"), did(st, "unfit")) == (2, 1, 1), st
    seen = sorted((s["observable"]["value"], s["count"]) for s in latest(lines(out)).values())
    assert seen == [("203.0.113.9", 1), ("evil.example", 1), ("new.example", 1)], seen
    assert used(c.run())


def test_trees_and_every_format(folder):
    """All feeds of the samples at once, with trees and all kinds of values, on a capture that meets many."""
    c = Case(folder)
    trees = folder + "/trees.jsonl"
    feed(trees, text='{"id":"t1","pattern":"[domain-name:value = \'evil.example\' AND ipv4-addr:value = \'203.0.113.9\']"}\n'
                     '{"id":"t2","pattern":"[domain-name:value LIKE \'ev_l.ex%\'] FOLLOWEDBY '
                     '[domain-name:value MATCHES \'^other[.]\'] WITHIN 60 SECONDS"}\n')
    inputs = ["--allow-empty", "-i", sample("formats"), "-i", trees]
    with open(c.pcap, "ab") as f:
        f.write(frame(1001, "10.0.0.1", "203.0.113.9", 40000, 53, query(2, "other.example")))
    st = folder + "/stats"

    def go(*args):
        _, out, err = sensor("--replay", c.pcap, *inputs, "--emit", "sightings", "--workers", 1, "--stats", st, *args)
        return out, err, stats(st)

    without, first, second = go(), go("--intel-cache", c.cache), go("--intel-cache", c.cache)
    assert used(second), second[1]
    assert without[0] == first[0] == second[0]
    assert {i["id"] for s in lines(second[0]) for i in s["indicators"]} >= {"t1", "t2"}, second[0]
    assert summary(first[1]) == summary(second[1])


def test_default_is_the_service_s_state(folder):
    c = Case(folder)
    env = dict(os.environ, STATE_DIRECTORY=folder)
    args = [SENSOR, "--replay", c.pcap, "-i", c.feed]
    for said in ("put into the cache", "indicators from the cache"):
        r = subprocess.run(args, env=env, capture_output=True, timeout=PATIENCE)
        assert r.returncode == 0 and said in r.stderr.decode(), r.stderr
    assert os.stat(folder + "/intel-cache").st_mode & 0o777 == 0o700
    del env["STATE_DIRECTORY"]
    r = subprocess.run(args, env=env, capture_output=True, timeout=PATIENCE)
    assert "cache" not in r.stderr.decode(), r.stderr


if __name__ == "__main__":
    main()
