#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""What is left out on purpose, through the whole sensor: exclusions and a mirror's copies are drops by name, the identity
holds, and what is left says what it says alone."""
import collections, struct
from harness import *

SAMPLES = [sample("agenttesla/beacon.pcap"), sample("agenttesla/mail.pcap")]
MAIL = SAMPLES[1]


def packets(path):
    with open(path, "rb") as f:
        b = f.read()
    assert b[:4] == b"\xd4\xc3\xb2\xa1"
    at, out = 24, []
    while at + 16 <= len(b):
        sec, usec, have, _ = struct.unpack("<IIII", b[at:at + 16])
        out.append((sec * 10**6 + usec, b[at + 16:at + 16 + have]))
        at += 16 + have
    return out


def write(path, rows):
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHIIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, 1))
        for us, frame in sorted(rows, key=lambda r: r[0]):
            f.write(struct.pack("<IIII", us // 10**6, us % 10**6, len(frame), len(frame)) + frame)
    return path


def seen(path, folder, *args):
    """(observables and flows without times, statistics)"""
    _, out, _ = sensor("--replay", path, "--emit", "observables", "--emit", "flows", "--stats", folder + "/stats", *args)
    st = stats(folder + "/stats")
    accounts(st)
    rows = collections.Counter()
    for l in lines(out):
        for f in ("ts", "first", "last", "capture"):
            l.pop(f, None)
        rows[json.dumps(l, sort_keys=True)] += 1
    return rows, st


def drops(st, reason):
    return st['sightline_drop_packets_total{reason="%s"}' % reason]


def copied(frame):
    """As a mirror behind a router has it: other link addresses, one hop less."""
    if frame[12:14] != b"\x08\0":
        return frame
    ip = bytearray(frame[14:34])
    ip[8], ip[10], ip[11] = ip[8] - 1, 0, 0
    s = sum(struct.unpack(">10H", ip))
    s = (s & 0xffff) + (s >> 16)
    ip[10:12] = struct.pack(">H", ~(s + (s >> 16)) & 0xffff)
    return b"\x02\0\0\0\0\1\x02\0\0\0\0\2" + frame[12:14] + bytes(ip) + frame[34:]


def config(folder, text):
    path = folder + "/config.yaml"
    with open(path, "w") as f:
        f.write(text)
    return path


def test_copies_are_dropped(folder):
    """Each packet of TCP, UDP and ICMP twice: all that is said is said as often as without, and the copies are counted."""
    drop = config(folder, "duplicates:\n  policy: drop\n")
    for sample_path in SAMPLES:
        rows = [(t, f) for t, f in packets(sample_path) if f[12:14] == b"\x08\0" and f[23] in (1, 6, 17)]
        once = write(folder + "/once.pcap", rows)
        twice = write(folder + "/twice.pcap", rows + [(t + 300, copied(f)) for t, f in rows])
        for workers in (1, 3):
            alone, st = seen(once, folder, "-c", drop, "--workers", workers)
            already = drops(st, "duplicate")
            both, st = seen(twice, folder, "-c", drop, "--workers", workers)
            assert both == alone, (list((both - alone).elements())[:3], list((alone - both).elements())[:3])
            assert drops(st, "duplicate") == len(rows) + already, (drops(st, "duplicate"), len(rows), already)
            assert st["sightline_duplicate_packets_total"] == drops(st, "duplicate")


def test_copies_are_estimated(folder):
    """By default nothing is dropped for it, and the share is known from one packet in 64."""
    rows = []
    for i in range(20000):
        ip = struct.pack(">BBHHHBBH", 0x45, 0, 48, i & 0xffff, 0, 64, 17, 0) + bytes((10, 1, i % 7, 1, 10, 2, 0, i % 200))
        frame = bytes(12) + b"\x08\0" + ip + struct.pack(">HHHH", 1024 + i % 999, 999, 28, 0) + struct.pack(">I", i) + bytes(16)
        rows += [(10**12 + i * 100, frame)] + ([(10**12 + i * 100 + 30, frame)] if i % 4 == 0 else [])
    path = write(folder + "/quarter.pcap", rows)
    _, st = seen(path, folder, "--workers", 2)
    looked, copies = (st["sightline_duplicate_%s" % n] for n in ("looked_packets_total", "packets_total"))
    assert len(rows) / 128 < looked < len(rows) / 32 and 0.15 < copies / looked < 0.25, (looked, copies, len(rows))
    assert drops(st, "duplicate") == 0
    _, st = seen(path, folder, "-c", config(folder, "duplicates: {policy: keep}"))
    assert st["sightline_duplicate_looked_packets_total"] == 0


def test_exclusions(folder):
    """What is excluded says nothing; the rest says what it says alone."""
    full, _ = seen(MAIL, folder, "--workers", 1)
    kinds = (("tcp", lambda l: l["proto"] == "tcp"), ("port:53", lambda l: 53 in (l["sport"], l["dport"])),
             ("udp", lambda l: l["proto"] == "udp"))
    for what, is_of in kinds:
        for workers in (1, 2):
            rest, st = seen(MAIL, folder, "--exclude", what, "--workers", workers)
            assert rest == collections.Counter({k: n for k, n in full.items() if not is_of(json.loads(k))}), what
            assert drops(st, "excluded") > 0, what
    address = json.loads(next(k for k in full if '"flow"' in k))["src"]
    rest, st = seen(MAIL, folder, "--exclude", "%s,vlan:7,port:1+udp" % address)
    assert drops(st, "excluded") > 0 and not any(address in k for k in rest)
    alone, st = seen(MAIL, folder, "--exclude", "203.0.113.0/24,vlan:7")
    assert alone == full and drops(st, "excluded") == 0


def test_refused(folder):
    for what in ("nothing", "tcp+udp", "10.0.0.0/33", "port:70000"):
        for check in ([], ["-T"]):
            _, _, err = sensor("--replay", MAIL, "--exclude", what, "--allow-empty", *check, check=2)
            assert "exclude: '%s' is neither" % what in err, err


if __name__ == "__main__":
    main()
