#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""A flow whose packets come to two workers is counted: exactly as many as the flow records show that are there twice.
Each direction goes through a tunnel of its own, between other hosts, so that a spread by outer addresses parts them;
by the inner ones it does not. Needs root, for a namespace with a veth pair."""
import collections, json, os, socket, struct

from harness import *
from ports import Live, frame, main_in_namespace, pair, received, with_mark_only, write_pcap

FLOWS = 400


def wrapped(outer_src, outer_dst, inner):
    """The IP packet of a frame, in IP (RFC 2003)."""
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, len(inner) - 14 + 20, 7, 0, 64, 4, 0, socket.inet_aton(outer_src),
                       socket.inet_aton(outer_dst))
    total = sum(struct.unpack(">10H", head))
    total = (total & 0xffff) + (total >> 16)
    return inner[:14] + head[:10] + struct.pack(">H", ~(total + (total >> 16)) & 0xffff) + head[12:] + inner[14:]


def turned(f):
    """The answer to a UDP frame."""
    return f[:26] + f[30:34] + f[26:30] + f[36:38] + f[34:36] + f[38:]


def capture(folder):
    path, frames = os.path.join(folder, "tunnels.pcap"), []
    for i in range(FLOWS):
        there = frame("10.1.%d.%d" % (i // 250, 1 + i % 250), "172.20.0.%d" % (1 + i % 200), i)
        frames.append(wrapped("192.0.2.%d" % (1 + i % 250), "203.0.113.1", there))
        frames.append(wrapped("203.0.113.2", "192.0.2.%d" % (1 + i * 7 % 250), turned(there)))
    write_pcap(path, frames)
    return path


def parted(out):
    """Flows of the tunnels' inside that have two records, of two workers."""
    seen = collections.Counter()
    for r in lines(out):
        if r["record"] == "flow" and r["src"].startswith(("10.1.", "172.20.")):
            seen[frozenset(((r["src"], r["sport"]), (r["dst"], r["dport"])))] += 1
    assert len(seen) == FLOWS and max(seen.values()) <= 2, seen.most_common(3)
    return sum(n == 2 for n in seen.values())


def look(url):
    _, out, _ = run(TOOL, "doctor", "--live", "--json", "--for", "100ms", url, check=1)  # nothing comes any more
    return {f["topic"]: f for f in map(json.loads, out.splitlines())}


def live(folder, workers, spread):
    end, port = pair(0, 1500)
    with Live(folder, ["afpacket:" + port], *with_mark_only(folder), "--emit", "flows", "--metrics", "0", "--workers",
              str(workers), spread=spread) as sensor_:
        sent = sensor_.send(capture(folder), "--pps", "3000", "--preload-pcap", "-i", end)
        sent += sensor_.mark(end)
        url = sensor_.run.text["err"].decode().split("counters are at ")[1].split()[0]
        found = look(url)
        out, _, st = sensor_.end()
    assert received(st, sent) == 0
    assert st["sightline_unwatched_flows_total"] == 0
    return parted(out), st["sightline_split_flows_total"], found["split flows"]


def test_split_flows(folder):
    for workers in 2, 3:
        there_twice, counted, found = live(folder, workers, "outer")
        print("  %d workers: %d of %d flows at two of them, %d counted" % (workers, there_twice, FLOWS, counted))
        assert there_twice > FLOWS / 5 and counted == there_twice
        assert found["grade"] == "wrong" and "port_spread: inner" in found["mend"], found


def test_whole_flows(folder):
    for workers, spread in (1, "outer"), (2, "inner"), (3, "inner"):
        there_twice, counted, found = live(folder, workers, spread)
        assert (there_twice, counted, found["grade"]) == (0, 0, "ok"), (there_twice, counted, found)


def few_hosts(folder, spread):
    """All flows are of the same two hosts, in both directions."""
    path, frames = os.path.join(folder, "hosts.pcap"), []
    for i in range(FLOWS):
        f = frame("10.1.0.1", "172.20.0.1", i)
        frames += [f, turned(f)]
    write_pcap(path, frames)
    end, port = pair(0, 1500)
    with Live(folder, ["afpacket:" + port], *with_mark_only(folder), "--emit", "flows", "--workers", "3",
              spread=spread) as sensor_:
        sent = sensor_.send(path, "--pps", "3000", "--preload-pcap", "-i", end)
        sent += sensor_.mark(end)
        out, _, st = sensor_.end()
    assert received(st, sent) == 0
    busy = [st['sightline_worker_packets_total{worker="%d"}' % i] for i in range(3)]
    return parted(out), st["sightline_split_flows_total"], sorted(busy)


def test_tuple(folder):
    """By addresses all is one worker's; with ports each has its share, and flows stay whole."""
    there_twice, counted, busy = few_hosts(folder, "outer")
    assert (there_twice, counted) == (0, 0) and busy[2] >= 2 * FLOWS and busy[1] < 10, busy
    there_twice, counted, busy = few_hosts(folder, "tuple")
    assert (there_twice, counted) == (0, 0) and busy[0] > FLOWS / 2, busy


if __name__ == "__main__":
    main_in_namespace()
