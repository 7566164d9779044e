#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""TCP payloads of captures cut anew: reordered, sent twice, overlapping, and in pieces of 7 bytes and of 1; packets cut
into IP fragments, and wrapped in VXLAN, GRE and QinQ: what is observed stays the same set. Segments change places only where nothing of the other direction lies between them, as no
receiver acknowledges what it does not have. Needs SIGHTLINE_DATA for all but the sample captures."""
import os, struct
from harness import *

SAMPLES = [sample("agenttesla/beacon.pcap"), sample("agenttesla/mail.pcap"), sample("maltrail/trails.pcap")]
MORE = 60  # captures of the data folder
FIN, SYN, RST = 1, 2, 4
OUTER = b"\xc0\0\x02\x01", b"\xc0\0\x02\x02"  # ends of a tunnel: what it alone adds
ADDED = {(where, a) for where in ("ip.src", "ip.dst") for a in ("192.0.2.1", "192.0.2.2")}


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
    """Indexes of payload packets of one direction between which the other said nothing, flow by flow; only where its
    SYN was seen, since nobody can tell otherwise that there is something before the first."""
    last, out, begun = {}, [], set()
    for i, p in enumerate(packets):
        if p.flow is None:
            continue
        if p.flags & SYN:
            begun.add(p.from_ + p.flow[p.flow[0] == p.from_])
        if p.plain() and p.from_ + p.flow[p.flow[0] == p.from_] not in begun:
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


# ---- Whole packets ----

def l3_of(p):
    """Where the IP packet of a frame that is all there begins and ends; None: no such thing."""
    f = p.frame
    if getattr(p, "wire", 0) > len(f) or len(f) < 34:
        return None
    if f[12:14] == b"\x08\x00" and f[14] >> 4 == 4:
        end = 14 + struct.unpack(">H", f[16:18])[0]
    elif f[12:14] == b"\x86\xdd" and len(f) >= 54 and f[14] >> 4 == 6:
        end = 54 + struct.unpack(">H", f[18:20])[0]
    else:
        return None
    return (14, end) if 34 <= end <= min(len(f), 60000) else None


def ipv4(proto, payload, number, src=OUTER[0], dst=OUTER[1], more=0x4000):
    h = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), number, more, 64, proto, 0, src, dst)
    return h[:10] + checksum(h) + h[12:] + payload


def wrapped(how):
    def change(packets):
        out = []
        for p in packets:
            if l3_of(p) is None or p.frame[12:14] not in (b"\x08\x00", b"\x86\xdd"):
                out.append(p)
            else:
                frame = how(p.frame, l3_of(p))
                out.append(Packet(p.head, frame, len(frame)))
        return out
    return change


def vxlan(frame, l3):
    inner = frame[:l3[1]]
    udp = struct.pack(">HHHH", 50000, 4789, 16 + len(inner), 0) + b"\x08\0\0\0\0\0\x2a\0" + inner
    return frame[:12] + b"\x08\0" + ipv4(17, udp, 1)


def gre(frame, l3):
    return frame[:12] + b"\x08\0" + ipv4(47, b"\0\0" + frame[12:14] + frame[14:l3[1]], 1)


def qinq(frame, l3):
    return frame[:12] + b"\x88\xa8\0\x07\x81\0\0\x08" + frame[12:]


def fragments(p, number, size=64):
    """The packet as IP fragments of `size` bytes, every other packet's backwards; itself where it can't be cut."""
    f, l3 = p.frame, l3_of(p)
    if l3 is None or l3[1] - l3[0] < 40 + size:
        return [p]
    if f[12:14] == b"\x08\0":
        head = 14 + (f[14] & 15) * 4
        if f[14] & 15 != 5 or struct.unpack(">H", f[20:22])[0] & 0x3fff:
            return [p]
    elif f[20] in (6, 17):
        head = 54
    else:
        return [p]
    payload, out = f[head:l3[1]], []
    for at in range(0, len(payload), size):
        part, last = payload[at:at + size], at + size >= len(payload)
        if head == 34:
            ip = ipv4(f[23], part, number & 0xffff, f[26:30], f[30:34], at // 8 | (0 if last else 0x2000))
        else:
            ip = f[14:18] + struct.pack(">HBB", 8 + len(part), 44, f[21]) + f[22:54] + struct.pack(
                ">BBHI", f[20], 0, at | (not last), number) + part
        out.append(Packet(p.head, f[:14] + ip, 14 + len(ip)))
    return out[::-1] if number % 2 else out


def fragmented(packets):
    return [q for i, p in enumerate(packets) for q in fragments(p, i + 1)]


def of_version(version):
    """Only the packets of one IP version are cut."""
    return lambda packets: [q for i, p in enumerate(packets) for q in (
        fragments(p, i + 1) if l3_of(p) and p.frame[14] >> 4 == version else [p])]


def observed(paths):
    """Path -> what is observed in it, of all of them in one run."""
    replay = [a for p in paths for a in ("--replay", p)]
    _, out, _ = sensor(*replay, "--emit", "observables", "--allow-empty", "--workers", 1, "--no-huge")
    seen = {p: set() for p in paths}
    for o in lines(out):
        seen[o["capture"]].add((o["where"], o["value"]))
    return seen


def same(folder, change, limit=1 << 30, added=frozenset(), least=len(SAMPLES)):
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
    before, after = observed([p[1] for p in pairs]), observed([p[2] for p in pairs])
    assert len(pairs) >= least and any(before.values())
    for path, was, is_ in pairs:
        lost, gained = before[was] - after[is_], after[is_] - before[was] - added
        assert not lost and not gained, "%s: lost %s, gained %s" % (path, sorted(lost)[:5], sorted(gained)[:5])


def test_reordered(folder):
    same(folder, reordered)


def test_twice(folder):
    same(folder, twice)


def test_overlapped(folder):
    same(folder, overlapped)


def test_reordered_overlapped_twice(folder):
    same(folder, lambda packets: twice(reordered(overlapped(packets))))


def test_seven_bytes(folder):
    same(folder, lambda packets: reordered(cut(packets, 7)), limit=200000)


def test_one_byte(folder):
    same(folder, lambda packets: cut(packets, 1), limit=60000)


def test_vxlan(folder):
    same(folder, wrapped(vxlan), added=ADDED)


def test_gre(folder):
    same(folder, wrapped(gre), added=ADDED)


def test_qinq(folder):
    same(folder, wrapped(qinq))


def test_cut_and_wrapped(folder):
    same(folder, lambda packets: wrapped(vxlan)(reordered(cut(packets, 7))), limit=200000, added=ADDED)


def test_fragments_v4(folder):
    same(folder, of_version(4))


def test_fragments_v6(folder):
    same(folder, of_version(6), least=1)


def test_fragments_wrapped(folder):
    same(folder, lambda packets: wrapped(vxlan)(fragmented(packets)), added=ADDED)


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
