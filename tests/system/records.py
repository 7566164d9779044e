#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""What the JSON lines say, over captures made here: members and their order, holes, odd bytes, periods of validity."""
import os, struct, subprocess
from harness import *
from reload import HEADER, frame, native, query

OBSERVABLE = ["record", "capture", "ts", "type", "where", "value", "src", "sport", "dst", "dport", "proto", "direction",
              "message", "community_id"]
FLOW = ["record", "capture", "first", "last", "src", "sport", "dst", "dport", "proto", "app", "community_id", "vlan",
        "tunnel", "packets", "bytes", "outcome", "end", "missing_bytes", "bypassed", "shed"]
SIGHTING = ["record", "capture", "id", "revision", "sensor", "boot", "seq", "generation", "first_seen", "last_seen",
            "count", "indicators", "observable", "matched", "match", "flow", "direction", "outcome", "context", "test",
            "retro", "before_valid", "quiet", "quiet_reason"]


def segment(seconds, src, dst, sport, dport, seq, flags, payload=b""):
    """One TCP segment in Ethernet."""
    ip = lambda a: bytes(map(int, a.split(".")))
    tcp = struct.pack(">HHIIBBHHH", sport, dport, seq & 0xffffffff, 0, 5 << 4, flags, 8192, 0, 0) + payload
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp), 1, 0, 64, 6, 0) + ip(src) + ip(dst)
    data = b"\x02\0\0\0\0\1\x02\0\0\0\0\2\x08\0" + head + tcp
    return struct.pack("<IIII", seconds, 0, len(data), len(data)) + data


def made(path, *frames):
    with open(path, "wb") as f:
        f.write(HEADER + b"".join(frames))
    return path


def test_members_and_their_order(folder):
    capture = made(folder + "/a.pcap", frame(1000, "10.0.0.1", "192.0.2.1", 40000, 53, query(1, "evil.example")))
    feed = folder + "/intel.jsonl"
    with open(feed, "w") as f:
        f.write(native(("domain-name", "evil.example")))
    _, out, _ = sensor("--replay", capture, "-i", feed, "--emit", "observables", "--emit", "flows", "--emit", "sightings")
    got = {}
    for line in lines(out):
        got.setdefault(line["record"], list(line))
    assert got["observable"] == OBSERVABLE, got["observable"]
    assert got["flow"] == FLOW, got["flow"]
    assert got["sighting"][:len(SIGHTING)] == SIGHTING, got["sighting"]


def test_tunnels(folder):
    """From the outermost inward; headers that lead to no IP header are none."""
    if os.environ.get("SIGHTLINE_DATA") == "none":
        return
    for name, kinds in (("FoxIO-LLC+ja4/gre-erspan-vxlan.pcap", {("erspan", "vxlan")}),
                        ("FoxIO-LLC+ja4/gre-sample.pcap", {("gre",)}),
                        ("arkime+arkime/gtp-iphone.pcap", {("gtp",)}),
                        ("zeek+zeek/tunnels/geneve-ipv6.pcap", {("geneve",)}),
                        ("zeek+zeek/tunnels/6in4.pcap", {("ipip",)}),
                        ("seladb+PcapPlusPlus/Packet++Test/PacketExamples/GrePackets.pcap",
                         {(), ("gre",), ("ipip", "pptp"), ("gre", "gre")})):
        out = sensor("--replay", data("pcap", name), "--emit", "flows", "--workers", 1)[1]
        seen = {tuple(f["tunnel"]) for f in lines(out)}
        assert seen == kinds, (name, seen)


def test_a_hole_in_a_connection(folder):
    a, b = ("10.0.0.1", "192.0.2.1", 40000, 80), ("192.0.2.1", "10.0.0.1", 80, 40000)
    capture = made(folder + "/a.pcap", segment(1000, *a, 99, 2), segment(1000, *b, 499, 0x12),
                   segment(1001, *a, 100, 0x18, b"GET / HTTP/1.1\r\n"), segment(1001, *a, 216, 0x18, b"x" * 10),
                   segment(1002, *b, 507, 0x18, b"y" * 10))
    flow, = lines(sensor("--replay", capture, "--emit", "flows")[1])
    assert flow["missing_bytes"] == [100, 7], flow


def test_odd_bytes(folder):
    """In a capture's name and in what was said: each line is UTF-8 and JSON all the same."""
    name = os.fsencode(folder) + b"/a \"\\\n\xff\xc3.pcap"
    made(name, frame(1000, "10.0.0.1", "192.0.2.1", 40000, 53, struct.pack(">HHHHHH", 1, 0x0100, 1, 0, 0, 0) +
                     b"\x05a\xff\"\\\x00\x07example\0\0\1\0\1"))
    r = subprocess.run([os.fsencode(SENSOR), b"--replay", name, b"--emit", b"observables", b"--emit", b"flows"],
                       capture_output=True, check=True)
    got = lines(r.stdout.decode("utf-8", "strict"))
    assert {l["record"] for l in got} == {"observable", "flow"}
    assert all(l["capture"].startswith(folder + "/a \"\\\n") for l in got)
    asked, = [l["value"] for l in got if l.get("where") == "dns.query"]
    assert asked == "a\\xff\"\\\\\x00.example", asked


def test_validity(folder):
    """An indicator that ended after the capture and before today."""
    capture = made(folder + "/a.pcap", frame(1700000000, "10.0.0.1", "192.0.2.1", 40000, 53, query(1, "evil.example")))
    feed = folder + "/intel.jsonl"
    with open(feed, "w") as f:
        f.write(native(("domain-name", "evil.example"), valid_until="2024-01-01T00:00:00Z"))
    found = {v: len(lines(sensor("--replay", capture, "-i", feed, "--emit", "sightings", "--allow-empty", "--validity",
                                 v)[1])) for v in ("ignore", "packet", "now")}
    assert found == {"ignore": 1, "packet": 1, "now": 0}, found


def test_a_capture_without_packets(folder):
    empty = made(folder + "/empty.pcap")
    full = made(folder + "/full.pcap", frame(1000, "10.0.0.1", "192.0.2.1", 40000, 53, query(1, "a.example")))
    for workers in (1, 3):
        for loop in (1, 3):
            _, out, _ = sensor("--replay", empty, "--replay", full, "--replay", empty, "--replay", full, "--loop", loop,
                               "--workers", workers, "--emit", "flows", "--stats", folder + "/stats")
            assert [l["capture"] for l in lines(out)] == [full] * 2 * loop, out
            accounts(stats(folder + "/stats"))


def test_flows_where_time_runs_backwards(folder):
    """Packets of clocks that jump, back and far ahead: which of them are one flow does not depend on how many workers
    saw the jumps."""
    at, packets = 5000, []
    for i in range(6000):
        at += 1 + (70 if i % 41 == 0 else 0) - (130 if i % 59 == 0 else 0) + (10 ** 6 if i == 3000 else 0)
        host = 1 + (i * 40503 >> 5) % 200
        packets.append(frame(at - (10 ** 6 if i > 3000 else 0), "10.0.0.%d" % host, "192.0.2.%d" % host, 40000, 9, b"x"))
    with open(folder + "/in.pcap", "wb") as f:
        f.write(HEADER + b"".join(packets))
    answers = []
    for workers in 1, 2, 3:
        _, out, _ = sensor("--replay", folder + "/in.pcap", "--emit", "flows", "--workers", workers, "--no-huge")
        answers.append(sorted(out.splitlines()))
    assert len(answers[0]) > 100, len(answers[0])
    assert answers[0] == answers[1] == answers[2], [len(a) for a in answers]


if __name__ == "__main__":
    main()
