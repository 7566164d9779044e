#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""TCP sent so that its watcher might read something else than its receiver: what is observed is what the receiver's
system reads. Overlaps are judged by the policy of the receiver's network (overlap_policy); the captures of others need
SIGHTLINE_DATA."""
import os, struct
from bounds import ACK, PSH, SYN, Capture
from harness import *

FIN, RST, URG = 1, 4, 32
CLIENT = 0xc0000201
POLICIES = ["first", "last", "bsd", "linux", "windows"]
POLICY_NETS = "overlap_policy: [%s]" % ", ".join("10.%d.0.0/16=%s" % (i, p) for i, p in enumerate(POLICIES))


class Request(Capture):
    """A connection to a server, with segments at places of the client's stream."""

    def to(self, server, sport=40000):
        self.server, self.sport = server, sport
        self.tcp(CLIENT, sport, server, 80, SYN, 999)
        self.tcp(server, 80, CLIENT, sport, SYN | ACK, 4999, 1000)
        self.say(0, b"")

    def say(self, at, text, flags=ACK):
        self.tcp(CLIENT, self.sport, self.server, 80, flags, 1000 + at, 5000, text)

    def answer(self, flags, at=0, ack=0):
        self.tcp(self.server, 80, CLIENT, self.sport, flags, 5000 + at, 1000 + ack)


def replay(path, folder, config="", *args):
    with open(folder + "/config.yaml", "w") as f:
        f.write("replay_memory: 8MiB\n" + config + "\n")
    _, out, _ = sensor("-c", folder + "/config.yaml", "-r", path, "--allow-empty", "--emit", "observables", "--emit", "flows",
                       "--workers", 1, "--no-huge", "--stats", folder + "/stats", *args)
    return lines(out)


def uris(seen):
    return [o["value"] for o in seen if o["record"] == "observable" and o["where"] == "http.uri"]


# What comes before its turn, and what each policy makes of it: (place, bytes), in the order of sending.
HEAD, TAIL = b"GET /", b" HTTP/1.1\r\nHost: a.example\r\n\r\n"
OVERLAPS = [
    # The newer begins within the older and ends behind it: nobody's newer bytes count but where all do.
    ([(6, b"aaaaaaaa"), (10, b"bbbbbbbb")], {"last": "xaaaabbbbbbbb"}, "xaaaaaaaabbbb"),
    # They begin at the same byte, and the newer is longer.
    ([(6, b"aaaa"), (6, b"bbbbbbbb")], {"last": "xbbbbbbbb", "linux": "xbbbbbbbb"}, "xaaaabbbb"),
    # The same, and it is as long, or shorter.
    ([(6, b"aaaaaaaa"), (6, b"bbbbbbbb")], {"last": "xbbbbbbbb"}, "xaaaaaaaa"),
    ([(6, b"aaaaaaaa"), (6, b"bbbb")], {"last": "xbbbbaaaa"}, "xaaaaaaaa"),
    # The newer begins before the older, and ends in it, with it and behind it.
    ([(10, b"aaaaaaaa"), (6, b"bbbbbbbb")], {"first": "xbbbbaaaaaaaa", "windows": "xbbbbaaaaaaaa"}, "xbbbbbbbbaaaa"),
    ([(10, b"aaaa"), (6, b"bbbbbbbb")], {"first": "xbbbbaaaa", "windows": "xbbbbaaaa"}, "xbbbbbbbb"),
    ([(8, b"aaaa"), (6, b"bbbbbbbb")], {"first": "xbbaaaabb", "windows": "xbbaaaabb"}, "xbbbbbbbb"),
    # The newer lies within the older.
    ([(6, b"aaaaaaaa"), (8, b"bbbb")], {"last": "xaabbbbaa"}, "xaaaaaaaa"),
    # One over two.
    ([(6, b"aa"), (10, b"cc"), (6, b"bbbbbbbb")],
     {"first": "xaabbccbb", "windows": "xaabbccbb", "bsd": "xaabbbbbb"}, "xbbbbbbbb"),
]


def test_overlaps(folder):
    c, want, n = Request(folder + "/a.pcap"), [], 0
    for pieces, other, most in OVERLAPS:
        for i, policy in enumerate(POLICIES):
            n += 1
            c.to(0x0a000001 + (i << 16), 1024 + n)
            end = max(at + len(b) for at, b in pieces)
            c.say(0, HEAD)
            for at, text in pieces:
                c.say(at, text)
            c.say(end, TAIL)
            c.say(5, b"x")
            want.append((policy, "/" + other.get(policy, most)))
    c.close()
    seen = uris(replay(folder + "/a.pcap", folder, POLICY_NETS))
    assert len(seen) == len(want), seen
    for k, (got, (policy, expected)) in enumerate(zip(seen, want)):
        assert got == expected, "case %d, %s: %s instead of %s" % (k // len(POLICIES), policy, got, expected)
    assert stats(folder + "/stats")["sightline_stream_conflicts_total"] >= len(want)


def test_everybody_else_is_linux(folder):
    c = Request(folder + "/a.pcap")
    c.to(0x0b000001)
    c.say(0, HEAD)
    c.say(6, b"aaaa")
    c.say(6, b"bbbbbbbb")
    c.say(14, TAIL)
    c.say(5, b"x")
    c.close()
    assert uris(replay(folder + "/a.pcap", folder)) == ["/xbbbbbbbb"]
    assert uris(replay(folder + "/a.pcap", folder, "overlap_policy: [bsd]")) == ["/xaaaabbbb"]


def test_what_was_read_stays(folder):
    """A receiver that has read bytes reads no others in their place, whatever its policy."""
    c = Request(folder + "/a.pcap")
    for i in range(len(POLICIES)):
        c.to(0x0a000001 + (i << 16))
        c.say(0, HEAD + b"read")
        c.answer(ACK, 0, 9)
        c.say(5, b"else")
        c.say(5, b"elseX")
        c.say(10, TAIL)
    c.close()
    assert uris(replay(folder + "/a.pcap", folder, POLICY_NETS)) == ["/readX"] * len(POLICIES)


def test_ends_that_are_none(folder):
    """RSTs and FINs out of sequence, from either side, and a SYN with another number: the request goes on."""
    c = Request(folder + "/a.pcap")
    c.to(0x0a030001)
    c.say(0, HEAD + b"still")
    c.say(1 << 29, b"", RST)
    c.answer(RST, 1 << 29)
    c.say(2 << 20, b"", FIN | ACK)
    c.answer(FIN | ACK, 2 << 20, 10)
    c.say(10, b"here" + TAIL)
    c.close()
    seen = replay(folder + "/a.pcap", folder)
    assert uris(seen) == ["/stillhere"], seen
    flows = [o for o in seen if o["record"] == "flow"]
    assert [f["end"] for f in flows] == ["flush"], flows
    assert stats(folder + "/stats")["sightline_flow_out_of_sequence_packets_total"] == 4


def test_wrong_checksum(folder):
    """A segment that the receiver drops comes first; the sensor drops it, too, where it is told to."""
    c = Request(folder + "/a.pcap")
    c.to(0x0a030001)
    c.say(0, HEAD)
    c.say(5, b"decoy" + TAIL)
    c.close()
    with open(folder + "/a.pcap", "rb") as f:
        b = f.read()
    out, at = b[:24], 24
    while at < len(b):
        n = struct.unpack("<I", b[at + 8:at + 12])[0]
        ip = bytearray(b[at + 16:at + 16 + n])
        ip[10:12] = summed(ip[:20])
        wrong = ip[40:45] == b"decoy"
        ip[36:38] = summed(ip[12:20] + struct.pack(">HH", 6, n - 20) + ip[20:])
        if wrong:
            good = bytearray(ip)
            good[40:45] = b"real!"
            good[36:38] = b"\0\0"
            good[36:38] = summed(good[12:20] + struct.pack(">HH", 6, n - 20) + good[20:])
            ip[36] ^= 0x55
        out += b[at:at + 16] + ip + (b[at:at + 16] + good if wrong else b"")
        at += 16 + n
    with open(folder + "/b.pcap", "wb") as f:
        f.write(out)
    assert uris(replay(folder + "/b.pcap", folder, "", "--checksums", "verify")) == ["/real!"]
    assert stats(folder + "/stats")['sightline_drop_packets_total{reason="checksum"}'] == 1


def summed(b):
    b = bytes(b) + b"\0" * (len(b) % 2)
    n = sum(struct.unpack(">%dH" % (len(b) // 2), b))
    while n > 0xffff:
        n = (n & 0xffff) + (n >> 16)
    return struct.pack(">H", n ^ 0xffff)


def suricata(*parts):
    return data("suricata-verify", "tests", *parts)


def test_urgent_bytes(folder):
    """A byte out of band between the letters of a URI: what the server answered with says what it read."""
    if os.environ.get("SIGHTLINE_DATA") == "none":
        return
    for name, file, uri in (("tcp-urgp-03-inline", "tcp-urgent1.pcap", "/malicious"),
                            ("tcp-urgp-04-2byte-XY", "tcp-urgent-2byte-XY.pcap", "/malicXious")):
        seen = uris(replay(suricata(name, file), folder))
        assert seen == [uri], "%s: %s" % (name, seen)
        assert stats(folder + "/stats")["sightline_stream_urgent_bytes_total"] == 1


def test_forged_reset_before_the_answer(folder):
    """An RST and a FIN that the client does not take (their timestamp is of the past), then the server's own answer."""
    if os.environ.get("SIGHTLINE_DATA") == "none":
        return
    for name in ("linux", "windows"):
        folder_name = {"linux": "bug-3286-02-linux-evasion", "windows": "bug-3286-03-windows-evasion"}[name]
        seen = replay(suricata(folder_name, "with_evasion_%s.pcap" % name), folder)
        assert uris(seen) == ["/"], seen
        assert [f["outcome"] for f in seen if f["record"] == "flow"] == ["established"]


if __name__ == "__main__":
    main()
