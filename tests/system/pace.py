#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""A paced replay keeps exact accounts of what a full ring missed: sent = received + missed, at every pace, with any number
of workers, over several captures and passes. That it keeps its pace is measured by bench/pace.py."""
import re, signal, struct
from harness import *

PACKETS = 30000
HOSTS = 251


def capture(path, packets=PACKETS, step_us=10):
    """UDP between many pairs of hosts, 10 us apart."""
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHIIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, 1))
        for i in range(packets):
            a, b = bytes((10, 1, 0, i % HOSTS + 1)), bytes((10, 2, i % 17, i % HOSTS + 1))
            ip = struct.pack(">BBHHHBBH", 0x45, 0, 50, 0, 0, 64, 17, 0) + a + b
            frame = bytes(12) + b"\x08\0" + ip + struct.pack(">HHHH", 1024 + i % 4000, 9999, 30, 0) + bytes(22)
            f.write(struct.pack("<IIII", 1700000000 + i * step_us // 10**6, i * step_us % 10**6, len(frame), len(frame)) + frame)
    return path


def paced(folder, paths, speed, *args):
    """(statistics, report)"""
    inputs = [x for p in paths for x in ("--replay", p)]
    _, _, err = sensor(*inputs, "--speed", speed, "--allow-empty", "--stats", folder + "/stats", *args)
    st = stats(folder + "/stats")
    accounts(st)
    sent, rx, missed = (st["sightline_%s_packets_total" % n] for n in ("replay_sent", "rx", "missed"))
    assert sent == rx + missed, (speed, args, sent, rx, missed)
    said = re.search(r"paced, (\S+): (\d+) packets sent, (\d+) received in ([0-9.]+) s, (\d+) missed", err)
    assert said.group(1) == speed and [int(said.group(i)) for i in (2, 3, 5)] == [sent, rx, missed], err
    return st, err


def test_sums_are_exact(folder):
    path = capture(folder + "/a.pcap")
    for workers in (1, 2, 3):
        for speed in ("original", "100mbit", "2.5gbit", "300kpps", "5mpps", "1000mpps"):
            st, _ = paced(folder, [path], speed, "--workers", workers)
            assert st["sightline_replay_sent_packets_total"] == PACKETS


def test_begin_is_told(folder):
    """When the first packet fell due, by the wall clock, so that what comes out can be compared with what went in."""
    before = time.time_ns()
    st, _ = paced(folder, [capture(folder + "/a.pcap")], "original")
    took = st["sightline_replay_longest_nanoseconds_total"]
    assert before < st["sightline_replay_begun_nanoseconds"] <= time.time_ns() - took + 10**6, (before, st)
    sensor("-r", folder + "/a.pcap", "--allow-empty", "--stats", folder + "/stats")
    assert stats(folder + "/stats")["sightline_replay_begun_nanoseconds"] == 0


def test_a_full_ring_misses(folder):
    """Far above capacity everything falls due at once: a ring of 4096 is what a queue gets of a pass."""
    path = capture(folder + "/a.pcap")
    for workers in (1, 3):
        st, _ = paced(folder, [path], "100000mpps", "--workers", workers)
        assert st["sightline_missed_packets_total"] >= PACKETS - 2 * 4096 * workers, st["sightline_missed_packets_total"]
        assert st["sightline_rx_packets_total"] >= 4096 * workers


def test_captures_and_passes(folder):
    """Each capture begins with empty rings, whatever became of the one before."""
    paths = [capture(folder + "/a.pcap"), capture(folder + "/none.pcap", 0), capture(folder + "/b.pcap", 3000)]
    st, _ = paced(folder, paths, "100000mpps", "--workers", 2, "--loop", 5)
    assert st["sightline_replay_sent_packets_total"] == 5 * (PACKETS + 3000)
    assert st["sightline_rx_packets_total"] >= 2 * 4096 + 3000
    assert st["sightline_missed_packets_total"] > 0


def test_max_misses_nothing(folder):
    path = capture(folder + "/a.pcap")
    for loop in (1, 20):
        _, _, err = sensor("--replay", path, "--speed", "max", "--loop", loop, "--allow-empty", "--stats", folder + "/stats",
                           "--workers", 2)
        st = stats(folder + "/stats")
        accounts(st)
        assert st["sightline_rx_packets_total"] == st["sightline_replay_sent_packets_total"] == loop * PACKETS
        assert st["sightline_missed_packets_total"] == 0 and "at full speed, none missed" in err
        rehearsed = st["sightline_replay_rehearsed_packets_total"]
        assert rehearsed == (loop * PACKETS if loop > 1 else 0) and ("receiving and releasing alone" in err) == (loop > 1), err


def test_a_stop_keeps_the_sum(folder):
    path = capture(folder + "/a.pcap", 5000, 10**5)
    args = [SENSOR, "--replay", path, "--speed", "original", "--allow-empty", "--emit", "observables", "--stats", folder + "/stats"]
    with Running(*args, "--workers", 1) as run:
        run.until("ip.src", "out")
        run.end(signal.SIGINT)
    st = stats(folder + "/stats")
    accounts(st)
    assert 0 < st["sightline_replay_sent_packets_total"] < 5000
    assert st["sightline_replay_sent_packets_total"] == st["sightline_rx_packets_total"] + st["sightline_missed_packets_total"]


def test_stages(folder):
    """Timing says what each stage costs, and that packets are the same."""
    path = capture(folder + "/a.pcap")
    for speed in ("max", "1gbit"):
        _, _, err = sensor("--replay", path, "--speed", speed, "--loop", 3, "--emit", "observables", "--timing", "--stats",
                           folder + "/stats", "--workers", 1)
        st = stats(folder + "/stats")
        accounts(st)
        assert 0 < st["sightline_timed_packets_total"] <= st["sightline_rx_packets_total"]
        named = re.search(r"cycles a packet, of \d+ timed: [0-9.]+ =(.*)", err).group(1).split()[::2]
        assert named == ["rx", "decode", "flow", "parse", "match", "end", "release"], err
        assert all(st['sightline_stage_cycles_total{stage="%s"}' % n] > 0 for n in named), st
    sensor("--replay", path, "--allow-empty", "--stats", folder + "/stats")
    assert stats(folder + "/stats")["sightline_timed_packets_total"] == 0


def test_refused(folder):
    path = capture(folder + "/a.pcap", 10)
    for speed in ("fast", "10", "0gbit", "-1mpps", "10gbits", ""):
        for check in ([], ["-T"]):
            _, _, err = sensor("--replay", path, "--speed", speed, "--allow-empty", *check, check=2)
            assert "--speed: '%s' is no pace" % speed in err and "10gbit" in err, err
    config = folder + "/config.yaml"
    with open(config, "w") as f:
        f.write("speed: 1gbit\nreplay_memory: 8MiB\n")
    _, _, err = sensor("--replay", capture(folder + "/large.pcap", 120000), "-c", config, "--allow-empty", check=1)
    assert "does not fit in the 8 MiB of replay_memory: raise it" in err, err


if __name__ == "__main__":
    main()
