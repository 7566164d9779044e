# SPDX-License-Identifier: BSD-3-Clause
"""Frames and captures of them, for tests that send and replay."""
import csv, os, socket, struct
from harness import data, sample

STEP_US = 50  # between two frames of a file


def frame(src, dst, number, size=60):
    """A UDP datagram in a frame, with a right checksum of its header."""
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, size - 14, number & 0xffff, 0, 64, 17, 0, socket.inet_aton(src),
                     socket.inet_aton(dst))
    total = sum(struct.unpack(">10H", ip))
    total = (total & 0xffff) + (total >> 16)
    ip = ip[:10] + struct.pack(">H", ~(total + (total >> 16)) & 0xffff) + ip[12:]
    udp = struct.pack(">HHHH", 40000 + number % 20000, 9, size - 34, 0)
    return (b"\x02\0\0\0\0\1\x02\0\0\0\0\2\x08\0" + ip + udp).ljust(size, b"\0")


def write_pcap(path, frames, step_us=STEP_US):
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, 1))
        for i, data in enumerate(frames):
            us = i * step_us
            f.write(struct.pack("<IIII", 1700000000 + us // 1000000, us % 1000000, len(data), len(data)) + data)


def read_frames(path):
    """The frames of a capture in the order that they stand, pcap or pcapng."""
    with open(path, "rb") as f:
        data = f.read()
    little = data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") or data[8:12] == b"\x4d\x3c\x2b\x1a"
    order, ng = "<" if little else ">", data[:4] == b"\x0a\x0d\x0d\x0a"
    at = 0 if ng else 24
    while at + 16 <= len(data):
        kind, block, _, _, length = struct.unpack_from(order + "5I", data, at) if ng else (6, 0, 0, 0, 0)
        if not ng:
            length, = struct.unpack_from(order + "I", data, at + 8)
        elif kind == 6:
            length, = struct.unpack_from(order + "I", data, at + 20)
        head = 28 if ng else 16
        if kind == 6 and at + head + length <= len(data):
            yield data[at + head:at + head + length]
        at += block if ng else head + length


def captures(longest):
    if os.environ.get("SIGHTLINE_DATA") == "none":
        yield from (sample(p) for p in ("agenttesla/beacon.pcap", "agenttesla/mail.pcap", "maltrail/trails.pcap"))
        return
    with open(data("PCAPS.tsv")) as f:
        for row in csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE):
            if row["#file"].startswith("pcap/") and row["linktypes"] == "1" and row["snaplen_cut_packets"] == "0" and \
                    not row["error"] and int(row["max_wire_len"]) <= longest:
                yield data(row["#file"])
