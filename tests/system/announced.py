#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Flows that another flow announces, through the whole sensor: the files of FTP's data connections and of TFTP are the same
with any number of workers and in each pass of a looped replay. The captures are made here."""
import hashlib, ipaddress, os, struct
from harness import *

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
PAIRS = 24  # of hosts, so that every worker gets some


class Wire:
    """Packets between hosts, a millisecond apart."""

    def __init__(self):
        self.frames = []

    def ip(self, src, dst, proto, l4):
        a, b = ipaddress.ip_address(src), ipaddress.ip_address(dst)
        if a.version == 4:
            head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(l4), 0, 0, 64, proto, 0) + a.packed + b.packed
        else:
            head = struct.pack(">IHBB", 6 << 28, len(l4), proto, 64) + a.packed + b.packed
        self.frames.append(bytes(12) + (b"\x08\x00" if a.version == 4 else b"\x86\xdd") + head + l4)

    def udp(self, src, sport, dst, dport, payload):
        self.ip(src, dst, 17, struct.pack(">HHHH", sport, dport, 8 + len(payload), 0) + payload)

    def write(self, path):
        with open(path, "wb") as f:
            f.write(struct.pack("<IHHIIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, 1))
            for i, frame in enumerate(self.frames):
                f.write(struct.pack("<IIII", 1700000000 + i // 1000, i % 1000 * 1000, len(frame), len(frame)) + frame)


class Tcp:
    """A connection; 0 is the side that opened it."""

    def __init__(self, wire, src, sport, dst, dport):
        self.wire, self.ends, self.seq = wire, ((src, sport), (dst, dport)), [1000, 5000]
        self.send(0, SYN)
        self.send(1, SYN | ACK)
        self.send(0, ACK)

    def send(self, side, flags, payload=b""):
        (src, sport), (dst, dport) = self.ends[side], self.ends[1 - side]
        head = struct.pack(">HHIIBBHHH", sport, dport, self.seq[side], self.seq[1 - side], 0x50, flags, 65535, 0, 0)
        self.wire.ip(src, dst, 6, head + payload)
        self.seq[side] += len(payload) + (flags & SYN != 0) + (flags & FIN != 0)

    def say(self, side, text):
        self.send(side, PSH | ACK, text if isinstance(text, bytes) else text.encode() + b"\r\n")

    def close(self, side=1):
        self.send(side, FIN | ACK)
        self.send(1 - side, FIN | ACK)
        self.send(side, ACK)


def content(i):
    return b"".join(hashlib.sha256(b"%d %d" % (i, k)).digest() for k in range(60 + i))


def sent(tcp, side, bytes_, end=FIN, hole=False):
    """A file in segments; `hole`: one of them was not captured."""
    for at in range(0, len(bytes_), 700):
        if hole and at == 700:
            tcp.seq[side] += 700
        else:
            tcp.say(side, bytes_[at:at + 700])
    tcp.send(1 - side, ACK)
    if end == FIN:
        tcp.close(side)
    elif end == RST:
        tcp.send(side, RST)


def session(wire, client, server, i):
    """A download, a listing and an upload; [(name, bytes)] of the files."""
    six = ipaddress.ip_address(client).version == 6
    ports = [2000 + i, 21000 + i, 22000 + i]
    comma = lambda host, port: "%s,%d,%d" % (host.replace(".", ","), port >> 8, port & 255)
    c = Tcp(wire, client, 40000 + i, server, 21)
    c.say(1, "220 FTP ready")
    c.say(0, "USER u%d" % i)
    c.say(1, "331 password")
    c.say(0, "EPSV" if six else "PASV")
    c.say(1, "229 Extended (|||%d|)" % ports[0] if six else "227 Passive (%s)" % comma(server, ports[0]))
    d = Tcp(wire, client, 41000 + i, server, ports[0])
    c.say(0, "RETR pub/get%d.bin" % i)
    c.say(1, "150 here")
    sent(d, 1, content(i))
    c.say(1, "226 done")
    c.say(0, "EPRT |%d|%s|%d|" % (2 if six else 1, client, ports[1]))
    c.say(1, "200 ok")
    c.say(0, "LIST")
    sent(Tcp(wire, server, 20, client, ports[1]), 0, b"GET / HTTP/1.1\r\nHost: listed.example\r\n\r\n")
    c.say(0, "EPRT |2|%s|%d|" % (client, ports[2]) if six else "PORT " + comma(client, ports[2]))
    c.say(0, "STOR put%d.bin" % i)
    sent(Tcp(wire, server, 20, client, ports[2]), 1, content(100 + i))
    c.say(0, "QUIT")
    c.close(0)
    return [("get%d.bin" % i, content(i)), ("put%d.bin" % i, content(100 + i))]


def tftp(wire, client, server, i):
    bytes_ = content(200 + i)
    wire.udp(client, 30000 + i, server, 69, b"\0\1fw%d.img\0octet\0" % i)
    for n in range(len(bytes_) // 512 + 1):
        for _ in range(2 if n == 1 else 1):
            wire.udp(server, 50000 + i, client, 30000 + i, struct.pack(">HH", 3, n + 1) + bytes_[512 * n:512 * n + 512])
        wire.udp(client, 30000 + i, server, 50000 + i, struct.pack(">HH", 4, n + 1))
    return [("fw%d.img" % i, bytes_)]


def observed(path, folder, *args):
    _, out, _ = sensor("--replay", path, "--emit", "observables", "--stats", folder + "/stats", *args)
    keys = ("where", "value", "src", "sport", "dst", "dport", "proto", "direction", "message", "ts")
    return sorted(tuple(str(o[k]) for k in keys if k in o) for o in lines(out)), stats(folder + "/stats")


def values(rows, where):
    return sorted(r[1] for r in rows if r[0] == where)


def all_files(folder):
    wire, files = Wire(), []
    for i in range(PAIRS):
        ends = ("10.0.%d.1" % i, "192.0.2.%d" % (i + 1)) if i % 3 else ("2001:db8::%x:1" % i, "2001:db8::%x:2" % i)
        files += session(wire, *ends, i) + tftp(wire, *ends, i)
    wire.write(folder + "/all.pcap")
    return folder + "/all.pcap", files


def test_any_number_of_workers(folder):
    path, files = all_files(folder)
    one, st = observed(path, folder, "--workers", 1)
    assert values(one, "file.sha256") == sorted(hashlib.sha256(b).hexdigest() for _, b in files)
    assert values(one, "file.size") == sorted(str(len(b)) for _, b in files)
    assert values(one, "file.name") == sorted(n for n, _ in files)
    assert values(one, "http.host") == [], "a listing is not looked into"
    assert st["sightline_expected_flows_total"] == st['sightline_expected_flow_ends_total{end="met"}'] == 4 * PAIRS
    assert st["sightline_expected_flows_elsewhere_total"] == 0
    for workers in (2, 3):
        more, st = observed(path, folder, "--workers", workers)
        assert more == one, "%d workers" % workers
        assert st['sightline_expected_flow_ends_total{end="met"}'] == 4 * PAIRS


def test_every_pass(folder):
    """A pass has its own addresses; those in payloads follow, or every one would seem to be a third host's."""
    path, files = all_files(folder)
    rows, st = observed(path, folder, "--workers", 2, "--loop", 3)
    assert values(rows, "file.sha256") == sorted(3 * [hashlib.sha256(b).hexdigest() for _, b in files])
    assert st["sightline_expected_flows_elsewhere_total"] == 0


def test_not_whole(folder):
    """A reset, an end that was not captured, a hole, a begin that was missed: a name, never a hash."""
    wire = Wire()
    for i, how in enumerate(("reset", "open", "hole", "middle")):
        client, server = "10.0.0.%d" % (i + 1), "192.0.2.1"
        c = Tcp(wire, client, 40000, server, 21)
        c.say(1, "220 FTP ready")
        c.say(0, "EPSV")
        c.say(1, "229 Extended (|||2000|)")
        c.say(0, "RETR " + how)
        d = Tcp(wire, client, 41000, server, 2000)
        if how == "middle":
            del wire.frames[-3:]
        sent(d, 1, content(i), {"reset": RST, "open": 0}.get(how, FIN), how == "hole")
    wire.write(folder + "/part.pcap")
    rows, _ = observed(folder + "/part.pcap", folder)
    assert values(rows, "file.name") == ["hole", "middle", "open", "reset"], values(rows, "file.name")
    assert values(rows, "file.sha256") == values(rows, "file.size") == []


def test_third_host(folder):
    """What goes to a third host is counted and, whatever the number of workers, not followed; where the message names
    an address that only its sender knows, the connection between the two is the one meant."""
    for port, want in ((2000, 0), (2001, 1)):
        wire = Wire()
        c = Tcp(wire, "10.0.0.1", 40000, "192.0.2.1", 21)
        c.say(1, "220 FTP ready")
        c.say(0, "PASV")
        c.say(1, "227 Passive (10,9,9,9,7,%d)" % (port & 255))
        c.say(0, "RETR a")
        sent(Tcp(wire, "10.0.0.1", 41000, "192.0.2.1" if want else "10.9.9.9", port), 1, content(1))
        wire.write(folder + "/third.pcap")
        for workers in (1, 2, 3):
            rows, st = observed(folder + "/third.pcap", folder, "--workers", workers)
            assert len(values(rows, "file.sha256")) == want
            assert st["sightline_expected_flows_elsewhere_total"] == 1


def test_more_than_there_is_room_for(folder):
    """An announcement costs nothing but the oldest one's place."""
    wire = Wire()
    c = Tcp(wire, "10.0.0.1", 40000, "192.0.2.1", 21)
    c.say(1, "220 FTP ready")
    for i in range(10000):
        c.say(0, "PORT 10,0,0,1,%d,%d\r\nRETR x%d" % ((i + 1024) >> 8, (i + 1024) & 255, i))
    sent(Tcp(wire, "192.0.2.1", 20, "10.0.0.1", 1024), 0, content(1))
    sent(Tcp(wire, "192.0.2.1", 20, "10.0.0.1", 1024 + 9999), 0, content(2))
    wire.write(folder + "/many.pcap")
    rows, st = observed(folder + "/many.pcap", folder)
    assert values(rows, "file.name") == ["x9999"]
    ends = sum(v for k, v in st.items() if k.startswith("sightline_expected_flow_ends_total"))
    assert st["sightline_expected_flows_total"] == ends == 10000
    assert st['sightline_expected_flow_ends_total{end="evicted"}'] == 10000 - 4096


if __name__ == "__main__":
    main()
