#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Captures in IP fragments, plain and in tunnels, in order, backwards and with copies: what is observed stays the same
set, for any number of workers. Floods of fragments are in bounds.py.
Needs SIGHTLINE_DATA for all but the sample captures."""
import os, struct
from harness import *
from splitting import SAMPLES, captures, checksum

OUTER = "203.0.113.1", "203.0.113.2"
ENDS = b"\xcb\x00\x71\x01", b"\xcb\x00\x71\x02"


def write(path, packets):
    """(head, frame) pairs, Ethernet."""
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, 1))
        for time, frame in packets:
            f.write(time + struct.pack("<II", len(frame), len(frame)) + frame)


def frames(path):
    """Whole Ethernet frames with their time, little-endian microseconds."""
    with open(path, "rb") as f:
        b = f.read()
    if b[:4] != b"\xd4\xc3\xb2\xa1" or b[20:24] != b"\x01\0\0\0":
        return None
    at, out = 24, []
    while at + 16 <= len(b):
        have, wire = struct.unpack("<II", b[at + 8:at + 16])
        if have != wire:
            return None
        out.append((b[at:at + 8], b[at + 16:at + 16 + have]))
        at += 16 + have
    return out


def header4(length, proto, ends, ident, field=0, ttl=64):
    h = struct.pack(">BBHHHBBH", 0x45, 0, 20 + length, ident, field, ttl, proto, 0) + ends
    return h[:10] + checksum(h) + h[12:]


class Cutter:
    """Frames into fragments of n bytes; each datagram has an identification of its own."""

    def __init__(self, n, order=lambda pieces: pieces):
        self.n, self.order, self.ident = n, order, 0

    def pieces(self, body):
        n = self.n
        return self.order([(at, at + n < len(body), body[at:at + n]) for at in range(0, len(body), n)])

    def cut(self, frame):
        self.ident += 1
        if frame[12:14] == b"\x08\x00" and frame[14] == 0x45 and not struct.unpack(">H", frame[20:22])[0] & 0x3fff:
            body = frame[34:14 + struct.unpack(">H", frame[16:18])[0]]
            if len(body) <= self.n or frame[23] == 1:
                return [frame]  # tshark and we use an ICMP error's beginning alike; it says nothing more
            return [frame[:14] + header4(len(b), frame[23], frame[26:34], self.ident & 0xffff,
                                         (0x2000 if more else 0) | at // 8) + b for at, more, b in self.pieces(body)]
        if frame[12:14] == b"\x86\xdd" and frame[20] in (6, 17):
            body = frame[54:54 + struct.unpack(">H", frame[18:20])[0]]
            if len(body) > self.n:
                return [frame[:18] + struct.pack(">H", 8 + len(b)) + b"\x2c" + frame[21:54] +
                        struct.pack(">BBHI", frame[20], 0, at | more, self.ident) + b for at, more, b in self.pieces(body)]
        return [frame]


def is_ip(frame):
    return frame[12:14] in (b"\x08\x00", b"\x86\xdd")


def vxlan(frame):
    if not is_ip(frame):
        return frame
    inside = struct.pack(">HHHH", 49152, 4789, 16 + len(frame), 0) + b"\x08\0\0\0\0\0\1\0" + frame
    return frame[:12] + b"\x08\x00" + header4(len(inside), 17, b"".join(ENDS), 0) + inside


def gre(frame):
    if not is_ip(frame):
        return frame
    inside = b"\0\0" + frame[12:]
    return frame[:12] + b"\x08\x00" + header4(len(inside), 47, b"".join(ENDS), 0) + inside


def qinq(frame):
    return frame[:12] + b"\x88\xa8\0\x07\x81\0\0\x09" + frame[12:]


def backwards(pieces):
    return pieces[::-1]


def copies(pieces):
    return [p for p in pieces for _ in range(2)]


def observed(paths, workers=1):
    replay = [a for p in paths for a in ("--replay", p)]
    _, out, _ = sensor(*replay, "--emit", "observables", "--allow-empty", "--workers", workers, "--no-huge")
    seen = {p: set() for p in paths}
    for o in lines(out):
        if o["value"] not in OUTER:
            seen[o["capture"]].add((o["where"], o["value"]))
    return seen


def same(folder, change, workers=(1,)):
    """change: frame -> frames."""
    pairs = []
    for path in captures():
        packets = frames(path)
        if packets is None:
            continue
        new = [(time, f) for time, frame in packets for f in change(frame)]
        pairs.append((path, "%s/%d.pcap" % (folder, len(pairs)), "%s/%d-changed.pcap" % (folder, len(pairs))))
        write(pairs[-1][1], packets)
        write(pairs[-1][2], new)
    before = observed([p[1] for p in pairs])
    assert len(pairs) >= len(SAMPLES) and any(before.values())
    for n in workers:
        after = observed([p[2] for p in pairs], n)
        for path, was, is_ in pairs:
            assert before[was] == after[is_], "%s, %d workers: lost %s, gained %s" % (
                path, n, sorted(before[was] - after[is_])[:5], sorted(after[is_] - before[was])[:5])


def test_in_order(folder):
    same(folder, Cutter(256).cut, (1, 3))


def test_small_backwards(folder):
    same(folder, Cutter(16, backwards).cut, (1, 2))


def test_eight_bytes_twice(folder):
    same(folder, Cutter(8, copies).cut)


def test_in_tunnels(folder):
    cutter = Cutter(160)
    for i, wrap in enumerate((vxlan, gre, lambda f: vxlan(gre(f)), qinq)):
        sub = "%s/%d" % (folder, i)
        os.mkdir(sub)
        same(sub, lambda f: [wrap(p) for p in cutter.cut(f)], (1, 2))


def test_tunnels_in_fragments(folder):
    cutter = Cutter(160)
    for i, wrap in enumerate((vxlan, gre, lambda f: qinq(gre(f)))):
        sub = "%s/%d" % (folder, i)
        os.mkdir(sub)
        if i < 2:
            same(sub, lambda f: cutter.cut(wrap(f)), (1, 2, 3))
        else:
            same(sub, lambda f: [qinq(p) for p in cutter.cut(gre(f))], (1,))


def test_both(folder):
    inner, outer = Cutter(96), Cutter(80)
    same(folder, lambda f: [o for p in inner.cut(f) for o in outer.cut(vxlan(p))], (1, 2, 3))


if __name__ == "__main__":
    main()
