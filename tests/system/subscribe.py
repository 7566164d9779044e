#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Programs outside Sightline read the stream: both examples and `sightline tail`, fed through the collector."""
import json, os, shlex, signal, sqlite3
from harness import *

FEED = os.path.join(BUILD, "tests/bus/feed")
EXAMPLE = os.path.join(BUILD, "deploy/examples/example-subscribe")
PYTHON = os.path.join(TOP, "deploy/examples/subscribe.py")


def collector(folder, **urls):
    c = Running(COLLECTOR, "--listen", "ipc://%s/in" % folder, "--publish", "ipc://%s/out" % folder, "--store",
                folder + "/s.db", "--stats", folder + "/stats.json")
    c.until("ready:")
    return c


def feed(folder, n):
    run(FEED, "ipc://%s/in" % folder, n)


def out(folder):
    return "ipc://%s/out" % folder


def five_lines(text):
    got = text.splitlines()
    assert len(got) == 5, text
    for n, line in enumerate(got, 1):
        assert "00000000-0000-5000-8000-%012x dns.query=n%d.evil.example seen 1 times, 10.0.0.1 -> 8.8.8.8, i-1 of feed" % (
            n, n) == line, line


def test_examples(folder):
    with collector(folder) as c, Running(EXAMPLE, out(folder), 5) as cc, Running(PYTHON, out(folder), 5) as py:
        cc.until("subscribed")
        py.until("subscribed")
        feed(folder, 5)
        five_lines(cc.end()[1])
        five_lines(py.end()[1])
        c.end(signal.SIGTERM)


def test_example_builds_with_pkg_config(folder):
    """Against an installed tree: the header, the library and the .pc file are all that it needs."""
    run("meson", "install", "-C", BUILD, "--no-rebuild", "--destdir", folder + "/root")
    pc = [os.path.join(d, f) for d, _, files in os.walk(folder + "/root") for f in files if f == "sightline.pc"]
    assert len(pc) == 1, pc
    env = dict(os.environ, PKG_CONFIG_PATH=os.path.dirname(pc[0]), PKG_CONFIG_SYSROOT_DIR=folder + "/root")
    flags = shlex.split(subprocess.run(["pkg-config", "--cflags", "--libs", "sightline"], env=env, check=True,
                                       capture_output=True, text=True).stdout)
    assert os.path.exists(subprocess.run(["pkg-config", "--variable=proto", "sightline"], env=env, check=True,
                                         capture_output=True, text=True).stdout.strip())
    built = folder + "/subscribe"
    run("cc", os.path.join(TOP, "deploy/examples/subscribe.c"), "-o", built, *flags)
    lib = os.path.dirname(os.path.dirname(pc[0]))
    symbols = run("nm", "-D", "--defined-only", os.path.join(lib, "libsightline.so"))[1].split()[2::3]
    assert symbols and all(s.startswith("sl_subscriber_") for s in symbols), symbols
    with collector(folder) as c, Running("env", "LD_LIBRARY_PATH=" + lib, built, out(folder), 5) as mine:
        mine.until("subscribed")
        feed(folder, 5)
        five_lines(mine.end()[1])
        c.end(signal.SIGTERM)


def test_tail_lines_and_filters(folder):
    with collector(folder) as c, Running(TOOL, "tail", "--count", 3, out(folder)) as plain, \
            Running(TOOL, "tail", "--json", "--type", "url", "--count", 2, out(folder)) as urls, \
            Running(TOOL, "tail", "--value", "n5.", "--count", 1, out(folder)) as value, \
            Running(TOOL, "tail", "--source", "nobody", out(folder)) as nothing:
        for t in (plain, urls, value, nothing):
            t.until("subscribed")
        feed(folder, 5)
        got = plain.end()[1].splitlines()
        assert got[0] == '2026-01-31T09:00:00.123Z  outbound  10.0.0.1:40000 -> 8.8.8.8:53 udp  ' \
                         'dns.query n1.evil.example  "a name" (feed)  x1  answered', got[0]
        assert len(got) == 3
        assert [s["observable"]["value"] for s in lines(urls.end()[1])] == ["n2.evil.example", "n4.evil.example"]
        assert len(value.end()[1].splitlines()) == 1
        assert nothing.end(signal.SIGINT)[1] == ""
        c.end(signal.SIGINT)


def test_repeat_changes_nothing(folder):
    with collector(folder) as c:
        feed(folder, 100)
        feed(folder, 100)
        c.end(signal.SIGTERM)
    st = stats(folder + "/stats.json")
    assert st["sightline_received_sightings_total"] == 200
    assert st["sightline_stored_sightings_total"] == 100
    assert st["sightline_repeated_sightings_total"] == 100
    assert st["sightline_published_sightings_total"] == 100
    assert st["sightline_store_sightings"] == 100


def test_killed_collector_keeps_what_it_acknowledged(folder):
    with collector(folder) as c:
        feed(folder, 500)
        c.p.kill()
        c.p.wait()
    with sqlite3.connect(folder + "/s.db") as db:
        assert db.execute("select count(*) from sighting").fetchone() == (500,)


def refused(*args):
    return run(*args, check=2)[2]


def test_what_is_refused(folder):
    db = folder + "/s.db"
    # The usual ports may be another collector's, such as the quickstart's.
    listen, publish = ("--listen", "ipc://%s/in" % folder), ("--publish", "ipc://%s/out" % folder)
    assert "loopback" in refused(COLLECTOR, "--listen", "tcp://0.0.0.0:7610", *publish, "--store", db)
    assert "loopback" in refused(COLLECTOR, *listen, "--publish", "tcp://*:7611", "--store", db)
    assert "loopback" in refused(TOOL, "tail", "tcp://192.0.2.1:7611")
    assert "--store" in refused(COLLECTOR, *listen, *publish, "--store", "/proc/none/s.db")
    with open(folder + "/text", "w") as f:
        f.write("this is no database\n" * 100)
    assert "--store" in refused(COLLECTOR, *listen, *publish, "--store", folder + "/text")
    with collector(folder):
        said = refused(COLLECTOR, "--listen", "ipc://%s/other" % folder, "--publish", "tcp://127.0.0.1", "--store", db)
        assert "--publish" in said
    assert "unexpected" in refused(COLLECTOR, "more")
    for what in ("verdict", "keygen", "maintain"):
        assert "not built yet" in refused(TOOL, what)
    assert "not built yet" in refused(TOOL, "intel", "suggest")
    refused(TOOL)
    refused(TOOL, "nonsense")
    assert "tail" in run(TOOL, "--help")[1]
    assert run(TOOL, "--version")[1].startswith("sightline 0.")
    run(COLLECTOR, "-T")


if __name__ == "__main__":
    main()
