#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""TCP payloads of captures cut anew: reordered, sent twice, overlapping, and in pieces of 7 bytes and of 1; what is
observed stays the same set. Segments change places only where nothing of the other direction lies between them, as no
receiver acknowledges what it does not have. Needs SIGHTLINE_DATA for all but the sample captures."""
import os, struct
from harness import *

SAMPLES = [sample("agenttesla/beacon.pcap"), sample("agenttesla/mail.pcap"), sample("maltrail/trails.pcap")]
# Places whose parser reads over the borders of pieces, or that no payload says: those that any cut leaves alone.
ANY_CUT = {"ip.src", "ip.dst", "mac.src", "mac.dst", "dns.query", "dns.answer.ip", "dns.answer.domain"}
MORE = 60  # captures of the data folder
FIN, SYN, RST = 1, 2, 4


def captures():
    yield from SAMPLES
    if os.environ.get("SIGHTLINE_DATA") == "none":
        return
    found = []
    for base, _, names in sorted(os.walk(data("pcap"))):
        found += [os.path.join(base, n) for n in sorted(names) if n.endswith(".pcap")]
    n = 0
    for path in found:
        if n < MORE and os.path.getsize(path) < 300000 and sum(1 for p in read(path) if p.bytes) > 4:
            n += 1
            yield path


class Packet:
    """A frame; where it is TCP over IP over Ethernet, also its parts."""

    def __init__(self, head, frame, wire):
        self.head, self.frame, self.bytes, self.flow = head, frame, b"", None
        l3 = 14
        if wire != len(frame) or len(frame) < 54:
            return
        kind = frame[12:14]
        if kind == b"\x08\x00" and frame[14] >> 4 == 4 and frame[23] == 6:
            self.l4, end = l3 + (frame[14] & 15) * 4, l3 + struct.unpack(">H", frame[16:18])[0]
            ends = frame[26:30], frame[30:34]
            if struct.unpack(">H", frame[20:22])[0] & 0x3fff:
                return  # a fragment
        elif kind == b"\x86\xdd" and frame[20] == 6:
            self.l4, end = l3 + 40, l3 + 40 + struct.unpack(">H", frame[18:20])[0]
            ends = frame[22:38], frame[38:54]
        else:
            return
        if end > len(frame) or self.l4 + 20 > end:
            return
        ports = frame[self.l4:self.l4 + 2], frame[self.l4 + 2:self.l4 + 4]
        self.from_, to = ends[0] + ports[0], ends[1] + ports[1]
        self.flow = min((self.from_, to), (to, self.from_))
        self.payload = self.l4 + (frame[self.l4 + 12] >> 4) * 4
        self.seq, = struct.unpack(">I", frame[self.l4 + 4:self.l4 + 8])
        self.flags = frame[self.l4 + 13]
        self.bytes = frame[self.payload:end]

    def plain(self):
        return self.bytes and not self.flags & (FIN | SYN | RST)

    def with_bytes(self, seq, payload):
        """The packet with other bytes at another place; its IP length and checksums follow."""
        f = bytearray(self.frame[:self.payload] + payload)
        struct.pack_into(">I", f, self.l4 + 4, seq & 0xffffffff)
        if f[14] >> 4 == 4:
            struct.pack_into(">H", f, 16, len(f) - 14)
            f[24:26] = b"\0\0"
            f[24:26] = checksum(f[14:self.l4])
            pseudo = bytes(f[26:34])
        else:
            struct.pack_into(">H", f, 18, len(f) - 54)
            pseudo = bytes(f[22:54])
        f[self.l4 + 16:self.l4 + 18] = b"\0\0"
        f[self.l4 + 16:self.l4 + 18] = checksum(pseudo + struct.pack(">HH", 6, len(f) - self.l4) + f[self.l4:])
        p = Packet(self.head, bytes(f), len(f))
        assert p.bytes == payload
        return p


def checksum(b):
    b = bytes(b) + b"\0" * (len(b) % 2)
    n = sum(struct.unpack(">%dH" % (len(b) // 2), b))
    while n > 0xffff:
        n = (n & 0xffff) + (n >> 16)
    return struct.pack(">H", n ^ 0xffff)


def read(path):
    """The packets of a little-endian Ethernet pcap in microseconds; none of another file."""
    with open(path, "rb") as f:
        b = f.read()
    if b[:4] != b"\xd4\xc3\xb2\xa1" or struct.unpack("<I", b[20:24])[0] != 1:
        return []
    out, at = [], 24
    while at + 16 <= len(b):
        caplen, wire = struct.unpack("<II", b[at + 8:at + 16])
        out.append(Packet(b[at:at + 8], b[at + 16:at + 16 + caplen], wire))
        out[-1].wire = wire
        at += 16 + caplen
    return out


def write(path, packets):
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHIIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, 1))
        for p in packets:
            f.write(p.head + struct.pack("<II", len(p.frame), max(getattr(p, "wire", 0), len(p.frame))) + p.frame)


def runs(packets):
    """Indexes of payload packets of one direction between which the other said nothing, flow by flow."""
    last, out = {}, []
    for i, p in enumerate(packets):
        if p.flow is None:
            continue
        run = last.get(p.flow)
        if p.plain() and run is not None and packets[run[0]].from_ == p.from_:
            run.append(i)
        elif p.plain():
            last[p.flow] = [i]
            out.append(last[p.flow])
        else:
            last[p.flow] = None
    return out


def reordered(packets, most=512):
    """Each run backwards, in parts of as many segments as are held of one direction."""
    out = list(packets)
    for whole in runs(packets):
        for run in (whole[i:i + most] for i in range(0, len(whole), most)):
            for to, i in zip(run, reversed(run)):
                out[to] = packets[i]
    return out


def twice(packets):
    """Each payload again, behind the packet that follows it."""
    out, again = [], []
    for p in packets:
        out += [p] + again
        again = [p] if p.plain() else []
    return out + again


def overlapped(packets):
    """Each payload begins with the end of the one before it."""
    before, out = {}, []
    for p in packets:
        old = before.get((p.flow, getattr(p, "from_", None)))
        if p.plain():
            before[(p.flow, p.from_)] = p
            if old is not None and (old.seq + len(old.bytes)) & 0xffffffff == p.seq:
                tail = old.bytes[-40:]
                p = p.with_bytes(p.seq - len(tail), tail + p.bytes)
        out.append(p)
    return out


def cut(packets, n):
    out = []
    for p in packets:
        if p.plain():
            out += [p.with_bytes(p.seq + i, p.bytes[i:i + n]) for i in range(0, len(p.bytes), n)]
        else:
            out.append(p)
    return out


def observed(paths, wheres):
    """Path -> what is observed in it, of all of them in one run."""
    replay = [a for p in paths for a in ("--replay", p)]
    _, out, _ = sensor(*replay, "--emit", "observables", "--allow-empty", "--workers", 1, "--no-huge")
    seen = {p: set() for p in paths}
    for o in lines(out):
        if wheres is None or o["where"] in wheres:
            seen[o["capture"]].add((o["where"], o["value"]))
    return seen


def same(folder, change, wheres=None, limit=1 << 30):
    pairs = []
    for path in captures():
        packets = read(path)
        if sum(len(p.bytes) for p in packets) > limit:
            continue
        new = change(packets)
        if [p.frame for p in new] == [p.frame for p in packets]:
            continue
        pairs.append((path, "%s/%d.pcap" % (folder, len(pairs)), "%s/%d-changed.pcap" % (folder, len(pairs))))
        write(pairs[-1][1], packets)
        write(pairs[-1][2], new)
    before, after = observed([p[1] for p in pairs], wheres), observed([p[2] for p in pairs], wheres)
    assert len(pairs) >= len(SAMPLES) and any(before.values())
    for path, was, is_ in pairs:
        assert before[was] == after[is_], "%s: lost %s, gained %s" % (
            path, sorted(before[was] - after[is_])[:5], sorted(after[is_] - before[was])[:5])


def test_reordered(folder):
    same(folder, reordered)


def test_twice(folder):
    same(folder, twice)


def test_overlapped(folder):
    same(folder, overlapped)


def test_reordered_overlapped_twice(folder):
    same(folder, lambda packets: twice(reordered(overlapped(packets))))


def test_seven_bytes(folder):
    same(folder, lambda packets: reordered(cut(packets, 7)), ANY_CUT, 200000)


def test_one_byte(folder):
    same(folder, lambda packets: cut(packets, 1), ANY_CUT, 60000)


def test_cut_streams_are_whole(folder):
    """Whatever the parsers make of it: cut to bytes, backwards and twice, nothing is missing and nothing is held at
    the end but what was missing before."""
    for path in SAMPLES:
        packets = read(path)
        missing = []
        for i, some in enumerate((packets, twice(reordered(cut(packets, 7))))):
            write(folder + "/some.pcap", some)
            sensor("--replay", folder + "/some.pcap", "--emit", "observables", "--allow-empty", "--stats", folder + "/stats",
                   "--workers", 1, "--no-huge")
            st = stats(folder + "/stats")
            accounts(st)
            missing.append(st["sightline_stream_missing_bytes_total"])
        assert st["sightline_stream_conflicts_total"] == 0, st["sightline_stream_conflicts_total"]
        assert missing[0] == missing[1], "%s: %s bytes missing" % (path, missing)


if __name__ == "__main__":
    main()
