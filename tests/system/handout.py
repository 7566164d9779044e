#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Intel from sources through a collector to sensors: what comes and goes at a source does so at every sensor, what is
wrong is refused on either side and the old stays, and what breaks goes on where it was."""
import http.server, json, os, signal, subprocess, tempfile, threading, time, zmq
from harness import *
from reload import FILLER, HEADER, frame, native, put, query

# What is synced to a disk waits for everybody who writes to it.
if os.access("/dev/shm", os.W_OK):
    tempfile.tempdir = "/dev/shm"


def names(*which):
    return native(*[("domain-name", n) for n in which])


def write(path, text):
    """As a feed is replaced: whole or not at all. Hidden until then, as in a folder it would be a feed of its own."""
    new = os.path.join(os.path.dirname(path), "." + os.path.basename(path))
    with open(new, "w") as f:
        f.write(text)
    os.rename(new, path)


def collector(folder, *sources, more=(), wait=True):
    args = [a for s in sources for a in ("--source", s)]
    c = Running(COLLECTOR, "--listen", "ipc://%s/in" % folder, "--publish", "ipc://%s/out" % folder, "--hand-out",
                "ipc://%s/desk" % folder, "--store", folder + "/s.db", "--intel-dir", folder + "/intel", "--stats",
                folder + "/collector", *args, *more)
    c.until("ready: sensors ask")
    return c


def fed(folder, number, *args):
    """A sensor whose packets the test writes."""
    s = Running(SENSOR, "--replay", "-", "--emit", "sightings", "--workers", 2, "--stats", folder + "/stats%d" % number,
                "--collector-intel", "ipc://%s/desk" % folder, "--intel-kept", folder + "/kept%d" % number, *args,
                stdin=subprocess.PIPE)
    put(s, HEADER, FILLER)
    return s


class Asked:
    """Numbers the packets of a sensor."""
    def __init__(self, run):
        self.run, self.at = run, 1000

    def ask(self, *which):
        for n in which:
            self.at += 1
            put(self.run, frame(self.at, "10.0.0.1", "203.0.113.9", 40000 + self.at, 53, query(self.at, n)))


def seen(run):
    run.p.stdin.close()
    _, out, _ = run.end()
    return sorted({s["observable"]["value"] for s in latest(lines(out)).values()})


def test_two_sensors_follow_a_file(folder):
    feed = folder + "/own.jsonl"
    write(feed, names("a.example", "b.example", "c.example"))
    with collector(folder, "own=" + feed) as c, fed(folder, 1) as s1, fed(folder, 2) as s2:
        both = [Asked(s) for s in (s1, s2)]
        for b in both:
            b.run.until("generation 1 is in force")
            b.ask("a.example", "d.example")
            b.run.until('"a.example"', "out")
        write(feed, names("b.example", "c.example", "d.example"))
        for b in both:
            b.run.until("generation 2 is in force")
            b.ask("a2.example", "d.example")
            b.run.until('"d.example"', "out")
            b.ask("a.example")
        for s, b in zip((s1, s2), both):
            assert seen(s) == ["a.example", "d.example"]
        c.end(signal.SIGTERM)
    for n in (1, 2):
        st = stats(folder + "/stats%d" % n)
        assert st['sightline_intel_taken_total{how="whole"}'] == 1, st
        assert st['sightline_intel_taken_total{how="change"}'] == 1, st
        assert st["sightline_intel_handed_generation"] == 2, st
        accounts(st)
    st = stats(folder + "/collector")
    assert st['sightline_intel_handed_total{what="snapshot"}'] == 2, st
    assert st['sightline_intel_handed_total{what="delta"}'] == 2, st



class Server:
    """A feed on HTTP, with an ETag; does what the test says."""

    def __init__(self):
        server = self
        self.text, self.status, self.headers, self.cut, self.asked = "", 200, {}, 0, []
        self.change = threading.Condition()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body, etag = server.text.encode(), '"%x"' % hash(server.text)
                same = server.status == 200 and self.headers.get("If-None-Match") == etag
                status = 304 if same else server.status
                self.send_response(status)
                for k, v in server.headers.items():
                    self.send_header(k, v)
                if status == 200:
                    self.send_header("ETag", etag)
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if status == 200:
                    self.wfile.write(body[:len(body) - server.cut])
                with server.change:
                    server.asked.append(status)
                    server.change.notify_all()

            def log_message(self, *args):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d/feed" % self.http.server_address[1]
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def until(self, status, count=1):
        """Until it has answered so, as many times more."""
        with self.change:
            begin = len(self.asked)
            assert self.change.wait_for(lambda: self.asked[begin:].count(status) >= count, PATIENCE), self.asked

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.http.shutdown()
        self.http.server_close()


def settings(folder, **feed):
    path = folder + "/collector.yaml"
    feed = dict({"interval": "100ms", "backoff": "50ms"}, **feed)
    with open(path, "w") as f:
        f.write("feed:\n" + "".join("  %s: %s\n" % kv for kv in feed.items()))
    return ("-c", path)


def many(n):
    return names(*["n%d.example" % i for i in range(n)])


def test_server_that_fails_and_lies(folder):
    with Server() as web:
        web.text = many(10)
        with collector(folder, "web=" + web.url, more=settings(folder, growth_floor=20)) as c, fed(folder, 1) as s:
            s.until("generation 1 is in force")
            web.until(304, 2)
            for n, (wrong, why) in enumerate((
                    (many(4), "4 of 10 indicators would be left"), (many(200), "200 indicators instead of 10"),
                    ("", "it is empty"), ("\x00\x01" * 200, "in no format that is known"),
                    ('{"type":"ipv4-addr","value":"1.2.3"}', "no usable indicator is in it"))):
                web.text = wrong
                c.until("source web refused: " + why)
                web.text = many(10)
                c.until("source web: it is good again", count=n + 1)
            web.text, web.cut = many(12), 5
            c.until("source web: Transferred a partial file")
            web.cut = 0
            c.until("generation 2: 12 lines")
            s.until("generation 2 is in force")
            web.status = 503
            c.until("the server answers with status 503")
            web.until(503, 4)
            web.status, web.text = 200, many(13)
            s.until("generation 3 is in force")
            ask = Asked(s)
            ask.ask("n12.example", "n150.example", "n11.example")
            assert seen(s) == ["n11.example", "n12.example"]
            c.end(signal.SIGTERM)
    st = stats(folder + "/collector")
    looks = {r: st['sightline_source_looks_total{source="web",result="%s"}' % r] for r in ("taken", "same", "failed", "refused")}
    assert looks["taken"] == 3 and looks["same"] > 2 and looks["failed"] >= 5 and looks["refused"] >= 4, looks


def test_server_that_says_when(folder):
    """Retry-After is heeded: the next question comes no sooner, and is awaited by the answer to a wake-up that isn't."""
    with Server() as web:
        web.status, web.headers = 503, {"Retry-After": "2"}
        with collector(folder, "web=" + web.url, more=settings(folder)) as c:
            begin = time.monotonic()
            web.until(503, 2)
            assert time.monotonic() - begin >= 1.9 or len(web.asked) > 2
            c.end(signal.SIGTERM)


def test_stale_and_good_again(folder):
    with Server() as web:
        web.text = many(3)
        with collector(folder, "web=" + web.url + " stale=500ms", more=settings(folder)) as c:
            c.until("generation 1: 3 lines")
            web.status = 500
            c.until("source web: stale: not confirmed for")
            web.status = 200
            c.until("source web: it is good again")
            c.end(signal.SIGTERM)
    assert stats(folder + "/collector")['sightline_source_stale{source="web"}'] == 0


def test_folder_and_other_formats(folder):
    """Files of a folder come and go; what native lines can't say is handed out as the file that it is."""
    os.mkdir(folder + "/feeds")
    write(folder + "/feeds/one.txt", "one.example\ntwo.example\n")
    write(folder + "/own", "# ours\n{\"type\":\"domain-name\",\"value\":\"three.example\"}\n")
    with collector(folder, "dir=" + folder + "/feeds min_ratio=0", "own=" + folder + "/own") as c, fed(folder, 1) as s:
        s.until("generation 1 is in force")
        s.until("3 armed")
        write(folder + "/feeds/more.txt", "four.example\nno value at all\n")
        s.until("generation 2 is in force")
        ask = Asked(s)
        ask.ask("one.example", "three.example", "four.example")
        for n in ("one", "three", "four"):
            s.until('"%s.example"' % n, "out")
        os.unlink(folder + "/feeds/one.txt")
        s.until("generation 3 is in force")
        ask.ask("two.example")
        s.p.stdin.close()
        _, out, _ = s.end()
        c.end(signal.SIGTERM)
    got = {x["observable"]["value"]: x["indicators"][0]["source"] for x in latest(lines(out)).values()}
    assert got == {"one.example": "one.txt", "three.example": "own", "four.example": "more.txt"}, got
    assert stats(folder + "/collector")['sightline_intel_handed_total{what="file"}'] >= 1


def test_collector_killed_and_sensor_alone(folder):
    feed = folder + "/own.jsonl"
    write(feed, names("a.example", "b.example"))
    with fed(folder, 1) as s:
        with collector(folder, "own=" + feed) as c:
            s.until("generation 1 is in force")
            c.p.kill()
            c.p.wait()
        # Another sensor's last good set is what it begins with while the collector is away.
        ask = Asked(s)
        ask.ask("a.example")
        assert seen(s) == ["a.example"]
    with fed(folder, 1) as s:
        s.until("generation 1 is kept: 2 lines")
        s.until("indicators: 2 armed")
        ask = Asked(s)
        ask.ask("b.example")
        s.until('"b.example"', "out")
        write(feed, names("a.example", "b.example", "c.example"))
        with collector(folder, "own=" + feed) as c:
            s.until("generation 2 is in force")
            ask.ask("c.example")
            assert seen(s) == ["b.example", "c.example"]
            c.end(signal.SIGTERM)
    st = stats(folder + "/stats1")
    assert st['sightline_intel_taken_total{how="change"}'] == 1 and st['sightline_intel_taken_total{how="whole"}'] == 0, st


def test_a_check_leaves_the_cache_to_the_start(folder):
    """A check reads nothing of what is handed out: what it could put into the cache is not what a start looks for."""
    feed, own, cache = folder + "/own.jsonl", folder + "/intel.jsonl", folder + "/cache"
    write(feed, names("a.example"))
    write(own, names("b.example"))
    os.mkdir(cache, 0o700)
    with collector(folder, "own=" + feed) as c, fed(folder, 1) as s:
        s.until("generation 1 is in force")
        seen(s)
        c.end(signal.SIGTERM)
    for path in [own] + [os.path.join(d, f) for d, _, files in os.walk(folder + "/kept1") for f in files]:
        os.utime(path, (1700000000, 1700000000))  # a cache is kept of what nobody writes just now
    start = ["--replay", sample("maltrail/trails.pcap"), "-i", own, "--collector-intel", "ipc://%s/desk" % folder,
             "--intel-kept", folder + "/kept1", "--intel-cache", cache]
    for args, word in (([], "put into the cache"), (["-T"], "indicators: 1 armed"), ([], "indicators from the cache")):
        _, _, err = sensor(*start, *args)
        assert word in err, err


def test_start_and_reload_with_a_journal(folder):
    """What came by changes is in force after a start without the collector, and after a reload of the files."""
    feed = folder + "/own.jsonl"
    write(feed, names("a.example", "b.example"))
    with collector(folder, "own=" + feed) as c, fed(folder, 1) as s:
        s.until("generation 1 is in force")
        write(feed, names("b.example", "c.example"))
        s.until("generation 2 is in force")
        seen(s)
        c.end(signal.SIGTERM)
    with fed(folder, 1) as s:
        s.until("generation 2 is kept: 2 lines")
        ask = Asked(s)
        ask.ask("a.example", "c.example")
        s.until('"c.example"', "out")
        s.p.send_signal(signal.SIGHUP)
        s.until("reloaded: generation")
        ask.ask("a.example", "b.example")
        assert seen(s) == ["b.example", "c.example"]


def test_kept_set_that_is_damaged(folder):
    feed = folder + "/own.jsonl"
    write(feed, names("a.example", "b.example"))
    with collector(folder, "own=" + feed) as c:
        with fed(folder, 1) as s:
            s.until("generation 1 is in force")
            seen(s)
        kept, = [f for f in os.listdir(folder + "/kept1") if f.startswith("set-")]
        with open(folder + "/kept1/" + kept, "r+b") as f:
            f.seek(20)
            f.write(b"?")
        with fed(folder, 1) as s:
            s.until("the last good set is damaged")
            s.until("generation 1 is in force")
            seen(s)
        c.end(signal.SIGTERM)


class Between:
    """A man in the middle of one sensor's link: `spoil` sees each answer and may change it."""

    def __init__(self, here, there, spoil):
        self.context, self.stop = zmq.Context(), threading.Event()
        self.front, self.back = self.context.socket(zmq.ROUTER), self.context.socket(zmq.DEALER)
        for s in (self.front, self.back):
            s.setsockopt(zmq.LINGER, 0)
        self.front.bind(here)
        self.back.connect(there)
        self.spoil = spoil
        self.thread = threading.Thread(target=self.carry)
        self.thread.start()

    def carry(self):
        poll, who = zmq.Poller(), None
        poll.register(self.front, zmq.POLLIN)
        poll.register(self.back, zmq.POLLIN)
        while not self.stop.is_set():
            ready = dict(poll.poll(50))
            if self.front in ready:
                who, question = self.front.recv_multipart()
                self.back.send(question)
            if self.back in ready:
                answer = self.spoil(self.back.recv())
                if who is not None and answer is not None:
                    self.front.send_multipart([who, answer])

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.stop.set()
        self.thread.join()
        self.context.destroy(0)


def test_man_in_the_middle(folder):
    """A delta of which a byte is another is refused, the old set stays, and the whole is asked for."""
    feed, refused = folder + "/own.jsonl", threading.Event()

    def spoil(answer):  # more than one, as a question may be asked twice where an announcement crosses it
        return answer if refused.is_set() or b'+{"' not in answer else answer.replace(b"c.example", b"x.example")

    write(feed, names("a.example", "b.example"))
    with collector(folder, "own=" + feed) as c:
        with Between("ipc://%s/between" % folder, "ipc://%s/desk" % folder, spoil):
            s = Running(SENSOR, "--replay", "-", "--emit", "sightings", "--workers", 1, "--stats", folder + "/stats1",
                        "--collector-intel", "ipc://%s/between" % folder, "--intel-kept", folder + "/kept1",
                        stdin=subprocess.PIPE)
            with s:
                put(s, HEADER, FILLER)
                s.until("generation 1 is in force")
                write(feed, names("a.example", "b.example", "c.example"))
                s.until("refused: its hash is another")
                refused.set()
                s.until("generation 2 is in force")
                Asked(s).ask("x.example", "c.example")
                assert seen(s) == ["c.example"]
        c.end(signal.SIGTERM)
    st = stats(folder + "/stats1")
    assert st['sightline_intel_transfers_refused_total{why="hash"}'] >= 1, st
    assert stats(folder + "/collector")['sightline_intel_handed_total{what="snapshot"}'] >= 2


def test_link_that_breaks_in_the_middle(folder):
    """A large set goes on where it was when answers are lost on the way."""
    feed, lost = folder + "/own.jsonl", []

    def spoil(answer):
        if len(answer) < 100000 or len(lost) >= 2:
            return answer
        lost.append(len(answer))
        return answer[:-1] if len(lost) == 1 else None

    write(feed, many(20000))
    with collector(folder, "own=" + feed) as c:
        c.until("generation 1: 20000 lines")
        with Between("ipc://%s/between" % folder, "ipc://%s/desk" % folder, spoil):
            s = Running(SENSOR, "--replay", "-", "--emit", "sightings", "--workers", 1, "--stats", folder + "/stats1",
                        "--collector-intel", "ipc://%s/between" % folder, "--intel-kept", folder + "/kept1",
                        stdin=subprocess.PIPE)
            with s:
                put(s, HEADER, FILLER)
                s.until("20000 armed")
                s.until("generation 1 is in force")
                seen(s)
        c.end(signal.SIGTERM)
    st = stats(folder + "/stats1")
    assert st["sightline_intel_unreadable_answers_total"] == 1 and st["sightline_intel_unanswered_questions_total"] == 2, st
    assert stats(folder + "/collector")['sightline_intel_handed_total{what="snapshot"}'] <= 3


def test_back_to_an_older_generation(folder):
    feed, url = folder + "/own.jsonl", "ipc://%s/desk" % folder
    write(feed, names("a.example", "b.example"))
    with collector(folder, "own=" + feed) as c, fed(folder, 1) as s:
        s.until("generation 1 is in force")
        write(feed, names("a.example", "b.example", "bad.example"))
        s.until("generation 2 is in force")
        assert "is not kept" in run(TOOL, "intel", "rollback", "--to", 77, url, check=1)[2]
        assert run(TOOL, "intel", "rollback", url)[1] == "generation 3 is handed out\n"
        s.until("generation 3 is in force")
        ask = Asked(s)
        ask.ask("bad.example", "a.example")
        s.until('"a.example"', "out")
        before = len(s.text["out"])
        write(feed, names("a.example", "b.example", "bad.example", "worse.example"))
        c.until("an older generation is held")
        listed = run(TOOL, "intel", "generations", url)[1].splitlines()
        assert [l.split()[0] for l in listed] == ["1", "2", "3"], listed
        assert "the set of 1 again, held" in listed[2], listed
        c.end(signal.SIGTERM)
        with collector(folder, "own=" + feed) as again:
            again.until("an older generation is held")
            run(TOOL, "intel", "resume", url)
            s.until("generation 4 is in force")
            ask.ask("worse.example")
            assert b'"bad.example"' not in s.text["out"][:before]
            got = seen(s)  # what is armed again may be told of the past
            assert {"a.example", "worse.example"} <= set(got), got
            again.end(signal.SIGTERM)


def test_sensor_refuses_what_a_reload_would(folder):
    feed = folder + "/own.jsonl"
    write(feed, many(10))
    with collector(folder, "own=" + feed + " min_ratio=0") as c, fed(folder, 1) as s:
        s.until("generation 1 is in force")
        write(feed, many(3))
        s.until("reload refused: 3 of 10 indicators would be left")
        s.until("generation 2 is refused")
        write(feed, many(9))
        s.until("generation 3 is in force")
        Asked(s).ask("n8.example", "n9.example")
        assert seen(s) == ["n8.example"]
        c.end(signal.SIGTERM)
    st = stats(folder + "/stats1")
    assert st['sightline_intel_taken_total{how="refused"}'] == 1, st


def test_trees_and_one_folder_a_sensor(folder):
    """A tree can't be a change: it comes with a reload."""
    feed = folder + "/own.jsonl"
    tree = "[network-traffic:dst_ref.value = '203.0.113.9' AND domain-name:value = 'leaf.example']"
    write(feed, names("a.example"))
    with collector(folder, "own=" + feed) as c, fed(folder, 1) as s:
        s.until("generation 1 is in force")
        write(feed, names("a.example") + json.dumps({"pattern": tree, "name": "the tree"}) + "\n")
        s.until("generation 2 is in force")
        _, _, err = run(SENSOR, "--replay", sample("maltrail/trails.pcap"), "--collector-intel", "ipc://%s/desk" % folder,
                        "--intel-kept", folder + "/kept1", check=2)
        assert "another sensor keeps its set there" in err, err
        Asked(s).ask("leaf.example")
        s.until('"the tree"', "out")
        seen(s)
        c.end(signal.SIGTERM)
    st = stats(folder + "/stats1")
    assert st['sightline_intel_taken_total{how="whole"}'] == 2, st


def test_what_cannot_be_a_source(folder):
    for spec, why in (("nothing", "NAME=LOCATION"), ("a b=/x", "a name is of letters"), ("a=ftp://x/y", "a URL of http"),
                      ("a=taxii+https://x/", "not asked yet"), ("a=/x interval=", "behind the location"),
                      ("a=/x min_ratio=2", "behind the location")):
        _, _, err = run(COLLECTOR, "--source", spec, "-T", check=2)
        assert why in err, err
    _, _, err = run(COLLECTOR, "--source", "a=/x", "--source", "a=/y", "-T", check=2)
    assert "two are called a" in err, err
    run(COLLECTOR, "--source", "a=/x interval=5m max_size=1GiB", "-T")


if __name__ == "__main__":
    main()
