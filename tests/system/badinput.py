#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""What bad input gets: one plain line, the right status, and everything that could be used is used."""
import os, signal, subprocess
from harness import *

GOOD = sample("maltrail/trails.pcap")


def one_line(err, *words):
    hits = [l for l in err.splitlines() if "error:" in l]
    assert len(hits) == 1, err
    assert all(w in hits[0] for w in words), hits[0]


def observables(*args, **kw):
    return sensor(*args, "--emit", "observables", "--allow-empty", **kw)


def test_truncated_capture_is_used_up_to_the_damage(folder):
    whole = lines(observables("--replay", GOOD)[1])
    cut = folder + "/cut.pcap"
    with open(cut, "wb") as f:
        f.write(open(GOOD, "rb").read()[:-5])
    _, out, err = observables("--replay", cut, check=1)
    part = lines(out)
    assert 0 < len(part) < len(whole)
    one_line(err, cut, "byte")


def test_corrupt_record_in_the_middle(folder):
    bad = folder + "/bad.pcap"
    d = bytearray(open(GOOD, "rb").read())
    first = int.from_bytes(d[32:36], "little")
    at = 24 + 16 + first + 8  # length of the second record
    d[at:at + 4] = b"\xff\xff\xff\x7f"
    with open(bad, "wb") as f:
        f.write(d)
    _, out, err = observables("--replay", bad, check=1)
    assert lines(out)
    one_line(err, bad, "byte")


def test_what_is_no_capture(folder):
    empty, text = folder + "/empty", folder + "/text"
    open(empty, "w").close()
    with open(text, "w") as f:
        f.write("this is not a capture\n" * 20)
    for path in (empty, text, folder + "/absent", folder):
        _, out, err = observables("--replay", path, check=1)
        assert out == ""
        one_line(err, path)


def test_a_bad_capture_among_good_ones(folder):
    text = folder + "/text"
    with open(text, "w") as f:
        f.write("no capture\n" * 20)
    _, out, err = observables("--replay", GOOD, "--replay", text, "--replay", GOOD, check=1)
    assert len(lines(out)) == 2 * len(lines(observables("--replay", GOOD)[1]))
    one_line(err, text)


def test_feed_lines_that_cannot_be_used(folder):
    feed = folder + "/list.txt"
    with open(feed, "w") as f:
        f.write("# a list\nevil.example\nother.example\n192.0.2.7\n999.1.2.3.4/77\n198.51.100.0/24\n")
    _, _, err = sensor("--replay", GOOD, "-i", feed, "--stats", folder + "/stats")
    assert "%s:5:" % feed in err, err
    assert "4 armed" in err and "1 refused" in err, err
    assert stats(folder + "/stats")["sightline_intel_unusable_lines_total"] == 1


def test_a_feed_does_not_steer_the_terminal(folder):
    feed = folder + "/list.txt"
    with open(feed, "wb") as f:
        f.write(b"evil.example\nother.example\nbad\x1b[31m\xc2\x9b31m .example/..\n")
    _, _, err = sensor("--replay", GOOD, "-i", feed)
    assert "1 refused" in err, err
    _, out, _ = run(TOOL, "intel", "check", feed, check=1)
    for text in (out, err):
        assert "31m" in text, text
        assert not any(c != "\n" and (c < " " or "\x7f" <= c < "\xa0") for c in text), text


def test_no_usable_indicator(folder):
    feed = folder + "/list.txt"
    with open(feed, "w") as f:
        f.write("{}\n")
    for args in (["-i", feed], [], ["-i", folder + "/absent"]):
        one_line(sensor("--replay", GOOD, *args, check=2)[2])
    _, _, err = sensor("--replay", GOOD, "-i", "/proc/self/mem", check=2)
    one_line(err, "intel", "permissions")
    sensor("--replay", GOOD, "--allow-empty")
    sensor("--replay", GOOD, "--emit", "observables")
    sensor("--replay", GOOD, "--emit", "flows")


def test_a_collector_that_is_not_there(folder):
    feed = folder + "/list.txt"
    names = {o["value"] for o in lines(observables("--replay", GOOD)[1]) if o["where"] == "dns.query"}
    with open(feed, "w") as f:
        f.write("\n".join(names) + "\n")
    _, out, err = sensor("--replay", GOOD, "-i", feed, "--emit", "sightings", "--collector",
                         "tcp://127.0.0.1:%d" % free_port(), "--stats", folder + "/stats")
    messages = len(lines(out))
    assert messages > 0
    assert stats(folder + "/stats")["sightline_collector_lost_sightings_total"] == messages
    assert err.count("collector") == 1, err


def test_interrupt_ends_cleanly(folder):
    with Running(SENSOR, "--replay", GOOD, "--loop", 1000000, "--emit", "flows", "--stats", folder + "/stats") as run:
        run.until('"flow"', "out")
        run.end(signal.SIGINT)
    st = stats(folder + "/stats")
    assert st["sightline_rx_packets_total"] > 0
    accounts(st)


def test_arguments(folder):
    for args, word in ((["--no-such"], "no-such"), (["--replay", GOOD, "--workers", "many"], "workers"),
                       (["--replay", GOOD, "--port", "eth0"], "--replay and --port"), ([], "--replay"),
                       (["--replay", GOOD, "--allow-empty", "--publish", "tcp://0.0.0.0:7611"], "loopback"),
                       (["--replay", GOOD, "--allow-empty", "--home-net", "10.0.0.0/99"], "10.0.0.0/99"),
                       (["--replay", GOOD, "--allow-empty", "--collector", "127.0.0.1:7610"], "no address"),
                       (["--replay", GOOD, "--allow-empty", "stray.pcap"], "stray.pcap"),
                       (["--replay", GOOD, "--emit", "everything"], "everything")):
        _, _, err = sensor(*args, check=2)
        assert word in err, err
    assert "--replay" in sensor("--help")[1]
    assert "sightline-sensor" in sensor("--version")[1]
    out = sensor("--replay", GOOD, "--allow-empty", "-T")[1]
    assert "reload_min_ratio: 0.5" in out, out


def test_unknown_key_in_the_configuration(folder):
    path = folder + "/c.yaml"
    with open(path, "w") as f:
        f.write("flow:\n  maxx: 5000\n")
    _, _, err = sensor("-c", path, "--replay", GOOD, "--allow-empty", check=2)
    assert path in err and "maxx" in err, err


def test_output_that_is_closed(folder):
    run = subprocess.Popen([SENSOR, "--replay", GOOD, "--loop", "100000", "--emit", "observables"],
                           stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    run.stdout.readline()
    run.stdout.close()
    assert run.wait(timeout=PATIENCE) == 1


if __name__ == "__main__":
    main()
